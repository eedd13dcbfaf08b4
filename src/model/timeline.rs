//! A rate over time that is known beforehand: points, between which the rate stays or changes linearly. Held
//! once and shared; the rate at any time is found by binary search.

use super::{
    piece::{FOREVER, LONGEST_SLOPE, Piece},
    spec_error::SpecError,
};
use crate::{seed::Stream, units::BitRate};
use rand::RngExt as _;
use std::{sync::Arc, time::Duration};

/// Points per prefix sum: 16 bytes for each sum, and the points after it are added up.
const STRIDE: usize = 64;
/// The longest timeline.
const LONGEST: u64 = 366 * 24 * 3_600_000_000_000;

/// The position in a timeline at a link's time zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// This far from its beginning.
    At(Duration),
    /// Anywhere, drawn from the link's seed.
    Random,
}

impl Default for Start {
    fn default() -> Self {
        Self::At(Duration::ZERO)
    }
}

/// From `at` on, in nanoseconds from the timeline's beginning, `rate` bit/s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) at: u64,
    pub(super) rate: u64,
}

/// Points in order, the last of which is the end. On a slope the rate goes from point to point;
/// otherwise it stays until the next (and that of the last means nothing).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Timeline {
    points: Vec<Point>,
    sloped: bool,
    repeat: bool,
    start: Start,
    /// Bit·ns before every [`STRIDE`]th point.
    areas: Vec<u128>,
    peak: u64,
}

impl Timeline {
    /// # Errors
    /// When there is no stretch of time, time runs backwards, or no byte is ever carried.
    pub(super) fn new(
        field: &'static str,
        points: &[Point],
        sloped: bool,
        repeat: bool,
    ) -> Result<Self, SpecError> {
        let wrong = |problem: &str, hint: &str| Err(SpecError::new(field, problem, hint));
        if points.len() < 2 {
            return wrong("has too few points", "write at least two, the first at `0 s`");
        }
        if points.first().is_none_or(|first| first.at != 0) {
            return wrong("does not begin at `0 s`", "write its first point at `0 s`");
        }
        if points.windows(2).any(|pair| pair[1].at < pair[0].at) {
            return wrong("goes back in time", "write its points in the order of their times");
        }
        let points = if sloped { short_slopes(points) } else { joined(points) };
        let end = points.last().map_or(0, |last| last.at);
        if end < 1_000_000 {
            return wrong("is shorter than 1 ms", "write a longer one");
        }
        if end > LONGEST {
            return wrong("is longer than a year", "write a shorter one");
        }
        let peak = Self::peak_of(&points, sloped);
        if peak == 0 {
            return wrong("never carries a byte", "give at least one rate above zero");
        }
        let start = Start::default();
        let mut timeline = Self { points, sloped, repeat, start, areas: Vec::new(), peak };
        timeline.sum_up();
        Ok(timeline)
    }

    /// The same timeline with another starting position.
    ///
    /// # Errors
    /// When `start` is past the end of a timeline that does not repeat, or random in such a timeline.
    pub(super) fn starting(mut self, start: Start) -> Result<Self, SpecError> {
        let wrong = |problem, hint| Err(SpecError::new("start", problem, hint));
        match start {
            Start::Random if !self.repeat => {
                return wrong(
                    "can't be random in a schedule that ends",
                    "leave `repeat = false` out",
                );
            }
            Start::At(at) if !self.repeat && at.as_nanos() >= self.length().into() => {
                return wrong("is behind the end", "write a time within the schedule");
            }
            _ => self.start = start,
        }
        Ok(self)
    }

    fn peak_of(points: &[Point], sloped: bool) -> u64 {
        let rates = if sloped { points } else { &points[..points.len() - 1] };
        rates.iter().map(|point| point.rate).max().unwrap_or_default()
    }

    fn sum_up(&mut self) {
        let mut sum = 0;
        for index in 0..self.pieces() {
            if index % STRIDE == 0 {
                self.areas.push(sum);
            }
            sum += self.piece(index).carried(FOREVER);
        }
        self.areas.push(sum);
    }

    const fn pieces(&self) -> usize {
        self.points.len() - 1
    }

