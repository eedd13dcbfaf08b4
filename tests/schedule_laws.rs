//! Laws that every kind of schedule keeps, seen from its links; and how fast links decide.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic, in its helpers too")]

use proptest::prelude::*;
use std::{sync::Arc, time::Duration};
use vsps::{
    model::{
        Count, Distribution, Link, LinkAccess, LinkSpec, Markov, OnOff, Ramp, RateSpec,
        ResponseShaper, Shape, StallSpec, Start, State, Step, Steps, Times, Trace, Verdict, WHOLE,
        Wave, Waves,
    },
    seed::Seed,
    units::{BitRate, LinkTime, Ratio},
};

const KBIT: fn(u64) -> BitRate = BitRate::from_kilobits_per_second;
const MS: fn(u64) -> Duration = Duration::from_millis;

fn steps(list: &[(u64, u64)]) -> Vec<Step> {
    list.iter().map(|&(ms, rate)| Step { lasts: MS(ms), rate: KBIT(rate) }).collect()
}

fn law(ms: u64) -> Distribution {
    Distribution::exponential(MS(ms)).unwrap()
}

fn on_off(rate: BitRate) -> RateSpec {
    RateSpec::OnOff(Arc::new(OnOff::new(law(900), law(250), rate, BitRate::ZERO).unwrap()))
}

fn ramp(list: &[(u64, u64)]) -> RateSpec {
    let points = list.iter().map(|&(ms, rate)| (MS(ms), KBIT(rate))).collect();
    RateSpec::Ramp(Arc::new(Ramp::new(points, true).unwrap()))
}

fn waves() -> RateSpec {
    let wave = |shape, amplitude, period| Wave {
        shape,
        amplitude: KBIT(amplitude),
        period: MS(period),
        phase: Ratio::new(0.3).unwrap(),
    };
    let all = vec![wave(Shape::Sine, 1500, 2100), wave(Shape::Triangle, 800, 900)];
    RateSpec::Waves(Arc::new(Waves::new(KBIT(2000), all, Start::default()).unwrap()))
}

fn chain() -> RateSpec {
    let states = [500, 4000].map(|rate| State { mean: KBIT(rate), spread: Ratio::NONE });
    let rows = vec![vec![0.8, 0.2], vec![0.3, 0.7]];
    RateSpec::Markov(Arc::new(Markov::new(states.to_vec(), MS(100), rows).unwrap()))
}

/// One of each kind.
fn kinds() -> Vec<RateSpec> {
    let list = steps(&[(700, 3000), (400, 0), (900, 800)]);
    let trace = Trace::new(list.clone(), true, Start::Random).unwrap();
    let up = ramp(&[(0, 100), (3000, 6000), (5000, 100)]);
    let share = on_off(WHOLE);
    vec![
        RateSpec::Constant(KBIT(2500)),
        RateSpec::Steps(Arc::new(Steps::new(list, true).unwrap())),
        up.clone(),
        waves(),
        on_off(KBIT(3000)),
        chain(),
        RateSpec::Trace(Arc::new(trace)),
        RateSpec::Times(Arc::new(Times::new(up.clone(), share).unwrap())),
        RateSpec::Min(Arc::new([up, chain()])),
    ]
}

fn spec(rate: RateSpec) -> LinkSpec {
    LinkSpec { rate, ..LinkSpec::default() }
}

/// What has left by each time, of a response that always has `chunk` bytes to send; besides, the link is asked
/// about its rate at `idle` moments that have nothing to do with the response.
fn drive(
    spec: &LinkSpec,
    seed: u64,
    end: LinkTime,
    chunk: usize,
    idle: u64,
) -> Vec<(LinkTime, u64)> {
    let mut link = Link::new(spec, Seed::new(seed));
    let mut shaper = ResponseShaper::new(spec, None, Seed::new(seed).named("request"));
    let (mut now, mut sent) = (LinkTime::ZERO, vec![]);
    while now < end {
        match shaper.poll(&mut LinkAccess::new(&mut link), now, chunk) {
            Verdict::Pass(_) => sent.push((now, shaper.sent())),
            Verdict::Wait(until) => {
                assert!(until > now, "a wait of nothing");
                for ask in 0..idle {
                    link.rate(now + (until - now) * ask as u32 / idle as u32);
                }
                now = until;
            }
            Verdict::Stalled(_) => {}
            verdict => panic!("{verdict:?}"),
        }
    }
    sent
}

