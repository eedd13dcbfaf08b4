//! Tests of the link in virtual time.

use super::{super::attempt::millis, *};
use crate::{
    model::{Distribution, Latency, LossModel, LossSpec, OnDrop, RateSpec, StallSpec, Step, Steps},
    seed::Name,
    units::{BitRate, Ratio},
};

const MS: fn(u64) -> Duration = Duration::from_millis;

fn named(name: &str) -> Request {
    Request { name: Some(Name::new(name)), ..Request::default() }
}

fn steps(list: &[(u64, u64)]) -> LinkSpec {
    let step = |&(ms, kbit): &(u64, u64)| Step {
        lasts: MS(ms),
        rate: BitRate::from_kilobits_per_second(kbit),
    };
    let steps = Steps::new(list.iter().map(step).collect(), true).unwrap();
    let latency = Latency { rtt: MS(40), ..Latency::default() };
    LinkSpec { rate: RateSpec::Steps(Arc::new(steps)), latency, ..LinkSpec::default() }
}

fn spec_with_stalls(list: &[(u64, u64)]) -> Arc<LinkSpec> {
    let gap = Distribution::exponential(MS(2500)).unwrap();
    let stall = StallSpec::new(gap, Distribution::constant(MS(330))).unwrap();
    Arc::new(LinkSpec { stall: Some(stall), ..steps(list) })
}

#[test]
fn a_download_takes_its_latency_and_its_bits() {
    let mut network = LinkNetwork::new(&Arc::new(steps(&[(1000, 800)])), &[], &[], Seed::new(1));
    let download = network.download(800_000.0 * 3.0, None).unwrap();
    assert_eq!(download.progress.first_byte, 40.0);
    // The bucket lets 10 ms of the rate go at once.
    let expected = 40.0 + 3000.0 - 10.0;
    assert!((download.progress.time - expected).abs() < 0.001, "{download:?}");
    network.wait(500.0);
    let capacity = network.capacity().unwrap();
    assert!((capacity - 0.8 * (expected * 1000.0 + 500_000.0)).abs() < 10.0, "{capacity}");
}

#[test]
fn silence_for_ever_never_ends() {
    let silent = |rate| LinkSpec { rate, ..LinkSpec::default() };
    let once = Steps::new(
        vec![
            Step { lasts: MS(100), rate: BitRate::from_kilobits_per_second(80) },
            Step { lasts: MS(100), rate: BitRate::ZERO },
        ],
        false,
    );
    for spec in [
        silent(RateSpec::Constant(BitRate::ZERO)),
        silent(RateSpec::Steps(Arc::new(once.unwrap()))),
    ] {
        let spec = Arc::new(spec);
        let mut network = LinkNetwork::new(&spec, &[], &[], Seed::new(1));
        assert_eq!(network.download(1e6, None), Err(NeverEnds));
        let mut network = LinkNetwork::by_quanta(&spec, Seed::new(1));
        assert_eq!(network.download(1e6, None), Err(NeverEnds));
        network.wait(101.0);
        assert!(network.is_dead());
    }
    let mut lives =
        LinkNetwork::new(&Arc::new(steps(&[(100, 80), (100, 0)])), &[], &[], Seed::new(1));
    lives.wait(150.0);
    assert!(!lives.is_dead(), "the schedule repeats");
}

/// The latency of a request with a name is the one that the proxy draws for that path: it depends on
/// the seed, the name and the attempt, not on the requests before it.
#[test]
fn a_named_request_draws_by_its_name() {
    let jitter = Distribution::exponential(MS(50)).unwrap();
    let latency = Latency { rtt: MS(40), jitter: Some(jitter.clone()), ..Latency::default() };
    let spec = Arc::new(LinkSpec { latency, ..steps(&[(1000, 800)]) });
    let first_byte = |network: &mut LinkNetwork, name: &str| {
        network.ask_for(named(name));
        network.download(8000.0, None).unwrap().progress.first_byte
    };
    let mut network = LinkNetwork::new(&spec, &[], &[], Seed::new(5));
    let one = first_byte(&mut network, "/v1/seg-1.ts");
    let mut stream = Seed::new(5).named("/v1/seg-1.ts").numbered(1).named("latency").stream();
    let drawn = MS(40) + jitter.sample(&mut stream);
    assert_eq!(one, millis(drawn));
    let mut other = LinkNetwork::new(&spec, &[], &[], Seed::new(5));
    first_byte(&mut other, "/v1/seg-2.ts");
    assert_eq!(first_byte(&mut other, "/v1/seg-1.ts"), one);
    // A download that was given up makes the next one the second attempt.
    other.ask_for(named("/v1/seg-3.ts"));
    other.download(8e6, Some(&mut |_: &Progress| true)).unwrap();
    let second = first_byte(&mut other, "/v1/seg-3.ts");
    assert_ne!(second, first_byte(&mut network, "/v1/seg-3.ts"));
}

