//! The buffer of one stream: downloaded segments, of which the first one is being shown.

use crate::player::replacement::Replacement;
use std::collections::VecDeque;

/// A buffer with less than this, in ms, is empty: sums of durations are not exact.
pub(super) const EMPTY: f64 = 1e-6;

/// A downloaded segment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BufferedSegment {
    /// The 0-based rung.
    pub rung: usize,
    /// bit/s.
    pub bitrate: f64,
    /// ms.
    pub duration: f64,
    /// From where on it is found in its list: less than its position, and more than that of the one before it.
    pub found_from: f64,
    /// When a live segment begins by the wall clock, in ms of the time that is given to
    /// [`Playout::advance`](super::Playout::advance).
    pub live_at: Option<f64>,
}

/// A part of a segment that was shown without a break.
pub(super) struct ShownPart {
    pub(super) segment: BufferedSegment,
    /// Where in the segment it begins, in ms.
    pub(super) from: f64,
    /// ms.
    pub(super) duration: f64,
}

/// The buffer of a stream.
#[derive(Debug, Clone, Default)]
pub(super) struct StreamBuffer {
    segments: VecDeque<BufferedSegment>,
    /// How much of the first segment was shown, in ms.
    shown: f64,
    /// What is left to show, in ms.
    pub(super) level: f64,
    /// No more segments will be added.
    pub(super) ended: bool,
}

impl StreamBuffer {
    /// Whether all was shown.
    pub(super) fn is_exhausted(&self) -> bool {
        self.ended && self.level <= EMPTY
    }

    /// Whether there is enough to show to begin at `threshold` ms.
    pub(super) fn is_ready(&self, threshold: f64) -> bool {
        self.ended || (self.level > EMPTY && self.level >= threshold)
    }

    /// How far what is shown is behind the live edge at time `now` in ms, if that is known.
    pub(super) fn latency(&self, now: f64) -> Option<f64> {
        Some(now - self.segments.front()?.live_at? - self.shown)
    }

    /// Adds a segment to the end.
    pub(super) fn append(&mut self, segment: BufferedSegment) {
        self.level += segment.duration;
        self.segments.push_back(segment);
    }

    /// The segment that is to be downloaded again if `rung` was chosen for the next one, and how many segments are
    /// buffered from it on.
    pub(super) fn to_replace(
        &self,
        replacement: Replacement,
        rung: usize,
    ) -> Option<(BufferedSegment, usize)> {
        let shown = self.shown / self.segments.front()?.duration.max(EMPTY);
        let held = self.segments.iter().map(|segment| segment.rung);
        let place = replacement.choose(held, shown, rung)?;
        Some((*self.segments.get(place)?, self.segments.len() - place))
    }

    /// The rung of the first segment, and how many there are from it on.
    pub(super) fn first(&self) -> Option<(usize, usize)> {
        Some((self.segments.front()?.rung, self.segments.len()))
    }

    /// The rung of the segment that is so far from the end (1 = the last).
    pub(super) fn held_rung(&self, from_end: usize) -> Option<usize> {
        Some(self.segments.get(self.segments.len().checked_sub(from_end)?)?.rung)
    }

    /// Puts `segment` in place of the one that is found from the same place on; of what is shown, the rest. Returns what was
    /// there; `None` if that was shown.
    pub(super) fn replace(&mut self, segment: BufferedSegment) -> Option<BufferedSegment> {
        let held = self.segments.iter_mut().find(|held| held.found_from == segment.found_from)?;
        let old = std::mem::replace(held, segment);
        self.level += segment.duration - old.duration;
        Some(old)
    }

    /// Shows at most `time` ms, of the first segment alone; `None` if there is none.
    pub(super) fn show(&mut self, time: f64) -> Option<ShownPart> {
        let Some(&segment) = self.segments.front() else {
            self.level = 0.0;
            return None;
        };
        let from = self.shown;
        let duration = time.min((segment.duration - self.shown).max(0.0));
        self.shown += duration;
        self.level -= duration;
        if segment.duration - self.shown <= EMPTY {
            self.segments.pop_front();
            self.shown = 0.0;
        }
        Some(ShownPart { segment, from, duration })
    }
}
