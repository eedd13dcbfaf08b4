//! The laws of a fair queue under simulated TCP, in virtual time.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic, in its helpers too")]

use proptest::prelude::*;
use std::time::Duration;
use vsps::{
    model::{
        Count, Link, LinkAccess, LinkSpec, LossModel, LossSpec, OnDrop, QueueSize, RateSpec,
        ResponseShaper, Transport, TransportSpec, Verdict,
    },
    seed::Seed,
    units::{BitRate, ByteSize, LinkTime, Ratio},
};

/// A connection, and the response on it.
struct Connection {
    transport: Transport,
    shaper: ResponseShaper,
    /// The bytes of the response; and what the origin has ready at a time, if it is slow.
    left: u64,
    pace: Option<u64>,
    arrivals: Vec<(LinkTime, usize)>,
}

impl Connection {
    /// One of session number `party`, over a path with this round trip and these losses.
    fn new(party: u64, rtt: u64, loss: f64) -> Self {
        let model = LossModel::Bernoulli(Ratio::new(loss).unwrap());
        let loss = (loss > 0.0).then_some(LossSpec { model, on_drop: OnDrop::Retransmit });
        let mut spec = LinkSpec { transport: TransportSpec::Tcp, loss, ..LinkSpec::default() };
        spec.latency.rtt = ms(rtt);
        let transport = Transport::new(ms(rtt)).of(party);
        let shaper = ResponseShaper::new(&spec, None, Seed::new(party * 100 + rtt));
        Self { transport, shaper, left: 1 << 40, pace: None, arrivals: Vec::new() }
    }

    /// Polls it at `now`; returns when it is to be polled again.
    fn drive(&mut self, link: &mut Link, now: LinkTime) -> Option<LinkTime> {
        while self.left > 0 {
            let ready = self.pace.map_or(u64::MAX, |pace| {
                let made = (pace as f64 * now.as_secs_f64()) as u64;
                made.saturating_sub(self.shaper.sent())
            });
            let at_hand = usize::try_from(self.left.min(ready)).unwrap();
            if at_hand == 0 {
                return Some(now + ms(20));
            }
            let transport = Some(&mut self.transport);
            let mut access = LinkAccess { transport, ..LinkAccess::new(link) };
            match self.shaper.poll(&mut access, now, at_hand) {
                Verdict::Pass(0) => return Some(now + ms(20)),
                Verdict::Pass(bytes) => {
                    self.left -= bytes as u64;
                    self.arrivals.push((now, bytes));
                }
                Verdict::Wait(until) => {
                    assert!(until > now, "a wait of nothing");
                    return Some(until);
                }
                Verdict::Stalled(_) | Verdict::Drop { .. } => {}
                Verdict::Paused => panic!("nothing leaves any more"),
            }
        }
        None
    }

    fn between(&self, from: LinkTime, to: LinkTime) -> f64 {
        let within = self.arrivals.iter().filter(|(at, _)| (from..to).contains(at));
        within.map(|(_, bytes)| *bytes as f64).sum()
    }
}

