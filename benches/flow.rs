//! The cost of shaping a body: 64 KiB frames cut into quanta and released, in virtual time.
//!
//! The path of a shaped body without its sockets and timers. The rate decides how many quanta a
//! frame becomes, so the cost per byte falls with it.

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput};
use std::hint::black_box;
use vsps::{
    model::{
        Link, LinkAccess, LinkSpec, LossModel, LossSpec, OnDrop, RateSpec, ResponseShaper, Verdict,
    },
    seed::Seed,
    units::{BitRate, LinkTime, Ratio},
};

const FRAME: &[u8] = &[0; 64 * 1024];

pub(crate) fn bench_all(c: &mut Criterion) {
    let mut group = c.benchmark_group("body-64KiB");
    group.throughput(Throughput::Bytes(FRAME.len() as u64));
    for megabits in [1, 25, 1000] {
        let rate = BitRate::from_kilobits_per_second(megabits * 1000);
        let spec = LinkSpec { rate: RateSpec::Constant(rate), ..LinkSpec::default() };
        group.bench_function(BenchmarkId::new("Mbit-s", megabits), |b| {
            let mut body = Body::new(&spec, None);
            b.iter(|| black_box(body.frame()));
        });
    }
    let rate = BitRate::from_kilobits_per_second(25_000);
    let spec = LinkSpec { rate: RateSpec::Constant(rate), ..LinkSpec::default() };
    group.bench_function("own-rate-too", |b| {
        let mut body = Body::new(&spec, Some(rate));
        b.iter(|| black_box(body.frame()));
    });
    let lossy = LinkSpec {
        loss: Some(LossSpec {
            model: LossModel::Bernoulli(Ratio::new(0.01).unwrap_or(Ratio::NONE)),
            on_drop: OnDrop::Retransmit,
        }),
        ..spec
    };
    group.bench_function("loss-1-percent", |b| {
        let mut body = Body::new(&lossy, None);
        b.iter(|| black_box(body.frame()));
    });
    group.finish();
}

/// A body without end on a link of its own.
struct Body {
    link: Link,
    shaper: ResponseShaper,
    now: LinkTime,
}

impl Body {
    fn new(spec: &LinkSpec, own: Option<BitRate>) -> Self {
        let seed = Seed::new(7);
        Self {
            link: Link::new(spec, seed),
            shaper: ResponseShaper::new(spec, own, seed),
            now: LinkTime::ZERO,
        }
    }

    /// Passes one frame, quantum by quantum; returns the number of quanta.
    fn frame(&mut self) -> usize {
        let mut frame = Bytes::from_static(FRAME);
        let mut quanta = 0;
        while !frame.is_empty() {
            match self.shaper.poll(&mut LinkAccess::new(&mut self.link), self.now, frame.len()) {
                Verdict::Pass(bytes) => {
                    black_box(frame.split_to(bytes));
                    quanta += 1;
                }
                Verdict::Wait(until) => self.now = until,
                Verdict::Paused => break,
                Verdict::Stalled(_) | Verdict::Drop { .. } => {}
            }
        }
        quanta
    }
}