#[test]
fn a_watch_gives_up() {
    let spec = Arc::new(steps(&[(1000, 800)]));
    for mut network in [
        LinkNetwork::new(&spec, &[], &[], Seed::new(1)),
        LinkNetwork::by_quanta(&spec, Seed::new(1)),
    ] {
        let mut watch = |progress: &Progress| progress.time >= 1000.0;
        let download = network.download(8e6, Some(&mut watch)).unwrap();
        assert!(download.abandoned);
        let Progress { time, received, .. } = download.progress;
        assert!((1000.0..1052.0).contains(&time), "{time}");
        assert!((received - 800.0 * (time - 40.0)).abs() < 30_000.0, "{received}");
    }
}

#[test]
fn a_link_without_a_limit_takes_some_time() {
    let mut network = LinkNetwork::new(&Arc::default(), &[], &[], Seed::new(1));
    let progress = network.download(8e6, None).unwrap().progress;
    assert!(progress.time > progress.first_byte && progress.time < 1.0, "{progress:?}");
    assert_eq!(network.capacity(), None);
}

/// A retransmission holds the response up for a round trip; a response that is cut is requested again.
#[test]
fn losses_take_time() {
    let time = |on_drop| {
        let model = LossModel::Bernoulli(Ratio::new(0.002).unwrap());
        let loss = Some(LossSpec { model, on_drop });
        let spec = Arc::new(LinkSpec { loss, ..steps(&[(1000, 8000)]) });
        let mut network = LinkNetwork::new(&spec, &[], &[], Seed::new(3));
        let mut time = 0.0;
        loop {
            let download = network.download(8e6, None).unwrap();
            time += download.progress.time;
            if download.failure.is_none() {
                return time;
            }
        }
    };
    let clean = 40.0 + 1000.0;
    assert!(time(OnDrop::Retransmit) > clean + 30.0, "{}", time(OnDrop::Retransmit));
    assert!(time(OnDrop::Truncate) > clean + 40.0, "{}", time(OnDrop::Truncate));
    assert!((time(OnDrop::Corrupt) - clean).abs() < 5.0, "{}", time(OnDrop::Corrupt));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]

    /// Whole responses end when those that go quantum by quantum do, to 10 µs.
    #[test]
    fn the_inverse_is_as_the_loop(
        list in proptest::collection::vec((20u64..3000, 0u64..20_000), 2..6),
        sizes in proptest::collection::vec((1u64..4_000_000, 0u64..3000), 1..8),
        seed: u64,
    ) {
        let mut list = list;
        list.push((500, 300));
        let spec = spec_with_stalls(&list);
        let mut fast = LinkNetwork::new(&spec, &[], &[], Seed::new(seed));
        let mut slow = LinkNetwork::by_quanta(&spec, Seed::new(seed));
        for (bits, wait) in sizes {
            let one = fast.download(bits as f64, None).unwrap().progress.time;
            let other = slow.download(bits as f64, None).unwrap().progress.time;
            proptest::prop_assert!((one - other).abs() < 0.01, "{bits}: {one} {other}");
            fast.wait(wait as f64);
            slow.wait(wait as f64);
        }
    }

    /// The same with losses of each kind, stalls by bytes, pauses and heads, to 0.2 ms: where a loss comes, both are
    /// rounded to whole bytes.
    #[test]
    fn interruptions_are_as_in_the_loop(
        list in proptest::collection::vec((20u64..3000, 500u64..20_000), 1..6),
        sizes in proptest::collection::vec((1u64..4_000_000, 0u64..3000), 1..8),
        (loss, on_drop, by_bytes) in (0.0f64..0.03, 0usize..4, proptest::bool::ANY),
        head in 0u32..600,
        seed: u64,
    ) {
        let on_drop =
            [OnDrop::Retransmit, OnDrop::Corrupt, OnDrop::Truncate, OnDrop::Reset][on_drop];
        let model = LossModel::Bernoulli(Ratio::new(loss).unwrap());
        let gap = Distribution::exponential(Duration::from_nanos(100_000)).unwrap();
        let stall = StallSpec::by_bytes(gap, Distribution::constant(MS(70))).unwrap();
        let spec = Arc::new(LinkSpec {
            loss: Some(LossSpec { model, on_drop }),
            stall: by_bytes.then_some(stall),
            ..steps(&list)
        });
        let heads = Heads { request: 0, response: head };
        let seed = Seed::new(seed);
        let mut fast = LinkNetwork::new(&spec, &[], &[], seed).with_heads(heads);
        let mut slow = LinkNetwork::by_quanta(&spec, seed).with_heads(heads);
        for (bits, wait) in sizes {
            let one = fast.download(bits as f64, None).unwrap();
            let other = slow.download(bits as f64, None).unwrap();
            let (one_time, other_time) = (one.progress.time, other.progress.time);
            proptest::prop_assert!((one_time - other_time).abs() < 0.2, "{one:?} {other:?}");
            proptest::prop_assert_eq!(one.progress.received, other.progress.received);
            proptest::prop_assert_eq!(one.failure, other.failure);
            fast.wait(wait as f64);
            slow.wait(wait as f64);
        }
    }
}