fn by(sent: &[(LinkTime, u64)], time: LinkTime) -> u64 {
    let index = sent.partition_point(|(at, _)| *at <= time);
    index.checked_sub(1).map_or(0, |last| sent[last].1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// The results do not depend on how the link is queried.
    #[test]
    fn links_over_one_schedule_agree_to_the_byte(chunk in 1usize..200_000, seed: u64, idle in 0u64..5) {
        for rate in kinds() {
            let spec = spec(rate);
            let one = drive(&spec, seed, LinkTime::from_secs(8), 1 << 20, 0);
            let two = drive(&spec, seed, LinkTime::from_secs(8), 1 << 20, idle);
            prop_assert_eq!(&one, &two);
            prop_assert!(one.windows(2).all(|pair| pair[0].0 <= pair[1].0));
            // In other chunks the quanta are cut elsewhere: at any moment within one of them.
            let cut = drive(&spec, seed, LinkTime::from_secs(8), chunk.max(700), 0);
            let quantum = 16_000;
            for tenth in 0..80 {
                let (a, b) = (by(&one, LinkTime::from_millis(100 * tenth)), by(&cut, LinkTime::from_millis(100 * tenth)));
                prop_assert!(a.abs_diff(b) <= quantum, "{a} and {b} at {tenth}: {:?}", spec.rate);
            }
        }
    }

    #[test]
    fn a_seed_replays_and_another_differs(seed: u64) {
        for rate in [chain(), on_off(KBIT(800)), kinds().swap_remove(6)] {
            let run = |seed| drive(&spec(rate.clone()), seed, LinkTime::from_secs(20), 5000, 0);
            prop_assert_eq!(run(seed), run(seed));
            prop_assert_ne!(run(seed), run(seed ^ 1));
        }
    }
}

/// After hours without a query, the link is in the same state as if it had been polled.
#[test]
fn idle_hours_are_skipped() {
    let day: Vec<_> = (0..86_400).map(|s| (1000, 500 + (s * 7919) % 5000)).collect();
    let trace = Trace::new(steps(&day), true, Start::At(MS(3_600_000))).unwrap();
    let spec = spec(RateSpec::Trace(Arc::new(trace)));
    let mut link = Link::new(&spec, Seed::new(1));
    for hour in 0..24 * 300 {
        let second = hour * 3600 + 7;
        let expected = KBIT(500 + ((second + 3600) % 86_400 * 7919) % 5000);
        assert_eq!(link.rate(LinkTime::from_secs(second)), Some(expected));
    }
}

/// A trace is held once, however many links play it.
#[test]
fn a_trace_is_shared() {
    let list = steps(&[(1000, 1), (1000, 2), (1000, 3)]);
    let trace = Arc::new(Trace::new(list, true, Start::default()).unwrap());
    let spec = spec(RateSpec::Trace(Arc::clone(&trace)));
    let links: Vec<_> = (0..100).map(|seed| Link::new(&spec.clone(), Seed::new(seed))).collect();
    assert_eq!((links.len(), Arc::strong_count(&trace)), (100, 2));
    assert_eq!(trace.length(), MS(3000));
    assert_eq!(trace.mean(), KBIT(2));
}

/// What passes a ramp in a time is its area.
#[test]
fn a_ramp_passes_its_area() {
    let spec = spec(ramp(&[(0, 0), (10_000, 8000)]));
    let sent = drive(&spec, 1, LinkTime::from_secs(10), 1 << 20, 0);
    for second in 1..=10u64 {
        let area = (second * second * 8_000_000 / 10 / 2 / 8) as f64;
        let passed = by(&sent, LinkTime::from_secs(second)) as f64;
        assert!((passed - area).abs() < 4000.0, "{passed} by {second} s, area {area}");
    }
}

/// Counted on the wire, 1448 of 1514 bytes are the body's.
#[test]
fn a_wire_carries_its_share_of_payload() {
    for kilobits in [64, 5000, 900_000] {
        let constant = spec(RateSpec::Constant(KBIT(kilobits)));
        let wire = LinkSpec { count: Count::Wire, ..constant.clone() };
        let sent = |spec| {
            by(&drive(spec, 1, LinkTime::from_secs(20), 1 << 20, 0), LinkTime::from_secs(20)) as f64
        };
        let ratio = sent(&wire) / sent(&constant);
        assert!((ratio * 1514.0 / 1448.0 - 1.0).abs() < 0.002, "{ratio} at {kilobits}");
    }
}

/// A response stalls at its own bytes, whatever its chunks: 100 KiB pass between pauses of 300 ms.
#[test]
fn stalls_by_bytes_strike_at_bytes() {
    let every = Distribution::constant(Duration::from_nanos(100 << 10));
    let stall = StallSpec::by_bytes(every, Distribution::constant(MS(300))).unwrap();
    let spec = LinkSpec { stall: Some(stall), ..spec(RateSpec::Constant(KBIT(8000))) };
    for chunk in [1000, 1 << 20] {
        let sent = drive(&spec, 3, LinkTime::from_secs(10), chunk, 0);
        let gaps = sent.windows(2).filter(|pair| pair[1].0 - pair[0].0 >= MS(300));
        let at: Vec<u64> = gaps.map(|pair| pair[0].1).collect();
        let expected: Vec<u64> = (1..=at.len() as u64).map(|n| n * (100 << 10)).collect();
        assert_eq!(at, expected);
        // 102.4 ms of sending and a pause of 300 ms.
        assert!((24..=25).contains(&at.len()), "{}", at.len());
    }
}
