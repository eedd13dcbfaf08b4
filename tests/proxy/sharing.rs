//! Links of several sessions, limits beside a link, the uplink, and latency in halves: on real
//! sockets, so that times are lower bounds.

#![expect(clippy::disallowed_methods, reason = "real sockets take real time")]

use super::{
    origin::{Origin, ok, pattern},
    player::Player,
    rig::Rig,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use vsps::profiles::Profile;

fn profile(text: &str) -> Arc<Profile> {
    let text = format!("summary = \"s\"\nsource = \"made for a test\"\n{text}");
    Arc::new(Profile::from_toml("test", "test.toml", &text).unwrap())
}

async fn rig(origin: &Origin, text: &str) -> Rig {
    Rig::start(Some(origin.address), |config| config.profile = profile(text)).await
}

/// An upload of 30 kB at 240 kbit/s takes a second; the origin gets each byte, and the answer is not
/// held up.
#[tokio::test]
async fn uploads_pass_through_the_uplink() {
    let origin = Origin::saying(ok("", b"thanks")).await;
    let rig = rig(&origin, "[uplink]\nrate = \"240 kbit/s\"\n").await;
    let body = pattern(30_000);
    let mut player = rig.player().await;
    let started = Instant::now();
    let head =
        "POST /licence HTTP/1.1\r\nHost: x\r\nContent-Length: 30000\r\nConnection: close\r\n\r\n";
    player.send([head.as_bytes(), &body].concat()).await;
    let got = player.rest().await;
    assert_eq!((got.status(), got.text()), (200, "thanks"));
    assert!(started.elapsed() > Duration::from_millis(900), "{:?}", started.elapsed());
    let asked = origin.last();
    assert!(asked.body == body, "{} bytes arrived", asked.body.len());
    assert_eq!(asked.header("content-length"), ["30000"]);
}

/// A live change of the profile reaches uploads under way: at the first rate it would take minutes.
#[tokio::test]
async fn uploads_feel_a_change() {
    let origin = Origin::saying(ok("", b"thanks")).await;
    let rig = rig(&origin, "[uplink]\nrate = \"1 kbit/s\"\n").await;
    let session = rig.session("").await;
    let mut player = rig.player().await;
    let head = format!(
        "POST {session}/licence HTTP/1.1\r\nHost: x\r\nContent-Length: 30000\r\nConnection: close\r\n\r\n"
    );
    player.send([head.as_bytes(), &pattern(30_000)].concat()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    rig.patch(&session, r#"{"profile": "unlimited"}"#).await;
    assert_eq!(player.rest().await.status(), 200);
    assert!(origin.last().body == pattern(30_000));
}

/// The request goes to the origin after the uplink delay, and the response to the player after the downlink
/// delay.
#[tokio::test]
async fn latency_has_two_halves() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = rig(&origin, "[latency]\nuplink = \"100 ms\"\ndownlink = \"30 s\"\n").await;
    let mut player = rig.player().await;
    player.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let got = player.read_for(Duration::from_secs(3)).await;
    assert!(got.head.is_empty(), "answered before the way back: {}", got.head);
    assert_eq!(origin.asked().len(), 1, "asked after the way there");
    let planned = rig.told("request_planned", 1).await;
    assert_eq!(planned[0]["latency_ms"], 30_100.0);
}

/// Round trips follow their schedule, which starts with the session: 40 ms, then 700 ms until the end.
#[tokio::test]
async fn latency_follows_its_schedule() {
    let origin = Origin::saying(ok("", b"x")).await;
    let schedule = "[latency]\nrepeat = false\nschedule = [{ for = \"400 ms\", rtt = \"40 ms\" }, \
                    { for = \"1 s\", rtt = \"700 ms\" }]\n";
    let rig = rig(&origin, schedule).await;
    let session = rig.session("").await;
    rig.get(&format!("{session}/a")).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let started = Instant::now();
    rig.get(&format!("{session}/b")).await;
    assert!(started.elapsed() >= Duration::from_millis(700), "{:?}", started.elapsed());
    let planned = rig.told("request_planned", 2).await;
    let latencies: Vec<_> = planned.iter().map(|event| event["latency_ms"].clone()).collect();
    assert_eq!(latencies, [40.0, 700.0]);
}

/// A lost head waits for TCP's time-out: a round trip and 200 ms. A body of 30 kB has 21 packets: where all
/// are lost, flights of ten, three of them, come a round trip late each.
#[tokio::test]
async fn requests_that_are_lost_come_late() {
    let origin = Origin::saying(ok("", b"thanks")).await;
    let lossy = "[latency]\nrtt = \"100 ms\"\n[uplink]\nloss = { model = { bernoulli = 1.0 } }\n";
    let rig = rig(&origin, lossy).await;
    let started = Instant::now();
    assert_eq!(rig.get("/a").await.status(), 200);
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(400), "{took:?}");
    let body = pattern(30_000);
    let mut player = rig.player().await;
    let head = "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 30000\r\nConnection: close\r\n\r\n";
    let started = Instant::now();
    player.send([head.as_bytes(), &body].concat()).await;
    assert_eq!(player.rest().await.status(), 200);
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(400 + 3 * 100), "{took:?}");
    assert!(origin.last().body == body, "every byte arrives");
    let drops = rig.told("dropped", 5).await;
    let places: Vec<_> = drops.iter().map(|event| event["at_byte"].clone()).collect();
    assert_eq!(places, [0, 0, 0, 14_480, 28_960]);
}

