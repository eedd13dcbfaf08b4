//! Runs of equal segments: never enumerated, searched in O(log runs).

use super::entry::Entry;
use std::{ops::Range, sync::Arc};

/// The count of a run without a known end.
pub(super) const OPEN: u64 = 1 << 40;
/// The most segments of a simple entry: any number of such entries stays below [`OPEN`].
const SIMPLE: i64 = 1 << 20;

/// Consecutive segments of equal duration, or of durations that repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) start: u64,
    /// Of a segment, or of a cycle.
    pub(super) duration: u64,
    pub(super) count: u64,
    /// How many segments the timeline has before this run.
    pub(super) before: u64,
    /// The difference between numbers and positions here.
    pub(super) skip: i64,
    pub(super) parts: u32,
    /// The repeating durations, if the segments differ.
    pub(super) cycle: Option<Cycle>,
}

/// Durations that repeat, starting with any of them. Cycles with other starts share the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cycle {
    pub(super) parts: Arc<Vec<CyclePart>>,
    /// How many segments it has.
    pub(super) len: u64,
    /// How long it is, in ticks.
    pub(super) ticks: u64,
    /// The segment of it that comes first.
    pub(super) from: u64,
}

/// Segments of a cycle that are of one duration, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CyclePart {
    /// How many segments there are before.
    pub(super) before: u64,
    pub(super) start: u64,
    pub(super) duration: u64,
}

impl Cycle {
    /// Where segment `nth` of the list starts in it; `nth` may be its length.
    fn listed(&self, nth: u64) -> u64 {
        if nth >= self.len {
            return self.ticks;
        }
        let after = self.parts.partition_point(|part| part.before <= nth);
        let part = after.checked_sub(1).and_then(|at| self.parts.get(at));
        part.map_or(0, |part| {
            part.start.saturating_add(part.duration.saturating_mul(nth - part.before))
        })
    }

    /// Where segment `nth` of the cycle starts in it.
    fn start(&self, nth: u64) -> u64 {
        let (at, from) = (self.from + nth, self.listed(self.from));
        match at.checked_sub(self.len) {
            None => self.listed(at).saturating_sub(from),
            Some(at) => (self.ticks - from).saturating_add(self.listed(at)),
        }
    }

    /// How many segments of the cycle start before `ticks` of it.
    fn starting_before(&self, ticks: u64) -> u64 {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.start(middle) < ticks { low = middle + 1 } else { high = middle }
        }
        low
    }
}

impl Run {
    pub(super) fn end(&self) -> u64 {
        self.start.saturating_add(self.offset(self.count))
    }

    /// Where segment `nth` of the run starts, counted from its start.
    fn offset(&self, nth: u64) -> u64 {
        let Some(cycle) = &self.cycle else { return self.duration.saturating_mul(nth) };
        let inside = cycle.start(nth % cycle.len);
        self.duration.saturating_mul(nth / cycle.len).saturating_add(inside)
    }

    /// How many segments start before `ticks` after the run's start.
    pub(super) fn starting_before(&self, ticks: u64) -> u64 {
        match &self.cycle {
            None => ticks.div_ceil(self.duration),
            Some(cycle) => {
                let inside = cycle.starting_before(ticks % self.duration);
                (ticks / self.duration).saturating_mul(cycle.len).saturating_add(inside)
            }
        }
    }

    pub(super) fn slot(&self, nth: u64) -> Slot {
        let offset = self.offset(nth);
        Slot {
            position: self.before.saturating_add(nth),
            start: self.start.saturating_add(offset),
            duration: self.offset(nth.saturating_add(1)).saturating_sub(offset),
            parts: self.parts,
            skip: self.skip,
        }
    }
}

/// The position of a segment in its timeline, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::media) struct Slot {
    /// From 0.
    pub(in crate::media) position: u64,
    pub(in crate::media) start: u64,
    pub(in crate::media) duration: u64,
    pub(in crate::media) parts: u32,
    /// The difference between its number and its position.
    pub(in crate::media) skip: i64,
}

/// The runs, from position 0 on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::media) struct Runs(Vec<Run>);

impl Runs {
    /// Adds a run, or lengthens the last one when this one continues it.
    pub(super) fn push(&mut self, run: Run) {
        if let Some(last) = self.0.last_mut()
            && last.duration == run.duration
            && (last.skip, last.parts) == (run.skip, run.parts)
            && last.cycle.is_none()
            && run.cycle.is_none()
            && last.end() == run.start
        {
            last.count = last.count.saturating_add(run.count).min(OPEN);
            return;
        }
        let before = self.count();
        self.0.push(Run { before, ..run });
    }

    /// Adds an entry that depends only on the end of the one before; false, and nothing added, for any other
    /// entry.
    pub(in crate::media) fn add(&mut self, entry: &Entry) -> bool {
        let simple = entry.number.is_none() && entry.pattern.is_none() && entry.duration > 0;
        if !simple || !(0..SIMPLE).contains(&entry.repeat) {
            return false;
        }
        self.push(Run {
            start: entry.start.unwrap_or_else(|| self.end()),
            duration: entry.duration,
            count: entry.repeat.unsigned_abs() + 1,
            before: 0,
            skip: 0,
            parts: entry.parts,
            cycle: None,
        });
        true
    }

    /// Makes room for another `runs`.
    pub(in crate::media) fn reserve(&mut self, runs: usize) {
        self.0.reserve(runs);
    }

