//! The memory budget: what clients can make the proxy hold is bounded, and others are served meanwhile.

use super::{
    origin::{Origin, Step, ok, pattern},
    player::{End, Got, Player},
    rig::{Rig, read_rules},
};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    body::{Bytes, Incoming},
    client::conn::http2::{self, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::{sleep, timeout},
};
use vsps::{config::Config, units::ByteSize};

const HERE: [u8; 4] = [127, 0, 0, 1];
const ELSEWHERE: [u8; 4] = [127, 0, 0, 2];
const MEBIBYTE: usize = 1 << 20;

fn budget(mebibytes: u64) -> impl FnOnce(&mut Config) {
    move |config| config.memory_budget = ByteSize::from_kibibytes(1024 * mebibytes)
}

/// A connection from another address of this machine.
async fn connect(from: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((from, 0))).unwrap();
    socket.connect(to).await.unwrap()
}

/// A request on a connection of its own.
async fn get(from: [u8; 4], rig: &Rig, path: &str) -> Got {
    let mut player = Player::over(connect(from, rig.listen).await);
    player.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
    player.rest().await
}

/// The address of a new session, up to the origin's path.
async fn session(from: [u8; 4], rig: &Rig) -> String {
    let got = get(from, rig, "/start.m3u8").await;
    assert_eq!(got.status(), 307, "{}", got.text());
    got.header("location").split("/start").next().unwrap().to_owned()
}

fn assert_refused(got: &Got) {
    assert_eq!(got.failure(), (503, "internal; memory"), "{}", got.text());
    assert_eq!(got.header("retry-after"), "1");
    assert!(got.text().contains("--memory-budget"), "{}", got.text());
}

/// Three thousand segments: about a megabyte of memory.
fn playlist() -> String {
    let segments: String = (0..3000).map(|n| format!("#EXTINF:4,\nsegment-{n:05}.ts\n")).collect();
    format!("#EXTM3U\n#EXT-X-TARGETDURATION:4\n{segments}")
}

/// Sessions of one client learn playlists until its share is used up. Those that it has, and other clients, go on; when they are
/// idle, what they have learnt makes room.
#[tokio::test(start_paused = true)]
async fn learnt_manifests() {
    let declared = "Content-Type: application/vnd.apple.mpegurl\r\n";
    let origin = Origin::saying(ok(declared, playlist().as_bytes())).await;
    let rig = Rig::start(Some(origin.address), budget(8)).await;
    let mut sessions = Vec::new();
    let refused = loop {
        let one = session(HERE, &rig).await;
        let got = get(HERE, &rig, &format!("{one}/a.m3u8")).await;
        if got.status() != 200 {
            break got;
        }
        sessions.push(one);
        assert!(sessions.len() < 8, "nothing is refused");
    };
    assert_refused(&refused);
    assert!(sessions.len() >= 3, "{}", sessions.len());
    let used = rig.counted("vsps_memory_used_bytes{part=\"manifests\"}").await as usize;
    assert!((2 * MEBIBYTE..=4 * MEBIBYTE).contains(&used), "{used}");
    for one in &sessions {
        assert_eq!(get(HERE, &rig, &format!("{one}/a.m3u8")).await.status(), 200, "a reload");
    }
    let other = session(ELSEWHERE, &rig).await;
    assert_eq!(get(ELSEWHERE, &rig, &format!("{other}/a.m3u8")).await.status(), 200);
    sleep(Duration::from_secs(20)).await;
    assert_eq!(get(HERE, &rig, &format!("{}/a.m3u8", sessions[1])).await.status(), 200);
    let next = session(HERE, &rig).await;
    assert_eq!(get(HERE, &rig, &format!("{next}/a.m3u8")).await.status(), 200);
    assert_eq!(rig.counted("vsps_manifests_forgotten_total").await, 1.0);
    assert!(rig.counted("vsps_memory_refusals_total{part=\"manifests\"}").await >= 1.0);
}

