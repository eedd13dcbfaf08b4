//! What rules do to requests in virtual time: each effect takes the time that it takes in the proxy.

use super::ProfileRules;
use crate::{
    model::{Handshake, Latency, LinkSpec, RateSpec},
    player::{
        Download, Failure, Network as _, NeverEnds, Presentation,
        network::{Deadlines, LinkNetwork, Object, Progress, Request},
    },
    profiles::Catalog,
    rules::RuleSet,
    seed::Seed,
    units::BitRate,
};
use std::{sync::Arc, time::Duration};

/// Segments of 4 s at 800 kbit/s: 400,000 bytes.
const BITS: f64 = 3_200_000.0;
const RTT: f64 = 100.0;
/// A rule that changes nothing, but lets the network loop over quanta.
const BY_QUANTA: &str = "[[rule]]\nname = \"fast\"\nthen = { rate = \"1 Gbit/s\" }\n";

/// 8 Mbit/s, a round trip of 100 ms, and another one for each connection.
fn link() -> Arc<LinkSpec> {
    let rtt = Duration::from_millis(100);
    let latency = Latency { rtt, handshake: Handshake::Tcp, ..Latency::default() };
    let rate = RateSpec::Constant(BitRate::from_kilobits_per_second(8000));
    Arc::new(LinkSpec { rate, latency, ..LinkSpec::default() })
}

/// A session with rules whose connection is open: it has carried a request.
fn session(rules: &str) -> LinkNetwork {
    let rules = RuleSet::from_toml("rules.toml", rules).unwrap();
    let rules = ProfileRules::new(&rules, &Catalog::new(), false).unwrap().unwrap();
    let presentation = Presentation::constant(4000.0, vec![800.0], 40).unwrap();
    let effects = Box::new(rules.session(&presentation, Seed::new(1)));
    let mut network = LinkNetwork::new(&link(), &[], &[], Seed::new(1)).with_effects(effects);
    let first = get(&mut network, 39);
    assert!(first.failure.is_none(), "{first:?}");
    network
}

/// Sessions with rules, by both ways in which bodies are carried.
fn sessions(rules: &str) -> [LinkNetwork; 2] {
    [session(rules), session(&format!("{rules}{BY_QUANTA}"))]
}

fn request(segment: usize, deadlines: Deadlines) -> Request {
    Request { object: Object::Segment { segment, rung: 0 }, deadlines, ..Request::default() }
}

fn get(network: &mut LinkNetwork, segment: usize) -> Download {
    network.ask_for(request(segment, Deadlines::NONE));
    network.download(BITS, None).unwrap()
}

/// The time of a segment without rules, in ms, and of half of one.
fn plain() -> (f64, f64) {
    let mut network = LinkNetwork::new(&link(), &[], &[], Seed::new(1));
    let mut time = |bits| network.download(bits, None).unwrap().progress.time;
    time(BITS);
    (time(BITS), time(BITS / 2.0))
}

#[track_caller]
fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 0.1, "{found} ms, not {expected} ms");
}

/// The error is answered for that time, counted from when it was made, and without the rule's delay; other segments are
/// as they are.
#[test]
fn a_stored_error_is_repeated_for_its_time() {
    let rules = "[[rule]]\nname = \"s\"\nwhen = { index = 3, attempt = 1 }\n\
        then = { status = 404, delay = \"1 s\", keep-errors = \"5 s\" }\n";
    for mut network in sessions(rules) {
        let start = get(&mut network, 0).progress.time;
        let mut now = start;
        let mut at = |network: &mut LinkNetwork, time: f64, segment| {
            network.wait(time - now);
            let download = get(network, segment);
            now = time + download.progress.time;
            (download.failure, download.progress.first_byte)
        };
        let error = Some(Failure::Status(404));
        assert_eq!(at(&mut network, start, 2), (error, RTT + 1000.0));
        assert_eq!(at(&mut network, start + 1200.0, 3), (None, RTT));
        assert_eq!(at(&mut network, start + 5900.0, 2), (error, RTT));
        assert_eq!(at(&mut network, start + 6100.0, 2), (None, RTT));
    }
}

/// Each redirect takes a round trip. A player follows twenty of a loop.
#[test]
fn redirects_take_round_trips() {
    let rules = "[[rule]]\nname = \"c\"\nwhen = { index = 2 }\nthen = { redirect = { chain = 3 } }\n\
        [[rule]]\nname = \"l\"\nwhen = { index = 3 }\nthen = { redirect = { loop = true, status = 307 } }\n\
        [[rule]]\nname = \"s\"\nwhen = { index = 4 }\nthen = { status = 503 }\n\
        [[rule]]\nname = \"n\"\nwhen = { index = 4 }\nthen = { redirect = { loop = true } }\n";
    let (whole, _) = plain();
    for mut network in sessions(rules) {
        let chain = get(&mut network, 1);
        assert_eq!((chain.failure, chain.progress.first_byte), (None, 4.0 * RTT));
        assert_near(chain.progress.time, whole + 3.0 * RTT);
        let endless = get(&mut network, 2);
        assert_eq!(endless.failure, Some(Failure::Status(307)));
        assert_eq!(endless.progress.first_byte, 21.0 * RTT);
        // A status is answered before a redirect.
        let status = get(&mut network, 3);
        assert_eq!(status.failure, Some(Failure::Status(503)));
        assert_eq!(status.progress.first_byte, RTT);
    }
}