    /// Piece number `index`, at its time within the timeline.
    fn piece(&self, index: usize) -> Piece {
        let (from, to) = (self.points[index], self.points[index + 1]);
        if self.sloped && to.at > from.at {
            Piece::slope(from.at, to.at, from.rate, to.rate)
        } else {
            Piece::constant(from.at, to.at, from.rate)
        }
    }

    /// Its pieces, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Piece> {
        (0..self.pieces()).map(|index| self.piece(index)).filter(|piece| piece.end > piece.start)
    }

    /// The piece in which `at` lies; `at` is before the end.
    fn index_at(&self, at: u64) -> usize {
        // The last point at or before `at`: pieces of no length are skipped.
        self.points.partition_point(|point| point.at <= at).saturating_sub(1).min(self.pieces() - 1)
    }

    /// Bit·ns before `at`, which is not behind the end.
    fn area_before(&self, at: u64) -> u128 {
        let index = self.index_at(at);
        let summed = index / STRIDE;
        let rest = (summed * STRIDE..index).map(|index| self.piece(index).carried(FOREVER));
        self.areas[summed] + rest.sum::<u128>() + self.piece(index).carried(at)
    }

    /// How long it is, in nanoseconds.
    pub(super) fn length(&self) -> u64 {
        self.points.last().map_or(0, |last| last.at)
    }

    /// Bit·ns of all of it.
    pub(super) fn area(&self) -> u128 {
        self.areas.last().copied().unwrap_or_default()
    }

    pub(super) const fn peak(&self) -> BitRate {
        BitRate::from_bits_per_second(self.peak)
    }

    pub(super) const fn repeats(&self) -> bool {
        self.repeat
    }

    pub(super) const fn start(&self) -> Start {
        self.start
    }

    /// The rate that remains after the end of a timeline that does not repeat.
    pub(super) fn last_rate(&self) -> BitRate {
        let last = if self.sloped { self.points.len() } else { self.points.len() - 1 };
        BitRate::from_bits_per_second(self.points[last - 1].rate)
    }
}

/// The same slopes, in parts no longer than the longest.
fn short_slopes(points: &[Point]) -> Vec<Point> {
    let mut parts = Vec::with_capacity(points.len());
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let slope = i128::from(to.rate) - i128::from(from.rate);
        let length = i128::from(to.at - from.at);
        parts.push(from);
        let mut at = from.at + LONGEST_SLOPE;
        while at < to.at {
            let rate = i128::from(from.rate) + slope * i128::from(at - from.at) / length;
            parts.push(Point { at, rate: rate as u64 });
            at += LONGEST_SLOPE;
        }
    }
    parts.extend(points.last());
    parts
}

/// The same steps, with neighbours of one rate joined and those of no length left out.
fn joined(points: &[Point]) -> Vec<Point> {
    let mut parts: Vec<Point> = Vec::with_capacity(points.len());
    let (Some(end), steps) = (points.last(), &points[..points.len() - 1]) else { return parts };
    for (step, next) in steps.iter().zip(&points[1..]) {
        if next.at > step.at && parts.last().is_none_or(|last| last.rate != step.rate) {
            parts.push(*step);
        }
    }
    parts.push(*end);
    parts
}

/// A timeline that is being played, and where it started.
#[derive(Debug, Clone)]
pub(super) struct Playing {
    timeline: Arc<Timeline>,
    /// The link time at which playing started, at `offset` in the timeline.
    origin: u64,
    /// How far from the timeline's beginning the link started.
    offset: u64,
}

impl Playing {
    /// Starts at link time `origin`.
    pub(super) fn new(timeline: &Arc<Timeline>, origin: u64, stream: &mut Stream) -> Self {
        let length = timeline.length();
        let offset = match timeline.start {
            Start::At(at) => (at.as_nanos() % u128::from(length)) as u64,
            Start::Random => stream.random_range(0..length),
        };
        Self { timeline: Arc::clone(timeline), origin, offset }
    }

    /// The piece that `now` lies in, from `now` on.
    pub(super) fn piece(&self, now: u64) -> Piece {
        let (round, at) = self.place(now);
        let length = self.timeline.length();
        if round > 0 && !self.timeline.repeat {
            return Piece::constant(now, FOREVER, self.timeline.last_rate().bits_per_second());
        }
        let piece = self.timeline.piece(self.timeline.index_at(at));
        // The last step continues, so the piece need not end here.
        if !self.timeline.repeat && !self.timeline.sloped && piece.end == length {
            return Piece::constant(now, FOREVER, piece.rate_at(at));
        }
        let end = now.saturating_add(piece.end - at);
        piece.within(at, piece.end).moved(now, end)
    }

