//! Faults on the wire: exactly those of the rules, and no others.

use super::{
    origin::{Origin, Step, ok, pattern},
    player::{End, Got, Player},
    rig::{Rig, read_rules},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;

const LENGTH: usize = 2_000_000;
/// Whether the system tells when it has sent everything. Where it does not, a reset takes back what waits in the kernel.
const RESETS_ARE_EXACT: bool = cfg!(vsps_linux);

/// A proxy with `rules` before an origin of one long body.
async fn rig(rules: Value) -> (Rig, Origin) {
    let origin = Origin::saying(ok("", &pattern(LENGTH))).await;
    (Rig::with_rules(&origin, rules).await, origin)
}

/// One GET on a connection that the player keeps open.
async fn get(rig: &Rig, path: &str) -> Got {
    let mut player = rig.player().await;
    player.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
    player.rest().await
}

#[tokio::test]
async fn a_cut_comes_after_exactly_so_many_bytes() {
    for (effect, end) in [("reset", End::Reset), ("truncate", End::Fin)] {
        for at in [0, 1, 1000, 65_536, 1_500_001] {
            let (rig, _origin) = rig(json!([{ "then": { effect: format!("{at} B") } }])).await;
            let got = get(&rig, "/a").await;
            assert_eq!(got.status(), 200);
            assert_eq!(got.header("content-length"), LENGTH.to_string());
            let received = got.body.len();
            let exact = RESETS_ARE_EXACT || end == End::Fin;
            assert!(received == at || !exact && received < at, "{effect} at {at}: {received}");
            assert_eq!(got.end, end, "{effect} at {at}");
            assert!(got.body == pattern(LENGTH)[..received]);
            let told = rig.told("fault_injected", 1).await;
            assert_eq!((&told[0]["effect"], &told[0]["at_byte"]), (&effect.into(), &at.into()));
            let over = rig.told("request_finished", 1).await;
            assert_eq!((&over[0]["outcome"], &over[0]["bytes"]), (&"cut".into(), &at.into()));
        }
    }
}

/// The player reads late, so that most bytes still wait in the kernel when the cut is due.
#[tokio::test]
#[cfg_attr(not(vsps_linux), ignore = "this system does not tell when it has sent everything")]
async fn a_reset_takes_nothing_back_from_a_slow_player() {
    let (rig, _origin) = rig(json!([{ "then": { "reset": "1900 kB" } }])).await;
    let mut player = rig.player().await;
    player.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    let got = player.rest().await;
    assert_eq!((got.body.len(), got.end), (1_900_000, End::Reset));
}

#[tokio::test]
async fn a_body_shorter_than_the_cut_is_whole() {
    let origin = Origin::saying(ok("", b"short")).await;
    for effect in ["reset", "truncate"] {
        let rig = Rig::with_rules(&origin, json!([{ "then": { effect: "6 B" } }])).await;
        let got = rig.get("/a").await;
        assert_eq!((got.text(), got.end), ("short", End::Fin));
        assert_eq!(rig.told("request_finished", 1).await[0]["outcome"], "complete");
        assert_eq!(rig.told("fault_injected", 0).await.len(), 0);
    }
}

/// On HTTP/2 a cut ends its stream; the connection and the streams beside it live on.
#[tokio::test]
async fn a_cut_stream_leaves_its_neighbours_alone() {
    let origin = Origin::start(|asked| {
        let pause = if asked.path() == "/whole" { 300 } else { 0 };
        let answer = ok("", &pattern(100_000));
        let (first, rest) = answer.split_at(5000);
        let pause = Step::Pause(Duration::from_millis(pause));
        vec![Step::Send(first.to_vec()), pause, Step::Send(rest.to_vec())]
    })
    .await;
    for effect in ["reset", "truncate"] {
        let rig = Rig::start(Some(origin.address), |config| {
            config.rules =
                read_rules(json!([{ "when": { "every": 2 }, "then": { effect: "10 kB" } }]));
        })
        .await;
        let stream = TokioIo::new(TcpStream::connect(rig.listen).await.unwrap());
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        let connection = tokio::spawn(connection);
        let mut fetch = |path: &str| {
            let url = format!("http://{}{path}", rig.listen);
            sender.send_request(http::Request::get(url).body(Empty::<Bytes>::new()).unwrap())
        };
        let whole = fetch("/whole").await.unwrap();
        let mut cut = fetch("/cut").await.unwrap().into_body();
        let mut passed = 0;
        let error = loop {
            match cut.frame().await.unwrap() {
                Ok(frame) => passed += frame.into_data().unwrap().len(),
                Err(error) => break error,
            }
        };
        assert_eq!(passed, 10_000, "{error}");
        assert!(whole.into_body().collect().await.unwrap().to_bytes() == pattern(100_000));
        let later = fetch("/later").await.unwrap();
        assert_eq!(later.into_body().collect().await.unwrap().to_bytes().len(), 100_000);
        drop(sender);
        // A reset of the whole connection would be an error here.
        connection.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_hang_is_silent_and_ends_as_asked() {
    let (rig, origin) = rig(json!([
        { "when": { "every": 2 }, "then": { "hang": "300 ms" } },
        { "then": { "hang": "forever" } },
    ]))
    .await;
    let mut first = rig.player().await;
    first.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let got = first.read_for(Duration::from_millis(600)).await;
    assert_eq!((got.body.len() + got.head.len(), got.end), (0, End::Open));
    let got = get(&rig, "/a").await;
    assert_eq!((got.body.len() + got.head.len(), got.end), (0, End::Fin));
    assert!(origin.asked().is_empty(), "a request that hangs is not answered");
    drop(first);
    let over = rig.told("request_finished", 2).await;
    assert_eq!(over[0]["outcome"], "cut");
    assert_eq!(over[1]["outcome"], "player-gone");
    assert_eq!(over[1]["status"], 0);
}

#[tokio::test]
async fn a_status_says_that_it_is_ours() {
    let (rig, origin) = rig(json!([{ "name": "sorry", "then": { "status": 503 } }])).await;
    let got = rig.get("/a").await;
    assert_eq!(got.failure(), (503, "injected; rule"));
    assert_eq!(got.header("content-type"), "application/json");
    let told: Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!(told["error"]["status"], 503);
    assert!(told["error"]["detail"].as_str().unwrap().contains("sorry"));
    assert!(origin.asked().is_empty());
}

#[tokio::test]
async fn a_delay_comes_before_the_headers_and_is_told() {
    let (rig, origin) = rig(json!([{ "then": { "delay": "2 s" } }])).await;
    let mut first = rig.player().await;
    first.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let got = first.read_for(Duration::from_millis(200)).await;
    assert!(got.head.is_empty() && origin.asked().is_empty());
    let mut player = rig.player().await;
    player.send("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    let got = player.rest().await;
    assert!(got.header("server-timing").contains("vsps-delay;dur=2000.0"), "{}", got.head);
    assert_eq!(first.body_of(got.body.len()).await.body.len(), got.body.len());
    let over = rig.told("request_finished", 2).await;
    assert!(over[1]["measured"]["ttfb_ms"].as_f64().unwrap() >= 2000.0);
}

/// 30 kB at 160 kbit/s take 1.5 s; the request beside them takes none.
#[tokio::test]
async fn a_rate_of_its_own_slows_one_response() {
    let origin = Origin::saying(ok("", &pattern(30_000))).await;
    let rules = json!([{ "when": { "every": 2 }, "then": { "rate": "160 kbit/s" } }]);
    let rig = Rig::with_rules(&origin, rules).await;
    assert!(rig.get("/a").await.body == pattern(30_000));
    assert!(rig.get("/a").await.body == pattern(30_000));
    let over = rig.told("request_finished", 2).await;
    let total = |i: usize| over[i]["measured"]["total_ms"].as_f64().unwrap();
    assert!(total(1) > 1400.0, "{} ms", total(1));
    assert!(total(0) < total(1), "{} ms", total(0));
}

#[tokio::test]
async fn every_nth_is_exact() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rules = json!([{ "when": { "every": 7 }, "then": { "status": 503 } }]);
    let rig = Rig::with_rules(&origin, rules).await;
    let mut faulted = Vec::new();
    for number in 1..=100 {
        if rig.get(&format!("/{number}")).await.status() == 503 {
            faulted.push(number);
        }
    }
    assert_eq!(faulted, (7..=98).step_by(7).collect::<Vec<_>>());
    assert_eq!(rig.told("fault_injected", 14).await.len(), 14);
    assert_eq!(rig.counted("vsps_faults_total").await, 14.0);
}

/// Ten thousand requests of two sessions in turn: as many faults as requested, at the right requests, of the
/// right kind, and none in the session without rules.
#[tokio::test]
async fn ten_thousand_requests_have_exactly_the_faults_asked_for() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = Rig::with_rules(&origin, json!([])).await;
    let (armed, other) = (rig.session("").await, rig.session("").await);
    let rules = json!({ "rules": [{
        "name": "seventh", "when": { "path": "*.ts", "every": 7 }, "then": { "status": 503 },
        "budget": { "times": 500 },
    }] });
    rig.patch(&armed, &rules.to_string()).await;
    let mut player = rig.player().await;
    let mut faulted = Vec::new();
    for number in 1..=5000 {
        for inside in [&armed, &other] {
            let kind = if number % 10 == 0 { "m4s" } else { "ts" };
            player.send(format!("GET {inside}/{number}.{kind} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
            match (player.answer().await.status(), inside == &armed) {
                (503, true) => faulted.push(number),
                (status, _) => assert_eq!(status, 200),
            }
        }
    }
    let matching: Vec<_> = (1..=5000).filter(|number| number % 10 != 0).collect();
    let expected: Vec<_> = matching.chunks_exact(7).map(|seven| seven[6]).take(500).collect();
    assert_eq!(faulted, expected);
    assert_eq!(rig.told("fault_injected", 500).await.len(), 500);
    assert_eq!(rig.counted("vsps_faults_total").await, 500.0);
}

/// Counters continue when other rules are added and removed.
#[tokio::test]
async fn a_change_of_other_rules_sets_no_counter_back() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rules = json!([{ "when": { "every": 3 }, "then": { "status": 503 } }]);
    let rig = Rig::with_rules(&origin, rules).await;
    let inside = rig.session("").await;
    let ask = async || rig.get(&format!("{inside}/a")).await.status();
    assert_eq!((ask().await, ask().await), (200, 200));
    rig.patch(&inside, r#"{ "rules": [{ "name": "new", "then": { "delay": "1 ms" } }] }"#).await;
    assert_eq!(ask().await, 503);
}

/// The built-in stream's audio is cut, its video is whole.
#[tokio::test]
async fn a_rule_for_audio_leaves_video_alone() {
    let rules =
        json!([{ "when": { "kind": "segment", "media": "audio" }, "then": { "status": 404 } }]);
    let rig = Rig::start(None, |config| config.rules = read_rules(rules)).await;
    let master = rig.get("/demo/hls/master.m3u8").await.header("location").to_owned();
    let folder = master.strip_suffix("master.m3u8").unwrap();
    let lines = rig.get(&master).await.text().to_owned();
    let quoted = lines.lines().filter_map(|line| line.split("URI=\"").nth(1)?.split('"').next());
    let plain = lines.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (mut audio, mut video) = (0, 0);
    for (playlist, is_audio) in quoted.map(|uri| (uri, true)).chain(plain.map(|uri| (uri, false))) {
        let base =
            url::Url::parse("http://a").unwrap().join(folder).unwrap().join(playlist).unwrap();
        let text = rig.get(base.path()).await.text().to_owned();
        let segments = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        for segment in segments.take(2) {
            let path = base.join(segment).unwrap().path().to_owned();
            let status = rig.ask("HEAD", &path, "").await.status();
            assert_eq!(status, if is_audio { 404 } else { 200 }, "{path}");
            if is_audio { audio += 1 } else { video += 1 }
        }
    }
    assert!(audio >= 2 && video >= 12, "{audio} {video}");
}

/// A live playlist whose response sometimes never arrives.
#[tokio::test]
async fn a_playlist_stops_answering_now_and_then() {
    let rules =
        json!([{ "when": { "kind": "playlist", "every": 3 }, "then": { "hang": "forever" } }]);
    let rig = Rig::start(None, |config| config.rules = read_rules(rules)).await;
    let inside = rig.session("").await;
    let path = format!("{inside}/demo/live/hls/master.m3u8");
    let mut ends = Vec::new();
    for number in 1..=6 {
        let mut player = Player::connect(rig.listen).await;
        player.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).await;
        let silent = Duration::from_millis(400);
        let got = if number % 3 == 0 { player.read_for(silent).await } else { player.rest().await };
        ends.push(got.end);
    }
    use End::{Fin, Open};
    assert_eq!(ends, [Fin, Fin, Open, Fin, Fin, Open]);
}

/// A link that loses packets cuts the body where the first is lost, as the log says.
#[tokio::test]
async fn a_lost_packet_truncates_or_resets() {
    let origin = Origin::saying(ok("", &pattern(LENGTH))).await;
    for (on_drop, end) in [("truncate", End::Fin), ("reset", End::Reset)] {
        let text = format!(
            "summary = \"lossy\"\nsource = \"made up\"\n[loss]\nmodel = {{ bernoulli = 0.01 }}\n\
             on-drop = \"{on_drop}\"\n"
        );
        let file = std::env::temp_dir().join(format!("vsps-{}-{on_drop}.toml", std::process::id()));
        std::fs::write(&file, text).unwrap();
        let profile = vsps::profiles::Catalog::new().find(file.to_str().unwrap()).unwrap();
        std::fs::remove_file(&file).unwrap();
        let rig = Rig::start(Some(origin.address), |config| config.profile = profile).await;
        let got = get(&rig, "/a").await;
        let dropped = rig.told("dropped", 1).await;
        assert_eq!(dropped[0]["action"], on_drop);
        let (at, received) = (dropped[0]["at_byte"].as_u64().unwrap(), got.body.len());
        let exact = RESETS_ARE_EXACT || end == End::Fin;
        assert!(received as u64 == at || !exact && (received as u64) < at, "{received} of {at}");
        assert_eq!(got.end, end);
        assert!(got.body == pattern(LENGTH)[..received]);
        assert!(received < LENGTH);
    }
}
