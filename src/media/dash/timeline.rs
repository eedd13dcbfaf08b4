//! A SegmentTimeline as runs of equal segments: never enumerated, searched in O(log runs).

use dash_mpd_core::S;

/// How many runs are kept of what a live window left behind.
const HISTORY: usize = 32;
/// The count of a run that lasts until further notice.
const OPEN: u64 = 1 << 40;

/// Segments of equal duration, back to back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    start: u64,
    duration: u64,
    count: u64,
    /// How many segments the timeline has before this run.
    before: u64,
}

impl Run {
    const fn end(&self) -> u64 {
        self.start.saturating_add(self.duration.saturating_mul(self.count))
    }
}

/// Where a segment stands in its timeline, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    /// From 0.
    pub(super) position: u64,
    pub(super) start: u64,
    pub(super) duration: u64,
}

/// The timeline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Timeline {
    runs: Vec<Run>,
}

impl Timeline {
    /// Reads `S` elements; `end` is the period's, in ticks, where a last `r = -1` stops.
    pub(super) fn read(entries: &[S], end: Option<u64>) -> Self {
        let mut timeline = Self::default();
        let mut clock = 0_u64;
        for (at, entry) in entries.iter().enumerate() {
            let start = entry.t.unwrap_or(clock);
            if entry.d == 0 {
                clock = start;
                continue;
            }
            let next = entries
                .get(at + 1)
                .and_then(|next| next.t)
                .or(end.filter(|_| at + 1 == entries.len()));
            let count = match entry.r {
                Some(repeat) if repeat < 0 => {
                    next.map_or(OPEN, |next| next.saturating_sub(start).div_ceil(entry.d).max(1))
                }
                repeat => {
                    u64::try_from(repeat.unwrap_or(0)).unwrap_or(0).saturating_add(1).min(OPEN)
                }
            };
            timeline.push(start, entry.d, count);
            clock = start.saturating_add(entry.d.saturating_mul(count));
        }
        timeline
    }

    /// Adds a run, or lengthens the last one when this one continues it.
    fn push(&mut self, start: u64, duration: u64, count: u64) {
        if let Some(last) = self.runs.last_mut()
            && last.duration == duration
            && last.end() == start
        {
            last.count = last.count.saturating_add(count).min(OPEN);
            return;
        }
        let before = self.count();
        self.runs.push(Run { start, duration, count, before });
    }

    /// How many segments there are.
    pub(super) fn count(&self) -> u64 {
        self.runs.last().map_or(0, |run| run.before.saturating_add(run.count))
    }

    /// Whether the end is not known.
    pub(super) fn is_open(&self) -> bool {
        self.runs.last().is_some_and(|run| run.count == OPEN)
    }

    fn first(&self) -> Option<&Run> {
        self.runs.first()
    }

    /// The segment at a position.
    pub(super) fn at(&self, position: u64) -> Option<Slot> {
        let after = self.runs.partition_point(|run| run.before <= position);
        let run = self.runs.get(after.checked_sub(1)?)?;
        let inside = position - run.before;
        let start = run.start.saturating_add(run.duration.saturating_mul(inside));
        (inside < run.count).then_some(Slot { position, start, duration: run.duration })
    }

    /// The segment that starts exactly at a tick.
    pub(super) fn starting(&self, tick: u64) -> Option<Slot> {
        let after = self.runs.partition_point(|run| run.start <= tick);
        let run = self.runs.get(after.checked_sub(1)?)?;
        let into = tick - run.start;
        let inside = into / run.duration;
        let exact = into.is_multiple_of(run.duration) && inside < run.count;
        exact.then_some(Slot {
            position: run.before.saturating_add(inside),
            start: tick,
            duration: run.duration,
        })
    }

    /// By how many segments this timeline, the next version of `old`, begins later than it.
    pub(super) fn slid_from(&self, old: &Self) -> u64 {
        let (Some(new), Some(last)) = (self.first(), old.runs.last()) else { return old.count() };
        if let Some(slot) = old.starting(new.start) {
            return slot.position;
        }
        // Past the end of what was known: versions were missed, of which only the time is known.
        let missed = new.start.saturating_sub(last.end()) / last.duration.max(1);
        if new.start >= last.end() { old.count().saturating_add(missed) } else { 0 }
    }

    /// Puts the last segments of `old` before the first of this version, so that requests for what the
    /// window just left behind are still placed. How many were put there.
    pub(super) fn keep_history(&mut self, old: &Self) -> u64 {
        let Some(first) = self.first().map(|run| run.start) else { return 0 };
        let mut kept = Self::default();
        let past = old.runs.partition_point(|run| run.start < first);
        for run in old.runs.get(past.saturating_sub(HISTORY)..past).unwrap_or_default() {
            let count = run.count.min((first - run.start).div_ceil(run.duration));
            kept.push(run.start, run.duration, count);
        }
        let count = kept.count();
        for run in std::mem::take(&mut self.runs) {
            kept.push(run.start, run.duration, run.count);
        }
        *self = kept;
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(t: Option<u64>, d: u64, r: Option<i64>) -> S {
        S { t, d, r, ..S::default() }
    }

    #[test]
    fn runs_are_not_enumerated() {
        let timeline =
            Timeline::read(&[s(Some(0), 2, Some(1_000_000_000)), s(None, 3, None)], None);
        assert_eq!(timeline.count(), 1_000_000_002);
        assert_eq!(timeline.starting(2_000_000_000).unwrap().position, 1_000_000_000);
        assert_eq!(
            timeline.at(1_000_000_001).unwrap(),
            Slot { position: 1_000_000_001, start: 2_000_000_002, duration: 3 }
        );
        assert_eq!(timeline.starting(3), None);
        assert_eq!(timeline.at(1_000_000_002), None);
    }

    #[test]
    fn a_negative_repeat_lasts_to_the_next_or_the_end() {
        let timeline =
            Timeline::read(&[s(Some(0), 4, Some(-1)), s(Some(12), 2, Some(-1))], Some(17));
        assert_eq!(timeline.count(), 3 + 3);
        let open = Timeline::read(&[s(Some(0), 4, Some(-1))], None);
        assert!(open.is_open());
        assert_eq!(open.starting(4_000_000).unwrap().position, 1_000_000);
    }

    #[test]
    fn the_extremes_saturate() {
        let timeline = Timeline::read(
            &[
                s(Some(u64::MAX), u64::MAX, Some(i64::MAX)),
                s(None, u64::MAX, Some(i64::MIN)),
                s(Some(5), 0, None),
            ],
            Some(0),
        );
        assert!(timeline.starting(u64::MAX).is_some());
        assert_eq!(timeline.starting(0), None);
        let _ = (timeline.at(u64::MAX), timeline.count());
    }

    #[test]
    fn a_sliding_window_keeps_its_count_and_its_past() {
        let old = Timeline::read(&[s(Some(100), 10, Some(9))], None);
        let mut new = Timeline::read(&[s(Some(130), 10, Some(9))], None);
        assert_eq!(new.slid_from(&old), 3);
        assert_eq!(new.keep_history(&old), 3);
        assert_eq!(new.starting(110).unwrap().position, 1);
        assert_eq!(new.count(), 13);
        let far = Timeline::read(&[s(Some(300), 10, None)], None);
        assert_eq!(far.slid_from(&old), 20);
    }
}
