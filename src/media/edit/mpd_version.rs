//! What distinguishes the versions of an MPD.

use super::mpd_tags::elements;

/// The publishTime, as written.
pub(super) fn published(text: &str) -> Option<String> {
    Some(elements(text)?.first()?.get(text, "publishTime")?.0.to_owned())
}

/// A number for the newest segment that grows by one with each segment: the end of the first timeline, in
/// durations of its last segment.
pub(super) fn edge(text: &str) -> Option<u64> {
    let all = elements(text)?;
    let line = all.iter().position(|element| element.name == "SegmentTimeline")?;
    let (mut end, mut last) = (0_u64, 1_u64);
    for s in all.iter().filter(|s| s.parent == Some(line) && s.name == "S") {
        let repeats = s.number(text, "r").unwrap_or(0);
        last = s.number(text, "d").filter(|d| *d > 0)?;
        let start = s.number(text, "t").unwrap_or(end);
        end = start.saturating_add(last.saturating_mul(repeats.saturating_add(1)));
    }
    Some(end / last)
}
