//! The laws of sharing, in virtual time: sessions behind one link, and limits beside it.

#![expect(clippy::panic, reason = "a test may panic, in its helpers too")]

use std::time::Duration;
use vsps::{
    model::{
        Link, LinkAccess, LinkSpec, RateSpec, ResponseLimit, ResponseShaper, SessionRoundRobin,
        Transport, Verdict,
    },
    seed::Seed,
    units::{BitRate, LinkTime},
};

fn megabits(rate: u64) -> LinkSpec {
    let rate = RateSpec::Constant(BitRate::from_kilobits_per_second(1000 * rate));
    LinkSpec { rate, ..LinkSpec::default() }
}

/// A session: when it starts, and its responses, each with the bytes it has received.
struct Session {
    start: LinkTime,
    turns: Option<SessionRoundRobin>,
    shapers: Vec<(ResponseShaper, usize)>,
}

fn session(fair: bool, shapers: u64, start: LinkTime) -> Session {
    let shaper = |i| (ResponseShaper::new(&LinkSpec::default(), None, Seed::new(i)), 0);
    let turns = fair.then(SessionRoundRobin::default);
    Session { start, turns, shapers: (0..shapers).map(shaper).collect() }
}

impl Session {
    /// Polls it at `now`; returns when it is to be polled again.
    fn drive(&mut self, link: &mut Link, now: LinkTime) -> Option<LinkTime> {
        if now < self.start {
            return Some(self.start);
        }
        let mut next = None::<LinkTime>;
        for (shaper, got) in &mut self.shapers {
            loop {
                let turns = self.turns.as_mut();
                let mut access = LinkAccess { turns, ..LinkAccess::new(link) };
                match shaper.poll(&mut access, now, 1 << 20) {
                    Verdict::Pass(bytes) => *got += bytes,
                    Verdict::Paused => break,
                    Verdict::Wait(until) => {
                        assert!(until > now, "a wait of nothing");
                        next = Some(next.map_or(until, |next| next.min(until)));
                        break;
                    }
                    verdict => panic!("{verdict:?}"),
                }
            }
        }
        next
    }

    fn got(&self) -> f64 {
        self.shapers.iter().map(|(_, got)| *got as f64).sum()
    }
}

/// Runs `sessions` on `link` from `now` until `end`; each is polled `late` after the time it returned.
fn run(
    link: &mut Link,
    sessions: &mut [Session],
    mut now: LinkTime,
    end: LinkTime,
    late: Duration,
) {
    while now < end {
        let next = sessions.iter_mut().filter_map(|session| session.drive(link, now)).min();
        now = next.unwrap_or(end) + late;
    }
}

fn jain(parts: &[f64]) -> f64 {
    let sum: f64 = parts.iter().sum();
    sum * sum / (parts.len() as f64 * parts.iter().map(|part| part * part).sum::<f64>())
}

const TEN: LinkTime = LinkTime::from_secs(10);
const ZERO: LinkTime = LinkTime::ZERO;
const NONE: Duration = Duration::ZERO;

/// Fair: six connections get no more than one, and the link carries all it can.
#[test]
fn sessions_share_fairly_whatever_their_connections() {
    for late in [NONE, Duration::from_micros(700)] {
        for rate in [1, 8, 100] {
            let mut link = Link::new(&megabits(rate), Seed::new(1));
            let mut sessions = [session(true, 6, ZERO), session(true, 1, ZERO)];
            run(&mut link, &mut sessions, ZERO, TEN, late);
            let parts = [sessions[0].got(), sessions[1].got()];
            let sum: f64 = parts.iter().sum::<f64>() / (1_250_000 * rate) as f64;
            assert!(jain(&parts) > 0.99, "{rate} Mbit/s, {late:?} late: {parts:?}");
            assert!((sum - 1.0).abs() < 0.005, "{rate} Mbit/s, {late:?} late: {sum} of the rate");
            // And the six among themselves.
            let six: Vec<f64> = sessions[0].shapers.iter().map(|(_, got)| *got as f64).collect();
            assert!(jain(&six) > 0.99, "{rate} Mbit/s: {six:?}");
        }
    }
}

/// First come, first served: a session with six connections gets six parts of seven.
#[test]
fn connections_count_first_come_first_served() {
    let mut link = Link::new(&megabits(8), Seed::new(1));
    let mut sessions = [session(false, 6, ZERO), session(false, 1, ZERO)];
    run(&mut link, &mut sessions, ZERO, TEN, NONE);
    let ratio = sessions[0].got() / sessions[1].got();
    assert!((ratio - 6.0).abs() < 0.05, "{ratio} : 1");
}

