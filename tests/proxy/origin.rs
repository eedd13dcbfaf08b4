//! An origin that follows a script, byte by byte, and records its requests.

use parking_lot::Mutex;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// What the origin does with a request, in order; at the end it closes the connection.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Waits for another request.
    Stay,
    Send(Vec<u8>),
    Pause(Duration),
    Reset,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// On which connection, in the order in which they were accepted.
    pub(crate) connection: usize,
    pub(crate) head: String,
    /// As on the wire: with chunk sizes, if it was chunked.
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// The values of a header, in order.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }

    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }
}

type Script = dyn Fn(&Asked) -> Vec<Step> + Send + Sync;

pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Origin {
    pub(crate) async fn start(
        script: impl Fn(&Asked) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (script, log): (Arc<Script>, _) = (Arc::new(script), Arc::clone(&asked));
        tokio::spawn(async move {
            let mut connection = 0;
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, connection, Arc::clone(&script), Arc::clone(&log)));
                connection += 1;
            }
        });
        Self { address, asked }
    }

    /// One that responds to everything with `answer`, and closes.
    pub(crate) async fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |_| vec![Step::Send(answer.clone())]).await
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().clone()
    }

    pub(crate) fn last(&self) -> Asked {
        self.asked.lock().last().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    connection: usize,
    script: Arc<Script>,
    log: Arc<Mutex<Vec<Asked>>>,
) {
    let mut stays = true;
    while std::mem::take(&mut stays) {
        let Some(asked) = read(&mut stream, connection).await else { return };
        log.lock().push(asked.clone());
        for step in script(&asked) {
            match step {
                Step::Stay => stays = true,
                Step::Send(bytes) => {
                    if stream.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
                Step::Pause(time) => tokio::time::sleep(time).await,
                Step::Reset => return stream.set_zero_linger().unwrap(),
            }
        }
    }
}

/// A whole request; `None` when it breaks off.
async fn read(stream: &mut TcpStream, connection: usize) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end + 2].to_vec()).unwrap();
            let asked = Asked { connection, head, body: bytes[end + 4..].to_vec() };
            let whole = match asked.header("content-length").first() {
                Some(length) => asked.body.len() >= length.parse().unwrap(),
                None => asked.header("transfer-encoding").is_empty() || ends(&asked.body),
            };
            if whole {
                return Some(asked);
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}

fn ends(chunked: &[u8]) -> bool {
    let last = chunked.windows(3).position(|window| window == b"0\r\n");
    last.is_some() && chunked.ends_with(b"\r\n\r\n")
}

/// Bytes that tell where they come from.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i % 251) as u8).collect()
}

/// A 200 with `headers` (each line with its end) and a declared body.
pub(crate) fn ok(headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}
