//! Requests that are malformed, oversized, slow or smuggled: refused, and the connection closed.

use super::{
    origin::{Origin, Step, ok},
    player::{End, Got},
    rig::Rig,
};
use std::time::Duration;
use vsps::units::ByteSize;

/// Sends `bytes` and reads until the connection ends.
async fn send(rig: &Rig, bytes: impl AsRef<[u8]>) -> Got {
    let mut player = rig.player().await;
    player.try_send(bytes).await;
    player.rest().await
}

#[tokio::test]
async fn what_is_not_http_is_refused() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = Rig::before(&origin).await;
    for request in [
        "nonsense\r\n\r\n",
        "GET\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        "G\u{1}T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nSpaced : b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: bare\rreturn\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: nul\0\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: http://a/\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: user@a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a:99999999\r\n\r\n",
        "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        let got = send(&rig, request).await;
        assert_eq!((got.status(), got.end), (400, End::Fin), "{request:?}");
    }
    assert!(origin.asked().is_empty());
    assert_eq!(rig.get("/a").await.status(), 200);
}

/// A second request is hidden in the first one's body, or the reverse.
#[tokio::test]
async fn what_can_be_read_in_two_ways_is_refused() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = Rig::before(&origin).await;
    for framing in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 0\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 6\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: -1\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding:\r\n chunked\r\n",
    ] {
        let smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
        let request = format!("POST /a HTTP/1.1\r\nHost: a\r\n{framing}\r\n{smuggled}");
        let got = send(&rig, request).await;
        assert_eq!((got.status(), got.end), (400, End::Fin), "{framing:?}");
        // Torn in two, and on a connection that was in use.
        let mut player = rig.player().await;
        player.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(player.answer().await.status(), 200);
        player.send(format!("POST /a HTTP/1.1\r\nHost: a\r\n{}", &framing[..9])).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        player.try_send(format!("{}\r\n{smuggled}", &framing[9..])).await;
        let got = player.rest().await;
        assert_eq!((got.status(), got.end), (400, End::Fin), "{framing:?} torn");
    }
    let asked = origin.asked();
    assert!(asked.iter().all(|asked| asked.path() == "/first"), "{asked:?}");
}

/// Behind a request still under way a head is not looked at byte by byte; the chunks then count, and
/// the connection ends with the answer, as RFC 9112 §6.3 has it.
#[tokio::test]
async fn a_pipelined_smuggler_gets_one_answer_and_no_second() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = Rig::before(&origin).await;
    let got = send(
        &rig,
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 44\r\n\
         Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    )
    .await;
    assert_eq!(got.end, End::Fin);
    assert!(origin.asked().iter().all(|asked| asked.path() != "/smuggled"));
}

#[tokio::test]
async fn a_head_over_its_bound_is_refused_and_one_at_it_is_not() {
    let origin = Origin::saying(ok("", b"x")).await;
    for kibibytes in [1, 8, 64, 256] {
        let rig = Rig::start(Some(origin.address), |config| {
            config.proxy.limits.header = ByteSize::from_kibibytes(kibibytes);
        })
        .await;
        let bound = kibibytes as usize * 1024;
        let one = |size: usize| format!("X: {}\r\n", "y".repeat(size - 5));
        for (size, status) in [(bound - 150, 200), (bound + 1, 431), (3 * bound, 431)] {
            let got = rig.ask("GET", "/a", &one(size)).await;
            assert_eq!((got.status(), got.end), (status, End::Fin), "{size} of {bound}");
        }
        let many = one(bound / 50).repeat(51);
        assert_eq!(rig.ask("GET", "/a", &many).await.status(), 431, "51 of a fiftieth");
        assert_eq!(rig.ask("GET", "/a", &one(7).repeat(90)).await.status(), 200);
        assert_eq!(rig.ask("GET", "/a", &one(7).repeat(10_000)).await.status(), 431);
        let long = format!("/{}", "a".repeat(bound));
        assert!(matches!(rig.get(&long).await.status(), 414 | 431));
    }
}

#[tokio::test]
async fn a_body_over_its_bound_is_refused() {
    let origin =
        Origin::start(|asked| vec![Step::Send(ok("", asked.body.len().to_string().as_bytes()))])
            .await;
    let rig = Rig::start(Some(origin.address), |config| {
        config.proxy.limits.request_body = ByteSize::from_kibibytes(64);
    })
    .await;
    let declared = |size: usize| {
        let head = format!(
            "POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n"
        );
        [head.into_bytes(), vec![b'x'; size]].concat()
    };
    assert_eq!(send(&rig, declared(65_536)).await.text(), "65536");
    for size in [65_537, 10_000_000] {
        let got = send(&rig, declared(size)).await;
        assert_eq!(
            (got.failure(), got.end),
            ((413, "downstream; request-body"), End::Fin),
            "{size}"
        );
    }
    // A player that sends everything before it reads receives complete responses.
    let mut player = rig.player().await;
    for part in declared(5_000_000).chunks(100_000) {
        player.send(part).await;
        tokio::task::yield_now().await;
    }
    let got = player.rest().await;
    assert_eq!((got.status(), got.end), (413, End::Fin));
    assert_eq!(origin.asked().len(), 1, "a declared body is refused before the origin is asked");
    let mut chunked = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..20 {
        chunked.extend([b"1000\r\n", &[b'x'; 4096][..], b"\r\n"].concat());
    }
    chunked.extend(b"0\r\n\r\n");
    let got = send(&rig, chunked).await;
    assert_eq!((got.failure(), got.end), ((413, "downstream; request-body"), End::Fin));
    let broken = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n";
    assert_eq!(send(&rig, broken).await.failure(), (400, "downstream; request-body"));
    assert_eq!(origin.asked().len(), 1, "none of these was whole");
}

