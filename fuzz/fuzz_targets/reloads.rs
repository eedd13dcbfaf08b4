//! Reloads of one manifest: what the shortcuts leave is what a reading of the whole would.
//!
//! A body is a playlist or an MPD; its last bytes, which are part of it too, say how the versions after it
//! differ.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;
use url::Url;
use vsps::media::{Ladder, ManifestFormat};

/// Bytes that say how one version differs from the one before, and how many versions follow the first.
const STEP: usize = 5;
const STEPS: usize = 4;
/// The most URLs that are asked for.
const MOST: usize = 96;

fuzz_target!(|body: &[u8]| {
    let Ok(url) = Url::parse("https://origin.example/a/live") else { return };
    let format = match body.starts_with(b"#EXTM3U") {
        true => ManifestFormat::Hls,
        false => ManifestFormat::Mpd,
    };
    let steps = &body[body.len().saturating_sub(STEP * STEPS)..];
    let (mut quick, mut whole) = (Ladder::default(), Ladder::default());
    let (mut version, mut asked) = (body.to_vec(), BTreeSet::new());
    for step in std::iter::once(None).chain(steps.chunks_exact(STEP).map(Some)) {
        if let Some(step) = step {
            version = edited(&version, step, format);
        }
        name(&url, &version, &mut asked);
        let learnt = quick.learn(&url, format, &version).is_ok();
        whole.forget_versions();
        assert_eq!(learnt, whole.learn(&url, format, &version).is_ok());
        for url in &asked {
            for first in [None, Some(0), Some(10)] {
                assert_eq!(quick.resolve(url, first), whole.resolve(url, first), "{url}");
            }
        }
    }
});

/// Some lines (of an MPD: elements) less, some of them again elsewhere, and another number first.
fn edited(body: &[u8], step: &[u8], format: ManifestFormat) -> Vec<u8> {
    let end = if format == ManifestFormat::Hls { b'\n' } else { b'>' };
    let mut lines: Vec<Vec<u8>> =
        body.split_inclusive(|byte| *byte == end).map(<[u8]>::to_vec).collect();
    let [from, less, again, to, more] = [0, 1, 2, 3, 4].map(|at| usize::from(step[at]));
    let copied = lines.iter().skip(again % lines.len().max(1)).take(more % 5).cloned();
    let copied: Vec<_> = copied.collect();
    let at = to % (lines.len() + 1);
    lines.splice(at..at, copied);
    let from = from % lines.len().max(1);
    let upto = (from + less % 5).min(lines.len());
    lines.drain(from..upto);
    for line in &mut lines {
        let Some(number) = line.strip_prefix(b"#EXT-X-MEDIA-SEQUENCE:") else { continue };
        let number = std::str::from_utf8(number).ok().and_then(|text| text.trim().parse().ok());
        let number = number.unwrap_or(0_u64).wrapping_add(more as u64 / 5 % 4);
        *line = format!("#EXT-X-MEDIA-SEQUENCE:{number}\n").into_bytes();
    }
    lines.concat()
}

/// URLs that a version may know: what stands in quotes or on a line of its own, with what stands for `$…$`.
fn name(url: &Url, version: &[u8], asked: &mut BTreeSet<String>) {
    let text = String::from_utf8_lossy(version);
    let quoted: Vec<&str> = text.split('"').skip(1).step_by(2).collect();
    let lines = text.lines().filter(|line| !line.starts_with(['#', '<', ' ']));
    let values: Vec<&str> = quoted.iter().copied().filter(|v| v.len() < 8).take(12).collect();
    for reference in quoted.iter().copied().chain(lines) {
        let mut parts = reference.split('$');
        let mut names = vec![parts.next().unwrap_or_default().to_owned()];
        for (at, part) in parts.enumerate() {
            names = match at % 2 {
                1 => names.iter().map(|name| format!("{name}{part}")).collect(),
                _ => {
                    let with = |value| names.iter().map(move |name| format!("{name}{value}"));
                    values.iter().chain(&["1", "2"]).flat_map(with).take(MOST).collect()
                }
            };
        }
        for name in names {
            if asked.len() < MOST
                && let Ok(url) = url.join(&name)
            {
                asked.insert(url.into());
            }
        }
    }
}
