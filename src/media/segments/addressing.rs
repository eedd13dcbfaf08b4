//! From `$Number$` or `$Time$` to a segment's position in the presentation.

use super::{template::Numbers, timeline::Timeline};
use crate::units::MediaTime;
use std::time::Duration;

/// The times of a Representation's segments.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::media) enum Shape {
    /// From a timeline.
    Timeline(Timeline),
    /// All of one duration, in ticks; `count` if the period's end is known.
    Fixed { ticks: f64, count: Option<u64> },
    /// Not stated.
    Unknown,
}

/// The segments of a Representation in one period.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::media) struct Addressing {
    pub(in crate::media) timescale: u64,
    /// `@presentationTimeOffset`: the tick at which the period begins.
    pub(in crate::media) offset: u64,
    pub(in crate::media) period_start: MediaTime,
    /// The number of the segment at position 0. Below zero when history precedes the first.
    pub(in crate::media) first_number: i128,
    pub(in crate::media) end_number: Option<u64>,
    /// The index of the segment at position 0.
    pub(in crate::media) first_index: i128,
    /// Whether URLs carry a time.
    pub(in crate::media) by_time: bool,
    /// Whether segments may be requested before a manifest lists them, because the preceding segment names
    /// them.
    pub(in crate::media) announced: bool,
    pub(in crate::media) shape: Shape,
}

/// A segment's position.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::media) struct Found {
    pub(in crate::media) index: Option<u64>,
    pub(in crate::media) number: Option<u64>,
    pub(in crate::media) time: Option<MediaTime>,
    pub(in crate::media) duration: Option<Duration>,
    /// Whether it is the first of a period other than the first.
    pub(in crate::media) discontinuity: bool,
}

impl Addressing {
    /// The segment with these numbers, if it is one of this period.
    pub(super) fn find(&self, numbers: Numbers) -> Option<Found> {
        let past = |number| self.end_number.is_some_and(|end| number > end);
        if numbers.number.is_some_and(past) {
            return None;
        }
        let ahead = numbers.number.map(|number| i128::from(number) - self.first_number);
        let (position, skip, start, ticks, parts) = match (&self.shape, numbers.time, ahead) {
            (Shape::Timeline(timeline), time, ahead) => {
                let slot = match (time, ahead) {
                    (Some(tick), _) => timeline
                        .starting(tick)
                        .or_else(|| self.announced.then(|| timeline.coming(tick))?),
                    (None, ahead) => timeline.numbered(ahead?),
                }?;
                let start = slot.start as f64 - self.offset as f64;
                (slot.position, slot.skip, Some(start), Some(slot.duration as f64), slot.parts)
            }
            (Shape::Fixed { ticks, count }, time, ahead) => {
                let position = match (time, ahead) {
                    (Some(tick), _) if *ticks >= 1.0 => (tick as f64 / ticks).round() as u64,
                    (_, ahead) => u64::try_from(ahead?).ok()?,
                };
                count.is_none_or(|count| position < count).then_some(())?;
                (position, 0, Some(position as f64 * ticks), Some(*ticks), 1)
            }
            (Shape::Unknown, _, ahead) => (u64::try_from(ahead?).ok()?, 0, None, None, 1),
        };
        // A part (`$SubNumber$`, from 1) is one of equal shares of its segment.
        let part = numbers.sub.filter(|_| parts > 1).map_or(0, |sub| sub.saturating_sub(1));
        let share = if numbers.sub.is_some() { f64::from(parts.max(1)) } else { 1.0 };
        let ticks = ticks.map(|ticks| ticks / share);
        let discontinuity = part == 0 && self.begins(start, ticks);
        let start = start.zip(ticks).map(|(start, ticks)| (part as f64).mul_add(ticks, start));
        let place = |first: i128| u64::try_from(first + i128::from(position)).ok();
        Some(Found {
            index: place(self.first_index),
            number: numbers.number.or_else(|| place(self.first_number + i128::from(skip))),
            time: start.and_then(|start| self.moment(start)),
            duration: ticks.and_then(|ticks| self.span(ticks)),
            discontinuity,
        })
    }

    /// The segment at a position.
    pub(in crate::media) fn slot(&self, position: u64) -> Found {
        let (start, ticks, skip) = match &self.shape {
            Shape::Timeline(timeline) => match timeline.at(position) {
                Some(slot) => {
                    let start = slot.start as f64 - self.offset as f64;
                    (Some(start), Some(slot.duration as f64), slot.skip)
                }
                None => (None, None, 0),
            },
            Shape::Fixed { ticks, .. } => (Some(position as f64 * ticks), Some(*ticks), 0),
            Shape::Unknown => (None, None, 0),
        };
        let place = |first: i128| u64::try_from(first + i128::from(position)).ok();
        Found {
            index: place(self.first_index),
            number: place(self.first_number + i128::from(skip)),
            time: start.and_then(|start| self.moment(start)),
            duration: ticks.and_then(|ticks| self.span(ticks)),
            discontinuity: self.begins(start, ticks),
        }
    }

    /// The tick that `$Time$` stands for at a position.
    pub(in crate::media) fn tick(&self, position: u64) -> Option<u64> {
        match &self.shape {
            Shape::Timeline(timeline) => timeline.at(position).map(|slot| slot.start),
            Shape::Fixed { ticks, .. } => Some((position as f64 * ticks).round() as u64),
            Shape::Unknown => None,
        }
    }