/// A request that a loss ends gets no response and does not reach the origin; one whose body a loss ends does
/// not arrive whole.
#[tokio::test]
async fn requests_that_a_loss_ends_stay_unanswered() {
    let origin = Origin::saying(ok("", b"thanks")).await;
    for action in ["truncate", "reset"] {
        let lossy = format!(
            "[uplink]\nloss = {{ model = {{ bernoulli = 1.0 }}, on-drop = \"{action}\" }}\n"
        );
        let rig = rig(&origin, &lossy).await;
        let mut player = rig.player().await;
        player.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let got = player.read_for(Duration::from_secs(3)).await;
        assert!(got.head.is_empty(), "{action}: {}", got.head);
        let drops = rig.told("dropped", 1).await;
        assert_eq!(drops[0]["action"], action);
        assert!(origin.asked().is_empty(), "{action}");
    }
}

/// Corrupted packets of a body have one flipped bit each; nothing waits.
#[tokio::test]
async fn uploads_arrive_damaged_where_a_profile_says_so() {
    let origin = Origin::saying(ok("", b"thanks")).await;
    let lossy = "[uplink]\nloss = { model = { bernoulli = 1.0 }, on-drop = \"corrupt\" }\n";
    let rig = rig(&origin, lossy).await;
    let body = pattern(3000);
    let mut player = rig.player().await;
    let head = "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3000\r\nConnection: close\r\n\r\n";
    player.send([head.as_bytes(), &body].concat()).await;
    assert_eq!(player.rest().await.status(), 200);
    let arrived = origin.last().body;
    let damaged: Vec<usize> =
        (0..body.len()).filter(|at| arrived.get(*at) != body.get(*at)).collect();
    assert_eq!(damaged, [0, 1448, 2896]);
}

/// Two responses under one limit take twice as long as one; another host's doesn't wait for them.
#[tokio::test]
async fn responses_of_one_host_share_a_limit() {
    let origin = Origin::saying(ok("", &pattern(30_000))).await;
    let limited = "[[limit]]\nper = \"host\"\nhost = \"127.0.0.1\"\nrate = \"480 kbit/s\"\n";
    let rig = rig(&origin, limited).await;
    let started = Instant::now();
    let (one, two) = tokio::join!(rig.get("/1"), rig.get("/2"));
    assert!(one.body == pattern(30_000) && two.body == pattern(30_000));
    assert!(started.elapsed() > Duration::from_millis(900), "{:?}", started.elapsed());
    let elsewhere = limited.replace("127.0.0.1", "cdn.example");
    let rig = Rig::start(Some(origin.address), |config| config.profile = profile(&elsewhere)).await;
    assert!(rig.get("/1").await.body == pattern(30_000));
}

