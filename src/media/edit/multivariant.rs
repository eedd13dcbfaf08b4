//! Edits of HLS multivariant playlists.

use super::{
    ManifestEdit, RungSet,
    attributes::{rewrite, value},
    playlist::{is_uri, tag},
    times::at_host,
};
use std::collections::BTreeSet;

const VARIANT: &str = "#EXT-X-STREAM-INF";
const IFRAMES: &str = "#EXT-X-I-FRAME-STREAM-INF";

/// Applies `edit`; `None` = nothing changes.
pub(super) fn edit(edit: &ManifestEdit, text: &str) -> Option<String> {
    match edit {
        ManifestEdit::DropRungs(rungs) => Some(without(rungs, text)),
        ManifestEdit::Strip(names) => Some(changed(text, |name, _| {
            names.iter().any(|stripped| stripped.eq_ignore_ascii_case(name)).then(String::new)
        })),
        ManifestEdit::Bandwidth(factor) => Some(changed(text, |name, value| {
            let bits: f64 = value.parse().ok()?;
            matches!(name, "BANDWIDTH" | "AVERAGE-BANDWIDTH")
                .then(|| format!("{name}={}", (bits * factor).round().max(1.0)))
        })),
        ManifestEdit::Resolution(width, height) => Some(changed(text, |name, _| {
            (name == "RESOLUTION").then(|| format!("RESOLUTION={width}x{height}"))
        })),
        ManifestEdit::Host(host) => Some(with_host(text, host)),
        _ => None,
    }
}

fn is_variant(line: &str) -> bool {
    matches!(tag(line), VARIANT | IFRAMES)
}

/// Changes the attributes of variants.
fn changed(text: &str, mut to: impl FnMut(&str, &str) -> Option<String>) -> String {
    let lines = text.split_inclusive('\n');
    lines.fold(String::with_capacity(text.len()), |mut out, line| {
        let new = if is_variant(line) { rewrite(line, &mut to) } else { None };
        out.push_str(new.as_deref().unwrap_or(line));
        out
    })
}

/// Leaves out the variants of some rungs; each kind has its own ladder.
fn without(rungs: &RungSet, text: &str) -> String {
    let dropped = [VARIANT, IFRAMES].map(|kind| {
        let lines = text.lines().filter(|line| tag(line) == kind);
        dropped(rungs, &lines.filter_map(bandwidth).collect())
    });
    let mut drops_uri = false;
    let lines = text.split_inclusive('\n').filter(|line| {
        if is_uri(line) {
            return !std::mem::take(&mut drops_uri);
        }
        let [variants, iframes] = &dropped;
        let on = match tag(line) {
            VARIANT => variants,
            IFRAMES => iframes,
            _ => return true,
        };
        let drops = bandwidth(line).is_some_and(|bits| on.contains(&bits));
        drops_uri = drops && tag(line) == VARIANT;
        !drops
    });
    lines.collect()
}

/// The bandwidths whose rungs are in the set; never all of them.
pub(super) fn dropped(rungs: &RungSet, ladder: &BTreeSet<u64>) -> BTreeSet<u64> {
    let top = ladder.len() as u64;
    let numbered = ladder.iter().copied().zip(1..);
    let mut dropped: BTreeSet<u64> =
        numbered.filter(|(_, rung)| rungs.contains(*rung, Some(top))).map(|(b, _)| b).collect();
    if dropped.len() == ladder.len() {
        dropped.pop_first();
    }
    dropped
}

fn bandwidth(line: &str) -> Option<u64> {
    value(line, "BANDWIDTH")?.parse().ok()
}

/// Changes the URIs of variants and renditions to `host`.
fn with_host(text: &str, host: &str) -> String {
    let lines = text.split_inclusive('\n');
    lines.fold(String::with_capacity(text.len()), |mut out, line| {
        if is_uri(line) {
            let uri = line.trim_end();
            out.push_str(&at_host(uri, host));
            out.push_str(&line[uri.len()..]);
        } else if matches!(tag(line), IFRAMES | "#EXT-X-MEDIA") {
            let new = rewrite(line, |name, value| {
                let uri = value.trim_matches('"');
                (name == "URI").then(|| format!("URI=\"{}\"", at_host(uri, host)))
            });
            out.push_str(new.as_deref().unwrap_or(line));
        } else {
            out.push_str(line);
        }
        out
    })
}
