//! When the periods of an MPD begin, and how long they last.

use super::super::place::hash;
use super::model::Mpd;
use std::time::Duration;

/// A period with its start and end.
pub(super) struct Span {
    pub(super) start: Duration,
    pub(super) duration: Option<Duration>,
    /// Its identity, hashed.
    pub(super) key: u64,
}

/// When each period begins and how long it lasts, as far as it follows from the MPD.
pub(super) fn spans(mpd: &Mpd<'_>) -> Vec<Span> {
    let mut clock = Duration::ZERO;
    let mut spans: Vec<Span> = Vec::with_capacity(mpd.periods.len());
    for (at, period) in mpd.periods.iter().enumerate() {
        let start = period.start.unwrap_or(clock);
        let next = mpd.periods.get(at + 1).map_or(mpd.duration, |next| next.start);
        let duration = period.duration.or_else(|| next?.checked_sub(start));
        clock = start.saturating_add(duration.unwrap_or_default());
        let key = match &period.id {
            Some(id) => hash(id),
            None => hash(&format!("@{}", start.as_millis())),
        };
        spans.push(Span { start, duration, key });
    }
    spans
}