/// The body stands still for that long at each of the points.
#[test]
fn stalls_pause_the_body_at_their_points() {
    let rules = "[[rule]]\nname = \"p\"\nwhen = { index = 2 }\n\
        then = { stall = { at = [\"25 %\", \"75 %\"], for = \"2 s\" } }\n";
    let (whole, _) = plain();
    for mut network in sessions(rules) {
        network.ask_for(request(1, Deadlines::NONE));
        let mut seen: Vec<(f64, f64)> = Vec::new();
        let mut watch = |progress: &Progress| {
            seen.push((progress.time, progress.received));
            false
        };
        let download = network.download(BITS, Some(&mut watch)).unwrap();
        // After each pause a packet may leave at once, as after any time without traffic.
        let packets = 2.0 * 1448.0 * 8.0 / 8000.0;
        assert_near(download.progress.time, whole + 4000.0 - packets);
        for share in [0.25, 0.75] {
            let still: Vec<f64> = seen
                .iter()
                .filter(|(_, received)| *received == share * BITS)
                .map(|(time, _)| *time)
                .collect();
            let lasts = still.last().unwrap() - still.first().unwrap();
            assert!((1900.0..=2000.0).contains(&lasts), "{share}: {lasts} ms, {seen:?}");
        }
        // Others are not paused.
        assert_near(get(&mut network, 2).progress.time, whole);
    }
}

/// After `after` and `unannounced` the next request opens a connection; `idle` is about other connections.
#[test]
fn a_closed_connection_costs_a_handshake() {
    for (close, next) in [("after", 2.0 * RTT), ("unannounced", 2.0 * RTT), ("idle", RTT)] {
        let rule = format!(
            "[[rule]]\nname = \"c\"\nwhen = {{ index = 2 }}\nthen = {{ close = \"{close}\" }}\n"
        );
        for mut network in sessions(&rule) {
            let first_byte = |network: &mut LinkNetwork, segment| {
                let download = get(network, segment);
                assert!(download.failure.is_none(), "{close}: {download:?}");
                download.progress.first_byte
            };
            assert_eq!(first_byte(&mut network, 0), RTT, "{close}");
            assert_eq!(first_byte(&mut network, 1), RTT, "{close}");
            assert_eq!(first_byte(&mut network, 2), next, "{close}");
            assert_eq!(first_byte(&mut network, 3), RTT, "{close}");
        }
    }
}

/// The body passes another link, of EDGE with 240 kbit/s, which is idle at its start. Its latency is not added.
#[test]
fn a_profile_is_another_link() {
    let rules = "[[rule]]\nname = \"p\"\nwhen = { index = 2 }\nthen = { profile = \"edge\" }\n";
    let mut network = session(rules);
    let download = get(&mut network, 1);
    assert_eq!(download.progress.first_byte, RTT);
    assert_near(download.progress.time - RTT, BITS / 240.0);
    let (whole, _) = plain();
    assert_near(get(&mut network, 2).progress.time, whole);
}

/// Nothing follows half of the body: until the connection ends, or the player waits no longer.
#[test]
fn silence_lasts_until_an_end() {
    let cut = |lasts: &str| {
        format!(
            "[[rule]]\nname = \"c\"\nwhen = {{ index = 2 }}\n\
             then = {{ cut = {{ at = \"50 %\", end = \"silence\", for = \"{lasts}\" }} }}\n"
        )
    };
    let (_, half) = plain();
    for mut network in sessions(&cut("3 s")) {
        let download = get(&mut network, 1);
        assert_eq!(download.failure, Some(Failure::Other));
        assert_eq!(download.progress.received, BITS / 2.0);
        assert_near(download.progress.time, half + 3000.0);
        // The connection has ended.
        assert_eq!(get(&mut network, 2).progress.first_byte, 2.0 * RTT);
    }
    for mut network in sessions(&cut("forever")) {
        network.ask_for(request(1, Deadlines { idle: 2000.0, ..Deadlines::NONE }));
        let download = network.download(BITS, None).unwrap();
        assert_eq!(download.failure, Some(Failure::Timeout));
        assert_near(download.progress.time, half + 2000.0);
        network.ask_for(request(1, Deadlines::NONE));
        assert_eq!(network.download(BITS, None), Err(NeverEnds));
    }
}

/// A body without a byte ends with its head: what comes after it takes its time.
#[test]
fn a_body_without_a_byte_ends() {
    let rules = "[[rule]]\nname = \"h\"\nwhen = { index = 2 }\n\
        then = { hang = { at = \"headers\", for = \"3 s\" } }\n\
        [[rule]]\nname = \"r\"\nwhen = { index = 3 }\nthen = { reset = \"0 B\" }\n";
    for mut network in sessions(rules) {
        let hang = get(&mut network, 1);
        assert_eq!((hang.failure, hang.progress.received), (Some(Failure::Other), 0.0));
        assert_near(hang.progress.time, RTT + 3000.0);
        let reset = get(&mut network, 2);
        assert_eq!((reset.failure, reset.progress.received), (Some(Failure::Other), 0.0));
        // On a new connection.
        assert_near(reset.progress.time, 2.0 * RTT);
    }
}