    /// Bit·ns within `from..to`.
    pub(super) fn carried(&self, from: u64, to: u64) -> u128 {
        self.area(to) - self.area(from)
    }

    fn area(&self, now: u64) -> u128 {
        let (round, at) = self.place(now);
        if round > 0 && !self.timeline.repeat {
            let over = (now - self.origin + self.offset) - self.timeline.length();
            let last = self.timeline.last_rate().bits_per_second();
            return self.timeline.area() + u128::from(over) * u128::from(last);
        }
        u128::from(round) * self.timeline.area() + self.timeline.area_before(at)
    }

    /// The number of repetitions so far, and the position within the timeline.
    fn place(&self, now: u64) -> (u64, u64) {
        let gone = now.saturating_sub(self.origin).saturating_add(self.offset);
        let length = self.timeline.length();
        (gone / length, gone % length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    const SECOND: u64 = 1_000_000_000;

    fn points(list: &[(u64, u64)]) -> Vec<Point> {
        list.iter().map(|&(at, rate)| Point { at: at * SECOND, rate }).collect()
    }

    fn playing(timeline: Timeline) -> Playing {
        Playing::new(&Arc::new(timeline), 0, &mut Seed::new(1).stream())
    }

    #[test]
    fn any_moment_is_found() {
        let list: Vec<(u64, u64)> = (0..=1000).map(|i| (i, i % 7)).collect();
        let timeline = Timeline::new("trace", &points(&list), false, true).unwrap();
        let playing = playing(timeline);
        let expected: u64 = (0..777).map(|i| i % 7).sum();
        assert_eq!(playing.area(777 * SECOND), u128::from(expected * SECOND));
        assert_eq!(playing.piece(777 * SECOND).rate_at(777 * SECOND), 777 % 7);
        let round: u64 = (0..1000).map(|i| i % 7).sum();
        let later = playing.area((5_000_000 + 777) * SECOND);
        assert_eq!(later, u128::from(5000 * round + expected) * u128::from(SECOND));
    }

    #[test]
    fn a_start_within_and_a_jump() {
        // Up from 0 to 100 in 10 s, then at once to 50, down to 0 at 20 s.
        let list = points(&[(0, 0), (10, 100), (10, 50), (20, 0)]);
        let timeline = Timeline::new("ramp", &list, true, true).unwrap();
        let timeline = timeline.starting(Start::At(Duration::from_secs(15))).unwrap();
        let playing = playing(timeline);
        assert_eq!(playing.piece(0).rate_at(0), 25);
        assert_eq!(playing.piece(10 * SECOND).rate_at(10 * SECOND), 50);
        assert_eq!(playing.carried(0, 20 * SECOND), u128::from(750 * SECOND));
        assert_eq!(playing.carried(5 * SECOND, 15 * SECOND), u128::from(500 * SECOND));
    }

    #[test]
    fn a_long_slope_is_exact_too() {
        let day = 24 * 3600;
        let timeline = Timeline::new("ramp", &points(&[(0, 0), (day, 86_400)]), true, false);
        let playing = playing(timeline.unwrap());
        assert_eq!(playing.area(day * SECOND), u128::from(day * day / 2) * u128::from(SECOND));
        assert_eq!(playing.piece((day + 9) * SECOND).rate_at((day + 9) * SECOND), 86_400);
    }

    #[test]
    fn a_random_start_follows_the_seed() {
        let timeline = Timeline::new("trace", &points(&[(0, 1), (100, 2), (200, 0)]), false, true);
        let timeline = Arc::new(timeline.unwrap().starting(Start::Random).unwrap());
        let offset = |seed| Playing::new(&timeline, 0, &mut Seed::new(seed).stream()).offset;
        assert_eq!(offset(1), offset(1));
        let mean = (0..2000).map(|seed| offset(seed) as f64 / 2e11).sum::<f64>() / 2000.0;
        assert!((mean - 0.5).abs() < 0.03, "mean {mean}");
    }
}
