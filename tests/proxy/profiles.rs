//! Whatever the network does, the bytes that come are the origin's; and over simulated TCP they
//! start slowly.

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
    // Nothing comes sooner than the model allows; how much later is the machine's affair.
    assert!(took[0] >= Duration::from_millis(5 * 200), "{took:?}");
    assert!(took[1] < took[0] / 2, "{took:?}");
}
