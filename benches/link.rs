//! How many decisions per second a link makes: book a quantum, compute its release, release it.

use criterion::{BenchmarkId, Criterion, Throughput};
use std::{hint::black_box, sync::Arc, time::Duration};
use vsps::{
    model::{
        Distribution, Link, LinkAccess, LinkSpec, Markov, RateSpec, ResponseShaper, StallSpec,
        Start, State, Step, Steps, Trace, Transport, TransportSpec, Verdict,
    },
    seed::Seed,
    units::{BitRate, LinkTime, Ratio},
};

/// More than any quantum: the response always has bytes.
const PLENTY: usize = 1 << 20;
const MEAN: BitRate = BitRate::from_kilobits_per_second(25_000);

pub(crate) fn bench_all(c: &mut Criterion) {
    let mut group = c.benchmark_group("link");
    group.throughput(Throughput::Elements(1));
    for (name, rate) in [
        ("constant", RateSpec::Constant(MEAN)),
        ("steps", steps()),
        ("markov", markov()),
        ("trace-1h", trace(3600)),
        ("trace-24h", trace(24 * 3600)),
    ] {
        let plain = LinkSpec { rate, ..LinkSpec::default() };
        let stalling = LinkSpec { stall: stalls(), ..plain.clone() };
        for (spec, with) in [(plain, "plain"), (stalling, "with-stalls")] {
            group.bench_function(BenchmarkId::new(name, with), |b| {
                let mut drive = Drive::new(&spec, 1);
                b.iter(|| black_box(drive.quantum()));
            });
        }
    }
    // What six responses of a session cost each other.
    let spec = LinkSpec { rate: RateSpec::Constant(MEAN), ..LinkSpec::default() };
    group.bench_function("shared-by-6", |b| {
        let mut drive = Drive::new(&spec, 6);
        b.iter(|| black_box(drive.quantum()));
    });
    // The same over TCP, each on a connection of its own: in one queue, and in one for each.
    for (name, responses, fair_queue) in
        [("tcp", 1, false), ("tcp-by-6", 6, false), ("tcp-by-6-fair", 6, true)]
    {
        let mut spec = LinkSpec { transport: TransportSpec::Tcp, fair_queue, ..spec.clone() };
        spec.latency.rtt = Duration::from_millis(40);
        group.bench_function(name, |b| {
            let mut drive = Drive::new(&spec, responses);
            b.iter(|| black_box(drive.quantum()));
        });
    }
    group.finish();
}

/// A link at work in virtual time, and the responses that share it.
pub(crate) struct Drive {
    link: Link,
    shapers: Vec<(ResponseShaper, Option<Transport>, LinkTime)>,
    now: LinkTime,
}

impl Drive {
    pub(crate) fn new(spec: &LinkSpec, responses: u64) -> Self {
        let seed = Seed::new(7);
        let over_tcp = spec.transport == TransportSpec::Tcp;
        let transport = || over_tcp.then(|| Transport::new(spec.latency.rtt));
        let shapers = (0..responses)
            .map(|n| {
                (ResponseShaper::new(spec, None, seed.numbered(n)), transport(), LinkTime::ZERO)
            })
            .collect();
        Self { link: Link::new(spec, seed), shapers, now: LinkTime::ZERO }
    }

    /// Runs until the next quantum passes: two questions as a rule, "when?" and then "now?".
    pub(crate) fn quantum(&mut self) -> usize {
        loop {
            let Self { link, shapers, now } = self;
            let first = shapers.iter_mut().min_by_key(|(_, _, wake)| *wake);
            let Some((shaper, transport, wake)) = first else {
                return 0;
            };
            *now = (*now).max(*wake);
            let transport = transport.as_mut();
            let mut access = LinkAccess { transport, ..LinkAccess::new(link) };
            match shaper.poll(&mut access, *now, PLENTY) {
                Verdict::Pass(bytes) => {
                    *wake = *now;
                    return bytes;
                }
                Verdict::Wait(until) => *wake = until,
                Verdict::Paused => return 0,
                Verdict::Stalled(_) | Verdict::Drop { .. } => {}
            }
        }
    }
}

/// A new rate every 200 ms.
fn steps() -> RateSpec {
    let step = |megabits: u64| Step {
        lasts: Duration::from_millis(200),
        rate: BitRate::from_kilobits_per_second(megabits * 1000),
    };
    let steps = Steps::new([40, 10, 30, 20].map(step).to_vec(), true);
    steps.map_or(RateSpec::Unlimited, |steps| RateSpec::Steps(Arc::new(steps)))
}

/// A recording of so many seconds: another rate each, from 5 to 45 Mbit/s.
fn trace(seconds: u64) -> RateSpec {
    let step = |n: u64| Step {
        lasts: Duration::from_secs(1),
        rate: BitRate::from_kilobits_per_second(5000 + n * 7919 % 40_000),
    };
    let trace = Trace::new((0..seconds).map(step), true, Start::Random);
    trace.map_or(RateSpec::Unlimited, |trace| RateSpec::Trace(Arc::new(trace)))
}

/// Five states that change every second, as in a cell.
fn markov() -> RateSpec {
    let states = [2_u64, 10, 20, 40, 60].map(|megabits: u64| State {
        mean: BitRate::from_kilobits_per_second(megabits * 1000),
        spread: Ratio::new(0.3).unwrap_or(Ratio::NONE),
    });
    let rows = vec![vec![0.2; 5]; 5];
    let chain = Markov::new(states.to_vec(), Duration::from_secs(1), rows);
    chain.map_or(RateSpec::Unlimited, |chain| RateSpec::Markov(Arc::new(chain)))
}

/// A stall of 100 ms every second, on average.
fn stalls() -> Option<StallSpec> {
    let every = Distribution::exponential(Duration::from_secs(1)).ok()?;
    let lasts = Distribution::exponential(Duration::from_millis(100)).ok()?;
    StallSpec::new(every, lasts).ok()
}
