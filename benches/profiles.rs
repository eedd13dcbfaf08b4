//! The cost of reading a profile, from text to a link that can run.

use criterion::{BenchmarkId, Criterion};
use std::hint::black_box;
use vsps::profiles::{Catalog, Profile};

const SOURCES: [(&str, &str); 3] = [
    ("unlimited", include_str!("../profiles/unlimited.toml")),
    ("flaky-wifi", include_str!("../profiles/flaky-wifi.toml")),
    ("3g", include_str!("../profiles/3g.toml")),
];

pub(crate) fn bench_all(c: &mut Criterion) {
    let mut group = c.benchmark_group("profile");
    for (name, text) in SOURCES {
        assert!(Profile::from_toml(name, name, text).is_ok(), "{name} is sound");
        group.bench_function(BenchmarkId::new("read", name), |b| {
            b.iter(|| black_box(Profile::from_toml(name, name, black_box(text))));
        });
    }
    // The cost of arming a session by name: the catalogue reads each profile once.
    let catalog = Catalog::new();
    group.bench_function("named", |b| b.iter(|| black_box(catalog.named("3g"))));
    group.finish();
}
