//! When the periods of an MPD begin, and how long they last.

use super::model::Mpd;
use crate::{media::place::hash, units::MediaTime};
use std::time::Duration;

/// A period with its start and end.
pub(super) struct Span {
    pub(super) start: MediaTime,
    pub(super) duration: Option<Duration>,
    /// Its identity, hashed.
    pub(super) key: u64,
}

/// When each period begins and how long it lasts, as far as it follows from the MPD.
pub(super) fn spans(mpd: &Mpd<'_>) -> Vec<Span> {
    let mut clock = MediaTime::ZERO;
    let mut spans: Vec<Span> = Vec::with_capacity(mpd.periods.len());
    for (at, period) in mpd.periods.iter().enumerate() {
        let start = period.start.unwrap_or(clock);
        let end = mpd.duration.map(MediaTime::new);
        let next = mpd.periods.get(at + 1).map_or(end, |next| next.start);
        let duration =
            period.duration.or_else(|| next.filter(|next| *next >= start).map(|next| next - start));
        clock = start + duration.unwrap_or_default();
        let key = match &period.id {
            Some(id) => hash(id),
            None => hash(&format!("@{}", start.since_zero().as_millis())),
        };
        spans.push(Span { start, duration, key });
    }
    spans
}
