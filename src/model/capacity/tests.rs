use super::*;
use crate::{
    model::{
        Distribution, OnOff, Ramp, RateSpec, Shape, StallSpec, Start, Step, Steps, Times, Trace,
        WHOLE, Wave, Waves,
    },
    units::Ratio,
};
use std::{sync::Arc, time::Duration};

const S: fn(u64) -> LinkTime = LinkTime::from_secs;
const MS: fn(u64) -> LinkTime = LinkTime::from_millis;

fn steps(list: &[(u64, u64)], repeat: bool) -> LinkSpec {
    let steps = list
        .iter()
        .map(|&(seconds, kilobits)| Step {
            lasts: Duration::from_secs(seconds),
            rate: BitRate::from_kilobits_per_second(kilobits),
        })
        .collect();
    let steps = Steps::new(steps, repeat).unwrap();
    LinkSpec { rate: RateSpec::Steps(Arc::new(steps)), ..LinkSpec::default() }
}

#[test]
fn the_integral_of_steps() {
    let mut capacity = Capacity::new(&steps(&[(2, 8), (1, 0), (1, 80)], true), Seed::new(1));
    let at = |capacity: &mut Capacity, ms| capacity.at(MS(ms));
    assert_eq!(at(&mut capacity, 1500), 1500);
    assert_eq!(at(&mut capacity, 2000), 2000);
    assert_eq!(at(&mut capacity, 2900), 2000);
    assert_eq!(at(&mut capacity, 3500), 7000);
    assert_eq!(at(&mut capacity, 4000), 12_000);
    assert_eq!(at(&mut capacity, 5000), 13_000);
}

#[test]
fn the_inverse_skips_silence_and_knows_never() {
    let mut capacity = Capacity::new(&steps(&[(2, 8), (1, 0), (1, 80)], true), Seed::new(1));
    assert_eq!(capacity.when(2000), When::At(S(2)));
    assert_eq!(capacity.when(2001), When::At(S(3) + Duration::from_micros(100)));
    let mut ends = Capacity::new(&steps(&[(2, 8), (1, 0)], false), Seed::new(1));
    assert_eq!(ends.when(2001), When::Never);
}

#[test]
fn stalls_are_silence() {
    let mut spec = steps(&[(1, 8)], true);
    let fixed = |ms| Distribution::constant(Duration::from_millis(ms));
    spec.stall = Some(StallSpec::new(fixed(1500), fixed(250)).unwrap());
    let mut capacity = Capacity::new(&spec, Seed::new(1));
    assert_eq!(capacity.at(MS(1750)), 1500);
    assert_eq!(capacity.when(1501), When::At(MS(1751)));
    assert_eq!(capacity.rate(MS(1600)), BitRate::ZERO);
    assert_eq!(capacity.at(MS(3500)), 3000);
    let stall = capacity.stall_within(S(1), S(2), None).unwrap();
    assert_eq!((stall.at, stall.lasts), (MS(1500), fixed(250).mean()));
    assert_eq!(capacity.stall_within(S(1), S(2), Some(stall.at)), None);
}

#[test]
fn a_splice_counts_on() {
    let old = Capacity::new(&steps(&[(1, 8)], true), Seed::new(1));
    let mut new = old.spliced(S(1), &steps(&[(1, 80)], true), Seed::new(1), S(1));
    assert_eq!(new.at(S(1)), 1000);
    assert_eq!(new.at(S(2)), 11_000);
    assert_eq!(new.when(6000), When::At(MS(1500)));
}

/// Another capacity that has started before comes in where its schedule and its stalls are.
#[test]
fn a_splice_into_a_running_schedule() {
    let mut spec = steps(&[(2, 8), (1, 80)], true);
    let fixed = |ms| Distribution::constant(Duration::from_millis(ms));
    spec.stall = Some(StallSpec::new(fixed(2700), fixed(500)).unwrap());
    let old = Capacity::new(&steps(&[(1, 16)], true), Seed::new(1));
    // In the second step, and in the stall from 2.7 to 3.2 s.
    let mut new = old.spliced(MS(2900), &spec, Seed::new(1), LinkTime::ZERO);
    assert_eq!(new.rate(MS(3000)), BitRate::ZERO);
    assert_eq!((new.at(MS(2900)), new.at(MS(3200)), new.at(S(4))), (5800, 5800, 6600));
    assert_eq!(new.when(6000), When::At(MS(3400)));
    assert_eq!(new.stall_within(MS(2900), S(3), None).unwrap().at, MS(2700));
}

