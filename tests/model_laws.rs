//! The link's laws, as properties over random links and random drivers, in virtual time.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

use proptest::prelude::*;
use std::{sync::Arc, time::Duration};
use vsps::{
    model::{
        Distribution, Link, LinkAccess, LinkSpec, LossModel, LossSpec, OnDrop, RateSpec,
        ResponseShaper, StallSpec, Step, Steps, Transport, Verdict,
    },
    seed::Seed,
    units::{BitRate, ByteSize, LinkTime, Ratio},
};

/// Bytes that left at a time.
type Sent = (LinkTime, usize);

/// Drives one response until `end`: always bytes to send, woken `late(n)` after each n-th deadline.
fn drive(
    spec: &LinkSpec,
    seed: u64,
    end: LinkTime,
    chunk: usize,
    mut late: impl FnMut(usize) -> Duration,
) -> (Vec<Sent>, Vec<Verdict>) {
    let mut link = Link::new(spec, Seed::new(seed));
    let mut shaper = ResponseShaper::new(spec, None, Seed::new(seed).named("request"));
    let (mut now, mut sent, mut verdicts, mut wakes) = (LinkTime::ZERO, vec![], vec![], 0);
    while now < end {
        let verdict = shaper.poll(&mut LinkAccess::new(&mut link), now, chunk);
        verdicts.push(verdict);
        match verdict {
            Verdict::Pass(bytes) => sent.push((now, bytes)),
            Verdict::Wait(until) => {
                assert!(until > now, "a wait of nothing");
                now = until + late(wakes);
                wakes += 1;
            }
            Verdict::Paused => break,
            Verdict::Stalled(_) | Verdict::Drop { action: OnDrop::Retransmit, .. } => {}
            Verdict::Drop { .. } => break,
        }
    }
    (sent, verdicts)
}

fn constant(bits: u64, burst: u64) -> LinkSpec {
    LinkSpec {
        rate: RateSpec::Constant(BitRate::from_bits_per_second(bits)),
        burst: Some(ByteSize::from_bytes(burst)),
        ..LinkSpec::default()
    }
}

fn steps(list: &[(u64, u64)]) -> RateSpec {
    let steps = list
        .iter()
        .map(|&(ms, kilobits)| Step {
            lasts: Duration::from_millis(ms),
            rate: BitRate::from_kilobits_per_second(kilobits),
        })
        .collect();
    RateSpec::Steps(Arc::new(Steps::new(steps, true).unwrap()))
}

/// The integral of repeated steps in bytes, by the schoolbook: the oracle for [`steps`].
fn integral(list: &[(u64, u64)], until: LinkTime) -> f64 {
    let (mut left, mut bytes) = (until.as_secs_f64(), 0.0);
    for &(ms, kilobits) in list.iter().cycle() {
        let lasts = (ms as f64 / 1e3).min(left);
        bytes += lasts * kilobits as f64 * 125.0;
        left -= lasts;
        if left <= 0.0 {
            return bytes;
        }
    }
    bytes
}