/// What a `coalesce` rule holds back for one client is bounded: another response of that client is refused.
#[tokio::test]
async fn bytes_that_a_rule_holds_back() {
    let origin = Origin::start(|asked| {
        if asked.path() == "/whole.bin" {
            return vec![Step::Send(ok("", &pattern(300_000)))];
        }
        // 2 MiB less than 64 KiB for three of them.
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n";
        let held = [&head[..], &pattern(680_000)].concat();
        vec![Step::Send(held), Step::Pause(Duration::from_secs(60))]
    })
    .await;
    let rules = read_rules(json!([{ "name": "held", "then": { "coalesce": "end" } }]));
    let rig = Rig::start(Some(origin.address), |config| {
        config.rules = rules;
        budget(4)(config);
    })
    .await;
    session(HERE, &rig).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut player = Player::over(connect(HERE, rig.listen).await);
        player.send("GET /held.bin HTTP/1.1\r\nHost: x\r\n\r\n").await;
        held.push(player);
    }
    sleep(Duration::from_millis(500)).await;
    assert_refused(&get(HERE, &rig, "/whole.bin").await);
    session(ELSEWHERE, &rig).await;
    let other = get(ELSEWHERE, &rig, "/whole.bin").await;
    assert_eq!((other.status(), other.body.len()), (200, 300_000));
    drop(held);
    for _ in 0..100 {
        if rig.counted("vsps_memory_used_bytes{part=\"coalesced\"}").await == 0.0 {
            return assert_eq!(get(HERE, &rig, "/whole.bin").await.status(), 200);
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("it is still charged");
}

/// Until so many bytes are used for `part`.
async fn until_used(rig: &Rig, part: &str, bytes: usize) {
    until(rig, &format!("vsps_memory_used_bytes{{part=\"{part}\"}}"), bytes).await;
}

/// Until the metric has this value.
async fn until(rig: &Rig, name: &str, value: usize) {
    for _ in 0..800 {
        if rig.counted(name).await as usize == value {
            return;
        }
        sleep(Duration::from_millis(25)).await;
    }
    panic!("{name} is {}, not {value}", rig.counted(name).await);
}

/// Playlists that wait for a slow link are held, edited, until they are sent: one client cannot take all memory with them.
#[tokio::test]
async fn edited_manifests_that_are_not_sent() {
    const LENGTH: usize = 500_000;
    let few = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\na.ts\n";
    let playlist = format!("{few}#{}\n", "-".repeat(LENGTH));
    let declared = "Content-Type: application/vnd.apple.mpegurl\r\n";
    let origin = Origin::saying(ok(declared, playlist.as_bytes())).await;
    let slow = read_rules(json!([
        { "when": { "path": "/slow*" }, "then": { "rate": "80 kbit/s" } }
    ]));
    let rig = Rig::start(Some(origin.address), |config| {
        config.rules = slow;
        budget(16)(config);
    })
    .await;
    let one = session(HERE, &rig).await;
    let mut held = Vec::new();
    let refused = loop {
        let mut player = Player::over(connect(HERE, rig.listen).await);
        let path = format!("{one}/slow.m3u8");
        player.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
        let got = player.body_of(100).await;
        if got.status() != 200 {
            break got;
        }
        held.push(player);
        assert!(held.len() < 20, "nothing is refused");
    };
    assert_eq!(refused.failure(), (503, "internal; memory"));
    // Half of the budget, and the reserve.
    assert!((15..=18).contains(&held.len()), "{}", held.len());
    let used = rig.counted("vsps_memory_used_bytes{part=\"edits\"}").await as usize;
    assert!((held.len() * LENGTH..=10 * MEBIBYTE).contains(&used), "{used}");
    let other = session(ELSEWHERE, &rig).await;
    let got = get(ELSEWHERE, &rig, &format!("{other}/a.m3u8")).await;
    assert_eq!(got.status(), 200);
    assert!(got.body.len() > LENGTH, "{}", got.body.len());
    drop(held);
    until_used(&rig, "edits", 0).await;
    assert_eq!(get(HERE, &rig, &format!("{one}/a.m3u8")).await.status(), 200);
}

/// Long heads that never end are charged; a connection without room for more of its head is closed.
#[tokio::test]
async fn long_heads_that_do_not_end() {
    let origin = Origin::saying(ok("", b"whole")).await;
    let rig = Rig::start(Some(origin.address), budget(1)).await;
    let head = format!("GET /a HTTP/1.1\r\nHost: x\r\nX-Long: {}", "x".repeat(60_000));
    let mut held = Vec::new();
    for number in 1..=8 {
        let mut player = Player::over(connect(HERE, rig.listen).await);
        player.send(&head).await;
        until_used(&rig, "heads", number * 64 * 1024).await;
        held.push(player);
    }
    for _ in 0..3 {
        let mut player = Player::over(connect(HERE, rig.listen).await);
        player.try_send(&head).await;
        let got = player.rest().await;
        assert_ne!(got.end, End::Open, "it is closed");
        assert_eq!(got.status(), 0);
    }
    // Usual heads of that client, and long ones of another.
    assert_eq!(get(HERE, &rig, "/a.bin").await.text(), "whole");
    let mut other = Player::over(connect(ELSEWHERE, rig.listen).await);
    other.send(format!("{head}\r\nConnection: close\r\n\r\n")).await;
    assert_eq!(other.rest().await.text(), "whole");
    drop(held);
    until_used(&rig, "heads", 0).await;
}

/// A connection of HTTP/2 whose streams get 64 KiB before they are read.
async fn http2_from(from: [u8; 4], rig: &Rig) -> SendRequest<Empty<Bytes>> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(65_535).initial_connection_window_size(1 << 30);
    let stream = TokioIo::new(connect(from, rig.listen).await);
    let (sender, connection) = builder.handshake(stream).await.unwrap();
    tokio::spawn(connection);
    sender
}

