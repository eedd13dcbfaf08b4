//! The live edge of a stream: the newest segment according to the newest MPD, or according to the clock where
//! the MPD does not list segments.

use super::super::segments::{Addressing, Shape};
use super::{levels::Levels, model::Mpd, span::Span};

/// Where a live stream currently ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Edge {
    /// At the segment with this index.
    At(i128),
    /// At the one that is complete at the current time: ISO/IEC 23009-1, 5.3.9.5.3 (segment availability).
    ByClock {
        /// When the segment `base` begins, in seconds since the Unix epoch.
        begins: f64,
        base: i128,
        /// How long each lasts, in seconds.
        seconds: f64,
        /// How long before its end a segment may be requested, in seconds.
        early: f64,
        /// The last one there will be.
        last: Option<i128>,
    },
}

impl Edge {
    /// The edge of a stream with these segments, in a presentation that still grows.
    pub(super) fn of(
        mpd: &Mpd<'_>,
        span: &Span,
        levels: Levels<'_>,
        addressing: &Addressing,
    ) -> Option<Self> {
        if !mpd.dynamic {
            return None;
        }
        let last = addressing.next_index().map(|next| next - 1);
        let timescale = addressing.timescale.max(1) as f64;
        let (start, ticks, before) = match &addressing.shape {
            Shape::Timeline(timeline) => match (last, timeline.last_run()) {
                (Some(last), _) => return Some(Self::At(last)),
                (None, Some((start, ticks, before))) => {
                    (start as f64 - addressing.offset as f64, ticks as f64, before)
                }
                (None, None) => return None,
            },
            Shape::Fixed { ticks, .. } => (0.0, *ticks, 0),
            Shape::Unknown => return None,
        };
        let early = levels.pick(|level| level.early).filter(|early| early.is_finite());
        Some(Self::ByClock {
            begins: mpd.available_from? + span.start.as_secs_f64() + start / timescale,
            base: addressing.first_index + i128::from(before),
            seconds: ticks / timescale,
            early: early.unwrap_or_default(),
            last,
        })
    }

    /// How many segments lie between the one with `index` and the edge; `now` is the origin's time in
    /// seconds since the Unix epoch, if it is known.
    pub(super) fn behind(&self, index: u64, now: Option<f64>) -> Option<u64> {
        let newest = match *self {
            Self::At(newest) => newest,
            Self::ByClock { begins, base, seconds, early, last } => {
                let complete = ((now? - begins + early) / seconds).floor();
                let newest = base + (complete.clamp(-1e15, 1e15) as i128) - 1;
                last.map_or(newest, |last| last.min(newest))
            }
        };
        Some(u64::try_from(newest - i128::from(index)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_the_list_and_by_the_clock() {
        assert_eq!(Edge::At(10).behind(7, None), Some(3));
        assert_eq!(Edge::At(10).behind(12, None), Some(0), "newer than the manifest");
        let edge =
            |early, last| Edge::ByClock { begins: 1000.0, base: 1, seconds: 2.0, early, last };
        // At 1009 s four segments are complete, and the fifth will be in a second.
        assert_eq!(edge(0.0, None).behind(4, Some(1009.0)), Some(0));
        assert_eq!(edge(0.0, None).behind(1, Some(1009.0)), Some(3));
        assert_eq!(edge(1.5, None).behind(4, Some(1009.0)), Some(1));
        assert_eq!(edge(0.0, Some(3)).behind(1, Some(1009.0)), Some(2));
        assert_eq!(edge(0.0, None).behind(1, None), None);
    }
}
