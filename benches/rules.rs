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
    let facts = Facts {
        host: "cdn-1.example",
        path: "/live/v3/seg-42.m4s?token=1",
        ..Facts::new(&resource, Duration::from_secs(50))
    };
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

/// Rules of all sorts; about every third one applies to the request above.
fn rules(count: usize) -> RuleSet {
    let mut text = String::new();
    for n in 0..count {
        let when = match n % 8 {
            0 => "kind = \"segment\", media = \"video\"",
            1 => "kind = \"segment\", media = \"audio\"",
            2 => "kind = \"media-playlist\"",
            3 => "kind = \"segment\", index = \"100..200\"",
            4 => "path = \"*/seg-*.m4s\", pattern = \"up 20 s, down 10 s\"",
            5 => "host = \"cdn-*.example\", attempt = \"2..\"",
            6 => "rung = \"all-but-lowest\", probability = 0.5",
            _ => "bandwidth = \"1 Mbit/s..\", every = 3",
        };
        let _ = writeln!(
            text,
            "[[rule]]\nname = \"r{n}\"\nwhen = {{ {when} }}\nthen = {{ delay = \"1 s\" }}\nbudget = {{ times = 1000000000 }}"
        );
    }
    RuleSet::from_toml("rules.toml", &text).unwrap_or_default()
}
