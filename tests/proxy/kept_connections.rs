//! Connections to origins: reused where HTTP allows it, for every framing of the body, and not where it does
//! not.

use super::{
    origin::{Origin, Step, pattern},
    player::unchunked,
    rig::{Rig, ask},
};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// A response on a connection that stays open.
fn answer(head: &str, body: &[u8]) -> Vec<Step> {
    vec![Step::Send([format!("HTTP/1.1 {head}\r\n\r\n").as_bytes(), body].concat()), Step::Stay]
}

/// By path: `/BYTES` has this number of bytes.
fn by_path(path: &str) -> Vec<Step> {
    match path {
        "/chunked" => {
            let head = "200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-end";
            answer(head, b"6\r\nabcdef\r\n0\r\nx-end: yes\r\n\r\n")
        }
        "/endless" => {
            let chunk = [b"9c40\r\n", &pattern(40_000)[..], b"\r\n"].concat();
            let head = "200 OK\r\nTransfer-Encoding: chunked";
            [answer(head, &chunk), vec![Step::Pause(Duration::from_secs(60))]].concat()
        }
        "/none" => answer("204 No Content", b""),
        "/same" => answer("304 Not Modified\r\nETag: \"a\"", b""),
        "/empty" => answer("200 OK\r\nContent-Length: 0", b""),
        "/hinted" => {
            let early = Step::Send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".to_vec());
            [vec![early, Step::Pause(Duration::from_millis(20))], by_path("/9000")].concat()
        }
        // The head, and the body in pieces of its own.
        "/pieces" => {
            let head = b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n".to_vec();
            let body = pattern(20_000);
            let pause = Step::Pause(Duration::from_millis(20));
            let (first, second) = body.split_at(3000);
            [head, first.to_vec(), second.to_vec()]
                .into_iter()
                .flat_map(|bytes| [Step::Send(bytes), pause.clone()])
                .chain([Step::Stay])
                .collect()
        }
        sized => {
            let length: usize = sized[1..].parse().unwrap();
            answer(&format!("200 OK\r\nContent-Length: {length}"), &pattern(length))
        }
    }
}

#[tokio::test]
async fn one_connection_carries_one_request_after_another() {
    let origin = Origin::start(|asked| match asked.head.starts_with("HEAD") {
        true => answer("200 OK\r\nContent-Length: 5000000", b""),
        false => by_path(asked.path()),
    })
    .await;
    // With a rate that throttles reading, and with none.
    for profile in ["unlimited", "dsl"] {
        let rig = Rig::before(&origin).await;
        let session = rig.session(&format!("vsps.profile={profile}")).await;
        let before = origin.asked().len();
        let mut paths = vec!["/1", "/9000", "/pieces", "/chunked", "/none", "/hinted", "/same"];
        paths.extend(["/empty", "/8000", "/8191", "/8192", "/30000", "/chunked", "/1"]);
        for path in &paths {
            let got = rig.get(&format!("{session}{path}")).await;
            let length = match *path {
                "/pieces" => 20_000,
                "/hinted" => 9000,
                "/chunked" => {
                    assert_eq!(unchunked(&got.body), (b"abcdef".to_vec(), true), "{path}");
                    continue;
                }
                sized => sized[1..].parse().unwrap_or(0),
            };
            assert!(got.body == pattern(length), "{path}: {} of {length} bytes", got.body.len());
        }
        let head = rig.ask("HEAD", &format!("{session}/large"), "").await;
        assert_eq!(head.header("content-length"), "5000000");
        let mut player = rig.player().await;
        let body = "Content-Length: 6\r\nConnection: close\r\n\r\nabcdef";
        player.send(format!("POST {session}/9000 HTTP/1.1\r\nHost: a\r\n{body}")).await;
        assert_eq!(player.rest().await.body, pattern(9000));
        assert_eq!(rig.get(&format!("{session}/77")).await.body, pattern(77));
        let asked = origin.asked().split_off(before);
        assert_eq!(asked.len(), paths.len() + 3);
        let connections: Vec<_> = asked.iter().map(|asked| asked.connection).collect();
        assert!(connections.windows(2).all(|pair| pair[0] == pair[1]), "{connections:?}");
        assert!(asked.iter().all(|asked| asked.header("host") == [origin.address.to_string()]));
    }
}

/// The connections on which requests for `/first` and then `/1` came.
async fn connections(first: impl Fn() -> Vec<Step> + Send + Sync + 'static) -> Vec<usize> {
    let origin = Origin::start(move |asked| match asked.path() {
        "/first" => first(),
        path => by_path(path),
    })
    .await;
    let rig = Rig::before(&origin).await;
    rig.get("/first").await;
    assert_eq!(rig.get("/1").await.body, pattern(1));
    origin.asked().iter().map(|asked| asked.connection).collect()
}