/// Runs `connections` on `link` from `now` until `end` or all is there; each is polled `late` after the time it
/// returned.
fn run(
    link: &mut Link,
    connections: &mut [Connection],
    mut now: LinkTime,
    end: LinkTime,
    late: Duration,
) {
    let mut wakes = vec![now; connections.len()];
    while now < end {
        for (connection, wake) in connections.iter_mut().zip(&mut wakes) {
            if *wake <= now {
                *wake = connection
                    .drive(link, now)
                    .map_or(LinkTime::new(Duration::MAX), |wake| wake + late);
            }
        }
        now = wakes.iter().min().copied().unwrap_or(end);
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn fair(bits: u64) -> LinkSpec {
    let rate = RateSpec::Constant(BitRate::from_bits_per_second(bits));
    let queue = Some(QueueSize::Bytes(ByteSize::from_kibibytes(128)));
    LinkSpec { rate, queue, transport: TransportSpec::Tcp, fair_queue: true, ..Default::default() }
}

fn jain(parts: &[f64]) -> f64 {
    let sum: f64 = parts.iter().sum();
    sum * sum / (parts.len() as f64 * parts.iter().map(|part| part * part).sum::<f64>())
}

const FROM: LinkTime = LinkTime::from_secs(5);
const TO: LinkTime = LinkTime::from_secs(30);

/// Each connection's share of what the link carried from [`FROM`] to [`TO`].
fn parts(spec: &LinkSpec, connections: &mut [Connection], bits: u64, late: Duration) -> Vec<f64> {
    run(&mut Link::new(spec, Seed::new(1)), connections, LinkTime::ZERO, TO, late);
    let all = (TO - FROM).as_secs_f64() * bits as f64 / 8.0;
    connections.iter().map(|connection| connection.between(FROM, TO) / all).collect()
}

/// The same for all, whatever their round trips, and some losses; and the link carries all it can.
#[test]
fn connections_share_evenly_whatever_their_round_trip_and_losses() {
    let four = || [(10, 0.0), (40, 1e-3), (100, 0.0), (200, 0.0)];
    for late in [Duration::ZERO, Duration::from_micros(700), ms(5)] {
        for bits in [1_000_000, 8_000_000, 40_000_000] {
            let mut connections = four().map(|(rtt, loss)| Connection::new(1, rtt, loss));
            let parts = parts(&fair(bits), &mut connections, bits, late);
            let sum: f64 = parts.iter().sum();
            assert!(jain(&parts) > 0.99, "{bits} bit/s, {late:?} late: {parts:?}");
            assert!((0.97..1.005).contains(&sum), "{bits} bit/s, {late:?} late: {parts:?}");
            // First come, first served, they would not have.
            let spec = LinkSpec { fair_queue: false, ..fair(bits) };
            let mut connections = four().map(|(rtt, loss)| Connection::new(1, rtt, loss));
            let parts = self::parts(&spec, &mut connections, bits, late);
            assert!(jain(&parts) < 0.97, "first come, {bits} bit/s: {parts:?}");
        }
    }
}

/// Sessions share a link evenly however many connections each has, and its connections its part.
#[test]
fn sessions_share_evenly_whatever_their_connections() {
    let mut connections: Vec<_> = (0..6).map(|_| Connection::new(1, 40, 0.0)).collect();
    connections.push(Connection::new(2, 80, 0.0));
    let parts = parts(&fair(8_000_000), &mut connections, 8_000_000, Duration::ZERO);
    let sessions = [parts[..6].iter().sum(), parts[6]];
    assert!(jain(&sessions) > 0.999 && jain(&parts[..6]) > 0.99, "{parts:?}");
    assert!(sessions.iter().sum::<f64>() > 0.98, "{parts:?}");
}

/// A connection that sends less than its share gets all of it at once, and the others get the rest.
#[test]
fn who_takes_less_waits_little_and_leaves_the_rest() {
    let run = |fair_queue: bool| {
        let mut connections = [20, 20, 20].map(|rtt| Connection::new(1, rtt, 0.0));
        connections[0].pace = Some(100_000);
        let spec = LinkSpec { fair_queue, ..fair(8_000_000) };
        let parts = parts(&spec, &mut connections, 8_000_000, Duration::ZERO);
        (parts, connections[0].transport.round_trip().unwrap())
    };
    let (parts, trip) = run(true);
    assert!((parts[0] - 0.1).abs() < 0.005, "{parts:?}");
    assert!((parts[1] - 0.45).abs() < 0.01 && (parts[2] - 0.45).abs() < 0.01, "{parts:?}");
    // Two packets of the others, and its own.
    assert!(trip < ms(20 + 10), "{trip:?}");
    let (_, trip) = run(false);
    assert!(trip > ms(20 + 60), "first come, first served: {trip:?}");
}

/// Its share grows when another ends.
#[test]
fn what_another_leaves_is_for_the_rest() {
    let mut connections = [20, 50].map(|rtt| Connection::new(1, rtt, 0.0));
    connections[0].left = 5_000_000;
    let spec = fair(8_000_000);
    run(&mut Link::new(&spec, Seed::new(1)), &mut connections, LinkTime::ZERO, TO, Duration::ZERO);
    let (done, _) = *connections[0].arrivals.last().unwrap();
    assert!((done.as_secs_f64() / 10.0 - 1.0).abs() < 0.05, "{done:?}");
    let alone = connections[1].between(LinkTime::from_secs(12), LinkTime::from_secs(22));
    assert!((alone / 1e7 - 1.0).abs() < 0.02, "{alone}");
}

/// Without a rate there is nothing to share, and nothing waits.
#[test]
fn a_link_without_a_rate_needs_no_turns() {
    let arrivals = |fair_queue| {
        let spec = LinkSpec { rate: RateSpec::Unlimited, fair_queue, ..fair(1) };
        let mut connections = [20, 50].map(|rtt| Connection::new(1, rtt, 1e-3));
        connections.iter_mut().for_each(|connection| connection.left = 10_000_000);
        let mut link = Link::new(&spec, Seed::new(1));
        run(&mut link, &mut connections, LinkTime::ZERO, TO, Duration::ZERO);
        assert!(connections.iter().all(|connection| connection.left == 0));
        connections.map(|connection| connection.arrivals)
    };
    assert_eq!(arrivals(true), arrivals(false));
}

/// The queue delays only the connection that fills it, and is bounded.
#[test]
fn a_lane_holds_no_more_than_the_queue() {
    let spec = fair(4_000_000);
    let mut connections = [Connection::new(1, 20, 0.0)];
    run(&mut Link::new(&spec, Seed::new(1)), &mut connections, LinkTime::ZERO, TO, Duration::ZERO);
    let trip = connections[0].transport.round_trip().unwrap();
    // 128 KiB at 4 Mbit/s are 262 ms.
    assert!(trip > ms(20 + 150) && trip < ms(20 + 265), "{trip:?}");
}

/// A live change applies to what waits in the lanes.
#[test]
fn lanes_follow_a_change() {
    for (before, after) in [(80_000_000_u64, 2_000_000_u64), (2_000_000, 16_000_000)] {
        let mut link = Link::new(&fair(before), Seed::new(1));
        let mut connections = [20, 60].map(|rtt| Connection::new(1, rtt, 0.0));
        run(&mut link, &mut connections, LinkTime::ZERO, FROM, Duration::ZERO);
        link.change(FROM, &fair(after));
        run(&mut link, &mut connections, FROM, TO, Duration::ZERO);
        let rate = after as f64 / 8.0;
        let sum = |from, to| connections.iter().map(|c| c.between(from, to)).sum::<f64>();
        for window in [ms(20), ms(100), ms(1000)] {
            let arrived = sum(FROM, FROM + window);
            let most = rate * window.as_secs_f64() + 20_000.0;
            assert!(arrived <= most, "{before} to {after}: {arrived} of {most} in {window:?}");
        }
        let late = LinkTime::from_secs(10);
        let parts: Vec<f64> = connections.iter().map(|c| c.between(late, TO)).collect();
        assert!(jain(&parts) > 0.99, "{before} to {after}: {parts:?}");
        let all = parts.iter().sum::<f64>() / (rate * (TO - late).as_secs_f64());
        assert!((0.97..1.005).contains(&all), "{before} to {after}: {all} of the rate");
    }
    // And when the lanes come with the change, or go.
    for fair_queue in [true, false] {
        let spec = |fair_queue| LinkSpec { fair_queue, ..fair(8_000_000) };
        let mut link = Link::new(&spec(!fair_queue), Seed::new(1));
        let mut connections = [20, 60].map(|rtt| Connection::new(1, rtt, 0.0));
        run(&mut link, &mut connections, LinkTime::ZERO, FROM, Duration::ZERO);
        link.change(FROM, &spec(fair_queue));
        run(&mut link, &mut connections, FROM, TO, Duration::ZERO);
        let sum: f64 = connections.iter().map(|c| c.between(FROM, TO)).sum();
        assert!((0.98..1.005).contains(&(sum / 25e6)), "{sum} bytes");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A single connection gives exactly the same result as with one queue. Without a round trip it does not: what leaves is
    /// acknowledged at the same instant, and a link of more than 10 segments per millisecond takes more segments at that
    /// instant in one queue than in a lane.
    #[test]
    fn a_lone_connection_is_as_in_one_queue(
        bits in 200_000u64..200_000_000,
        rtt in 1u64..200,
        kibibytes in 4u64..256,
        loss in prop_oneof![Just(0.0), 1e-4..1e-2],
        burst in prop_oneof![Just(None), (2000u64..100_000).prop_map(Some)],
        wire: bool,
        late in 0u64..3000,
    ) {
        let arrivals = |fair_queue| {
            let mut spec = LinkSpec { fair_queue, ..fair(bits) };
            spec.queue = Some(QueueSize::Bytes(ByteSize::from_kibibytes(kibibytes)));
            spec.burst = burst.map(ByteSize::from_bytes);
            spec.count = if wire { Count::Wire } else { Count::Payload };
            let mut connections = [Connection::new(1, rtt, loss)];
            let end = LinkTime::new(Duration::from_secs_f64((2e7 / bits as f64).clamp(0.5, 10.0)));
            let late = Duration::from_micros(late);
            run(&mut Link::new(&spec, Seed::new(1)), &mut connections, LinkTime::ZERO, end, late);
            let [connection] = connections;
            connection.arrivals
        };
        prop_assert_eq!(arrivals(true), arrivals(false));
    }

    /// All together get no more than rate × time and a burst, however late they poll; and the same again on
    /// another run.
    #[test]
    fn lanes_never_exceed_the_link_and_replay(
        bits in 200_000u64..100_000_000,
        rtts in prop::collection::vec((1u64..3, 1u64..200), 1..6),
        loss in prop_oneof![Just(0.0), 1e-4..1e-2],
        late in 0u64..20_000,
    ) {
        let run = || {
            let new = |(party, rtt): &(u64, u64)| Connection::new(*party, *rtt, loss);
            let mut connections: Vec<_> = rtts.iter().map(new).collect();
            let end = LinkTime::new(Duration::from_secs_f64((2e7 / bits as f64).clamp(0.5, 10.0)));
            let (mut link, late) = (Link::new(&fair(bits), Seed::new(1)), Duration::from_micros(late));
            run(&mut link, &mut connections, LinkTime::ZERO, end, late);
            connections.into_iter().map(|connection| connection.arrivals).collect::<Vec<_>>()
        };
        let arrivals = run();
        let mut all: Vec<_> = arrivals.iter().flatten().copied().collect();
        all.sort_unstable();
        // What a loss held up comes at once when it is there; without losses any window is bound.
        let quantum = (bits as f64 / 8e3).max(1448.0);
        let mut sum = 0.0;
        for (at, bytes) in &all {
            sum += *bytes as f64;
            let most = at.as_secs_f64() * bits as f64 / 8.0 + quantum + 1.0;
            prop_assert!(sum <= most, "{sum} of {most} by {at:?}");
        }
        prop_assert_eq!(arrivals, run());
    }
}