fn total(sent: &[Sent]) -> usize {
    sent.iter().map(|(_, bytes)| bytes).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// In every window, at most rate × window + burst.
    #[test]
    fn no_window_exceeds_rate_and_burst(
        bits in 10_000u64..1_000_000_000,
        burst in 100u64..300_000,
        chunk in 1usize..200_000,
        seed: u64,
    ) {
        let end = LinkTime::new(Duration::from_secs_f64((4e6 / bits as f64).clamp(0.05, 20.0)));
        let (sent, _) = drive(&constant(bits, burst), seed, end, chunk, |_| Duration::ZERO);
        // Equivalent to checking all pairs: a bucket that drains at the rate never overflows.
        let (mut level, mut last) = (0.0f64, LinkTime::ZERO);
        for (at, bytes) in sent {
            level = (level - (at - last).as_secs_f64() * bits as f64 / 8.0).max(0.0) + bytes as f64;
            last = at;
            prop_assert!(level <= burst as f64 + 1.0, "level {level} over {burst} at {at:?}");
        }
    }

    /// Over any schedule, the bytes that pass equal its integral, to within the burst and one quantum.
    #[test]
    fn what_passes_is_the_integral(
        list in prop::collection::vec((20u64..2000, 0u64..20_000), 1..6),
        seed: u64,
    ) {
        prop_assume!(list.iter().any(|(_, kilobits)| *kilobits > 50));
        let spec = LinkSpec { rate: steps(&list), ..LinkSpec::default() };
        let (sent, _) = drive(&spec, seed, LinkTime::from_secs(10), 64 * 1024, |_| Duration::ZERO);
        let mut passed = 0.0;
        for &(at, bytes) in &sent {
            passed += bytes as f64;
            let could = integral(&list, at);
            prop_assert!(passed <= could + 262_145.0);
            prop_assert!(passed >= could - 262_145.0, "{passed} of {could} at {at:?}");
        }
    }

    /// A late driver loses nothing: late timers must not lower the rate.
    #[test]
    fn lateness_does_not_slow_the_link(
        bits in 500_000u64..200_000_000,
        delays in prop::collection::vec(0u64..20_000, 1..50),
        seed: u64,
    ) {
        let end = LinkTime::from_secs(10);
        let late = |n: usize| Duration::from_micros(delays[n % delays.len()]);
        let (sent, _) = drive(&constant(bits, 3000), seed, end, 1 << 20, late);
        let could = 10.0 * bits as f64 / 8.0;
        let ratio = total(&sent) as f64 / could;
        let slack = 1500.0 / could + 0.0025; // one packet, and the last wake-up's lateness
        prop_assert!((ratio - 1.0).abs() < slack, "{ratio}");
    }

    /// The same seed gives the same verdicts.
    #[test]
    fn a_seed_replays(seed: u64) {
        let spec = rough();
        let run = || drive(&spec, seed, LinkTime::from_secs(30), 10_000, |_| Duration::ZERO);
        prop_assert_eq!(run(), run());
    }

    /// Losses and their places depend on the seed alone, not on how the bytes were chunked.
    #[test]
    fn losses_do_not_depend_on_chunks(seed: u64, one in 1usize..5000, two in 1usize..50_000) {
        let lost = |chunk| -> Vec<u64> {
            let (_, verdicts) =
                drive(&rough(), seed, LinkTime::from_secs(20), chunk, |_| Duration::ZERO);
            let bytes = verdicts.iter().filter_map(|verdict| match verdict {
                Verdict::Drop { at_byte, .. } => Some(*at_byte),
                _ => None,
            });
            bytes.take(5).collect()
        };
        let (a, b) = (lost(one), lost(two));
        let shared = a.len().min(b.len());
        prop_assert_eq!(&a[..shared], &b[..shared]);
    }
}

/// Steps, stalls and losses at once.
fn rough() -> LinkSpec {
    let ms = Duration::from_millis;
    let ratio = |value| Ratio::new(value).unwrap();
    let stall = StallSpec::new(
        Distribution::exponential(ms(3000)).unwrap(),
        Distribution::lognormal(ms(400), ms(300)).unwrap(),
    );
    LinkSpec {
        rate: steps(&[(700, 3000), (400, 0), (900, 800)]),
        stall: Some(stall.unwrap()),
        loss: Some(LossSpec {
            model: LossModel::GilbertElliott {
                p: ratio(0.01),
                r: ratio(0.3),
                loss_bad: ratio(0.7),
                loss_good: ratio(0.001),
            },
            on_drop: OnDrop::Retransmit,
        }),
        ..LinkSpec::default()
    }
}

/// Runs `n` responses on one link, each polling again as soon as its bytes have left.
fn share(spec: &LinkSpec, n: usize, end: LinkTime) -> Vec<usize> {
    let mut link = Link::new(spec, Seed::new(1));
    let mut shapers: Vec<ResponseShaper> =
        (0..n).map(|i| ResponseShaper::new(spec, None, Seed::new(i as u64))).collect();
    let (mut now, mut bytes) = (LinkTime::ZERO, vec![0; n]);
    while now < end {
        let mut next = end;
        for (shaper, bytes) in shapers.iter_mut().zip(&mut bytes) {
            loop {
                match shaper.poll(&mut LinkAccess::new(&mut link), now, 1 << 20) {
                    Verdict::Pass(passed) => *bytes += passed,
                    Verdict::Wait(until) => break next = next.min(until),
                    Verdict::Paused => break,
                    Verdict::Stalled(_) | Verdict::Drop { .. } => {}
                }
            }
        }
        now = next;
    }
    bytes
}

