//! What a player does when nothing passes for a while.

use super::{Ending, Sighting};
use serde::Serialize;

/// From the end of the outage on, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OutageReaction {
    /// Until the first segment with video was there; absent if none came.
    pub first_segment_s: Option<f64>,
    /// Until the rung from before the outage was asked for again; absent if it was not.
    pub former_rung_s: Option<f64>,
    /// The rung before the outage, from 0.
    pub rung_before: usize,
    /// The lowest rung asked for since it began.
    pub lowest_rung: usize,
    /// Downloads given up since it began.
    pub given_up: usize,
}

impl OutageReaction {
    /// The reaction to an outage from `from` to `to` seconds; `None` if there was no video before it.
    #[must_use]
    pub fn of(session: &[Sighting], from: f64, to: f64) -> Option<Self> {
        let video = || session.iter().filter(|seen| seen.is_video());
        let before = video().rfind(|seen| seen.end <= from)?.rung?;
        let since = || video().filter(|seen| seen.start >= from);
        let complete = video().filter(|seen| seen.ending == Ending::Complete && seen.end > to);
        let first = complete.map(|seen| seen.end - to).reduce(f64::min);
        let back =
            video().find(|seen| seen.start > to && seen.rung.is_some_and(|rung| rung >= before));
        Some(Self {
            first_segment_s: first,
            former_rung_s: back.map(|seen| seen.start - to),
            rung_before: before,
            lowest_rung: since().filter_map(|seen| seen.rung).min().unwrap_or(before).min(before),
            given_up: video()
                .filter(|seen| seen.ending == Ending::GivenUp && seen.end >= from)
                .count(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::characterise::Wanted;

    #[test]
    fn recovery_counts_from_the_end_of_the_outage() {
        let seen = |start: f64, end: f64, rung: usize, ending| Sighting {
            wanted: Wanted::Video,
            start,
            end,
            bytes: 1e6,
            ending,
            rung: Some(rung),
            index: None,
            duration: 4.0,
        };
        let session = [
            seen(15.0, 16.0, 3, Ending::Complete),
            seen(19.0, 27.0, 3, Ending::GivenUp),
            seen(27.0, 31.0, 0, Ending::Complete),
            seen(31.0, 32.0, 1, Ending::Complete),
            seen(36.0, 37.0, 3, Ending::Complete),
        ];
        let reaction = OutageReaction::of(&session, 20.0, 30.0).unwrap();
        assert_eq!((reaction.first_segment_s, reaction.former_rung_s), (Some(1.0), Some(6.0)));
        assert_eq!((reaction.rung_before, reaction.lowest_rung, reaction.given_up), (3, 0, 1));
        assert_eq!(OutageReaction::of(&session, 10.0, 12.0), None);
    }
}