async fn ask(sender: &mut SendRequest<Empty<Bytes>>, rig: &Rig) -> Response<Incoming> {
    let request = Request::get(format!("http://{}/a.bin", rig.listen));
    sender.send_request(request.body(Empty::new()).unwrap()).await.unwrap()
}

async fn large() -> Origin {
    Origin::saying(ok("", &pattern(2_000_000))).await
}

/// Streams that are not read take the client's share: further ones are refused, and others are served. After a few seconds
/// those that are not read make room.
#[tokio::test(start_paused = true)]
async fn streams_that_are_not_read() {
    let origin = large().await;
    // Four streams of a client.
    let rig = Rig::start(Some(origin.address), budget(2)).await;
    let mut sender = http2_from(HERE, &rig).await;
    let mut unread = Vec::new();
    for _ in 0..4 {
        let response = ask(&mut sender, &rig).await;
        assert_eq!(response.status(), StatusCode::OK);
        unread.push(response);
    }
    let refused = ask(&mut sender, &rig).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "1");
    let told = refused.into_body().collect().await.unwrap().to_bytes();
    assert!(str::from_utf8(&told).unwrap().contains("--memory-budget"));
    let mut other = http2_from(ELSEWHERE, &rig).await;
    for _ in 0..6 {
        let body = ask(&mut other, &rig).await.into_body().collect().await.unwrap();
        assert_eq!(body.to_bytes().len(), 2_000_000);
    }
    sleep(Duration::from_secs(6)).await;
    assert_eq!(ask(&mut sender, &rig).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    sleep(Duration::from_secs(1)).await;
    let body = ask(&mut sender, &rig).await.into_body().collect().await.unwrap();
    assert_eq!(body.to_bytes().len(), 2_000_000);
    assert_eq!(rig.counted("vsps_streams_reset_total{reason=\"memory\"}").await, 1.0);
    let mut resets = 0;
    for response in unread {
        let reading = timeout(Duration::from_secs(1), response.into_body().collect()).await;
        resets += usize::from(reading.unwrap().is_err());
    }
    assert_eq!(resets, 1);
    sleep(Duration::from_millis(100)).await;
    assert_eq!(rig.counted("vsps_memory_used_bytes{part=\"streams\"}").await, 0.0);
}

