use super::*;
use crate::model::{Distribution, LossModel, RoundTrips, StallSpec};
use crate::units::{ByteSize, Ratio};

const MS: fn(u64) -> Duration = Duration::from_millis;
const AT: fn(u64) -> LinkTime = LinkTime::from_millis;

/// 1000 bytes a millisecond, without a burst worth mentioning.
fn megabyte_per_second() -> LinkSpec {
    LinkSpec {
        rate: RateSpec::Constant(BitRate::from_kilobits_per_second(8000)),
        burst: Some(ByteSize::from_bytes(1448)),
        ..LinkSpec::default()
    }
}

fn new_pair(spec: &LinkSpec) -> (Link, ResponseShaper) {
    (Link::new(spec, Seed::new(1)), ResponseShaper::new(spec, None, Seed::new(1)))
}

/// Polls at the times that the shaper returns until `end`; returns its stalls and when its bytes left.
fn drive(
    link: &mut Link,
    shaper: &mut ResponseShaper,
    end: LinkTime,
) -> (Vec<Stall>, Vec<(LinkTime, usize)>) {
    let (mut now, mut stalls, mut left) = (LinkTime::ZERO, Vec::new(), Vec::new());
    while now < end {
        match shaper.poll(&mut LinkAccess::new(link), now, 1 << 20) {
            Verdict::Pass(bytes) => left.push((now, bytes)),
            Verdict::Wait(until) => {
                assert!(until > now, "a wait of nothing");
                now = until;
            }
            Verdict::Stalled(stall) => stalls.push(stall),
            verdict => panic!("{verdict:?}"),
        }
    }
    (stalls, left)
}

#[test]
fn a_stall_of_the_link_is_returned_once_and_waited_for() {
    let stall = StallSpec::new(Distribution::constant(MS(300)), Distribution::constant(MS(100)));
    let spec = LinkSpec { stall: Some(stall.unwrap()), ..megabyte_per_second() };
    let (mut link, mut shaper) = new_pair(&spec);
    let (stalls, left) = drive(&mut link, &mut shaper, AT(1000));
    let expected = [300, 700].map(|at| Stall { at: AT(at), lasts: MS(100) });
    assert_eq!(stalls, expected);
    let within = |stall: &Stall| left.iter().any(|(at, _)| *at > stall.at && *at < stall.end());
    assert!(!stalls.iter().any(within));
    // A driver that does not report stalls sees the same waits.
    let (mut link, shaper) = new_pair(&spec);
    let mut shaper = shaper.without_stall_verdicts();
    assert_eq!(drive(&mut link, &mut shaper, AT(1000)), (Vec::new(), left));
}

#[test]
fn one_of_the_responses_on_a_link_returns_its_stall() {
    let stall = StallSpec::new(Distribution::constant(MS(300)), Distribution::constant(MS(100)));
    let spec = LinkSpec { stall: Some(stall.unwrap()), ..megabyte_per_second() };
    let (mut link, one) = new_pair(&spec);
    let mut both = [one, ResponseShaper::new(&spec, None, Seed::new(2))];
    let (mut now, mut stalls) = (LinkTime::ZERO, 0);
    while now < AT(350) {
        let mut next = AT(350);
        for shaper in &mut both {
            loop {
                match shaper.poll(&mut LinkAccess::new(&mut link), now, 1 << 20) {
                    Verdict::Wait(until) => break next = next.min(until),
                    Verdict::Stalled(_) => stalls += 1,
                    verdict => assert!(matches!(verdict, Verdict::Pass(_)), "{verdict:?}"),
                }
            }
        }
        now = next;
    }
    assert_eq!(stalls, 1);
}

#[test]
fn a_stall_by_bytes_is_returned_with_its_time() {
    let every = Distribution::constant(Duration::from_nanos(20_000));
    let stall = StallSpec::by_bytes(every, Distribution::constant(MS(100))).unwrap();
    let spec = LinkSpec { stall: Some(stall), ..megabyte_per_second() };
    let (mut link, mut shaper) = new_pair(&spec);
    let (stalls, left) = drive(&mut link, &mut shaper, AT(130));
    assert_eq!(stalls.len(), 1);
    // 20,000 bytes, of which the bucket's 1448 left at once.
    let sent_by = |time| left.iter().filter(|(at, _)| *at <= time).map(|(_, n)| n).sum::<usize>();
    assert_eq!(sent_by(stalls[0].at), 20_000);
    assert_eq!(stalls[0], Stall { at: LinkTime::from_nanos(18_552_000), lasts: MS(100) });
    assert_eq!(sent_by(stalls[0].end() - Duration::from_nanos(1)), 20_000);
}

#[test]
fn a_limit_of_rate_zero_pauses_until_it_is_replaced() {
    let (mut link, mut shaper) = new_pair(&megabyte_per_second());
    let silence = LinkSpec { rate: RateSpec::Constant(BitRate::ZERO), ..LinkSpec::default() };
    let mut limits = [Link::new(&silence, Seed::new(1))];
    shaper.set_limits(vec![ResponseLimit::Shared(0)]);
    let mut poll = |shaper: &mut ResponseShaper, now| {
        let mut access = LinkAccess { limits: &mut limits, ..LinkAccess::new(&mut link) };
        shaper.poll(&mut access, now, 1000)
    };
    assert_eq!(poll(&mut shaper, AT(5)), Verdict::Paused);
    // A slow limit books few bytes at once. They stay booked on the link, so they leave at once.
    shaper.set_limits(Vec::new());
    assert_eq!(poll(&mut shaper, AT(50)), Verdict::Pass(128));
    // An index without a link does not limit.
    shaper.set_limits(vec![ResponseLimit::Shared(7)]);
    assert_eq!(poll(&mut shaper, AT(100)), Verdict::Pass(1000));
    // What the response has to keep to stays.
    shaper.keep_to(Link::new(&silence, Seed::new(1)));
    shaper.set_limits(Vec::new());
    assert_eq!(poll(&mut shaper, AT(150)), Verdict::Paused);
}

/// A retransmission takes the round trip that the link's schedule has at that time, which starts with the link.
#[test]
fn round_trips_follow_the_schedule_of_the_link() {
    let model = LossModel::Bernoulli(Ratio::new(1.0).unwrap());
    let mut spec = LinkSpec {
        loss: Some(LossSpec { model, on_drop: OnDrop::Retransmit }),
        ..megabyte_per_second()
    };
    spec.latency.schedule =
        Some(RoundTrips::new([(MS(100), MS(20)), (MS(100), MS(70))], false).unwrap());
    let waits_at = |now, changed: Option<LinkTime>| {
        let (mut link, mut shaper) = new_pair(&spec);
        if let Some(changed) = changed {
            link.change(changed, &spec);
        }
        let mut poll = || shaper.poll(&mut LinkAccess::new(&mut link), now, 1 << 20);
        let drop = Verdict::Drop { action: OnDrop::Retransmit, at_byte: 0 };
        assert_eq!(poll(), drop);
        poll()
    };
    assert_eq!(waits_at(AT(50), None), Verdict::Wait(AT(70)));
    assert_eq!(waits_at(AT(150), None), Verdict::Wait(AT(220)));
    assert_eq!(waits_at(AT(150), Some(AT(100))), Verdict::Wait(AT(170)));
}
