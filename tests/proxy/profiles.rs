//! Under every profile the received bytes are the origin's; and over simulated TCP they start slowly.

use super::{
    origin::{Origin, ok, pattern},
    rig::Rig,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use vsps::profiles::{Catalog, Profile};

/// Seven seconds at the slowest of all, 20 kbit/s.
const LENGTH: usize = 16 * 1024;

#[tokio::test]
async fn bodies_are_equal_under_every_profile_however_stalled() {
    let origin = Origin::saying(ok("ETag: \"q\"\r\n", &pattern(LENGTH))).await;
    let rig = &Rig::before(&origin).await;
    let catalog = Catalog::new();
    let names: Vec<_> = catalog.names().map(str::to_owned).collect();
    assert!(names.len() >= 12, "{names:?}");
    let fetch = async |name: &str| {
        let inside = rig.session(&format!("vsps.profile={name}")).await;
        let got = rig.get(&format!("{inside}/a")).await;
        assert_eq!((got.status(), got.header("etag")), (200, "\"q\""), "{name}");
        assert!(got.body == pattern(LENGTH), "{name}: {} bytes", got.body.len());
        let timing = got.header("server-timing");
        assert_eq!(timing.is_empty(), name == "unlimited", "{name}: `{timing}`");
    };
    let mut all: Vec<_> = names.iter().map(|name| Box::pin(fetch(name))).collect();
    std::future::poll_fn(|cx| {
        all.retain_mut(|one| one.as_mut().poll(cx).is_pending());
        if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

/// 300 kB over TCP with a round trip of 200 ms and 1 Gbit/s: the round trip of the request, and then
/// five flights, each twice the one before; the last needs no acknowledgement. A second download on
/// the warm connection comes in one or two.
#[tokio::test]
async fn a_fresh_tcp_connection_starts_slowly() {
    let long = pattern(300_000);
    let origin = Origin::saying(ok("", &long)).await;
    let text = r#"
        summary = "A long fast path"
        source = "made for a test"
        [latency]
        rtt = "200 ms"
        [downlink]
        rate = "1 Gbit/s"
        transport = "tcp"
    "#;
    let profile = Profile::from_toml("long-fat", "long-fat.toml", text).unwrap();
    let rig = Rig::start(Some(origin.address), |config| config.profile = Arc::new(profile)).await;
    let mut player = rig.player().await;
    let mut took = Vec::new();
    for _ in 0..2 {
        #[expect(clippy::disallowed_methods, reason = "a test of real time")]
        let asked = Instant::now();
        player.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n").await;
        let got = player.answer().await;
        assert!(got.body == long, "{} bytes", got.body.len());
        took.push(asked.elapsed());
    }
    // Nothing comes sooner than the model allows; how much later depends on the machine.
    assert!(took[0] >= Duration::from_millis(5 * 200), "{took:?}");
    assert!(took[1] < took[0] / 2, "{took:?}");
}

/// 10 kB of head and 1 kB of body at 100 kbit/s, which is 12.5 kB a second: nine times as long as the
/// body alone.
#[tokio::test]
async fn a_head_is_counted() {
    let fields = format!("X-Long: {}\r\n", "x".repeat(10_000));
    let origin = Origin::saying(ok(&fields, &pattern(1000))).await;
    let text = "summary = \"a\"\nsource = \"b\"\n[downlink]\nrate = \"100 kbit/s\"\n";
    let profile = Profile::from_toml("slow", "slow.toml", text).unwrap();
    let rig = Rig::start(Some(origin.address), |config| config.profile = Arc::new(profile)).await;
    #[expect(clippy::disallowed_methods, reason = "a test of real time")]
    let asked = Instant::now();
    let got = rig.get("/a").await;
    assert!(got.body == pattern(1000), "{} bytes", got.body.len());
    // Less the burst: 10 ms of the rate.
    assert!(asked.elapsed() >= Duration::from_millis(870), "{:?}", asked.elapsed());
}

/// Packets of 1448 bytes that are all damaged: a bit of each, and nothing else.
#[tokio::test]
async fn damaged_packets_arrive_whole_but_for_a_bit() {
    let body = pattern(14_480);
    let origin = Origin::saying(ok("", &body)).await;
    for transport in ["none", "tcp"] {
        let text = format!(
            "summary = \"a\"\nsource = \"b\"\n[downlink]\nrate = \"20 Mbit/s\"\n\
             transport = \"{transport}\"\n[loss]\nmodel = {{ bernoulli = 1 }}\n\
             on-drop = \"corrupt\"\n"
        );
        let profile = Arc::new(Profile::from_toml("harm", "harm.toml", &text).unwrap());
        let rig = Rig::start(Some(origin.address), |config| config.profile = profile).await;
        let got = rig.get("/a").await;
        assert_eq!(got.body.len(), body.len());
        let differ: Vec<usize> = (0..body.len()).filter(|at| got.body[*at] != body[*at]).collect();
        let starts: Vec<usize> = (0..10).map(|packet| packet * 1448).collect();
        assert_eq!(differ, starts, "{transport}");
        assert!(differ.iter().all(|at| (got.body[*at] ^ body[*at]).count_ones() == 1));
        assert_eq!(rig.told("dropped", 10).await[0]["action"], "corrupt");
    }
}

/// A rule applies a profile to its responses, and not to others.
#[tokio::test]
async fn a_rule_gives_a_response_a_network_of_its_own() {
    let body = pattern(60_000);
    let origin = Origin::saying(ok("", &body)).await;
    let rules = serde_json::json!([
        { "name": "slow", "when": { "path": "/slow*" }, "then": { "profile": "edge" } }
    ]);
    let rig = Rig::with_rules(&origin, rules).await;
    #[expect(clippy::disallowed_methods, reason = "a test of real time")]
    let asked = Instant::now();
    assert!(rig.get("/fast").await.body == body);
    let (fast, slow) = (asked.elapsed(), rig.get("/slow").await);
    assert!(slow.body == body);
    // 60 kB at 240 kbit/s take two seconds.
    assert!(asked.elapsed() - fast > Duration::from_millis(1900), "{:?}", asked.elapsed());
    let told = rig.told("fault_injected", 1).await;
    assert_eq!((told.len(), &told[0]["effect"]), (1, &serde_json::json!("profile")));
}
