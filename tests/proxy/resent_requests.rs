//! Requests on kept connections that the origin closes without notice.

use super::{
    origin::{Origin, Step, pattern},
    rig::{Rig, ask},
};
use parking_lot::Mutex;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::sleep,
};

/// When an origin closes a connection: after this many requests on it, the last without a response. Closed at
/// once or by a reset.
async fn closing(answered: usize, reset: bool, seen: Arc<Mutex<Vec<String>>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, answered, reset, Arc::clone(&seen)));
        }
    });
    address
}

async fn serve(mut stream: TcpStream, answered: usize, reset: bool, seen: Arc<Mutex<Vec<String>>>) {
    for _ in 0..answered {
        let Some(_) = request(&mut stream, &seen).await else { return };
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
    }
    if request(&mut stream, &seen).await.is_some() && reset {
        stream.set_zero_linger().unwrap();
    }
}

/// Reads a head.
async fn request(stream: &mut TcpStream, seen: &Mutex<Vec<String>>) -> Option<()> {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return None;
        }
    }
    let line = String::from_utf8_lossy(&bytes).lines().next().unwrap().to_owned();
    seen.lock().push(line);
    Some(())
}

/// The origin has read the request when it closes, and has answered nothing.
#[tokio::test]
async fn safe_requests_are_sent_once_more() {
    for reset in [false, true] {
        for method in ["GET", "HEAD"] {
            let seen = Arc::default();
            let origin = closing(1, reset, Arc::clone(&seen)).await;
            let rig = Rig::start(Some(origin), |_| {}).await;
            for _ in 0..10 {
                assert_eq!(rig.ask(method, "/a", "").await.status(), 200, "{method} {reset}");
            }
            // All but the first one were sent twice or once, and never more often.
            assert!(seen.lock().len() <= 19, "{:?}", seen.lock());
        }
    }
}

#[tokio::test]
async fn a_request_that_changes_something_is_not_sent_twice() {
    for (method, body) in [("POST", "Content-Length: 1\r\n"), ("POST", ""), ("DELETE", "")] {
        let seen = Arc::default();
        let origin = closing(1, false, Arc::clone(&seen)).await;
        let rig = Rig::start(Some(origin), |_| {}).await;
        assert_eq!(rig.get("/a").await.text(), "ok");
        let mut player = rig.player().await;
        let end = if body.is_empty() { "" } else { "x" };
        player.send(format!("{method} /b HTTP/1.1\r\nHost: a\r\n{body}\r\n{end}")).await;
        assert_eq!(player.answer().await.failure(), (502, "upstream; closed"), "{method}");
        let all: Vec<_> =
            seen.lock().iter().filter(|line| line.starts_with(method)).cloned().collect();
        assert_eq!(all, [format!("{method} /b HTTP/1.1")]);
    }
}

/// As long as no byte of the response has arrived.
#[tokio::test]
async fn an_answer_that_has_begun_is_not_asked_for_again() {
    let origin = Origin::start(|asked| match asked.path() {
        "/half" => vec![Step::Send(b"HTTP/1.1 200 OK\r\nContent-".to_vec())],
        _ => {
            vec![Step::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na".to_vec()), Step::Stay]
        }
    })
    .await;
    let rig = Rig::before(&origin).await;
    assert_eq!(rig.get("/a").await.text(), "a");
    assert_eq!(rig.get("/half").await.failure(), (502, "upstream; closed"));
    let asked: Vec<_> = origin.asked().iter().map(|asked| asked.connection).collect();
    assert_eq!(asked, [0, 0]);
}

/// All idle connections are closed by the time they are used, each only when a request reaches it.
#[tokio::test]
async fn many_stale_connections_leave_a_fresh_one() {
    const MANY: usize = 40;
    let origin = Origin::start(|asked| match (asked.path(), asked.connection < MANY) {
        // Together, so that each has a connection of its own.
        ("/first", _) => vec![
            Step::Pause(Duration::from_millis(800)),
            Step::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na".to_vec()),
            Step::Stay,
        ],
        (_, true) => vec![Step::Reset],
        _ => {
            vec![Step::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb".to_vec()), Step::Stay]
        }
    })
    .await;
    let rig = Rig::before(&origin).await;
    let all: Vec<_> =
        (0..MANY).map(|_| tokio::spawn(ask(rig.listen, "GET", "/first", ""))).collect();
    for one in all {
        assert_eq!(one.await.unwrap().text(), "a");
    }
    let made = origin.asked().iter().map(|asked| asked.connection).max().unwrap() + 1;
    assert_eq!(made, MANY);
    assert_eq!(rig.get("/second").await.text(), "b");
    let second: Vec<_> = origin.asked().split_off(MANY).iter().map(|it| it.connection).collect();
    assert_eq!(second.len(), 2, "one stale connection, then a fresh one: {second:?}");
    assert_eq!(second[1], MANY);
}

/// Closed shortly after each response: before, while, and after the next request arrives.
#[tokio::test]
async fn three_hundred_requests_to_an_origin_that_closes_at_random_moments() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut state = 7_u64;
        while let Ok((mut stream, _)) = listener.accept().await {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let after = Duration::from_micros((state >> 33) % 3000);
            let length = if state >> 63 == 0 { 300 } else { 100_000 };
            tokio::spawn(async move {
                let seen = Mutex::default();
                if request(&mut stream, &seen).await.is_some() {
                    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                    stream.write_all(&[head.as_bytes(), &pattern(length)].concat()).await.unwrap();
                    sleep(after).await;
                }
            });
        }
    });
    let rig = Rig::start(Some(address), |_| {}).await;
    let mut failed = Vec::new();
    for _ in 0..300 {
        let got = rig.get("/a").await;
        if got.status() != 200 {
            failed.push(got.failure().1.to_owned());
        }
    }
    assert!(failed.is_empty(), "{} of 300: {failed:?}", failed.len());
}
