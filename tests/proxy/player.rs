//! A player on a plain TCP socket: it records every byte, and how the connection ends.

use std::{io::ErrorKind, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a connection stood when the player stopped reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Fin,
    Reset,
    Open,
}

/// Everything received on a connection.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    pub(crate) end: End,
}

impl Got {
    pub(crate) fn status(&self) -> u16 {
        match self.head.split(' ').nth(1) {
            Some(status) => status.parse().unwrap(),
            None => 0,
        }
    }

    /// The values of a header, in order.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.all(name).first().copied().unwrap_or_default()
    }

    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    /// Status and `vsps-error`.
    pub(crate) fn failure(&self) -> (u16, &str) {
        (self.status(), self.header("vsps-error"))
    }
}

pub(crate) struct Player {
    stream: TcpStream,
}

impl Player {
    pub(crate) async fn connect(to: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(to).await.unwrap() }
    }

    pub(crate) const fn over(stream: TcpStream) -> Self {
        Self { stream }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Sends as long as the other side takes it.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// Sends nothing more, and says so (FIN).
    pub(crate) async fn end_sending(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Closes the connection with a reset.
    pub(crate) fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }

    /// Reads `length` bytes.
    pub(crate) async fn read_bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).await.unwrap();
        bytes
    }

    /// Reads until the connection ends.
    pub(crate) async fn rest(&mut self) -> Got {
        self.read_for(PATIENCE).await
    }

    /// Reads until the connection ends, or `time` is over.
    pub(crate) async fn read_for(&mut self, time: Duration) -> Got {
        let mut bytes = Vec::new();
        let reading = async {
            loop {
                match self.stream.read_buf(&mut bytes).await {
                    Ok(0) => return End::Fin,
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::ConnectionReset => return End::Reset,
                    Err(error) => panic!("{error}"),
                }
            }
        };
        let end = tokio::time::timeout(time, reading).await.unwrap_or(End::Open);
        split(&bytes, end)
    }

    /// Reads until a head and `length` bytes of its body have arrived, however long that takes; or until the
    /// connection ends.
    pub(crate) async fn body_of(&mut self, length: usize) -> Got {
        let mut bytes = Vec::new();
        loop {
            let got = split(&bytes, End::Open);
            if !got.head.is_empty() && got.body.len() >= length {
                return got;
            }
            if let Some(end) = self.read_some(&mut bytes, PATIENCE).await {
                return split(&bytes, end);
            }
        }
    }

    /// Reads until the connection ends, or nothing has come for `time` since the last byte. The first
    /// byte is waited for as long as it takes.
    pub(crate) async fn read_until_quiet(&mut self, time: Duration) -> Got {
        let mut bytes = Vec::new();
        loop {
            let patience = if bytes.is_empty() { PATIENCE } else { time };
            if let Some(end) = self.read_some(&mut bytes, patience).await {
                return split(&bytes, end);
            }
        }
    }

    /// Reads what has arrived; returns the state of the connection, if it ended or nothing came within `time`.
    async fn read_some(&mut self, bytes: &mut Vec<u8>, time: Duration) -> Option<End> {
        match tokio::time::timeout(time, self.stream.read_buf(bytes)).await {
            Err(_) => Some(End::Open),
            Ok(Ok(0)) => Some(End::Fin),
            Ok(Ok(_)) => None,
            Ok(Err(error)) if error.kind() == ErrorKind::ConnectionReset => Some(End::Reset),
            Ok(Err(error)) => panic!("{error}"),
        }
    }

    /// Reads `length` more bytes.
    pub(crate) async fn rest_of(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let reading = self.stream.read_exact(&mut bytes);
        tokio::time::timeout(PATIENCE, reading).await.unwrap().unwrap();
        bytes
    }

    /// Reads one response with a declared length; the connection stays open.
    pub(crate) async fn answer(&mut self) -> Got {
        let mut bytes = Vec::new();
        let reading = async {
            loop {
                let got = split(&bytes, End::Open);
                let length = got.header("content-length").parse();
                let bodiless = matches!(got.status(), 204 | 304);
                if !got.head.is_empty() && (bodiless || length == Ok(got.body.len())) {
                    return got;
                }
                assert_ne!(self.stream.read_buf(&mut bytes).await.unwrap(), 0, "broke off");
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap()
    }
}

fn split(bytes: &[u8], end: End) -> Got {
    match bytes.windows(4).position(|window| window == b"\r\n\r\n") {
        Some(at) => {
            let head = String::from_utf8(bytes[..at + 2].to_vec()).unwrap();
            Got { head, body: bytes[at + 4..].to_vec(), end }
        }
        None => Got { head: String::new(), body: bytes.to_vec(), end },
    }
}

/// The data of a chunked body, and whether it came to its end.
pub(crate) fn unchunked(mut wire: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = wire.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(str::from_utf8(&wire[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return (body, wire == b"0\r\n\r\n");
        }
        let data = &wire[end + 2..];
        body.extend_from_slice(&data[..size.min(data.len())]);
        wire = data.get(size + 2..).unwrap_or_default();
    }
    (body, false)
}
