//! Origins that are down, slow, or violate HTTP: the player gets an error, and the proxy continues.

use super::{
    origin::{Origin, Step, ok, pattern},
    player::{End, unchunked},
    rig::Rig,
};
use serde_json::Value;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    time::Instant,
};
use vsps::{config::Config, units::ByteSize};

/// The proxy still serves after the fault.
async fn goes_on(rig: &Rig, origin: &Origin, failures: usize) {
    let before = origin.asked().len();
    assert_eq!(rig.get("/fine").await.text(), "fine");
    assert_eq!(origin.asked().len(), before + 1);
    rig.told("upstream_failed", failures).await;
}

/// An origin that responds to `/fine` correctly, and to all else by `steps`.
async fn failing(steps: Vec<Step>) -> Origin {
    Origin::start(move |asked| match asked.path() {
        "/fine" => vec![Step::Send(ok("", b"fine"))],
        _ => steps.clone(),
    })
    .await
}

#[tokio::test]
async fn an_origin_that_is_down() {
    // A socket that does not listen refuses connections, and keeps its port from other tests.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let gone = socket.local_addr().unwrap();
    let rig = Rig::start(Some(gone), |_| {}).await;
    let got = rig.get("/a").await;
    assert_eq!(got.failure(), (502, "upstream; connect"));
    let told: Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!(told["error"]["cause"], "connect");
    assert!(told["error"]["detail"].as_str().unwrap().contains(&gone.to_string()));
    assert_eq!(rig.told("upstream_failed", 1).await[0]["cause"], "connect");
    assert_eq!(rig.counted("vsps_upstream_errors_total").await, 1.0);
}

#[tokio::test]
async fn an_origin_that_does_not_begin() {
    let origin = failing(vec![Step::Pause(Duration::from_secs(60))]).await;
    let rig = Rig::start(Some(origin.address), |config| {
        config.proxy.timeouts.first_byte = Duration::from_millis(300);
    })
    .await;
    assert_eq!(rig.get("/a").await.failure(), (504, "upstream; first-byte-timeout"));
    goes_on(&rig, &origin, 1).await;
}

/// The time-out of the response starts again with each part of the request, if the parts come at 1 KiB/s or more.
#[tokio::test(start_paused = true)]
async fn an_upload_may_take_longer_than_its_response() {
    const PART: [u8; 4096] = [b'x'; 4096];
    let origin = Origin::saying(ok("", b"stored")).await;
    let timeout = |config: &mut Config| config.proxy.timeouts.first_byte = Duration::from_secs(5);
    let rig = Rig::start(Some(origin.address), timeout).await;
    let mut player = TcpStream::connect(rig.listen).await.unwrap();
    let head = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 40960\r\nConnection: close\r\n\r\n";
    player.write_all(head).await.unwrap();
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        player.write_all(&PART).await.unwrap();
    }
    let mut answer = String::new();
    player.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("stored"), "{answer}");
    assert_eq!(origin.last().body, PART.repeat(10));
}

#[tokio::test(start_paused = true)]
async fn an_origin_that_reads_no_upload() {
    const LENGTH: usize = 15_000_000;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let timeout = |config: &mut Config| config.proxy.timeouts.first_byte = Duration::from_secs(5);
    let rig = Rig::start(Some(silent.local_addr().unwrap()), timeout).await;
    let (mut reader, mut writer) = TcpStream::connect(rig.listen).await.unwrap().into_split();
    let writing = tokio::spawn(async move {
        let head = format!("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: {LENGTH}\r\n\r\n");
        writer.write_all(head.as_bytes()).await.unwrap();
        // It is refused before it is sent.
        let _ = writer.write_all(&vec![b'x'; LENGTH]).await;
        writer
    });
    let start = Instant::now();
    let mut status = [0; 12];
    reader.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 504");
    let time = start.elapsed();
    assert!((Duration::from_secs(5)..Duration::from_secs(6)).contains(&time), "{time:?}");
    drop(writing);
}

