//! The TCP model, measured in virtual time and compared with the formulas and tables of the RFCs.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic, in its helpers too")]

use proptest::prelude::*;
use std::time::Duration;
use vsps::{
    model::{
        Count, Distribution, Link, LinkAccess, LinkSpec, LossModel, LossSpec, OnDrop, PACKET,
        QueueSize, RateSpec, ResponseShaper, StallSpec, Transport, TransportSpec, Verdict,
    },
    seed::Seed,
    units::{BitRate, ByteSize, LinkTime, Ratio},
};

/// A running download: a response on a connection.
struct Download {
    shaper: ResponseShaper,
    connection: usize,
    left: u64,
    /// Another has followed it.
    replaced: bool,
    /// When the last byte arrived.
    done: Option<LinkTime>,
    arrivals: Vec<(LinkTime, usize)>,
}

/// A session in virtual time: one link, some connections, some downloads.
struct Session {
    spec: LinkSpec,
    link: Link,
    connections: Vec<Transport>,
    downloads: Vec<Download>,
    now: LinkTime,
    /// The longest time that a new packet would have had to queue.
    worst_queue: Duration,
    /// Added to each wake-up.
    lateness: Duration,
    /// The seed of the first download; the next has the next.
    first_seed: u64,
    /// Each response that is complete is followed by another of this size.
    next_size: Option<u64>,
}

impl Session {
    fn new(spec: &LinkSpec, connections: usize) -> Self {
        Self {
            spec: spec.clone(),
            link: Link::new(spec, Seed::new(1)),
            connections: vec![Transport::new(spec.latency.rtt); connections],
            downloads: Vec::new(),
            now: LinkTime::ZERO,
            worst_queue: Duration::ZERO,
            lateness: Duration::ZERO,
            first_seed: 0,
            next_size: None,
        }
    }

    fn start(&mut self, connection: usize, bytes: u64) -> usize {
        let seed = Seed::new(self.first_seed.wrapping_add(self.downloads.len() as u64));
        let shaper = ResponseShaper::new(&self.spec, None, seed);
        let (done, arrivals) = (None, Vec::new());
        self.downloads.push(Download {
            shaper,
            connection,
            left: bytes,
            replaced: false,
            done,
            arrivals,
        });
        self.downloads.len() - 1
    }

    /// Runs until all downloads are complete, or `end`.
    fn run(&mut self, end: LinkTime) {
        while self.now < end {
            let mut next = end;
            for download in self.downloads.iter_mut().filter(|download| download.left > 0) {
                let transport = &mut self.connections[download.connection];
                while download.left > 0 {
                    let at_hand = usize::try_from(download.left).unwrap();
                    let transport = Some(&mut *transport);
                    let mut access = LinkAccess { transport, ..LinkAccess::new(&mut self.link) };
                    match download.shaper.poll(&mut access, self.now, at_hand) {
                        Verdict::Pass(bytes) => {
                            assert!(bytes > 0, "a pass of nothing");
                            download.left -= bytes as u64;
                            download.arrivals.push((self.now, bytes));
                            download.done = Some(self.now);
                        }
                        Verdict::Wait(until) => {
                            assert!(until > self.now, "a wait of nothing");
                            next = next.min(until);
                            break;
                        }
                        Verdict::Stalled(_) | Verdict::Drop { .. } => {}
                        Verdict::Paused => panic!("nothing leaves any more"),
                    }
                }
                let delay = self.link.queueing_delay(self.now).unwrap();
                self.worst_queue = self.worst_queue.max(delay);
            }
            if let Some(size) = self.next_size
                && self.replace_complete(size)
            {
                continue;
            }
            if self.downloads.iter().all(|download| download.left == 0) {
                return;
            }
            self.now = next + self.lateness;
        }
    }

    /// Starts another response for each that has become complete, and returns whether there was one.
    fn replace_complete(&mut self, size: u64) -> bool {
        let complete = |d: &&mut Download| d.left == 0 && !d.replaced;
        let again: Vec<usize> = self
            .downloads
            .iter_mut()
            .filter(complete)
            .map(|d| {
                d.replaced = true;
                d.connection
            })
            .collect();
        for connection in &again {
            self.start(*connection, size);
        }
        !again.is_empty()
    }