/// Parallel responses of a session share its link: equal parts, and together the whole rate.
#[test]
fn parallel_flows_share_evenly() {
    for n in [2, 4, 6] {
        let bytes = share(&constant(5_000_000, 3000), n, LinkTime::from_secs(10));
        let sum: f64 = bytes.iter().map(|b| *b as f64).sum();
        let squares: f64 = bytes.iter().map(|b| (*b as f64).powi(2)).sum();
        let jain = sum * sum / (n as f64 * squares);
        assert!(jain > 0.9999, "{n} shapers: Jain {jain}");
        assert!((sum / 6_250_000.0 - 1.0).abs() < 0.002, "{n} shapers: sum {sum}");
    }
}

/// A live change applies to bytes that are already booked, and gives no burst.
#[test]
fn a_change_is_felt_in_flight() {
    let slow = constant(1_000, 128);
    let mut link = Link::new(&slow, Seed::new(1));
    let mut shaper = ResponseShaper::new(&slow, None, Seed::new(1));
    assert_eq!(
        shaper.poll(&mut LinkAccess::new(&mut link), LinkTime::ZERO, 4000),
        Verdict::Pass(128)
    );
    let wait = shaper.poll(&mut LinkAccess::new(&mut link), LinkTime::ZERO, 4000);
    assert_eq!(wait, Verdict::Wait(LinkTime::from_millis(1024)));
    let now = LinkTime::from_millis(1000);
    link.change(now, &constant(24_000, 128));
    let sooner = shaper.poll(&mut LinkAccess::new(&mut link), now, 4000);
    // A quantum at the new rate, from an empty bucket: 128 bytes at 24 kbit/s.
    assert_eq!(sooner, Verdict::Wait(now + Duration::from_nanos(42_666_667)));
    link.change(now, &constant(0, 128));
    assert_eq!(shaper.poll(&mut LinkAccess::new(&mut link), now, 4000), Verdict::Paused);
}

/// A rule's own rate holds, whatever the link would carry.
#[test]
fn an_own_rate_is_a_ceiling_of_its_own() {
    let spec = LinkSpec::default();
    let mut link = Link::new(&spec, Seed::new(1));
    let own = Some(BitRate::from_kilobits_per_second(300));
    let mut shaper = ResponseShaper::new(&spec, own, Seed::new(1));
    let (mut now, end) = (LinkTime::ZERO, LinkTime::from_secs(10));
    while now < end {
        match shaper.poll(&mut LinkAccess::new(&mut link), now, 1 << 20) {
            Verdict::Wait(until) => now = until,
            Verdict::Pass(_) => {}
            verdict => panic!("{verdict:?}"),
        }
    }
    let ratio = shaper.sent() as f64 / 375_000.0;
    assert!((ratio - 1.0).abs() < 0.01, "{ratio}");
}

/// A retransmission pauses the response for a round trip and loses no byte.
#[test]
fn a_loss_costs_a_round_trip() {
    let mut spec = constant(8_000_000, 3000);
    spec.latency.rtt = Duration::from_millis(100);
    let (clean, _) = drive(&spec, 1, LinkTime::from_secs(60), 1 << 20, |_| Duration::ZERO);
    spec.loss = Some(LossSpec {
        model: LossModel::Bernoulli(Ratio::new(0.001).unwrap()),
        on_drop: OnDrop::Retransmit,
    });
    let (lossy, verdicts) = drive(&spec, 1, LinkTime::from_secs(60), 1 << 20, |_| Duration::ZERO);
    let drops = verdicts.iter().filter(|v| matches!(v, Verdict::Drop { .. })).count();
    let lost_time = 1.0 - total(&lossy) as f64 / total(&clean) as f64;
    assert!(drops > 20, "{drops} drops");
    let expected = drops as f64 * 0.1 / 60.0;
    assert!((lost_time - expected).abs() < 0.01, "{lost_time} lost, {expected} expected");
}

/// A link that a live change sets to rate zero uses bounded memory and time, with and without stalls.
#[test]
fn a_silenced_link_with_stalls_costs_nothing() {
    let mut link = Link::new(&rough(), Seed::new(1));
    let silent = LinkSpec { rate: RateSpec::Constant(BitRate::ZERO), ..rough() };
    link.change(LinkTime::from_secs(1), &silent);
    let mut shaper = ResponseShaper::new(&silent, None, Seed::new(1));
    let (mut now, mut told) = (LinkTime::from_secs(1), 0);
    for _ in 0..1000 {
        loop {
            match shaper.poll(&mut LinkAccess::new(&mut link), now, 1000) {
                Verdict::Stalled(_) => told += 1,
                Verdict::Wait(until) => break assert!(until > now),
                verdict => panic!("{verdict:?}"),
            }
        }
        now += Duration::from_millis(100);
    }
    // About one stall in 3.4 s has come by; future ones are not reported.
    assert!((10..60).contains(&told), "{told} stalls in 100 s");
}