    /// Adds the segments at some positions of another version, which were all added by [`Runs::add`].
    pub(in crate::media) fn extend(&mut self, other: &Self, positions: Range<u64>) {
        let after = other.0.partition_point(|run| run.before <= positions.start);
        let runs = other.0.get(after.saturating_sub(1)..).unwrap_or_default();
        let inside = |run: &&Run| !positions.is_empty() && run.before < positions.end;
        for (at, run) in runs.iter().take_while(inside).enumerate() {
            let passed = positions.start.saturating_sub(run.before);
            let count = run.count.min(positions.end - run.before).saturating_sub(passed);
            let part =
                Run { start: run.start.saturating_add(run.offset(passed)), count, ..run.clone() };
            if at == 0 {
                self.push(part);
            } else {
                let before = self.count();
                self.0.push(Run { before, ..part });
            }
        }
    }

    /// How many segments there are.
    pub(in crate::media) fn count(&self) -> u64 {
        self.0.last().map_or(0, |run| run.before.saturating_add(run.count))
    }

    /// The tick at which the last segment ends.
    pub(in crate::media) fn end(&self) -> u64 {
        self.0.last().map_or(0, Run::end)
    }

    /// How many segments there are up to the one that ends at a tick, if one does.
    pub(in crate::media) fn ending(&self, tick: u64) -> Option<u64> {
        let after = self.0.partition_point(|run| run.start < tick);
        let run = self.0.get(after.checked_sub(1)?)?;
        let nth = (tick - run.start).checked_div(run.duration)?;
        let ends = run.cycle.is_none()
            && nth <= run.count
            && run.start.saturating_add(run.offset(nth)) == tick;
        ends.then(|| run.before.saturating_add(nth))
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn as_slice(&self) -> &[Run] {
        &self.0
    }

    /// The segment at a position.
    pub(super) fn at(&self, position: u64) -> Option<Slot> {
        let after = self.0.partition_point(|run| run.before <= position);
        let run = self.0.get(after.checked_sub(1)?)?;
        let nth = position - run.before;
        (nth < run.count).then(|| run.slot(nth))
    }

    /// The segment whose number is `ahead` of the first one's.
    pub(super) fn numbered(&self, ahead: i128) -> Option<Slot> {
        let number = |run: &Run, position| i128::from(run.skip) + i128::from(position);
        let after = self.0.partition_point(|run| number(run, run.before) <= ahead);
        let run = self.0.get(after.checked_sub(1)?)?;
        let nth = u64::try_from(ahead - number(run, run.before)).ok()?;
        (nth < run.count).then(|| run.slot(nth))
    }

    /// The segment that starts exactly at a tick.
    pub(super) fn starting(&self, tick: u64) -> Option<Slot> {
        let after = self.0.partition_point(|run| run.start <= tick);
        let run = self.0.get(after.checked_sub(1)?)?;
        let nth = run.starting_before(tick - run.start);
        (nth < run.count).then(|| run.slot(nth)).filter(|slot| slot.start == tick)
    }
}

#[cfg(test)]
impl Runs {
    /// The number of runs it has capacity for.
    pub(in crate::media) fn room(&self) -> usize {
        self.0.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Runs copied from another version equal those that their entries would have made.
        #[test]
        fn runs_taken_over_are_as_read(
            entries in prop::collection::vec(
                (prop::option::of(0..60_u64), 1..4_u64, 0..4_i64, 0..2_u32), 1..12),
            from in 0..12_usize,
            len in 0..12_usize,
        ) {
            let entry = |&(start, duration, repeat, parts): &(Option<u64>, u64, i64, u32)| Entry {
                start, duration, repeat, parts, ..Entry::default()
            };
            let mut whole = Runs::default();
            let ends: Vec<_> = entries.iter().map(|made| {
                assert!(whole.add(&entry(made)));
                (whole.count(), whole.end())
            }).collect();
            let from = from.min(ends.len() - 1);
            let to = (from + len).min(ends.len() - 1);
            // A newer version that begins with what ends where entry `from` does.
            let clock = ends[from].1;
            let first = Entry { start: Some(clock.saturating_sub(2)), duration: clock.min(2), ..Entry::default() };
            prop_assume!(clock > 0);
            let (mut read, mut taken) = (Runs::default(), Runs::default());
            prop_assert!(read.add(&first) && taken.add(&first));
            for made in &entries[from + 1..=to] {
                read.add(&entry(made));
            }
            taken.extend(&whole, ends[from].0..ends[to].0);
            prop_assert_eq!(read, taken);
        }
    }

    #[test]
    fn where_segments_end() {
        let mut runs = Runs::default();
        for (start, duration, repeat) in [(Some(10), 5, 1), (None, 7, 0), (Some(50), 5, 2)] {
            assert!(runs.add(&Entry { start, duration, repeat, ..Entry::default() }));
        }
        let ends = [10, 15, 20, 27, 50, 55, 65].map(|tick| runs.ending(tick));
        assert_eq!(ends, [None, Some(1), Some(2), Some(3), None, Some(4), Some(6)]);
        assert_eq!((runs.ending(66), runs.ending(70)), (None, None));
        for odd in [
            Entry { number: Some(1), duration: 1, ..Entry::default() },
            Entry { repeat: -1, duration: 1, ..Entry::default() },
            Entry { pattern: Some((0, 0)), duration: 1, ..Entry::default() },
            Entry { repeat: i64::MAX, duration: 1, ..Entry::default() },
            Entry::default(),
        ] {
            assert!(!runs.add(&odd), "{odd:?}");
        }
    }
}