/// An origin that has answered an upload and reads no more of it, when the proxy has the whole upload and holds the end of
/// it: the connection to the origin is closed, so that not all arrives. How much the system takes in between is not known,
/// so uploads of several lengths are sent.
#[tokio::test(start_paused = true)]
async fn an_origin_that_reads_nothing_after_its_answer() {
    const STEP: usize = 128 * 1024;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let timeout = |config: &mut Config| config.proxy.timeouts.first_byte = Duration::from_secs(5);
    let rig = Rig::start(Some(listener.local_addr().unwrap()), timeout).await;
    let mut closed = 0;
    for length in (1..=96).map(|steps| steps * STEP) {
        let mut player = TcpStream::connect(rig.listen).await.unwrap();
        let head = format!("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
        player.write_all(head.as_bytes()).await.unwrap();
        let (mut origin, _) = listener.accept().await.unwrap();
        let body = vec![b'x'; length];
        if tokio::time::timeout(Duration::from_secs(1), player.write_all(&body)).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        origin.write_all(&ok("Connection: close\r\n", b"stored")).await.unwrap();
        let mut answer = [0; 12];
        player.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        // The bound is looked at every five seconds.
        tokio::time::sleep(Duration::from_secs(12)).await;
        // The proxy goes on with this player only if it has read the whole upload.
        let next = player.write_all(b"GET /b HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let whole = next.is_ok()
            && tokio::time::timeout(Duration::from_secs(1), listener.accept()).await.is_ok();
        let mut upload = Vec::new();
        let _ = origin.read_to_end(&mut upload).await;
        closed += u32::from(whole && upload.len() < length);
    }
    assert!(closed > 0, "the end of an upload was never held");
}

#[tokio::test]
async fn an_origin_that_gives_no_answer() {
    for (steps, cause) in [
        (vec![Step::Reset], "reset"),
        (vec![], "closed"),
        (vec![Step::Send(b"HTTP/1.1 200 OK\r\nContent-".to_vec())], "closed"),
        (vec![Step::Send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec())], "garbage"),
        (vec![Step::Send(b"HTTP/1.1 200 OK\r\nBroken header\r\n\r\n".to_vec())], "garbage"),
        (vec![Step::Send(b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n".to_vec())], "garbage"),
        (vec![Step::Send(pattern(1_000_000))], "garbage"),
    ] {
        let origin = failing(steps.clone()).await;
        let rig = Rig::before(&origin).await;
        let got = rig.get("/a").await;
        let expected = format!("upstream; {cause}");
        assert_eq!(got.failure(), (502, &*expected), "{:.80}", format!("{steps:?}"));
        goes_on(&rig, &origin, 1).await;
    }
}

/// The player gets the bytes of the origin, and an end that is visibly incomplete.
#[tokio::test]
async fn a_body_that_breaks_off_breaks_off_there() {
    let declared = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9c40\r\n";
    let body = pattern(40_000);
    for (head, last) in [(&declared[..], None), (declared, Some(Step::Reset)), (chunked, None)] {
        let mut steps = vec![Step::Send([head, &body].concat())];
        if let Some(last) = last {
            steps.extend([Step::Pause(Duration::from_millis(200)), last]);
        }
        let origin = failing(steps).await;
        let rig = Rig::before(&origin).await;
        let mut player = rig.player().await;
        player.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let got = player.rest().await;
        assert_eq!((got.status(), got.end), (200, End::Fin));
        let passed = match got.header("transfer-encoding") {
            "chunked" => {
                let (passed, whole) = unchunked(&got.body);
                assert!(!whole, "that would be a proper end");
                passed
            }
            _ => got.body,
        };
        assert!(passed == body, "{} bytes", passed.len());
        let over = rig.told("request_finished", 1).await;
        assert_eq!(
            (&over[0]["outcome"], &over[0]["bytes"]),
            (&"origin-cut".into(), &40_000.into())
        );
        goes_on(&rig, &origin, 0).await;
    }
}

#[tokio::test]
async fn more_bytes_than_declared_are_not_the_next_answer() {
    let lie = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\n\r\nevil";
    let origin = failing(vec![Step::Send(lie.to_vec())]).await;
    let rig = Rig::before(&origin).await;
    assert_eq!(rig.get("/a").await.text(), "abc");
    goes_on(&rig, &origin, 0).await;
}

#[tokio::test]
async fn a_manifest_that_cannot_be_read_passes_untouched() {
    let mut large = b"#EXTM3U\n".to_vec();
    large.extend(b"#EXTINF:4,\nhttp://cdn.test/1.ts\n".repeat(100));
    let gzip = b"\x1f\x8b\x08 surely http://cdn.test/";
    for (path, answer, body) in [
        (
            "/a.m3u8",
            ok("", b"<html>http://cdn.test/</html>"),
            &b"<html>http://cdn.test/</html>"[..],
        ),
        ("/a.mpd", ok("", b"<MPD><BaseURL>http://cdn.test"), b"<MPD><BaseURL>http://cdn.test"),
        ("/a.m3u8", ok("Content-Encoding: gzip\r\n", gzip), gzip),
        ("/a.m3u8", ok("", &large), &large),
        ("/a.m3u8", [b"HTTP/1.1 200 OK\r\n\r\n", &*large].concat(), &large),
    ] {
        let origin = Origin::saying(answer).await;
        let rig = Rig::start(Some(origin.address), |config| {
            config.proxy.limits.manifest = ByteSize::from_kibibytes(1);
        })
        .await;
        let inside = rig.session("").await;
        let mut player = rig.player().await;
        player.send(format!("GET {inside}{path} HTTP/1.0\r\n\r\n")).await;
        assert_eq!(player.rest().await.body, body, "{path}");
        rig.told("manifest_unread", 1).await;
        assert_eq!(rig.counted("vsps_manifest_errors_total").await, 1.0);
    }
}

/// Whatever is sent in place of a manifest, at the limits of a run: one warning, one count, every byte.
#[tokio::test]
async fn each_sort_of_bad_manifest_passes_untouched() {
    let uri = "#EXTINF:4,\nhttp://cdn.test/1.ts\n";
    let base = "<BaseURL>http://cdn.test/</BaseURL>";
    let deep = |root: &str| format!("<{root}>{base}{}", "<a>".repeat(100_000)).into_bytes();
    for (sort, path, body) in [
        ("huge", "/a.m3u8", format!("#EXTM3U\n{}", uri.repeat(600_000)).into_bytes()),
        ("not an MPD", "/a.mpd", format!("<HTML>{base}</HTML>").into_bytes()),
        ("deep", "/a.ism/Manifest", deep("SmoothStreamingMedia")),
    ] {
        let declared = match path {
            "/a.mpd" => "Content-Type: application/dash+xml\r\n",
            "/a.m3u8" => "Content-Type: application/vnd.apple.mpegurl\r\n",
            _ => "",
        };
        let origin = Origin::saying(ok(declared, &body)).await;
        let rig = Rig::before(&origin).await;
        let inside = rig.session("").await;
        let got = rig.get(&format!("{inside}{path}")).await;
        assert!(got.body == body, "{sort}, {path}: {} bytes of {}", got.body.len(), body.len());
        rig.told("manifest_unread", 1).await;
        assert_eq!(rig.counted("vsps_manifest_errors_total").await, 1.0, "{sort}, {path}");
    }
}

/// Entities and repeats that would expand without limit take memory in proportion to their own bytes.
#[tokio::test]
async fn what_would_expand_is_not_expanded() {
    let entities: String = (1..10)
        .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
        .collect();
    let laughs = format!(
        "<!DOCTYPE MPD [<!ENTITY l0 \"lol\">{entities}]><MPD><BaseURL>&l9;</BaseURL></MPD>"
    );
    let template = "<SegmentTemplate media=\"$Time$\"><SegmentTimeline><S d=\"1\" r=\"1000000000\"/></SegmentTimeline></SegmentTemplate>";
    let set = format!(
        "<AdaptationSet>{template}<Representation id=\"1\" bandwidth=\"1\"/></AdaptationSet>"
    );
    let repeats =
        format!("<MPD type=\"dynamic\"><Period start=\"PT0S\">{}</Period></MPD>", set.repeat(100));
    for body in [laughs, repeats] {
        let origin = Origin::saying(ok("", body.as_bytes())).await;
        let rig = Rig::before(&origin).await;
        let inside = rig.session("").await;
        let got = rig.get(&format!("{inside}/a.mpd")).await;
        assert_eq!(got.text(), body);
        let segment = rig.get(&format!("{inside}/999999999")).await;
        assert_eq!(segment.status(), 200);
    }
}

/// The part that was read is passed on while the rest is still arriving.
#[tokio::test]
async fn a_manifest_beyond_the_limit_streams() {
    let first = [b"HTTP/1.1 200 OK\r\n\r\n#EXTM3U\n".to_vec(), b"#\n".repeat(1000)].concat();
    let origin = Origin::start(move |_| {
        vec![Step::Send(first.clone()), Step::Pause(Duration::from_secs(60))]
    })
    .await;
    let rig = Rig::start(Some(origin.address), |config| {
        config.proxy.limits.manifest = ByteSize::from_kibibytes(1);
    })
    .await;
    let inside = rig.session("").await;
    let mut player = rig.player().await;
    player.send(format!("GET {inside}/a.m3u8 HTTP/1.0\r\n\r\n")).await;
    let got = player.read_for(Duration::from_secs(1)).await;
    assert_eq!((got.body.len(), got.end), (2008, End::Open));
}