#[tokio::test]
async fn a_connection_is_not_used_again_where_it_must_not_be() {
    for (length, sent) in [(10, 10), (100_000, 100_000), (10, 12), (100_000, 100_002)] {
        let close = if length == sent { "\r\nConnection: Keep-Alive, CLOSE" } else { "" };
        let first =
            move || answer(&format!("200 OK\r\nContent-Length: {length}{close}"), &pattern(sent));
        assert_eq!(connections(first).await, [0, 1], "{sent} of {length} bytes");
    }
    // The end of the body is the end of the connection.
    let until_close = || vec![Step::Send(b"HTTP/1.1 200 OK\r\n\r\nabc".to_vec())];
    assert_eq!(connections(until_close).await, [0, 1]);
    let old = || {
        let head = b"HTTP/1.0 200 OK\r\nContent-Length: 90000\r\n\r\n".to_vec();
        vec![Step::Send([head, pattern(90_000)].concat()), Step::Stay]
    };
    assert_eq!(connections(old).await, [0, 1]);
}

#[tokio::test]
async fn an_origin_that_has_closed_meanwhile_is_asked_anew() {
    for length in [10, 100_000] {
        let first = move || {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            vec![Step::Send([head.into_bytes(), pattern(length)].concat())]
        };
        assert_eq!(connections(first).await, [0, 1], "{length} bytes");
    }
}

#[tokio::test]
async fn who_leaves_within_a_body_takes_the_connection_along() {
    let origin = Origin::start(|asked| by_path(asked.path())).await;
    let rig = Rig::before(&origin).await;
    let session = rig.session("vsps.profile=firefox-2g-regular").await;
    for path in ["/200000", "/endless"] {
        let mut player = rig.player().await;
        player.send(format!("GET {session}{path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        player.rest_of(100).await;
    }
    assert_eq!(rig.told("request_finished", 2).await[0]["outcome"], "player-gone");
    assert_eq!(rig.get(&format!("{session}/1")).await.body, pattern(1));
    let connections: Vec<_> = origin.asked().iter().map(|asked| asked.connection).collect();
    assert_eq!(connections, [0, 1, 2]);
}

/// An origin receives all of a request that it responded to before its end, however little of the response the
/// player has read.
#[tokio::test]
async fn an_early_answer_does_not_cut_the_request_short() {
    const BODY: usize = 8_000_000;
    for length in [5, BODY] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let rig = Rig::start(listener.local_addr().ok(), |_| {}).await;
        let mut player = rig.player().await;
        player.send(format!("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: {BODY}\r\n\r\n")).await;
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        while !heard.windows(4).any(|four| four == b"\r\n\r\n") {
            stream.read_buf(&mut heard).await.unwrap();
        }
        let (mut from, mut to) = stream.into_split();
        let answers = tokio::spawn(async move {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            to.write_all(&[head.as_bytes(), &pattern(length)].concat()).await.unwrap();
            to
        });
        let hears = tokio::spawn(async move {
            let head = heard.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
            while heard.len() < head + BODY && from.read_buf(&mut heard).await.unwrap() > 0 {}
            heard.split_off(head)
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        player.send(pattern(BODY)).await;
        assert!(hears.await.unwrap() == pattern(BODY), "{length} bytes of answer");
        assert!(player.answer().await.body == pattern(length));
        answers.await.unwrap();
    }
}

/// Any number: noticing the end of a connection must not depend on how much the task has done already.
#[tokio::test]
async fn an_origin_that_has_closed_all_its_connections_is_asked_anew() {
    const MANY: usize = 200;
    for length in [10, 100_000] {
        let origin = Origin::start(move |asked| match asked.path() {
            "/first" => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                // Together, so that each has a connection of its own.
                vec![
                    Step::Pause(Duration::from_millis(1500)),
                    Step::Send([head.into_bytes(), pattern(length)].concat()),
                ]
            }
            path => by_path(path),
        })
        .await;
        let rig = Rig::before(&origin).await;
        let all: Vec<_> =
            (0..MANY).map(|_| tokio::spawn(ask(rig.listen, "GET", "/first", ""))).collect();
        for one in all {
            assert!(one.await.unwrap().body == pattern(length));
        }
        assert_eq!(rig.get("/1").await.body, pattern(1));
        let asked = origin.asked();
        assert_eq!(asked.last().unwrap().connection, MANY, "{length} bytes");
    }
}
