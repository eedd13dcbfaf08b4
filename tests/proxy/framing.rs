//! Responses with wrong framing: bytes that are not HTTP, chunks that break off, bodies without a length.

use super::{
    origin::{Origin, ok, pattern},
    player::{End, unchunked},
    rig::Rig,
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::net::TcpStream;

const LENGTH: usize = 100_000;

async fn rig(then: serde_json::Value) -> (Rig, Origin) {
    let origin = Origin::saying(ok("", &pattern(LENGTH))).await;
    (Rig::with_rules(&origin, json!([{ "then": then }])).await, origin)
}

#[tokio::test]
async fn bytes_that_are_not_http_come_instead_of_an_answer() {
    let (rig, origin) = rig(json!({ "refuse": "not-http" })).await;
    let mut seen = Vec::new();
    for path in ["/a", "/b"] {
        let got = rig.get(path).await;
        assert_eq!((got.head.as_str(), got.body.len(), got.end), ("", 256, End::Fin));
        assert!(got.body[0] >= 0x80, "no letter");
        seen.push(got.body);
    }
    assert_ne!(seen[0], seen[1]);
    assert!(origin.asked().is_empty());
    assert_eq!(rig.told("request_finished", 2).await[0]["outcome"], "cut");
}

#[tokio::test]
async fn a_chunk_size_that_is_none_breaks_the_body_off() {
    for (then, passes) in [
        (json!({ "framing": "bad-chunk" }), 0),
        (json!({ "framing": { "bad-chunk": "10 kB" } }), 10_000),
        (json!({ "framing": { "bad-chunk": "50 %" } }), LENGTH / 2),
    ] {
        let (rig, _origin) = rig(then).await;
        let got = rig.get("/a").await;
        assert_eq!((got.status(), got.header("transfer-encoding")), (200, "chunked"));
        assert!(got.all("content-length").is_empty());
        let good = got.body.strip_suffix(b"not-a-chunk-size\r\n").unwrap();
        let (body, ended) = unchunked(good);
        assert!(!ended && body == pattern(LENGTH)[..passes], "{} B", body.len());
        assert_eq!(got.end, End::Fin);
        let told = rig.told("fault_injected", 1).await;
        assert_eq!(
            (&told[0]["effect"], &told[0]["at_byte"]),
            (&"bad-chunk".into(), &passes.into())
        );
    }
}

#[tokio::test]
async fn a_body_without_a_length_ends_with_its_connection() {
    let (rig, _origin) = rig(json!({ "framing": "close" })).await;
    let got = rig.get("/a").await;
    assert!(got.head.starts_with("HTTP/1.1 200 OK\r\n"), "{}", got.head);
    assert!(got.all("content-length").is_empty() && got.all("transfer-encoding").is_empty());
    assert_eq!(got.header("connection"), "close");
    assert!(got.body == pattern(LENGTH) && got.end == End::Fin);
    // The head of an answer to HEAD has nothing to frame.
    assert_eq!(rig.ask("HEAD", "/a", "").await.header("content-length"), LENGTH.to_string());
    rig.told("fault_injected", 1).await;
}

/// The client cannot detect that half of it is missing.
#[tokio::test]
async fn a_cut_body_without_a_length_looks_whole() {
    let (rig, _origin) = rig(json!({ "framing": "close", "truncate": "50 %" })).await;
    let got = rig.get("/a").await;
    assert!(got.all("content-length").is_empty() && got.all("transfer-encoding").is_empty());
    assert_eq!((got.body.len(), got.end), (LENGTH / 2, End::Fin));
}

/// HTTP/2 frames bodies itself: a stream ends early, or without a declared length.
#[tokio::test]
async fn on_http2_a_stream_is_reset_or_has_no_length() {
    for (then, outcome) in [
        (json!({ "refuse": "not-http" }), None),
        (json!({ "framing": { "bad-chunk": "10 kB" } }), Some((10_000, false))),
        (json!({ "framing": "close" }), Some((LENGTH, true))),
    ] {
        let (rig, _origin) = rig(then.clone()).await;
        let stream = TokioIo::new(TcpStream::connect(rig.listen).await.unwrap());
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(connection);
        let url = format!("http://{}/a", rig.listen);
        let asked = http::Request::get(url).body(Empty::<Bytes>::new()).unwrap();
        let Ok(response) = sender.send_request(asked).await else {
            assert_eq!(outcome, None, "{then}");
            continue;
        };
        assert!(response.headers().get("content-length").is_none(), "{then}");
        let (mut body, mut passed, mut whole) = (response.into_body(), 0, true);
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => passed += frame.into_data().map_or(0, |data| data.len()),
                Err(_) => {
                    whole = false;
                    break;
                }
            }
        }
        assert_eq!(Some((passed, whole)), outcome, "{then}");
    }
}
