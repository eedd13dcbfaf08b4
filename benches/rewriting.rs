//! How many megabytes of manifest a second are rewritten in place.

use crate::manifest::{multivariant, playlist, timeline};
use criterion::{Criterion, Throughput};
use std::{borrow::Cow, hint::black_box};
use vsps::media::{ManifestFormat, UriMap, rewrite};

pub(crate) fn bench_all(c: &mut Criterion) {
    let mut group = c.benchmark_group("rewrite");
    group.sample_size(30);
    for (name, format, body, changes) in [
        ("hls-absolute", ManifestFormat::Hls, playlist(5000, true), true),
        ("hls-relative", ManifestFormat::Hls, playlist(5000, false), false),
        ("hls-multivariant-50", ManifestFormat::Hls, multivariant(50), true),
        ("dash-timeline", ManifestFormat::Mpd, timeline(5000), true),
        // A day of four-second segments.
        ("dash-day", ManifestFormat::Mpd, timeline(21_600), true),
    ] {
        let changed = rewrite(format, body.as_bytes(), &Proxy).is_ok_and(|body| body.is_some());
        assert_eq!(changed, changes, "{name}");
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| black_box(rewrite(format, black_box(body.as_bytes()), &Proxy).is_ok()));
        });
    }
    group.finish();
}

/// The proxy's mapping, inside session 7.
struct Proxy;

impl UriMap for Proxy {
    fn absolute(&self, scheme: Option<&str>, authority: &str) -> Option<Cow<'_, str>> {
        Some(format!("/-/s/7/-/o/{}/{authority}", scheme.unwrap_or("https")).into())
    }

    fn root_relative(&self, path: &str) -> Option<Cow<'_, str>> {
        (!path.starts_with("/-/")).then_some("/-/s/7".into())
    }
}
