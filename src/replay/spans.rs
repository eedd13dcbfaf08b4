//! Stretches of time in which bodies were under way.

use super::record::Body;
use std::time::Duration;

/// The times in which one of `bodies` was under way, in order, those that overlap joined.
pub(super) fn under_way(bodies: impl Iterator<Item = Body>) -> Vec<(Duration, Duration)> {
    let mut spans: Vec<_> = bodies.map(|body| (body.start, body.start + body.lasts)).collect();
    spans.sort_unstable();
    let mut joined: Vec<(Duration, Duration)> = Vec::new();
    for (from, to) in spans {
        match joined.last_mut() {
            Some((_, last)) if *last >= from => *last = (*last).max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// How much of the time between `from` and `to` is in `spans`, which are in order.
pub(super) fn within(spans: &[(Duration, Duration)], from: Duration, to: Duration) -> Duration {
    let first = spans.partition_point(|(_, end)| *end <= from);
    spans
        .iter()
        .skip(first)
        .take_while(|(start, _)| *start < to)
        .map(|(start, end)| (*end).min(to).saturating_sub((*start).max(from)))
        .sum()
}
