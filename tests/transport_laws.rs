//! What TCP makes of a link, measured in virtual time and held against the formulas and tables of
//! the RFCs.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

use proptest::prelude::*;
use std::time::Duration;
use vsps::{
    model::{
        Flow, Link, LinkSpec, LossModel, LossSpec, OnDrop, PACKET, QueueSize, RateSpec, Transport,
        TransportSpec, Verdict,
    },
    seed::Seed,
    units::{BitRate, ByteSize, Ratio},
};

/// A download under way: a flow on a connection.
struct Download {
    flow: Flow,
    connection: usize,
    left: u64,
    /// When the last byte arrived.
    done: Option<Duration>,
    arrivals: Vec<(Duration, usize)>,
}

/// A session in virtual time: one link, some connections, some downloads.
struct Session {
    spec: LinkSpec,
    link: Link,
    connections: Vec<Transport>,
    downloads: Vec<Download>,
    now: Duration,
    /// The longest a newcomer would have had to queue.
    worst_queue: Duration,
    /// Added to each wake-up.
    lateness: Duration,
}

impl Session {
    fn new(spec: &LinkSpec, connections: usize) -> Self {
        Self {
            spec: spec.clone(),
            link: Link::new(spec, Seed::new(1)),
            connections: vec![Transport::new(spec.latency.rtt); connections],
            downloads: Vec::new(),
            now: Duration::ZERO,
            worst_queue: Duration::ZERO,
            lateness: Duration::ZERO,
        }
    }

    fn start(&mut self, connection: usize, bytes: u64) -> usize {
        let seed = Seed::new(self.downloads.len() as u64);
        let flow = Flow::new(&self.spec, None, seed);
        let (done, arrivals) = (None, Vec::new());
        self.downloads.push(Download { flow, connection, left: bytes, done, arrivals });
        self.downloads.len() - 1
    }

    /// Runs until all downloads are complete, or `end`.
    fn run(&mut self, end: Duration) {
        while self.now < end {
            let mut next = end;
            for download in self.downloads.iter_mut().filter(|download| download.left > 0) {
                let transport = &mut self.connections[download.connection];
                while download.left > 0 {
                    let at_hand = usize::try_from(download.left).unwrap();
                    match download.flow.poll(&mut self.link, Some(transport), self.now, at_hand) {
                        Verdict::Pass(bytes) => {
                            assert!(bytes > 0, "a pass of nothing");
                            download.left -= bytes as u64;
                            download.arrivals.push((self.now, bytes));
                            download.done = Some(self.now);
                        }
                        Verdict::Wait(until) => {
                            let until = until.unwrap();
                            assert!(until > self.now, "a wait of nothing");
                            next = next.min(until);
                            break;
                        }
                        Verdict::Drop { .. } => {}
                    }
                }
                let delay = self.link.queueing_delay(self.now).unwrap();
                self.worst_queue = self.worst_queue.max(delay);
            }
            if self.downloads.iter().all(|download| download.left == 0) {
                return;
            }
            self.now = next + self.lateness;
        }
    }

    fn bytes(&self, download: usize) -> u64 {
        self.downloads[download].flow.sent()
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

/// The mean window in segments, from the goodput of `seconds` of download at loss rate `p`.
fn mean_window(p: f64, rtt: Duration, seconds: u64) -> f64 {
    let mut session = Session::new(&lossy(tcp(None, rtt), p), 1);
    session.start(0, 1 << 50);
    session.run(Duration::from_secs(seconds));
    let segments = session.bytes(0) as f64 / PACKET as f64;
    segments * rtt.as_secs_f64() / seconds as f64
}

/// RFC 9438, tables 1 and 2: the mean window at a loss rate.
#[test]
fn the_rate_at_a_loss_rate_is_that_of_the_rfc() {
    for (rtt, p, segments, seconds) in [
        (100, 1e-2, 12.0, 1_000),
        (100, 1e-3, 38.0, 2_000),
        (100, 1e-4, 187.0, 4_000),
        (100, 1e-5, 1054.0, 6_000),
        (10, 1e-2, 12.0, 100),
        (10, 1e-3, 38.0, 200),
        (10, 1e-4, 120.0, 500),
        (10, 1e-5, 379.0, 800),
        (10, 1e-6, 1200.0, 2_000),
    ] {
        let mean = mean_window(p, ms(rtt), seconds);
        println!("rtt {rtt} ms, p {p:e}: {mean:.1} segments, RFC {segments}: {:+.1} %", (mean / segments - 1.0) * 100.0);
    }
}

/// n round trips carry IW·(2ⁿ − 1): 14.5, 43.4, 101, 217, 449 kB after 1, 2, 3, 4, 5, the request's
/// own included.
#[test]
fn slow_start_takes_the_round_trips_of_the_closed_form() {
    let rtt = ms(100);
    for (bytes, trips) in [(14_480, 1), (43_440, 2), (101_360, 3), (217_200, 4), (448_880, 5), (14_600, 2), (43_800, 3)] {
        let mut session = Session::new(&tcp(Some(1_000_000_000), rtt), 1);
        session.start(0, bytes);
        session.run(Duration::from_secs(60));
        let took = rtt + session.downloads[0].done.unwrap();
        println!("{bytes}: {took:?} {}", trips);
    }
}
