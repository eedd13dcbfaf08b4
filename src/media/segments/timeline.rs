//! A timeline: the runs of segments that a manifest lists, and those that left its window.

use super::{
    entry::Entry,
    runs::{Cycle, CyclePart, OPEN, Run, Runs, Slot},
};
use std::sync::Arc;

/// How many runs are kept of segments that left a live window.
const HISTORY: usize = 32;
/// The most segments of one pattern.
const PATTERN: u64 = 4096;

/// Durations that repeat (ISO/IEC 23009-1:2022, 5.3.9.6.4), in ticks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::media) struct Pattern {
    /// Timelines share it: many may be read from one element.
    parts: Arc<Vec<CyclePart>>,
    /// How many segments it has, and how long it is.
    len: u64,
    ticks: u64,
}

impl Pattern {
    /// Adds a duration, and `repeat` more of it, as far as there is room.
    pub(in crate::media) fn add(&mut self, duration: u64, repeat: u64) {
        let count = repeat.saturating_add(1).min(PATTERN - self.len);
        if count == 0 {
            return;
        }
        let parts = Arc::make_mut(&mut self.parts);
        parts.push(CyclePart { before: self.len, start: self.ticks, duration });
        self.len += count;
        self.ticks = self.ticks.saturating_add(duration.saturating_mul(count));
    }

    /// The repeating durations.
    fn cycle(&self) -> Option<Cycle> {
        let (parts, len, ticks) = (Arc::clone(&self.parts), self.len, self.ticks);
        (ticks > 0).then_some(Cycle { parts, len, ticks, from: 0 })
    }
}

/// The timeline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::media) struct Timeline {
    /// The segments that left the window.
    past: Runs,
    /// The listed segments. Shared by versions and renditions.
    runs: Arc<Runs>,
}

impl Timeline {
    /// Reads entries, the first of which has number `first`; `end` is that of the period, in ticks, at which a
    /// last entry without an end stops.
    pub(in crate::media) fn read(
        entries: &[Entry],
        patterns: &[Pattern],
        first: u64,
        end: Option<u64>,
    ) -> Self {
        let mut runs = Runs::default();
        let cycles: Vec<Option<Cycle>> = patterns.iter().map(Pattern::cycle).collect();
        let mut clock = 0_u64;
        let mut skip = 0_i64;
        for (at, entry) in entries.iter().enumerate() {
            let start = entry.start.unwrap_or(clock);
            let cycle = entry.pattern.and_then(|(nth, from)| {
                let cycle = cycles.get(nth)?.clone()?;
                Some(Cycle { from: from as u64 % cycle.len, ..cycle })
            });
            let duration = cycle.as_ref().map_or(entry.duration, |cycle| cycle.ticks);
            if duration == 0 {
                clock = start;
                continue;
            }
            let last = at + 1 == entries.len();
            let next = entries.get(at + 1).and_then(|next| next.start).or(end.filter(|_| last));
            let times = match u64::try_from(entry.repeat) {
                Ok(repeat) => repeat.saturating_add(1).min(OPEN),
                Err(_) => {
                    next.map_or(OPEN, |next| next.saturating_sub(start).div_ceil(duration).max(1))
                }
            };
            let before = runs.count();
            if let Some(number) = entry.number {
                let ahead = i128::from(number) - i128::from(first) - i128::from(before);
                skip = i64::try_from(ahead).unwrap_or(skip);
            }
            let len = cycle.as_ref().map_or(1, |cycle| cycle.len);
            let count = times.saturating_mul(len).min(OPEN);
            let run = Run { start, duration, count, before, skip, parts: entry.parts, cycle };
            clock = run.end();
            runs.push(run);
        }
        Self::of(Arc::new(runs))
    }

    /// A timeline that lists these runs.
    pub(in crate::media) fn of(runs: Arc<Runs>) -> Self {
        Self { past: Runs::default(), runs }
    }

    /// How many segments there are.
    pub(in crate::media) fn count(&self) -> u64 {
        self.past.count().saturating_add(self.runs.count())
    }

    /// How many runs they make.
    pub(in crate::media) fn weight(&self) -> usize {
        self.past.len() + self.runs.len()
    }