    fn bytes(&self, download: usize) -> u64 {
        self.downloads[download].shaper.sent()
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn tcp(rate: Option<u64>, rtt: Duration) -> LinkSpec {
    let mut spec = LinkSpec { transport: TransportSpec::Tcp, ..LinkSpec::default() };
    if let Some(bits) = rate {
        spec.rate = RateSpec::Constant(BitRate::from_bits_per_second(bits));
    }
    spec.latency.rtt = rtt;
    spec
}

fn lossy(mut spec: LinkSpec, p: f64) -> LinkSpec {
    let model = LossModel::Bernoulli(Ratio::new(p).unwrap());
    spec.loss = Some(LossSpec { model, on_drop: OnDrop::Retransmit });
    spec
}

/// The mean window in segments, from the goodput of a download of `seconds` at loss rate `p`, less the first
/// tenth: the slow start before the first loss is not counted.
fn mean_window(p: f64, rtt: Duration, seconds: u64, seed: u64) -> f64 {
    let mut session = Session::new(&lossy(tcp(None, rtt), p), 1);
    session.first_seed = seed;
    session.start(0, 1 << 50);
    let end = Duration::from_secs(seconds);
    session.run(LinkTime::new(end / 10));
    let before = session.bytes(0);
    session.run(LinkTime::new(end));
    let segments = (session.bytes(0) - before) as f64 / PACKET as f64;
    segments * rtt.as_secs_f64() / (0.9 * end.as_secs_f64())
}

/// Round trip in ms, loss rate, the mean window of RFC 9438's tables 1 and 2 (losses at even
/// distances), that of a sender simulated packet by packet from the RFC's text under random
/// losses, seconds to measure, and the number of seeds.
const RESPONSES: [(u64, f64, f64, f64, u64, u64); 9] = [
    (100, 1e-2, 12.0, 11.30, 500, 8),
    (100, 1e-3, 38.0, 42.12, 2_000, 8),
    (100, 1e-4, 187.0, 212.8, 4_000, 8),
    (100, 1e-5, 1054.0, 1201.0, 3_000, 4),
    (10, 1e-2, 12.0, 11.26, 50, 8),
    (10, 1e-3, 38.0, 38.72, 200, 8),
    (10, 1e-4, 120.0, 125.8, 500, 8),
    (10, 1e-5, 379.0, 402.8, 1_000, 4),
    (10, 1e-6, 1200.0, 1373.0, 1_000, 4),
];

/// Losses come at random, and leave a larger mean window than those at even distances of the RFC's tables: this
/// is a property of CUBIC, which the independent simulation shows as well.
#[test]
fn the_rate_at_a_loss_rate_is_that_of_the_rfc() {
    std::thread::scope(|scope| {
        for (ms, p, table, simulated, seconds, seeds) in RESPONSES {
            scope.spawn(move || {
                let mean = |seed| mean_window(p, Duration::from_millis(ms), seconds, seed);
                let means: Vec<f64> = (0..seeds).map(mean).collect();
                let mean = means.iter().sum::<f64>() / seeds as f64;
                let [off, beside] = [table, simulated].map(|other| (mean / other - 1.0) * 100.0);
                println!(
                    "rtt {ms} ms, p {p:e}: {mean:.1} segments, RFC {table} ({off:+.1} %), \
                     simulated {simulated} ({beside:+.1} %)"
                );
                assert!(off.abs() < 15.0, "rtt {ms} ms, p {p}: {mean}, not {table}");
                assert!(beside.abs() < 3.0, "rtt {ms} ms, p {p}: {mean}, not {simulated}");
            });
        }
    });
}

/// How long `bytes` take over a fresh connection, the request's round trip included.
fn download(spec: &LinkSpec, bytes: u64) -> Duration {
    let mut session = Session::new(spec, 1);
    session.start(0, bytes);
    session.run(LinkTime::from_secs(600));
    spec.latency.rtt + session.downloads[0].done.unwrap().since_zero()
}

/// n round trips carry IW·(2ⁿ − 1): 14.5, 43.4, 101, 217, 449 kB after 1, 2, 3, 4, 5, the
/// request's own included; then ⌈log₂(S/IW + 1)⌉ of them for any size.
#[test]
fn slow_start_takes_the_round_trips_of_the_closed_form() {
    let rtt = ms(100);
    for bytes in [1000, 14_480, 14_600, 43_440, 43_800, 101_360, 102_200, 217_200, 448_880, 453_000]
    {
        let trips = (bytes as f64 / 14_480.0 + 1.0).log2().ceil();
        let ratio = download(&tcp(Some(1_000_000_000), rtt), bytes).as_secs_f64() / (trips * 0.1);
        assert!((0.99..1.1).contains(&ratio), "{bytes} bytes: {ratio} of {trips} round trips");
    }
}

/// When the window covers the bandwidth-delay product, the link's rate is reached and kept.
#[test]
fn a_long_download_reaches_the_links_rate() {
    for bits in [1_000_000, 20_000_000, 300_000_000] {
        let took = download(&tcp(Some(bits), ms(40)), bits / 8 * 20);
        assert!((20.0..21.0).contains(&took.as_secs_f64()), "{bits} bit/s: {took:?}");
    }
}

/// A rate that counts the wire carries 1448 bytes of body in the time of 1514, also through a queue
/// of one packet. (Where that queue is less than a round trip, it is the limit, not the rate.)
#[test]
fn a_rate_that_counts_the_wire_carries_less_body() {
    let packet = Some(QueueSize::Bytes(ByteSize::from_bytes(1500)));
    for (bits, queue) in
        [(200_000, packet), (1_000_000, packet), (1_000_000, None), (20_000_000, None)]
    {
        let mut spec = LinkSpec { queue, ..tcp(Some(bits), ms(4)) };
        let bytes = bits / 8 * 20;
        let plain = download(&spec, bytes).as_secs_f64();
        spec.count = Count::Wire;
        let ratio = download(&spec, bytes).as_secs_f64() / plain;
        assert!((ratio / (1514.0 / 1448.0) - 1.0).abs() < 0.02, "{bits} bit/s, {queue:?}: {ratio}");
    }
}

/// A stall by bytes holds the response up before its byte, for its time.
#[test]
fn a_stall_by_bytes_holds_the_response_up() {
    let kib = Distribution::constant(Duration::from_nanos(100 * 1024));
    let mut spec = tcp(Some(8_000_000), ms(40));
    let plain = download(&spec, 450 * 1024);
    spec.stall = Some(StallSpec::by_bytes(kib, Distribution::constant(ms(700))).unwrap());
    let mut session = Session::new(&spec, 1);
    session.start(0, 450 * 1024);
    session.run(LinkTime::from_secs(60));
    let download = &session.downloads[0];
    let (mut bytes, mut before, mut stalls) = (0, LinkTime::ZERO, Vec::new());
    for &(now, passed) in &download.arrivals {
        if now - before >= ms(700) {
            stalls.push(bytes);
        }
        (bytes, before) = (bytes + passed, now);
    }
    assert_eq!(stalls, [100, 200, 300, 400].map(|kib| kib * 1024));
    let more = spec.latency.rtt + download.done.unwrap().since_zero() - plain;
    // A pause longer than the time-out restarts the window, which costs a few round trips each time.
    assert!((2.8..3.6).contains(&more.as_secs_f64()), "{more:?} more");
}

/// RFC 5681 §4.1: after the time-out (here 40 + 200 ms) without data, the window restarts.
#[test]
fn an_idle_connection_starts_over() {
    let second = |pause: Duration| {
        let mut session = Session::new(&tcp(Some(1_000_000_000), ms(40)), 1);
        session.start(0, 448_880);
        session.run(LinkTime::from_secs(60));
        session.now += pause;
        let start = session.now;
        let again = session.start(0, 448_880);
        session.run(LinkTime::from_secs(60));
        session.downloads[again].done.unwrap() - start
    };
    // The request's own round trip is not counted. The first took four; after a short pause the
    // second takes one at most, after a long one four again.
    let (short, long) = (second(ms(150)), second(ms(400)));
    assert!(short < ms(60), "{short:?}");
    assert!((ms(160)..ms(180)).contains(&long), "{long:?}");
}

/// A response that starts with the window of the one before bursts into the queue; that may cost a
/// packet and a part of the first round trip, but not the link's rate.
#[test]
fn a_burst_into_a_shallow_queue_keeps_the_rate() {
    let mut spec = tcp(Some(8_000_000), ms(100));
    spec.queue = Some(QueueSize::Bytes(ByteSize::from_kibibytes(64)));
    let mut session = Session::new(&spec, 1);
    session.start(0, 4_000_000);
    session.run(LinkTime::from_secs(60));
    for _ in 0..4 {
        session.now += ms(100);
        let start = session.now;
        let next = session.start(0, 4_000_000);
        session.run(LinkTime::from_secs(60));
        let took = session.downloads[next].done.unwrap() - start;
        assert!(took < ms(4250), "{took:?}");
    }
}

/// Six connections carry six initial windows at once; together they start faster than one.
#[test]
fn six_connections_start_faster_than_one() {
    let took = |connections: usize| {
        let mut session = Session::new(&tcp(Some(100_000_000), ms(80)), connections);
        for connection in 0..connections {
            session.start(connection, 600_000 / connections as u64);
        }
        session.run(LinkTime::from_secs(60));
        session.now.as_secs_f64()
    };
    let (one, six) = (took(1), took(6));
    assert!(six < 0.65 * one, "one {one} s, six {six} s");
}

/// Responses that share one connection (HTTP/2) share its window evenly, and start no faster.
#[test]
fn streams_of_one_connection_share_its_window() {
    let mut session = Session::new(&tcp(Some(10_000_000), ms(50)), 1);
    (0..3).for_each(|_| {
        session.start(0, 1 << 40);
    });
    session.run(LinkTime::from_secs(20));
    let bytes: Vec<f64> = (0..3).map(|n| session.bytes(n) as f64).collect();
    let (sum, squares): (f64, f64) = (bytes.iter().sum(), bytes.iter().map(|b| b * b).sum());
    assert!(sum * sum / (3.0 * squares) > 0.99, "{bytes:?}");
    assert!(sum > 0.95 * 25e6, "{sum}");
}

/// Goodput in Mbit/s of one connection over five minutes at 100 ms and losses by `model`, with `streams`
/// responses at a time, each of `size` bytes and followed by another; and what each response carried.
fn goodput(model: LossModel, streams: usize, size: u64, seed: u64) -> (f64, Vec<u64>) {
    let mut spec = tcp(None, ms(100));
    spec.loss = Some(LossSpec { model, on_drop: OnDrop::Retransmit });
    let mut session = Session::new(&spec, 1);
    session.first_seed = seed;
    session.next_size = Some(size);
    (0..streams).for_each(|_| {
        session.start(0, size);
    });
    session.run(LinkTime::from_secs(300));
    let bytes: Vec<u64> = (0..session.downloads.len()).map(|n| session.bytes(n)).collect();
    (bytes.iter().sum::<u64>() as f64 * 8.0 / 300.0 / 1e6, bytes)
}

fn mean_goodput(model: LossModel, streams: usize, size: u64) -> f64 {
    (0..4).map(|seed| goodput(model, streams, size, seed * 1000).0).sum::<f64>() / 4.0
}

/// One connection has one window and one process of losses, however many responses share it (HTTP/2).
#[test]
fn what_a_connection_carries_does_not_depend_on_its_streams() {
    let ratio = |value| Ratio::new(value).unwrap();
    let even = LossModel::Bernoulli(ratio(0.02));
    let bursts = LossModel::GilbertElliott {
        p: ratio(0.004),
        r: ratio(0.2),
        loss_bad: ratio(1.0),
        loss_good: ratio(0.0),
    };
    std::thread::scope(|scope| {
        for (model, size) in [(even, 1 << 50), (even, 2_000_000), (bursts, 1 << 50)] {
            scope.spawn(move || {
                let one = mean_goodput(model, 1, size);
                for streams in [4, 12, 20] {
                    let mean = mean_goodput(model, streams, size);
                    println!("{streams} streams of {size}: {mean} Mbit/s, one {one}");
                    assert!((mean / one - 1.0).abs() < 0.06, "{streams} of {size}: {mean}, {one}");
                }
            });
        }
    });
    // And each response has as much of it as the others.
    let (_, bytes) = goodput(even, 20, 1 << 50, 1);
    let (sum, squares) =
        bytes.iter().map(|b| *b as f64).fold((0.0, 0.0), |(s, q), b| (s + b, q + b * b));
    assert!(sum * sum / (20.0 * squares) > 0.99, "{bytes:?}");
}

/// Connections of their own have windows of their own: four carry four times as much.
#[test]
fn connections_have_windows_of_their_own() {
    let spec = lossy(tcp(None, ms(100)), 0.02);
    let carried = |connections: usize| {
        let mut session = Session::new(&spec, connections);
        (0..connections).for_each(|connection| {
            session.start(connection, 1 << 50);
        });
        session.run(LinkTime::from_secs(300));
        (0..connections).map(|n| session.bytes(n)).sum::<u64>() as f64
    };
    let (one, four) = (carried(1), carried(4));
    assert!((four / one / 4.0 - 1.0).abs() < 0.1, "{one}, {four}");
}

/// The queue fills under load (bufferbloat), never beyond its size, and delays a new response.
#[test]
fn the_queue_is_felt_and_bounded() {
    for (size, delay) in [
        (QueueSize::Bytes(ByteSize::from_kibibytes(64)), ms(105)),
        (QueueSize::Time(ms(400)), ms(400)),
    ] {
        let mut spec = tcp(Some(5_000_000), ms(20));
        spec.queue = Some(size);
        let mut session = Session::new(&spec, 2);
        session.start(0, 1 << 40);
        session.run(LinkTime::from_secs(10));
        let worst = session.worst_queue;
        assert!(worst <= delay && worst > delay.mul_f64(0.9), "{worst:?} of {delay:?}");
        assert!(session.bytes(0) as f64 > 0.98 * 6.25e6, "{}", session.bytes(0));
        let round_trip = session.connections[0].round_trip().unwrap();
        assert!(round_trip > ms(20) + delay.mul_f64(0.5), "{round_trip:?}");
        let late = session.start(1, 1000);
        let asked = session.now;
        session.run(LinkTime::from_secs(12));
        let waited = session.downloads[late].done.unwrap() - asked;
        assert!(waited > delay.mul_f64(0.5), "{waited:?}");
    }
}

/// A lost packet holds up what is behind it for a round trip; the last one for a time-out.
#[test]
fn a_lost_tail_waits_for_the_time_out() {
    let spec = lossy(tcp(Some(100_000_000), ms(40)), 1.0);
    let mut session = Session::new(&spec, 1);
    session.start(0, 1448);
    session.run(LinkTime::from_secs(10));
    // Before the first measurement the time-out is a second (RFC 6298).
    assert_eq!(session.downloads[0].done, Some(LinkTime::from_millis(1000)));
    let mut session = Session::new(&spec, 1);
    session.start(0, 2 * 1448);
    session.run(LinkTime::from_secs(10));
    // Both are lost: no acknowledgement arrives that could show it sooner.
    assert_eq!(session.downloads[0].done, Some(LinkTime::from_millis(1000)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// No window of time carries more than rate × window + what one lost packet held up; and
    /// without losses, than the burst.
    #[test]
    fn tcp_never_exceeds_the_link(
        bits in 100_000u64..200_000_000,
        rtt in 0u64..200,
        kibibytes in 4u64..256,
    ) {
        let mut spec = tcp(Some(bits), ms(rtt));
        spec.queue = Some(QueueSize::Bytes(ByteSize::from_kibibytes(kibibytes)));
        let mut session = Session::new(&spec, 3);
        (0..3).for_each(|n| { session.start(n, 1 << 40); });
        session.run(LinkTime::new(Duration::from_secs_f64((2e7 / bits as f64).clamp(0.5, 20.0))));
        let sent: u64 = (0..3).map(|n| session.bytes(n)).sum();
        let could = session.now.as_secs_f64() * bits as f64 / 8.0;
        let quantum = (bits as f64 / 8e3).max(1448.0);
        prop_assert!(sent as f64 <= could + quantum + 1.0, "{sent} of {could}");
    }

    /// Timers are late; the verdicts are those of the time at which they were due.
    #[test]
    fn lateness_does_not_slow_tcp(lateness in 0u64..5_000, bits in 1_000_000u64..100_000_000) {
        let run = |lateness| {
            let mut session = Session::new(&tcp(Some(bits), ms(30)), 1);
            session.lateness = lateness;
            session.start(0, 1 << 40);
            session.run(LinkTime::from_secs(3));
            session.bytes(0) as f64
        };
        let ratio = run(Duration::from_micros(lateness)) / run(Duration::ZERO);
        prop_assert!((ratio - 1.0).abs() < 0.02, "{ratio}");
    }

    /// Same seed, same arrivals.
    #[test]
    fn tcp_replays(p in 0.0001f64..0.05, seed: u64) {
        let run = || {
            let mut session = Session::new(&lossy(tcp(Some(8_000_000), ms(60)), p), 2);
            session.first_seed = seed;
            session.start(0, 400_000);
            session.start(1, 200_000);
            session.run(LinkTime::from_secs(60));
            session.downloads.iter().map(|d| d.arrivals.clone()).collect::<Vec<_>>()
        };
        prop_assert_eq!(run(), run());
    }
}

/// A live change applies to what already waits at the bottleneck: nothing leaves faster than the new rate, and
/// the link is kept busy.
#[test]
fn a_live_change_is_felt_by_what_waits_in_the_queue() {
    for (before, after) in [(80_000_000_u64, 2_000_000_u64), (2_000_000, 80_000_000)] {
        let mut session = Session::new(&tcp(Some(before), ms(50)), 3);
        (0..3).for_each(|connection| {
            session.start(connection, 1 << 40);
        });
        let change = LinkTime::from_secs(5);
        session.run(change);
        session.now = change;
        session.link.change(change, &tcp(Some(after), ms(50)));
        session.run(LinkTime::from_secs(11));
        let between = |from: LinkTime, to: LinkTime| -> f64 {
            let arrivals = session.downloads.iter().flat_map(|download| &download.arrivals);
            let within = arrivals.filter(|(now, _)| (from..to).contains(now));
            within.map(|(_, bytes)| *bytes as f64).sum()
        };
        let rate = after as f64 / 8.0;
        // What had left the old bottleneck by then may still arrive: a quantum for each response.
        let quanta = 3.0 * 10_000.0;
        for window in [ms(20), ms(100), ms(1000)] {
            let arrived = between(change, change + window);
            let most = rate * window.as_secs_f64() + quanta;
            assert!(arrived <= most, "{before} to {after}: {arrived} of {most} in {window:?}");
        }
        let last = LinkTime::from_secs(8);
        let arrived = between(last, last + Duration::from_secs(3)) / 3.0;
        // Downwards the link stays busy; upwards CUBIC takes its seconds to find the new room.
        let least = (0.95 * rate).min(5.0 * before as f64 / 8.0);
        assert!(arrived > least, "{before} to {after}: {arrived} of {rate}");
        // What lay behind a gap at the start of these three seconds arrives within them: a queue of it.
        let held = 32.0 * 1024.0 / 3.0;
        assert!(arrived < rate + held, "{before} to {after}: {arrived} of {rate}");
    }
}
