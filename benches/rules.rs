//! The cost of rules per request: none, one, a hundred; and that of a script.

use criterion::{BenchmarkId, Criterion};
use http::{HeaderMap, HeaderValue, header};
use std::{fmt::Write as _, hint::black_box, sync::Arc};
use vsps::{
    media::{Kind, MediaType, Protocol, Resource},
    rules::{Answer, Counters, Facts, Plan, Program, RuleSet, ScriptState},
    seed::Seed,
    units::{ProcessTime, SessionTime},
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
        ..Facts::new(&resource, SessionTime::from_secs(50))
    };
    for count in [0, 1, 100] {
        let set = rules(count);
        assert_eq!(set.len(), count, "the rules are sound");
        group.bench_function(BenchmarkId::new("decide", count), |b| {
            let mut counters = Counters::default();
            b.iter(|| black_box(set.decide(&mut counters, &facts, &mut |_| 0.5)));
        });
    }
    // A script that cannot be read would silently be a missing row.
    #[expect(clippy::panic, reason = "a bench has nobody to tell of an error")]
    let script = |text| match Program::new("bench.rhai", text, Arc::new(|| ProcessTime::ZERO)) {
        Ok(program) => program,
        Err(error) => panic!("{error}"),
    };
    for (name, text) in SCRIPTS {
        let program = script(text);
        group.bench_function(BenchmarkId::new("script", name), |b| {
            let mut state = ScriptState::default();
            b.iter(|| black_box(program.decide(&mut state, 7, &facts, Seed::new(1))));
        });
    }
    let program = script(RESPONSE);
    let headers = headers();
    let answer = Answer { status: 200, length: Some(1_500_000), headers: &headers };
    group.bench_function(BenchmarkId::new("script", "on_response"), |b| {
        let mut state = ScriptState::default();
        let mut respond =
            || program.respond(&mut state, 7, Plan::default(), &facts, answer, Seed::new(1));
        assert!(respond().is_ok_and(|plan| !plan.is_empty()), "it strikes");
        b.iter(|| black_box(respond()));
    });
    group.finish();
}

/// Nothing asked for; a rule of thumb with memory and chance; the longest of the examples.
const SCRIPTS: [(&str, &str); 3] = [
    ("idle", "fn on_request(request, session) { () }"),
    (
        "strikes",
        "fn on_session(session) { session.late = 0; }
         fn on_request(request, session) {
             if request.kind == \"segment\" && request.media == \"video\" && random() < 2.0 {
                 session.late += 1;
                 return #{ name: \"late\", delay: `${session.late % 5000} ms` };
             }
         }",
    ),
    ("two-acts", include_str!("../profiles/scripts/two-acts.rhai")),
];
const RESPONSE: &str = include_str!("../profiles/scripts/large-segments.rhai");

/// As many as a CDN sends.
fn headers() -> HeaderMap {
    let value = HeaderValue::from_static("max-age=31536000, public, immutable");
    let names = [
        header::CACHE_CONTROL,
        header::CONTENT_TYPE,
        header::CONTENT_LENGTH,
        header::DATE,
        header::ETAG,
        header::LAST_MODIFIED,
        header::ACCEPT_RANGES,
        header::AGE,
        header::VARY,
        header::VIA,
        header::SERVER,
        header::EXPIRES,
    ];
    names.into_iter().map(|name| (name, value.clone())).collect()
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
