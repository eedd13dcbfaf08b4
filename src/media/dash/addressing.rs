//! From `$Number$` or `$Time$` to a segment's place in the presentation.

use super::{template::Numbers, timeline::Timeline};
use std::time::Duration;

/// How the segments of a Representation lie in time.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// As a SegmentTimeline says.
    Timeline(Timeline),
    /// All of one duration, in ticks; `count` if the period's end is known.
    Fixed { ticks: f64, count: Option<u64> },
    /// Not said.
    Unknown,
}

/// The segments of a Representation in one period.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Addressing {
    pub(super) timescale: u64,
    /// `@presentationTimeOffset`: the tick at which the period begins.
    pub(super) offset: u64,
    pub(super) period_start: Duration,
    /// The number of the segment at position 0. Below zero when history stands before the first.
    pub(super) first_number: i128,
    pub(super) end_number: Option<u64>,
    /// The index of the segment at position 0.
    pub(super) first_index: i128,
    /// Whether URLs carry `$Time$`.
    pub(super) by_time: bool,
    pub(super) shape: Shape,
}

/// A segment's place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) index: Option<u64>,
    pub(super) number: Option<u64>,
    pub(super) time: Option<Duration>,
    pub(super) duration: Option<Duration>,
}

impl Addressing {
    /// The segment with these numbers, if it is one of this period.
    pub(super) fn find(&self, numbers: Numbers) -> Option<Found> {
        let past = |number| self.end_number.is_some_and(|end| number > end);
        if numbers.number.is_some_and(past) {
            return None;
        }
        let position = match numbers {
            Numbers { time: Some(tick), .. } => self.position_of_tick(tick)?,
            Numbers { number: Some(number), .. } => {
                u64::try_from(i128::from(number) - self.first_number).ok()?
            }
            _ => return None,
        };
        let (start, duration) = match &self.shape {
            Shape::Timeline(timeline) => {
                let slot = timeline.at(position)?;
                (
                    self.moment(slot.start as f64 - self.offset as f64),
                    self.span(slot.duration as f64),
                )
            }
            Shape::Fixed { ticks, count } => {
                count.is_none_or(|count| position < count).then_some(())?;
                (self.moment(position as f64 * ticks), self.span(*ticks))
            }
            Shape::Unknown => (None, None),
        };
        let place = |first: i128| u64::try_from(first + i128::from(position)).ok();
        Some(Found {
            index: place(self.first_index),
            number: numbers.number.or_else(|| place(self.first_number)),
            time: start,
            duration,
        })
    }

    /// What the numbers alone say, of a segment that no known timeline holds.
    pub(super) fn reckon(&self, numbers: Numbers) -> Found {
        let time = numbers.time.and_then(|tick| self.moment(tick as f64 - self.offset as f64));
        Found { number: numbers.number, time, ..Found::default() }
    }

    /// The index after the last segment, if there is a last one.
    pub(super) fn next_index(&self) -> Option<i128> {
        let count = match &self.shape {
            Shape::Timeline(timeline) => (!timeline.is_open()).then(|| timeline.count())?,
            Shape::Fixed { count, .. } => (*count)?,
            Shape::Unknown => return None,
        };
        Some(self.first_index + i128::from(count))
    }

    /// Takes up the count of the version before this one.
    pub(super) fn follow(&mut self, old: &Self) {
        match (&mut self.shape, &old.shape) {
            (Shape::Timeline(new), Shape::Timeline(held)) => {
                let slid = i128::from(new.slid_from(held));
                self.first_index = old.first_index + slid;
                if self.by_time {
                    // Many packagers never move @startNumber: the number is ours to keep moving.
                    self.first_number = self.first_number.max(old.first_number + slid);
                }
                let kept = i128::from(new.keep_history(held));
                self.first_index -= kept;
                self.first_number -= kept;
            }
            _ => self.first_index = old.first_index + (self.first_number - old.first_number).max(0),
        }
    }

    fn position_of_tick(&self, tick: u64) -> Option<u64> {
        match &self.shape {
            Shape::Timeline(timeline) => timeline.starting(tick).map(|slot| slot.position),
            Shape::Fixed { ticks, .. } if *ticks >= 1.0 => {
                Some((tick as f64 / ticks).round() as u64)
            }
            Shape::Fixed { .. } | Shape::Unknown => None,
        }
    }

    fn span(&self, ticks: f64) -> Option<Duration> {
        // No presentation lasts ten thousand years; a manifest may say so all the same.
        let seconds = ticks / self.timescale.max(1) as f64;
        (0.0..3e11).contains(&seconds).then(|| Duration::try_from_secs_f64(seconds).ok())?
    }

    fn moment(&self, ticks: f64) -> Option<Duration> {
        self.period_start.checked_add(self.span(ticks.max(0.0))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dash_mpd_core::S;

    fn timeline(from: u64, count: i64) -> Addressing {
        let entries = [S { t: Some(from), d: 90_000 * 2, r: Some(count - 1), ..S::default() }];
        Addressing {
            timescale: 90_000,
            offset: 0,
            period_start: Duration::ZERO,
            first_number: 1,
            end_number: None,
            first_index: 1,
            by_time: true,
            shape: Shape::Timeline(Timeline::read(&entries, None)),
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
            period_start: Duration::from_secs(60),
            first_number: 100,
            end_number: None,
            first_index: 31,
            by_time: false,
            shape: Shape::Fixed { ticks: 2000.0, count: Some(10) },
        };
        let number = |number| fixed.find(Numbers { number: Some(number), ..Numbers::default() });
        let found = number(104).unwrap();
        assert_eq!((found.index, found.number), (Some(35), Some(104)));
        assert_eq!(found.time, Some(Duration::from_secs(68)));
        assert_eq!(found.duration, Some(Duration::from_secs(2)));
        assert_eq!((number(99), number(110)), (None, None));
        assert_eq!(fixed.next_index(), Some(41));
    }
}