/// At a rate of zero nothing passes, not even a burst; a live change ends it.
#[test]
fn a_rate_of_zero_is_silence_until_a_change() {
    let silent = constant(0, 64 << 10);
    let mut link = Link::new(&silent, Seed::new(1));
    let mut shaper = ResponseShaper::new(&silent, None, Seed::new(1));
    for day in 0..100 {
        let now = LinkTime::from_secs(day * 86_400);
        assert_eq!(shaper.poll(&mut LinkAccess::new(&mut link), now, 4000), Verdict::Paused);
        assert_eq!((link.carried(now), link.rate(now)), (0, Some(BitRate::ZERO)));
    }
    let now = LinkTime::from_secs(100 * 86_400);
    link.change(now, &constant(8_000_000, 1000));
    let wake = now + Duration::from_millis(1);
    assert_eq!(shaper.poll(&mut LinkAccess::new(&mut link), now, 1000), Verdict::Wait(wake));
    assert_eq!(shaper.poll(&mut LinkAccess::new(&mut link), wake, 1000), Verdict::Pass(1000));
    // A limit of zero holds a response on a fast link.
    let (fast, limit) = (constant(8_000_000, 1000), Link::new(&silent, Seed::new(2)));
    let mut held = ResponseShaper::new(&fast, None, Seed::new(1));
    held.keep_to(limit);
    let mut link = Link::new(&fast, Seed::new(1));
    assert_eq!(
        held.poll(&mut LinkAccess::new(&mut link), LinkTime::from_secs(9), 1000),
        Verdict::Paused
    );
}

/// Quanta booked on a fast link do not delay a slow one.
#[test]
fn a_sudden_drop_strands_nobody() {
    let fast = constant(1_000_000_000, 125_000);
    let mut link = Link::new(&fast, Seed::new(1));
    let mut shapers: Vec<ResponseShaper> =
        (0..6).map(|i| ResponseShaper::new(&fast, None, Seed::new(i))).collect();
    let mut now = LinkTime::ZERO;
    for shaper in &mut shapers {
        while let Verdict::Pass(_) = shaper.poll(&mut LinkAccess::new(&mut link), now, 1 << 20) {}
    }
    link.change(now, &constant(1_000_000, 1448));
    let mut passed = 0;
    while now < LinkTime::from_secs(1) {
        let mut next = LinkTime::from_secs(1);
        for shaper in &mut shapers {
            loop {
                match shaper.poll(&mut LinkAccess::new(&mut link), now, 1 << 20) {
                    Verdict::Pass(bytes) => passed += bytes,
                    Verdict::Wait(until) => break next = next.min(until),
                    Verdict::Paused => break,
                    Verdict::Stalled(_) | Verdict::Drop { .. } => {}
                }
            }
        }
        now = next;
    }
    assert!((passed as f64 / 125_000.0 - 1.0).abs() < 0.02, "{passed} bytes in a second");
}

/// A head that has been sent takes its time before the body, and none of it later.
#[test]
fn a_head_takes_its_time_before_the_body() {
    let passed = |head: u32, transport: bool| {
        let spec = constant(800_000, 1448); // 100 bytes a millisecond
        let (mut link, mut shaper) =
            (Link::new(&spec, Seed::new(1)), ResponseShaper::new(&spec, None, Seed::new(1)));
        let mut tcp = Transport::new(Duration::from_millis(1));
        shaper.follow_head(head);
        let (mut now, mut first, mut left) = (LinkTime::ZERO, None, 20_000);
        while left > 0 {
            let transport = transport.then_some(&mut tcp);
            let mut access = LinkAccess { transport, ..LinkAccess::new(&mut link) };
            match shaper.poll(&mut access, now, left) {
                Verdict::Wait(until) => now = until,
                Verdict::Pass(bytes) => {
                    first.get_or_insert(now);
                    left -= bytes;
                }
                verdict => panic!("{verdict:?}"),
            }
        }
        (first.unwrap(), now)
    };
    for transport in [false, true] {
        let (without, with) = (passed(0, transport), passed(5000, transport));
        let later = Duration::from_millis(50);
        // The first quantum and the head share the burst.
        assert!(
            with.0.since_zero().abs_diff(without.0.since_zero() + later)
                < Duration::from_millis(16),
            "{with:?}"
        );
        assert_eq!(with.1, without.1 + later, "over TCP: {transport}");
    }
}
