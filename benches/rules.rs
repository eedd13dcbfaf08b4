//! What rules add to a request: none, one, a hundred.

use criterion::{BenchmarkId, Criterion};
use std::{fmt::Write as _, hint::black_box, time::Duration};
use vsps::{
    media::{Kind, MediaType, Protocol, Resource},
    rules::{Counters, Facts, RuleSet},
};

pub(crate) fn bench_all(c: &mut Criterion) {
    let mut group = c.benchmark_group("rules");
    let resource = Resource {
        media: MediaType::Video,
        rung: Some(3),
        index: Some(42),
        ..Resource::new(Protocol::Hls, Kind::Segment)
    };
    let facts = Facts::new(&resource, Duration::from_secs(60));
    for count in [0, 1, 100] {
        let set = rules(count);
        assert_eq!(set.len(), count, "the rules are sound");
        group.bench_function(BenchmarkId::new("decide", count), |b| {
            let mut counters = Counters::default();
            b.iter(|| black_box(set.decide(&mut counters, &facts, &mut |_| 0.5)));
        });
    }
    group.finish();
}

/// Rules of all sorts; every fourth one applies to the request above.
fn rules(count: usize) -> RuleSet {
    let mut text = String::new();
    for n in 0..count {
        let when = match n % 4 {
            0 => "kind = \"segment\", media = \"video\"",
            1 => "kind = \"segment\", media = \"audio\"",
            2 => "kind = \"media-playlist\"",
            _ => "kind = \"segment\", index = \"100..200\"",
        };
        let _ = writeln!(
            text,
            "[[rule]]\nname = \"r{n}\"\nwhen = {{ {when} }}\nthen = {{ delay = \"1 s\" }}"
        );
    }
    RuleSet::from_toml("rules.toml", &text).unwrap_or_default()
}