#[tokio::test]
async fn slow_heads_and_idle_connections_are_closed_and_busy_ones_are_not() {
    let origin = Origin::start(|_| {
        let answer = ok("", b"slow!");
        let (first, rest) = answer.split_at(answer.len() - 4);
        let pause = || Step::Pause(Duration::from_millis(900));
        vec![pause(), Step::Send(first.to_vec()), pause(), Step::Send(rest.to_vec())]
    })
    .await;
    let rig = Rig::start(Some(origin.address), |config| {
        config.proxy.timeouts.header = Duration::from_millis(300);
        config.proxy.timeouts.idle = Duration::from_millis(600);
    })
    .await;
    let (mut slow, mut idle, mut busy) =
        (rig.player().await, rig.player().await, rig.player().await);
    let dripping = async {
        slow.send("GET /a HTTP/1.1\r\n").await;
        for _ in 0..20 {
            slow.try_send("X: y\r\n").await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        slow.rest().await
    };
    let working = async {
        busy.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let answer = busy.answer().await;
        (answer.text().to_owned(), busy.rest().await.end)
    };
    let (slow, idle, busy) = tokio::join!(dripping, idle.rest(), working);
    assert_eq!(slow.status(), 0);
    assert_ne!(slow.end, End::Open);
    assert_eq!(idle.end, End::Fin);
    assert_eq!(busy, ("slow!".to_owned(), End::Fin));
    assert_eq!(origin.asked().len(), 1);
}

#[tokio::test]
async fn there_are_no_more_connections_than_allowed() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = Rig::start(Some(origin.address), |config| config.proxy.limits.connections = 2).await;
    let (mut first, mut second) = (rig.player().await, rig.player().await);
    for player in [&mut first, &mut second] {
        player.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(player.answer().await.text(), "x");
    }
    let mut third = rig.player().await;
    third.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(third.read_for(Duration::from_millis(300)).await.head.is_empty());
    drop(first);
    assert_eq!(third.answer().await.text(), "x");
}

#[tokio::test]
async fn odd_methods_and_addresses_do_no_harm() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = Rig::before(&origin).await;
    let refused = rig.ask("CONNECT", "cdn.test:443", "").await;
    assert_eq!(refused.failure(), (405, "downstream; method"));
    for path in ["/-/", "/-/x", "/-/s/", "/-/o/ftp/h/p", "/-/o/http/u@h/p"] {
        assert_eq!(rig.get(path).await.failure(), (404, "downstream; address"), "{path}");
    }
    // A path of the origin's own below `/-/` needs a session or its origin before it.
    let bare = rig.get("/-/snippets/1/raw/i.m3u8").await;
    assert_eq!(bare.failure(), (404, "downstream; address"));
    assert!(bare.text().contains("write a session or the origin before it"), "{}", bare.text());
    let named = format!("/-/o/http/{}/-/snippets/1/raw/i.ts", origin.address);
    assert_eq!(rig.get(&named).await.status(), 200);
    assert_eq!(origin.last().path(), "/-/snippets/1/raw/i.ts");
    assert_eq!(rig.ask("OPTIONS", "*", "").await.end, End::Fin);
    assert_eq!(rig.ask("ODD", "/a", "").await.status(), 200);
    assert_eq!(origin.last().head.split(' ').next(), Some("ODD"));
}

/// OPTIONS and TRACE are forwarded only as often as they say, and others always.
#[tokio::test]
async fn max_forwards_is_counted() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = Rig::before(&origin).await;
    let request = |method: &str, left: &str| {
        format!(
            "{method} /a?b HTTP/1.1\r\nHost: a\r\nMax-Forwards: {left}\r\nCookie: secret\r\n\
             Connection: close\r\n\r\n"
        )
    };
    for method in ["OPTIONS", "TRACE"] {
        let got = send(&rig, request(method, "0")).await;
        assert_eq!(got.status(), 200, "{method}");
        assert!(origin.asked().is_empty());
        if method == "TRACE" {
            let text = String::from_utf8(got.body).unwrap();
            assert!(text.starts_with("TRACE /a?b HTTP/1.1\r\n"), "{text}");
            assert!(text.contains("max-forwards: 0\r\n") && !text.contains("secret"), "{text}");
        }
    }
    for (method, left, passed) in
        [("OPTIONS", "3", "2"), ("TRACE", "1", "0"), ("GET", "0", "0"), ("OPTIONS", "many", "many")]
    {
        assert_eq!(send(&rig, request(method, left)).await.status(), 200, "{method}");
        assert_eq!(origin.last().header("max-forwards"), [passed], "{method}");
    }
}