/// A session has all of the link while it is alone, and its share from the time another starts.
#[test]
fn a_second_session_takes_its_part_when_it_comes() {
    let mut link = Link::new(&megabits(8), Seed::new(1));
    let start = LinkTime::from_secs(4);
    let mut sessions = [session(true, 6, ZERO), session(true, 2, start)];
    run(&mut link, &mut sessions, ZERO, TEN, NONE);
    let [first, second] = [sessions[0].got(), sessions[1].got()].map(|got| got / 1e6);
    assert!((first - 7.0).abs() < 0.05 && (second - 3.0).abs() < 0.05, "{first}, {second} MB");
}

/// A live change voids turns as it voids bookings, and no response waits for ever.
#[test]
fn turns_follow_a_change() {
    let mut link = Link::new(&megabits(1000), Seed::new(1));
    let mut sessions = [session(true, 6, ZERO), session(true, 1, ZERO)];
    run(&mut link, &mut sessions, ZERO, LinkTime::from_millis(100), NONE);
    let before: f64 = sessions.iter().map(Session::got).sum();
    link.change(LinkTime::from_millis(100), &megabits(1));
    run(&mut link, &mut sessions, LinkTime::from_millis(100), LinkTime::from_millis(2100), NONE);
    let after = sessions.iter().map(Session::got).sum::<f64>() - before;
    assert!((after / 250_000.0 - 1.0).abs() < 0.02, "{after} bytes in two seconds");
}

fn in_turn<'a>(link: &'a mut Link, turns: &'a mut SessionRoundRobin) -> LinkAccess<'a> {
    LinkAccess { turns: Some(turns), ..LinkAccess::new(link) }
}

/// A response that ends early frees its place for the next.
#[test]
fn who_leaves_holds_nobody_up() {
    let mut link = Link::new(&megabits(1), Seed::new(1));
    let mut turns = SessionRoundRobin::default();
    let mut shapers: Vec<ResponseShaper> =
        (0..3).map(|i| ResponseShaper::new(&LinkSpec::default(), None, Seed::new(i))).collect();
    for shaper in &mut shapers {
        while let Verdict::Pass(_) = shaper.poll(&mut in_turn(&mut link, &mut turns), ZERO, 1 << 20)
        {
        }
    }
    shapers.drain(..2).for_each(|mut shaper| shaper.leave(&mut turns));
    let [shaper] = shapers.as_mut_slice() else { panic!("one is left") };
    let mut now = ZERO;
    while now < LinkTime::from_secs(1) {
        match shaper.poll(&mut in_turn(&mut link, &mut turns), now, 1 << 20) {
            Verdict::Wait(until) => now = until,
            Verdict::Pass(_) => {}
            verdict => panic!("{verdict:?}"),
        }
    }
    assert!(shaper.sent() > 120_000, "{} bytes", shaper.sent());
}

/// Responses under one limit share its rate; others have the rest of the link. With and without TCP.
#[test]
fn a_limit_is_a_ceiling_for_those_who_share_it() {
    for tcp in [false, true] {
        let mut link = Link::new(&megabits(8), Seed::new(1));
        let mut limits = [Link::new(&megabits(2), Seed::new(2))];
        let mut shapers: Vec<_> = (0..3)
            .map(|i| {
                let mut shaper = ResponseShaper::new(&LinkSpec::default(), None, Seed::new(i));
                if i < 2 {
                    shaper.set_limits(vec![ResponseLimit::Shared(0)]);
                }
                (shaper, Transport::new(Duration::from_millis(20)))
            })
            .collect();
        let mut now = ZERO;
        while now < TEN {
            let mut next = TEN;
            for (shaper, transport) in &mut shapers {
                loop {
                    let transport = tcp.then_some(&mut *transport);
                    let (link, limits) = (&mut link, &mut limits);
                    let mut access = LinkAccess { transport, limits, ..LinkAccess::new(link) };
                    match shaper.poll(&mut access, now, 1 << 20) {
                        Verdict::Pass(_) => {}
                        Verdict::Paused => break,
                        Verdict::Wait(until) => break next = next.min(until),
                        verdict => panic!("{verdict:?}"),
                    }
                }
            }
            now = next;
        }
        let sent: Vec<f64> = shapers.iter().map(|(shaper, _)| shaper.sent() as f64 / 1e6).collect();
        assert!((sent[0] + sent[1] - 2.5).abs() < 0.05, "tcp {tcp}: {sent:?}");
        assert!((sent[0] - sent[1]).abs() < 0.1, "tcp {tcp}: {sent:?}");
        // Over TCP the start is slow, and the queue's overflow costs a little.
        assert!((sent[2] - 7.5).abs() < if tcp { 0.6 } else { 0.05 }, "tcp {tcp}: {sent:?}");
    }
}