    /// The position computed from the numbers alone, for a segment that no known timeline holds.
    pub(super) fn compute_place(&self, numbers: Numbers) -> Found {
        let time = numbers.time.and_then(|tick| self.moment(tick as f64 - self.offset as f64));
        Found { number: numbers.number, time, ..Found::default() }
    }

    /// The index after the last segment, if there is a last one.
    pub(in crate::media) fn next_index(&self) -> Option<i128> {
        let count = match &self.shape {
            Shape::Timeline(timeline) => (!timeline.is_open()).then(|| timeline.count())?,
            Shape::Fixed { count, .. } => (*count)?,
            Shape::Unknown => return None,
        };
        Some(self.first_index + i128::from(count))
    }

    /// Its memory use, in runs of segments.
    pub(in crate::media) fn weight(&self) -> usize {
        match &self.shape {
            Shape::Timeline(timeline) => timeline.weight() + 1,
            Shape::Fixed { .. } | Shape::Unknown => 1,
        }
    }

    /// About how many bytes of memory it takes.
    pub(in crate::media) fn bytes(&self) -> usize {
        let timeline = match &self.shape {
            Shape::Timeline(timeline) => timeline.bytes(),
            Shape::Fixed { .. } | Shape::Unknown => 0,
        };
        size_of::<Self>() + timeline
    }

    /// Continues the count of the version before this one.
    pub(in crate::media) fn follow(&mut self, old: &Self) {
        match (&mut self.shape, &old.shape) {
            (Shape::Timeline(new), Shape::Timeline(held)) => {
                let slid = i128::from(new.slid_from(held));
                self.first_index = old.first_index + slid;
                if self.by_time {
                    // Many packagers never change @startNumber, so the number is advanced here.
                    self.first_number = self.first_number.max(old.first_number + slid);
                }
                let kept = i128::from(new.keep_history(held));
                self.first_index -= kept;
                self.first_number -= kept;
            }
            _ => self.first_index = old.first_index + (self.first_number - old.first_number).max(0),
        }
    }

    /// Whether a segment that starts at a tick contains the period's beginning.
    fn begins(&self, start: Option<f64>, ticks: Option<f64>) -> bool {
        let first = start.zip(ticks).is_some_and(|(start, ticks)| start < ticks / 2.0);
        first && !self.period_start.is_zero()
    }

    fn span(&self, ticks: f64) -> Option<Duration> {
        // No presentation lasts ten thousand years; but a manifest may state it.
        let seconds = ticks / self.timescale.max(1) as f64;
        (0.0..3e11).contains(&seconds).then(|| Duration::try_from_secs_f64(seconds).ok())?
    }

    fn moment(&self, ticks: f64) -> Option<MediaTime> {
        Some(self.period_start + self.span(ticks.max(0.0))?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::Entry;
    use super::*;

    fn timeline(from: u64, count: i64) -> Addressing {
        let entry =
            Entry { start: Some(from), duration: 180_000, repeat: count - 1, ..Entry::default() };
        Addressing {
            timescale: 90_000,
            offset: 0,
            period_start: MediaTime::ZERO,
            first_number: 1,
            end_number: None,
            first_index: 1,
            by_time: true,
            announced: false,
            shape: Shape::Timeline(Timeline::read(&[entry], &[], 1, None)),
        }
    }

    fn at(time: u64) -> Numbers {
        Numbers { time: Some(time), ..Numbers::default() }
    }

    #[test]
    fn index_and_number_stay_while_the_window_slides() {
        let old = timeline(0, 5);
        let before = old.find(at(180_000 * 4)).unwrap();
        let mut new = timeline(180_000 * 3, 5);
        new.follow(&old);
        assert_eq!(new.find(at(180_000 * 4)).unwrap(), before);
        assert_eq!(before.index, Some(5));
        assert_eq!(new.find(at(180_000)).unwrap().index, Some(2), "just left the window");
        assert_eq!(new.find(at(180_000 * 7)).unwrap().index, Some(8));
    }

    #[test]
    fn fixed_durations_count_from_the_start_number() {
        let fixed = Addressing {
            timescale: 1000,
            offset: 0,
            period_start: MediaTime::from_secs(60),
            first_number: 100,
            end_number: None,
            first_index: 31,
            by_time: false,
            announced: false,
            shape: Shape::Fixed { ticks: 2000.0, count: Some(10) },
        };
        let number = |number| fixed.find(Numbers { number: Some(number), ..Numbers::default() });
        let found = number(104).unwrap();
        assert_eq!((found.index, found.number), (Some(35), Some(104)));
        assert_eq!(found.time, Some(MediaTime::from_secs(68)));
        assert_eq!(found.duration, Some(Duration::from_secs(2)));
        assert_eq!((number(99), number(110)), (None, None));
        assert_eq!(fixed.next_index(), Some(41));
    }

    #[test]
    fn parts_share_their_segment() {
        let entry = Entry { start: Some(0), duration: 8, repeat: 3, parts: 4, ..Entry::default() };
        let sequences = Addressing {
            timescale: 2,
            offset: 0,
            period_start: MediaTime::ZERO,
            first_number: 7,
            end_number: None,
            first_index: 1,
            by_time: false,
            announced: false,
            shape: Shape::Timeline(Timeline::read(&[entry], &[], 7, None)),
        };
        let found = sequences.find(Numbers { number: Some(8), time: None, sub: Some(3) }).unwrap();
        assert_eq!((found.index, found.number), (Some(2), Some(8)));
        assert_eq!(found.time, Some(MediaTime::from_secs(6)));
        assert_eq!(found.duration, Some(Duration::from_secs(1)));
    }
}