/// A jump over idle hours ends where walking would have.
#[test]
fn a_jump_is_as_a_walk() {
    let ms = Duration::from_millis;
    let mut spec = steps(&[(1, 8), (2, 0), (3, 777)], true);
    let gap = Distribution::exponential(ms(7000)).unwrap();
    spec.stall = Some(StallSpec::new(gap, Distribution::constant(ms(900))).unwrap());
    let (mut walks, mut jumps) =
        (Capacity::new(&spec, Seed::new(1)), Capacity::new(&spec, Seed::new(1)));
    for hours in 1..4 {
        let end = S(3600 * hours);
        let mut now = end - Duration::from_secs(3600);
        while now < end {
            walks.at(now);
            now += ms(777);
        }
        let bytes = walks.at(end);
        assert_eq!(jumps.at(end), bytes);
        assert_eq!(walks.when(bytes + 100_000), jumps.when(bytes + 100_000));
    }
}

/// One of each kind of schedule, from the same numbers.
fn kinds(list: &[(u64, u64)]) -> Vec<RateSpec> {
    let kbit = BitRate::from_kilobits_per_second;
    let ms = Duration::from_millis;
    let fast = list.iter().map(|&(lasts, rate)| Step { lasts: ms(lasts), rate: kbit(rate) });
    let mut at = Duration::ZERO;
    let points = list.iter().map(|&(lasts, rate)| {
        at += ms(lasts);
        (at - ms(list[0].0), kbit(rate))
    });
    let ramp = RateSpec::Ramp(Arc::new(Ramp::new(points.collect(), true).unwrap()));
    let steps = Arc::new(Steps::new(fast.clone().collect(), true).unwrap());
    let trace = Trace::new(fast, true, Start::Random).unwrap();
    let wave = |shape, period, amplitude| Wave {
        shape,
        amplitude: kbit(amplitude),
        period: ms(period),
        phase: Ratio::NONE,
    };
    let waves = vec![
        wave(Shape::Sine, 100 + list[0].0, list[0].1),
        wave(Shape::Saw, 100 + list[1].0, list[1].1),
    ];
    let waves = RateSpec::Waves(Arc::new(
        Waves::new(kbit(list[2].1 + 5), waves, Start::default()).unwrap(),
    ));
    let law = |mean| Distribution::exponential(ms(mean)).unwrap();
    let on_off = OnOff::new(law(list[0].0), law(list[1].0), kbit(700), kbit(list[0].1));
    let on_off = RateSpec::OnOff(Arc::new(on_off.unwrap()));
    let outage = OnOff::new(law(900), law(300), WHOLE, BitRate::ZERO).unwrap();
    let outage = RateSpec::OnOff(Arc::new(outage));
    let times = RateSpec::Times(Arc::new(Times::new(ramp.clone(), outage).unwrap()));
    let min = RateSpec::Min(Arc::new([ramp.clone(), waves.clone()]));
    let (steps, trace) = (RateSpec::Steps(steps), RateSpec::Trace(Arc::new(trace)));
    vec![steps, trace, ramp, waves, on_off, times, min]
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(40))]

    /// For every kind of schedule, under stalls: a byte leaves at the first nanosecond by which the
    /// integral has it, and the integral is the same whatever was queried before.
    #[test]
    fn integral_and_inverse_agree(
        list in proptest::collection::vec((20u64..3000, 1u64..20_000), 4..8),
        asked in proptest::collection::vec(1u64..400_000, 1..30),
        seed: u64,
    ) {
        for rate in kinds(&list) {
            let gap = Distribution::exponential(Duration::from_millis(2500)).unwrap();
            let stall = StallSpec::new(gap, Distribution::constant(Duration::from_millis(130)));
            let spec = LinkSpec { rate, stall: stall.ok(), ..LinkSpec::default() };
            let mut capacity = Capacity::new(&spec, Seed::new(seed));
            let (mut bytes, mut last) = (0, LinkTime::ZERO);
            for more in &asked {
                bytes += more;
                let When::At(time) = capacity.when(bytes) else { continue };
                proptest::prop_assert!(time >= last);
                let before = capacity.at(time.saturating_sub(Duration::from_nanos(1)));
                proptest::prop_assert!(before < bytes, "{before} {bytes} {:?}", spec.rate);
                let then = capacity.at(time);
                proptest::prop_assert!(then >= bytes, "{then} {bytes} {:?}", spec.rate);
                let mut fresh = Capacity::new(&spec, Seed::new(seed));
                proptest::prop_assert_eq!(fresh.at(time), then);
                last = time;
            }
        }
    }

    #[test]
    fn bytes_are_areas_divided(area in 0u128..(1 << 96), more in 0u128..(1 << 70)) {
        proptest::prop_assert_eq!(u128::from(bytes(area)), area / BYTE);
        proptest::prop_assert_eq!(u128::from(bytes(more)), more / BYTE);
    }
}

#[test]
fn a_long_session_holds_little() {
    let mut capacity = Capacity::new(&steps(&[(1, 8), (1, 16)], true), Seed::new(1));
    for second in 0..100_000 {
        capacity.at(S(second));
    }
    assert!(capacity.spans.len() < 8, "{} spans", capacity.spans.len());
}
