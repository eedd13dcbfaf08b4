//! Micro-benchmarks of the modules without I/O: one criterion target, one subject per file, each with its
//! `bench_all`.
//!
//! `cargo bench --bench micro`, and a part of a name to run only some. The whole proxy on real sockets is
//! measured by the target `calibrate`.

mod classification;
mod flow;
mod link;
mod manifest;
mod profiles;
mod rewriting;
mod rules;

use criterion::{criterion_group, criterion_main};

criterion_group!(
    micro,
    link::bench_all,
    flow::bench_all,
    rules::bench_all,
    classification::bench_all,
    rewriting::bench_all,
    profiles::bench_all,
);
criterion_main!(micro);
