//! All connections of players are in use.

use super::rig::Rig;
use http::Request;
use http_body_util::Empty;
use hyper::{body::Bytes, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout},
};
use vsps::config::Config;

/// An origin that begins a response to each request, if `answers`, and never ends it.
async fn endless(answers: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                stream.read_u8().await.unwrap();
                if !answers {
                    return std::future::pending().await;
                }
                let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n";
                stream.write_all(head).await.unwrap();
                // The proxy may close the connection.
                while stream.write_all(&[b'x'; 16_384]).await.is_ok() {}
            });
        }
    });
    address
}

async fn asked(rig: &Rig) -> TcpStream {
    let mut player = TcpStream::connect(rig.listen).await.unwrap();
    player.write_all(b"GET /a.bin HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    player
}

async fn status(player: &mut TcpStream) -> String {
    let mut line = [0; 12];
    player.read_exact(&mut line).await.unwrap();
    String::from_utf8(line.to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn further_players_are_answered_503_after_a_while() {
    let origin = endless(false).await;
    let rig = Rig::start(Some(origin), |config| config.proxy.limits.connections = 2).await;
    let (first, _second) = (asked(&rig).await, asked(&rig).await);
    sleep(Duration::from_millis(10)).await;
    for (least, most) in [(10_000, 10_300), (0, 300), (0, 300)] {
        let start = Instant::now();
        let mut text = String::new();
        asked(&rig).await.read_to_string(&mut text).await.unwrap();
        let time = start.elapsed();
        assert!(text.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{text}");
        assert!(text.contains("\r\nretry-after: 1\r\n"), "{text}");
        let (least, most) = (Duration::from_millis(least), Duration::from_millis(most));
        assert!(least <= time && time <= most, "{time:?}");
    }
    // A connection that closes makes room.
    drop(first);
    // It may wait for its response, for as long as a half-closed connection may.
    sleep(Duration::from_millis(200)).await;
    let mut served = asked(&rig).await;
    assert!(timeout(Duration::from_secs(5), status(&mut served)).await.is_err());
}

/// A player that reads nothing of its response gives way after a minute.
#[tokio::test(start_paused = true)]
async fn a_player_that_does_not_read_gives_way() {
    let origin = endless(true).await;
    let rig = Rig::start(Some(origin), |config| config.proxy.limits.connections = 1).await;
    let mut unread = asked(&rig).await;
    assert_eq!(status(&mut unread).await, "HTTP/1.1 200");
    sleep(Duration::from_secs(45)).await;
    assert_eq!(status(&mut asked(&rig).await).await, "HTTP/1.1 503");
    sleep(Duration::from_secs(10)).await;
    let mut next = asked(&rig).await;
    assert_eq!(status(&mut next).await, "HTTP/1.1 200");
}

/// A connection of HTTP/2 is idle when its player has cancelled the only stream, and is closed.
#[tokio::test(start_paused = true)]
async fn a_connection_is_idle_after_a_cancelled_stream() {
    let origin = endless(true).await;
    let idle = |config: &mut Config| config.proxy.timeouts.idle = Duration::from_secs(5);
    let rig = Rig::start(Some(origin), idle).await;
    let stream = TokioIo::new(TcpStream::connect(rig.listen).await.unwrap());
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = Request::get(format!("http://{}/a.bin", rig.listen));
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    drop(response);
    let closed = timeout(Duration::from_secs(30), connection).await;
    assert!(closed.is_ok(), "it is still open");
    drop(sender);
}
