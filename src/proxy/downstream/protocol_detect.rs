//! Detects TLS, or the HTTP version of a connection, by peeking at its first bytes.
//!
//! hyper-util's `auto` consumes and replays these bytes. That costs every connection a read buffer of twice the
//! size, and a future that holds both protocols.

use std::time::Duration;
use tokio::net::TcpStream;

/// The first bytes of HTTP/2 (RFC 9113 §3.4). No HTTP/1 method starts like this.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n";
/// A preface that arrives in pieces is checked again after this time, at most `MOST_CHECKS` times. The socket reports
/// that there is something to read, not that there is more than before.
const PAUSE: Duration = Duration::from_millis(10);
pub(super) const MOST_CHECKS: u32 = 100;

/// The first byte of a TLS connection: a record with handshake messages (RFC 8446 §5.1). No method starts with it.
const HANDSHAKE: u8 = 22;

/// Whether the connection uses TLS. Waits for the first byte.
pub(in crate::proxy) async fn is_tls(stream: &TcpStream) -> bool {
    let mut first = [0];
    matches!(stream.peek(&mut first).await, Ok(1)) && first[0] == HANDSHAKE
}

/// Whether the connection uses HTTP/2. Waits for the first byte. A player that needs more than a second for its
/// first line is taken to use HTTP/1.
pub(in crate::proxy) async fn is_http2(stream: &TcpStream) -> bool {
    let mut seen = [0; PREFACE.len()];
    for _ in 0..MOST_CHECKS {
        // An error of the socket is reported when it is read.
        let Ok(bytes) = stream.peek(&mut seen).await else { return false };
        if bytes == 0 || seen[..bytes] != PREFACE[..bytes] {
            return false;
        }
        if bytes == PREFACE.len() {
            return true;
        }
        pause().await;
    }
    false
}

/// Waits before the next look at bytes that arrive in pieces.
pub(super) async fn pause() {
    tokio::time::sleep(PAUSE).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{io::AsyncWriteExt as _, net::TcpListener};

    /// What is made of a greeting that comes in `pieces`.
    async fn told(pieces: &[&[u8]]) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut player = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (ours, _) = listener.accept().await.unwrap();
        let writing = async {
            for piece in pieces {
                player.write_all(piece).await.unwrap();
                player.flush().await.unwrap();
                tokio::time::sleep(PAUSE * 2).await;
            }
            player.shutdown().await.unwrap();
        };
        let (told, ()) = tokio::join!(is_http2(&ours), writing);
        told
    }

    #[tokio::test]
    async fn the_preface_tells_in_one_piece_and_in_many() {
        assert!(told(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]).await);
        assert!(told(&[b"P", b"RI * HT", b"TP/2.0\r\n\r\nSM"]).await);
    }

    #[tokio::test]
    async fn all_else_is_http1() {
        for greeting in ["POST / HTTP/1.1\r\n\r\n", "PRI / HTTP/1.1\r\n\r\n", "\u{16}\u{3}", ""] {
            assert!(!told(&[greeting.as_bytes()]).await, "{greeting}");
        }
        assert!(!told(&[b"P", b"ROPFIND / HTTP/1.1\r\n\r\n"]).await);
        assert!(!told(&[b"PR"]).await, "and then nothing more");
    }
}
