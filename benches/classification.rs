//! The cost of reading a long manifest, and of classifying a request with it.

use crate::manifest::{
    live_numbers, live_playlist, live_timeline, multivariant, playlist, start, timeline,
};
use criterion::{BatchSize, Criterion, Throughput};
use std::hint::black_box;
use url::Url;
use vsps::media::{Kind, Ladder, ManifestFormat};

const SEGMENTS: usize = 5000;
const PLAYLIST: &str = "https://media.example/v/1080p/index.m3u8";
const MPD: &str = "https://media.example/v/main.mpd";

pub(crate) fn bench_all(c: &mut Criterion) {
    let hls = playlist(SEGMENTS, false);
    let dash = timeline(SEGMENTS);
    resolve(c, "hls-playlist-5000", &learnt(PLAYLIST, ManifestFormat::Hls, &hls), |n| {
        format!("https://media.example/v/1080p/segment-{:06}.m4s", n + 1)
    });
    resolve(c, "dash-timeline-5000", &learnt(MPD, ManifestFormat::Mpd, &dash), |n| {
        format!("https://media.example/v/video-4300/{}.m4s", start(n))
    });
    let numbers = learnt(MPD, ManifestFormat::Mpd, &live_numbers(1, SEGMENTS));
    resolve(c, "dash-numbers-5000", &numbers, |n| {
        format!("https://media.example/v/video/{}.m4s", n + 1)
    });
    c.bench_function("resolve/by-spelling-alone", |b| {
        let ladder = Ladder::default();
        b.iter(|| black_box(ladder.resolve("https://media.example/v/seg-00042.m4s", None)));
    });
    let many = multivariant(50);
    learn(c, "hls-multivariant-50", "https://o.example/m.m3u8", ManifestFormat::Hls, &many);
    learn(c, "hls-playlist-5000", PLAYLIST, ManifestFormat::Hls, &hls);
    learn(c, "dash-timeline-5000", MPD, ManifestFormat::Mpd, &dash);
    learn(c, "dash-day-21600", MPD, ManifestFormat::Mpd, &timeline(21_600));
    reload(c, "hls-playlist-5000", PLAYLIST, ManifestFormat::Hls, live_playlist);
    reload(c, "dash-timeline-5000", MPD, ManifestFormat::Mpd, live_timeline);
    reload(c, "dash-numbers-5000", MPD, ManifestFormat::Mpd, live_numbers);
}

fn learnt(url: &str, format: ManifestFormat, body: &str) -> Ladder {
    let mut ladder = Ladder::default();
    if let Ok(url) = Url::parse(url) {
        // If the manifest could not be read, the classification below fails.
        let _ = ladder.learn(&url, format, body.as_bytes());
    }
    ladder
}

fn resolve(c: &mut Criterion, name: &str, ladder: &Ladder, url: impl Fn(usize) -> String) {
    let urls: Vec<String> = (0..SEGMENTS).map(url).collect();
    for (n, url) in urls.iter().enumerate() {
        let found = ladder.resolve(url, None);
        assert_eq!((found.kind, found.index), (Kind::Segment, Some(n as u64 + 1)), "{url}");
    }
    c.bench_function(&format!("resolve/{name}"), |b| {
        let mut urls = urls.iter().cycle();
        b.iter(|| urls.next().map(|url| black_box(ladder.resolve(url, None))));
    });
}

fn learn(c: &mut Criterion, name: &str, url: &str, format: ManifestFormat, body: &str) {
    let grown = format!("{body}\n");
    let mut group = c.benchmark_group("learn");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.sample_size(20);
    // As when a player reloads a playlist that has grown: the ladder knows the last one.
    group.bench_function(name, |b| {
        let mut ladder = learnt(url, format, body);
        let url = Url::parse(url).ok();
        // The same bytes again would cost nothing: two versions take turns.
        let mut versions = [body, &grown].into_iter().cycle();
        b.iter(|| {
            let (url, body) = url.as_ref().zip(versions.next())?;
            Some(black_box(ladder.learn(url, format, body.as_bytes()).is_ok()))
        });
    });
    group.finish();
}

/// A window that is read for the first time, again as it was, and again after it slid by one segment.
fn reload(
    c: &mut Criterion,
    name: &str,
    url: &str,
    format: ManifestFormat,
    window: fn(usize, usize) -> String,
) {
    let Ok(url) = Url::parse(url) else { return };
    let mut group = c.benchmark_group("learn-live");
    group.throughput(Throughput::Elements(SEGMENTS as u64)).sample_size(20);
    let body = window(1, SEGMENTS);
    group.bench_function(format!("{name}/first"), |b| {
        let read = |ladder: &mut Ladder| {
            assert!(black_box(ladder.learn(&url, format, body.as_bytes())).is_ok());
        };
        b.iter_batched_ref(Ladder::default, read, BatchSize::PerIteration);
    });
    for (how, step) in [("unchanged", 0), ("slid", 1)] {
        group.bench_function(format!("{name}/{how}"), |b| {
            let (mut ladder, mut first) = (Ladder::default(), 1);
            let mut next = || {
                first += step;
                window(first, SEGMENTS)
            };
            let mut read = |body: String| {
                assert!(black_box(ladder.learn(&url, format, body.as_bytes())).is_ok());
                body
            };
            read(next());
            b.iter_batched(next, read, BatchSize::PerIteration);
        });
    }
    group.finish();
}
