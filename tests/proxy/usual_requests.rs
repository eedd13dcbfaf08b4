//! Requests in their usual form, mixed with others on the same connection: whatever reads them, each gets its response.

use super::{
    origin::{Origin, Step, ok, pattern},
    player::{End, unchunked},
    rig::Rig,
};
use std::time::Duration;
use tokio::{io::AsyncReadExt as _, net::TcpListener};
use vsps::proxy::ForwardConfig;

/// An origin that repeats the request line and the body of a request.
async fn echo() -> Origin {
    Origin::start(|asked| {
        let line = asked.head.lines().next().unwrap_or_default();
        let line = line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        let mut body = line.into_bytes();
        body.extend_from_slice(&asked.body);
        vec![Step::Send(ok("X-A: b\r\n", &body))]
    })
    .await
}

/// The bodies of responses to these requests.
const REQUESTS: [(&str, &str); 8] = [
    ("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /1"),
    ("GET /2?x HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n", "GET /2?x"),
    ("GET /3 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /3"),
    ("POST /4 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "POST /4abc"),
    ("GET /5 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /5"),
    (
        "PUT /6 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n",
        "PUT /62\r\nde\r\n0\r\n\r\n",
    ),
    ("GET /7 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /7"),
    ("GET /8 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET /8"),
];

/// However they are cut into pieces, all at once included.
#[tokio::test]
async fn requests_in_any_pieces_get_their_responses_in_order() {
    let origin = echo().await;
    let rig = Rig::before(&origin).await;
    let all: String = REQUESTS.iter().map(|(request, _)| *request).collect();
    for piece in [1, 3, 17, 29, 45, 64, 100, all.len()] {
        let mut player = rig.player().await;
        for piece in all.as_bytes().chunks(piece) {
            player.send(piece).await;
            tokio::task::yield_now().await;
        }
        let got = player.rest().await;
        assert_eq!(got.end, End::Fin);
        let text = format!("{}\r\n\r\n{}", got.head, got.text());
        let mut rest = text.as_str();
        for (_, body) in REQUESTS {
            let at = rest
                .find(&format!("\r\n\r\n{body}"))
                .unwrap_or_else(|| panic!("{piece}: {body}: {rest}"));
            assert_eq!(rest[..at].matches("HTTP/1.1 200 OK").count(), 1, "{piece}: {body}: {rest}");
            rest = &rest[at + 4 + body.len()..];
        }
        assert_eq!(rest, "", "{piece}");
    }
}

/// One at a time, as most players send them.
#[tokio::test]
async fn one_request_after_the_other_on_one_connection() {
    let origin = echo().await;
    let rig = Rig::before(&origin).await;
    let mut player = rig.player().await;
    for (request, body) in REQUESTS {
        player.send(request).await;
        let got = player.body_of(body.len()).await;
        assert_eq!((got.status(), got.text()), (200, body));
        assert_eq!(got.all("connection").len(), usize::from(body == "GET /8"));
    }
    assert_eq!(player.rest().await.end, End::Fin);
}

/// A head that does not come to its end is waited for as long as before.
#[tokio::test]
async fn the_rest_of_a_head_is_waited_for_and_not_for_ever() {
    let origin = echo().await;
    let rig = Rig::start(Some(origin.address), |config| {
        config.proxy.timeouts.header = Duration::from_millis(700);
    })
    .await;
    let mut player = rig.player().await;
    player.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HT").await;
    assert_eq!(player.body_of(6).await.text(), "GET /1");
    tokio::time::sleep(Duration::from_millis(100)).await;
    player.send("TP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(player.body_of(6).await.text(), "GET /2");
    player.send("GET /3 HTTP/1.1\r\n").await;
    assert_eq!(player.rest().await.end, End::Fin);
}

/// A response in chunks, which comes after a while.
async fn late_chunks() -> Origin {
    Origin::start(|_| {
        let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        vec![Step::Pause(Duration::from_millis(500)), Step::Send(answer.into())]
    })
    .await
}

/// hyper writes it, and says that the connection closes.
#[tokio::test]
async fn an_unusual_response_arrives_during_the_stop() {
    let origin = late_chunks().await;
    let mut rig = Rig::before(&origin).await;
    let mut player = rig.player().await;
    player.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    rig.stop();
    let got = player.rest().await;
    assert_eq!((got.status(), unchunked(&got.body)), (200, (b"abc".to_vec(), true)));
    assert_eq!((got.header("connection"), got.end), ("close", End::Fin));
}

/// A refusal leaves the connection idle, not at the start of a head.
#[tokio::test]
async fn a_connection_is_idle_after_a_refusal() {
    let origin = echo().await;
    let rig = Rig::start(Some(origin.address), |config| {
        config.proxy.timeouts.header = Duration::from_millis(300);
    })
    .await;
    for method in ["HEAD", "GET"] {
        let mut player = rig.player().await;
        player.send(format!("{method} /-/s/nosuch/x HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        assert_eq!(player.body_of(0).await.status(), 404);
        let got = player.read_for(Duration::from_millis(900)).await;
        assert_eq!(got.end, End::Open, "{method}");
    }
}

/// Bytes of a tunnel that arrive with the request before it.
#[tokio::test]
async fn early_bytes_of_a_tunnel_arrive_after_a_request_that_is_read_again() {
    let origin = late_chunks().await;
    let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = target.local_addr().unwrap();
    let received = tokio::spawn(async move {
        let (mut stream, _) = target.accept().await.unwrap();
        let mut bytes = vec![0; 7205];
        stream.read_exact(&mut bytes).await.unwrap();
        bytes
    });
    let rig = Rig::start(Some(origin.address), |config| {
        config.proxy.forward = Some(ForwardConfig::default());
        config.proxy.allow = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let mut player = rig.player().await;
    let long = "x".repeat(6000);
    player.send(format!("GET /a HTTP/1.1\r\nHost: {}\r\nX-A: {long}\r\n\r\n", rig.listen)).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    player.send(format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\n")).await;
    player.send(pattern(7200)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    player.send("later").await;
    let received = tokio::time::timeout(Duration::from_secs(10), received).await.unwrap().unwrap();
    assert!(received == [&pattern(7200)[..], b"later"].concat());
}