/// Sessions of one link: together at its rate, changed together, and with one network.
#[tokio::test]
async fn sessions_behind_one_link() {
    let origin = Origin::saying(ok("", &pattern(30_000))).await;
    let slow = "[downlink]\nrate = \"240 kbit/s\"\nburst = \"2 KB\"\n";
    let rig = rig(&origin, slow).await;
    let (a, b) = (rig.session("vsps.link=house").await, rig.session("vsps.link=house").await);
    let got = rig.get("/a.m3u8?vsps.link=house&vsps.profile=cable").await;
    assert_eq!(got.failure(), (400, "downstream; link"));
    assert!(got.text().contains("240 kbit/s") && got.text().contains("5 Mbit/s"), "{}", got.text());
    let got = rig.get("/a.m3u8?vsps.link=a%2Fb").await;
    assert_eq!(got.failure(), (400, "downstream; parameter"));
    let started = Instant::now();
    let (path_a, path_b) = (format!("{a}/1"), format!("{b}/1"));
    let (one, two) = tokio::join!(rig.get(&path_a), rig.get(&path_b));
    assert!(one.body == pattern(30_000) && two.body == pattern(30_000));
    assert!(started.elapsed() > Duration::from_millis(1800), "{:?}", started.elapsed());
    // A rate of 1 kbit/s would take minutes; the other session's change ends that for both.
    rig.patch(&a, r#"{"rate": "1 kbit/s"}"#).await;
    let mut player = Player::connect(rig.listen).await;
    player.send(format!("GET {b}/2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
    let early = player.read_for(Duration::from_millis(500)).await;
    assert!(early.body.len() < 15_000, "{} bytes", early.body.len());
    rig.patch(&a, r#"{"rate": "100 Mbit/s"}"#).await;
    let rest = player.rest().await;
    assert_eq!(early.body.len() + rest.head.len() + rest.body.len(), 30_000);
    let changed = rig.told("link_changed", 4).await;
    let rates: Vec<_> = changed.iter().map(|event| &event["rate_bps"]).collect();
    assert_eq!(rates, [1_000, 1_000, 100_000_000, 100_000_000]);
}

/// How long `GET /a` takes with a head of 3 kB, where the way up or the answer's head is what counts.
async fn asked_for(rig: &Rig, fields: &str) -> Duration {
    let mut player = rig.player().await;
    let started = Instant::now();
    player.send(format!("GET /a HTTP/1.1\r\nHost: x\r\n{fields}\r\n")).await;
    assert!(!player.answer().await.head.is_empty());
    started.elapsed()
}

fn long_field() -> String {
    format!("X-Long: {}\r\n", "x".repeat(2900))
}

/// 3 kB at 24 kbit/s, which is 3 kB a second: a request's head on the way up, and an answer's on the way
/// down, whether a body follows or not, and whichever rate it is held to.
#[tokio::test]
async fn heads_take_their_time_on_every_link() {
    let slow = Duration::from_millis(900);
    let origin = Origin::saying(ok("", b"x")).await;
    let up = rig(&origin, "[uplink]\nrate = \"24 kbit/s\"\n").await;
    let took = asked_for(&up, &long_field()).await;
    assert!(took > slow, "up: {took:?}");
    let short = asked_for(&up, "").await;
    assert!(short < took, "a short one: {short:?}, a long one: {took:?}");

    let fields = long_field();
    let bare = format!("HTTP/1.1 304 Not Modified\r\n{fields}\r\n").into_bytes();
    for answer in [bare, ok(&fields, b"x")] {
        let origin = Origin::saying(answer).await;
        let rig = rig(&origin, "[downlink]\nrate = \"24 kbit/s\"\n").await;
        let started = Instant::now();
        rig.get("/a").await;
        assert!(started.elapsed() > slow, "down: {:?}", started.elapsed());
    }

    let origin = Origin::saying(ok(&fields, b"x")).await;
    let limited = rig(&origin, "[[limit]]\nrate = \"24 kbit/s\"\nper = \"response\"\n").await;
    let rules = serde_json::json!([{ "name": "slow", "then": { "rate": "24 kbit/s" } }]);
    for rig in [limited, Rig::with_rules(&origin, rules).await] {
        let started = Instant::now();
        rig.get("/a").await;
        assert!(started.elapsed() > slow, "held: {:?}", started.elapsed());
    }
}

/// Over simulated TCP too a session gets its part of a link that is shared fairly: it is done before any
/// of six downloads of the other session, which had started earlier.
#[tokio::test]
async fn sessions_share_a_link_fairly_over_tcp() {
    let origin = Origin::saying(ok("", &pattern(60_000))).await;
    let text = "[downlink]\nrate = \"960 kbit/s\"\ntransport = \"tcp\"\nsharing = \"fair\"\n";
    let rig = rig(&origin, text).await;
    let (a, b) = (rig.session("vsps.link=house").await, rig.session("vsps.link=house").await);
    let many = async {
        let path = format!("{a}/1");
        let get = || rig.get(&path);
        tokio::select! {
            got = get() => got, got = get() => got, got = get() => got,
            got = get() => got, got = get() => got, got = get() => got,
        }
    };
    let one = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let started = Instant::now();
        let got = rig.get(&format!("{b}/1")).await;
        (got, started.elapsed())
    };
    tokio::select! {
        biased;
        (got, took) = one => {
            assert!(got.body == pattern(60_000), "{} bytes", got.body.len());
            assert!(took > Duration::from_millis(800), "more than its half: {took:?}");
        }
        _ = many => panic!("six connections had more than one"),
    }
}