    /// About how many bytes of memory it takes.
    pub(in crate::media) fn bytes(&self) -> usize {
        size_of::<Self>() + self.weight() * size_of::<Run>()
    }

    fn first(&self) -> Option<&Run> {
        self.past.as_slice().first().or_else(|| self.runs.as_slice().first())
    }

    fn last(&self) -> Option<&Run> {
        self.runs.as_slice().last()
    }

    /// Whether the end is not known.
    pub(in crate::media) fn is_open(&self) -> bool {
        self.last().is_some_and(|run| run.count == OPEN)
    }

    /// The last run: the tick at which it starts, the duration of its segments, and how many come before.
    pub(in crate::media) fn last_run(&self) -> Option<(u64, u64, u64)> {
        let run = self.last()?;
        let length = run.cycle.as_ref().map_or(1, |cycle| cycle.len);
        let before = self.past.count().saturating_add(run.before);
        Some((run.start, run.duration / length.max(1), before))
    }

    /// A segment of those listed, counted with the past.
    fn listed(&self, slot: Slot) -> Slot {
        Slot { position: self.past.count().saturating_add(slot.position), ..slot }
    }

    /// The segment at a position.
    pub(super) fn at(&self, position: u64) -> Option<Slot> {
        match position.checked_sub(self.past.count()) {
            Some(position) => self.runs.at(position).map(|slot| self.listed(slot)),
            None => self.past.at(position),
        }
    }

    /// The segment whose number is `ahead` of the first one's.
    pub(super) fn numbered(&self, ahead: i128) -> Option<Slot> {
        let past = self.past.count();
        let listed = self.runs.numbered(ahead - i128::from(past)).map(|slot| self.listed(slot));
        listed.or_else(|| self.past.numbered(ahead))
    }

    /// The segment that starts exactly at a tick.
    pub(super) fn starting(&self, tick: u64) -> Option<Slot> {
        let listed = self.runs.starting(tick).map(|slot| self.listed(slot));
        listed.or_else(|| self.past.starting(tick))
    }

    /// The segment that will start at a tick after the end, if all are as long as the last one.
    pub(super) fn coming(&self, tick: u64) -> Option<Slot> {
        let run = self.last()?;
        let last = run.slot(run.count.checked_sub(1)?);
        let late = tick.checked_sub(run.end())?;
        let more = (late as f64 / last.duration.max(1) as f64).round() as u64;
        let position = self.count().checked_add(more)?;
        Some(Slot { position, start: tick, ..last })
    }

    /// By how many segments this timeline, the next version of `old`, begins later than it.
    pub(super) fn slid_from(&self, old: &Self) -> u64 {
        let (Some(new), Some(last)) = (self.first(), old.last()) else { return old.count() };
        if let Some(slot) = old.starting(new.start) {
            return slot.position;
        }
        // After the end of what was known: versions were missed, and only their duration is known.
        let missed = last.starting_before(new.start.saturating_sub(last.end()));
        if new.start >= last.end() { old.count().saturating_add(missed) } else { 0 }
    }