/// A stream that is not read for a minute is reset, and its connection to the origin is closed. One that is read slowly goes on.
#[tokio::test(start_paused = true)]
async fn unread_streams_are_reset_after_a_while() {
    let origin = large().await;
    let rig = Rig::before(&origin).await;
    let mut sender = http2_from(HERE, &rig).await;
    let unread = [ask(&mut sender, &rig).await, ask(&mut sender, &rig).await];
    let mut slow = ask(&mut sender, &rig).await.into_body();
    for _ in 0..5 {
        sleep(Duration::from_secs(30)).await;
        // As much as its window.
        let mut read = 0;
        while read < 60_000 {
            read += slow.frame().await.unwrap().unwrap().into_data().unwrap().len();
        }
    }
    assert_eq!(rig.counted("vsps_streams_reset_total{reason=\"unread\"}").await, 2.0);
    // Their exchanges have ended, and with them their connections to the origin.
    assert_eq!(rig.counted("vsps_requests_total").await, 2.0);
    for response in unread {
        assert!(response.into_body().collect().await.is_err());
    }
    assert!(slow.collect().await.is_ok(), "it is read");
    // The log is written in real time, which does not pass while this test waits: it is complete at the end.
    let (_, mut events) = rig.stopped().await;
    events.retain(|event| event["event"] == "request_finished");
    let complete = events.iter().filter(|event| event["outcome"] == "complete").count();
    assert_eq!((events.len(), complete), (3, 1), "{events:#?}");
}

/// Connections of HTTP/1.1 that are not read take the client's share: the next one that waits is reset, and other clients are
/// served. Those that were not read for a while make room.
#[tokio::test]
async fn connections_that_are_not_read() {
    let chunk = format!("{:x}\r\n", 2_000_000).into_bytes();
    let chunked = [
        &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"[..],
        &chunk,
        &pattern(2_000_000),
        b"\r\n0\r\n\r\n",
    ]
    .concat();
    // A rate, so that the kernel does not move the body. A length that is not known is written by hyper.
    let fast = json!([{ "then": { "rate": "10 Gbit/s" } }]);
    for (answer, most) in [(ok("", &pattern(2_000_000)), 64 * 1024), (chunked, 256 * 1024)] {
        let origin = Origin::saying(answer).await;
        let rules = read_rules(fast.clone());
        let rig = Rig::start(Some(origin.address), |config| {
            config.rules = rules;
            budget(4)(config);
        })
        .await;
        let ask = async |from| {
            let mut player = Player::over(connect(from, rig.listen).await);
            player.send("GET /a.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
            player
        };
        let mut unread = Vec::new();
        for number in 1..=2 * MEBIBYTE / most {
            unread.push(ask(HERE).await);
            until_used(&rig, "responses", number * most).await;
        }
        let mut refused = ask(HERE).await;
        until(&rig, "vsps_memory_refusals_total{part=\"responses\"}", 1).await;
        let got = refused.rest().await;
        assert_eq!((got.status(), got.end), (200, End::Reset), "{most}");
        // A response that does not wait needs nothing.
        let got = ask(ELSEWHERE).await.rest().await;
        assert_eq!((got.status(), got.end), (200, End::Fin), "{most}");
        sleep(Duration::from_secs(6)).await;
        let mut next = ask(HERE).await;
        sleep(Duration::from_millis(100)).await;
        assert_eq!(next.rest().await.end, End::Fin, "there is room");
        let reset = rig.counted("vsps_streams_reset_total{reason=\"memory\"}").await;
        let mut ends = Vec::new();
        for mut player in unread {
            ends.push(player.rest().await.end);
        }
        let resets = ends.iter().filter(|end| **end == End::Reset).count();
        assert!((1..ends.len()).contains(&resets), "{ends:?}");
        assert_eq!(reset, resets as f64);
        until_used(&rig, "responses", 0).await;
    }
}
