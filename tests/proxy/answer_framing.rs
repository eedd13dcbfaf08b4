//! Origins whose responses state their end in two ways (RFC 9112 §6.3): the player never gets an incomplete
//! response that looks complete.

use super::{
    origin::{Origin, Step},
    player::unchunked,
    rig::Rig,
};

const CHUNKED: &[u8] = b"5\r\nabcde\r\n5\r\nfghij\r\n0\r\n\r\n";

fn answer(head: &str, body: &[u8]) -> Vec<Step> {
    let head = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n");
    vec![Step::Send([head.as_bytes(), body].concat()), Step::Stay]
}

#[tokio::test]
async fn chunks_go_before_a_declared_length() {
    for lengths in [&["5"][..], &["10"], &["999"], &["5", "10"], &["nonsense"]] {
        let lines: String =
            lengths.iter().map(|length| format!("Content-Length: {length}\r\n")).collect();
        for head in [
            format!("{lines}Transfer-Encoding: chunked"),
            format!("Transfer-Encoding: Chunked\r\n{}", lines.trim_end()),
        ] {
            let origin = Origin::start(move |_| answer(&head, CHUNKED)).await;
            let rig = Rig::before(&origin).await;
            for connection in 0..2 {
                let got = rig.get("/a").await;
                assert_eq!(got.status(), 200, "{lengths:?}");
                assert_eq!(got.all("content-length"), [""; 0], "{lengths:?}");
                assert_eq!(unchunked(&got.body), (b"abcdefghij".to_vec(), true), "{lengths:?}");
                // What follows on such a connection may be anything.
                assert_eq!(origin.last().connection, connection, "{lengths:?}");
            }
            let head = rig.ask("HEAD", "/a", "").await;
            assert_eq!((head.status(), head.all("content-length").len()), (200, 0));
        }
    }
}

/// The body is as long as declared, and is no chunks.
#[tokio::test]
async fn a_body_that_is_not_in_chunks_breaks_off() {
    for body in [&b"abcdefghij"[..], b"5\r\nabcde\r\n5\r\nfgh", b"5\r\nabcdeX\r\n0\r\n\r\n"] {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
            body.len()
        );
        let origin = Origin::saying([head.as_bytes(), body].concat()).await;
        let rig = Rig::before(&origin).await;
        let got = rig.get("/a").await;
        match got.status() {
            200 => {
                assert_eq!(got.all("content-length"), [""; 0]);
                assert!(!unchunked(&got.body).1, "that would be a proper end");
            }
            _ => assert_eq!(got.failure(), (502, "upstream; garbage")),
        }
    }
}

#[tokio::test]
async fn a_length_that_cannot_be_known_is_refused() {
    for head in [
        "Content-Length: 5\r\nContent-Length: 10",
        "Content-Length: 5, 10",
        "Content-Length: +10",
        "Content-Length: -1",
        "Content-Length: ",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: identity\r\nContent-Length: 10",
        "Transfer-Encoding: xchunked\r\nContent-Length: 10",
    ] {
        let origin = Origin::start(move |_| answer(head, CHUNKED)).await;
        let rig = Rig::before(&origin).await;
        assert_eq!(rig.get("/a").await.failure(), (502, "upstream; garbage"), "{head}");
        assert_eq!(rig.told("upstream_failed", 1).await[0]["cause"], "garbage");
    }
    let origin = Origin::start(move |_| {
        let old = b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n";
        vec![Step::Send([&old[..], CHUNKED].concat())]
    })
    .await;
    let rig = Rig::before(&origin).await;
    assert_eq!(rig.get("/a").await.failure(), (502, "upstream; garbage"));
    // Those without a body as well.
    let origin = Origin::start(|_| answer("Content-Length: 5\r\nContent-Length: 10", b"")).await;
    let rig = Rig::before(&origin).await;
    assert_eq!(rig.ask("HEAD", "/a", "").await.failure(), (502, "upstream; garbage"));
}

#[tokio::test]
async fn a_length_that_is_repeated_is_passed_on_once() {
    for head in ["Content-Length: 3\r\nContent-Length: 3", "Content-Length: 3, 3"] {
        let origin = Origin::start(move |_| answer(head, b"abc")).await;
        let rig = Rig::before(&origin).await;
        let got = rig.get("/a").await;
        assert_eq!((got.text(), got.all("content-length")), ("abc", vec!["3"]));
    }
}