    /// Puts the last segments of `old` before the first of this version, so that requests for segments that
    /// just left the window still have a position. Returns how many were added.
    pub(super) fn keep_history(&mut self, old: &Self) -> u64 {
        let Some(first) = self.first().map(|run| run.start) else { return 0 };
        let listed = old.runs.as_slice();
        let listed = listed.get(..listed.partition_point(|run| run.start < first));
        let runs = old.past.as_slice().iter().chain(listed.unwrap_or_default());
        let runs = runs.rev().filter(|run| run.start < first).take(HISTORY);
        let mut kept = Runs::default();
        for run in runs.collect::<Vec<_>>().into_iter().rev() {
            let count = run.count.min(run.starting_before(first - run.start));
            kept.push(Run { count, ..run.clone() });
        }
        self.past = kept;
        self.past.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(start: Option<u64>, duration: u64, repeat: i64) -> Entry {
        Entry { start, duration, repeat, ..Entry::default() }
    }

    fn read(entries: &[Entry], end: Option<u64>) -> Timeline {
        Timeline::read(entries, &[], 1, end)
    }

    #[test]
    fn runs_are_not_enumerated() {
        let timeline = read(&[s(Some(0), 2, 1_000_000_000), s(None, 3, 0)], None);
        assert_eq!(timeline.count(), 1_000_000_002);
        assert_eq!(timeline.starting(2_000_000_000).unwrap().position, 1_000_000_000);
        let slot = timeline.at(1_000_000_001).unwrap();
        assert_eq!((slot.position, slot.start, slot.duration), (1_000_000_001, 2_000_000_002, 3));
        assert_eq!(timeline.starting(3), None);
        assert_eq!(timeline.at(1_000_000_002), None);
    }

    #[test]
    fn a_negative_repeat_lasts_to_the_next_or_the_end() {
        let timeline = read(&[s(Some(0), 4, -1), s(Some(12), 2, -1)], Some(17));
        assert_eq!(timeline.count(), 3 + 3);
        let open = read(&[s(Some(0), 4, -1)], None);
        assert!(open.is_open());
        assert_eq!(open.starting(4_000_000).unwrap().position, 1_000_000);
    }

    #[test]
    fn the_extremes_saturate() {
        let mut endless = Pattern::default();
        endless.add(u64::MAX, u64::MAX);
        let entry = Entry { pattern: Some((0, 7)), ..s(None, 1, i64::MAX) };
        let entries = [
            s(Some(u64::MAX), u64::MAX, i64::MAX),
            s(None, u64::MAX, i64::MIN),
            entry,
            s(Some(5), 0, 0),
        ];
        let timeline = Timeline::read(&entries, &[endless], u64::MAX, Some(0));
        assert!(timeline.starting(u64::MAX).is_some());
        assert_eq!(timeline.starting(0), None);
        let _ = (timeline.at(u64::MAX), timeline.count(), timeline.coming(u64::MAX));
        let _ = (timeline.numbered(i128::MAX), timeline.slid_from(&timeline));
    }

    #[test]
    fn a_sliding_window_keeps_its_count_and_its_past() {
        let old = read(&[s(Some(100), 10, 9)], None);
        let mut new = read(&[s(Some(130), 10, 9)], None);
        assert_eq!(new.slid_from(&old), 3);
        assert_eq!(new.keep_history(&old), 3);
        assert_eq!(new.starting(110).unwrap().position, 1);
        assert_eq!(new.count(), 13);
        let far = read(&[s(Some(300), 10, 0)], None);
        assert_eq!(far.slid_from(&old), 20);
        assert_eq!(old.coming(231).unwrap().position, 13);
    }

    #[test]
    fn patterns_recur_from_their_entry() {
        let mut pattern = Pattern::default();
        pattern.add(96_256, 2);
        pattern.add(95_232, 0);
        let entry = Entry { pattern: Some((0, 2)), ..s(Some(1000), 384_000, 14) };
        let timeline = Timeline::read(&[entry, s(None, 5, 0)], &[pattern], 1, None);
        assert_eq!(timeline.count(), 15 * 4 + 1);
        let durations: Vec<_> = (0..5).map(|at| timeline.at(at).unwrap().duration).collect();
        assert_eq!(durations, [96_256, 95_232, 96_256, 96_256, 96_256]);
        for at in [0, 1, 3, 4, 59, 60] {
            let slot = timeline.at(at).unwrap();
            assert_eq!(timeline.starting(slot.start).unwrap().position, at);
            assert_eq!(timeline.starting(slot.start + 1), None);
        }
        assert_eq!(timeline.at(60).unwrap().start, 1000 + 15 * 384_000);
        let mut new = read(&[s(Some(1000 + 96_256), 95_232, 0)], None);
        assert_eq!((new.slid_from(&timeline), new.keep_history(&timeline)), (1, 1));
    }

    #[test]
    fn numbers_may_leap() {
        let leap = Entry { number: Some(20), ..s(Some(50), 5, 1) };
        let timeline = Timeline::read(&[s(Some(0), 10, 4), leap], &[], 1, None);
        assert_eq!(timeline.numbered(4).unwrap().position, 4);
        assert_eq!(timeline.numbered(5), None);
        assert_eq!(timeline.numbered(20).unwrap().position, 6);
        assert_eq!(timeline.at(6).unwrap().skip, 14);
    }
}
