//! The PROXY protocol of HAProxy, versions 1 and 2: a server in front says whose connection it passes on.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};
use tokio::{io::AsyncReadExt as _, net::TcpStream};

const V1: &[u8] = b"PROXY ";
/// A line of version 1 has at most this many bytes, its end included.
const LONGEST_V1: usize = 107;
const V2: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Larger headers of version 2 are refused: addresses need 36 bytes, extensions some more.
const LONGEST_V2: usize = 4096;

/// What a header says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ProxyHeader {
    /// The address of the client; `None` = the header names none.
    pub(super) client: Option<IpAddr>,
}

/// Reads the header at the start of `stream`, if there is one.
///
/// # Errors
/// When the stream fails, or the header is malformed.
pub(super) async fn read(stream: &mut TcpStream) -> io::Result<Option<ProxyHeader>> {
    let mut first = [0; 1];
    if stream.peek(&mut first).await? == 0 || !matches!(first[0], b'P' | b'\r') {
        return Ok(None);
    }
    let mut start = [0; 16];
    // HTTP has requests that begin with `P` too, all longer than this.
    let known = peek_exactly(stream, &mut start[..V1.len()]).await?;
    if known == V1 {
        let client = read_v1(stream).await?;
        return Ok(Some(ProxyHeader { client }));
    }
    if known != &V2[..V1.len()] {
        return Ok(None);
    }
    stream.read_exact(&mut start).await?;
    if start[..12] != *V2 {
        return Err(malformed());
    }
    let length = usize::from(u16::from_be_bytes([start[14], start[15]]));
    if length > LONGEST_V2 || start[12] >> 4 != 2 {
        return Err(malformed());
    }
    let mut rest = vec![0; length];
    stream.read_exact(&mut rest).await?;
    let client = match start[12] & 0xf {
        // The connection is one of the server itself, a health check for example.
        0 => None,
        1 => source_v2(start[13], &rest),
        _ => return Err(malformed()),
    };
    Ok(Some(ProxyHeader { client }))
}

/// Peeks until `buffer` is full, or the peer ends or needs more than a second.
async fn peek_exactly<'a>(stream: &TcpStream, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
    let mut seen = 0;
    for _ in 0..super::protocol_detect::MOST_CHECKS {
        let now = stream.peek(buffer).await?;
        if now == buffer.len() {
            return Ok(buffer);
        }
        seen = now;
        super::protocol_detect::pause().await;
    }
    Ok(&buffer[..seen])
}

async fn read_v1(stream: &mut TcpStream) -> io::Result<Option<IpAddr>> {
    let mut line = Vec::with_capacity(LONGEST_V1);
    while !line.ends_with(b"\r\n") {
        if line.len() >= LONGEST_V1 {
            return Err(malformed());
        }
        // Byte by byte: what follows the line belongs to another protocol.
        line.push(stream.read_u8().await?);
    }
    source_v1(str::from_utf8(&line).map_err(|_| malformed())?)
}

/// The source address in a line of version 1.
fn source_v1(line: &str) -> io::Result<Option<IpAddr>> {
    let mut words = line.trim_end().split(' ').skip(1);
    match (words.next(), words.next()) {
        (Some("UNKNOWN"), _) => Ok(None),
        (Some("TCP4" | "TCP6"), Some(source)) => source.parse().map(Some).map_err(|_| malformed()),
        _ => Err(malformed()),
    }
}

/// The source address in the rest of a header of version 2, whose family and transport are `kind`.
fn source_v2(kind: u8, rest: &[u8]) -> Option<IpAddr> {
    match kind >> 4 {
        1 => rest.first_chunk::<4>().map(|octets| Ipv4Addr::from(*octets).into()),
        2 => rest.first_chunk::<16>().map(|octets| Ipv6Addr::from(*octets).into()),
        // UNIX sockets and unspecified families.
        _ => None,
    }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "malformed header of the PROXY protocol")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{io::AsyncWriteExt as _, net::TcpListener};

    /// What the header in `bytes` says, and what is left on the connection.
    async fn read_from(bytes: &[u8]) -> (io::Result<Option<ProxyHeader>>, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut front = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut ours, _) = listener.accept().await.unwrap();
        front.write_all(bytes).await.unwrap();
        front.shutdown().await.unwrap();
        let header = read(&mut ours).await;
        let mut rest = Vec::new();
        ours.read_to_end(&mut rest).await.unwrap();
        (header, rest)
    }

    fn v2(command: u8, kind: u8, rest: &[u8]) -> Vec<u8> {
        [V2, &[0x20 | command, kind, 0, rest.len() as u8][..], rest, b"GET"].concat()
    }

    #[tokio::test]
    async fn both_versions_name_the_client_and_leave_the_rest() {
        let v4 = [192, 0, 2, 7, 10, 0, 0, 1, 1, 1, 0, 80];
        for (bytes, client) in [
            (b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\r\nGET".to_vec(), Some("192.0.2.7")),
            (b"PROXY TCP6 2001:db8::7 ::1 4711 80\r\nGET".to_vec(), Some("2001:db8::7")),
            (b"PROXY UNKNOWN\r\nGET".to_vec(), None),
            (v2(1, 0x11, &v4), Some("192.0.2.7")),
            (v2(0, 0, &[]), None),
        ] {
            let (read, rest) = read_from(&bytes).await;
            let client = client.map(|text| text.parse().unwrap());
            assert_eq!(read.unwrap(), Some(ProxyHeader { client }));
            assert_eq!(rest, b"GET");
        }
        for bytes in [&b"GET"[..], b"POST / HTTP/1.1\r\n"] {
            let (read, rest) = read_from(bytes).await;
            assert_eq!((read.unwrap(), rest.as_slice()), (None, bytes));
        }
    }

    #[tokio::test]
    async fn malformed_headers_are_refused() {
        let long = [V1, &[b'a'; 200][..]].concat();
        for bytes in [&long[..], b"PROXY TCP4 nowhere a 1 2\r\n", b"PROXY \r\n", &v2(3, 0x11, &[])]
        {
            assert!(read_from(bytes).await.0.is_err());
        }
    }
}
