//! Waves on a base: sines, saws, squares and triangles, added up.

use super::{
    piece::{LONGEST_SLOPE, Piece},
    spec_error::SpecError,
    timeline::Start,
};
use crate::units::{BitRate, Ratio};
use std::{f64::consts::TAU, sync::Arc, time::Duration};

/// The number of straight lines that stand for a period of a sine: they differ from it by at most (π/96)²/2 = 0.054 % of its
/// amplitude.
const SINE_LINES: usize = 96;
/// Lines of a millisecond at least.
const SHORTEST_PERIOD: Duration = Duration::from_millis(100);
const LONGEST_PERIOD: Duration = Duration::from_secs(24 * 3600);

/// The shape of a wave within a period, from phase zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// From the middle up, back, down and back.
    Sine,
    /// As the sine, in straight lines.
    Triangle,
    /// Up for half of it, down for the other.
    Square,
    /// From the bottom to the top, then at once to the bottom.
    Saw,
}

impl Shape {
    /// The name used in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sine => "sine",
            Self::Triangle => "triangle",
            Self::Square => "square",
            Self::Saw => "saw",
        }
    }

    /// Where each line of a period starts and ends, as shares of the amplitude.
    fn lines(self) -> Vec<(f64, f64)> {
        match self {
            Self::Sine => {
                let at = |line: usize| (TAU * line as f64 / SINE_LINES as f64).sin();
                (0..SINE_LINES).map(|line| (at(line), at(line + 1))).collect()
            }
            Self::Triangle => vec![(0.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0)],
            Self::Square => vec![(1.0, 1.0), (-1.0, -1.0)],
            Self::Saw => vec![(-1.0, 1.0)],
        }
    }
}

/// One wave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wave {
    /// Its form.
    pub shape: Shape,
    /// How far the rate goes above and below the base.
    pub amplitude: BitRate,
    /// The length of a period.
    pub period: Duration,
    /// The share of a period at which it starts.
    pub phase: Ratio,
}

/// Waves on a base; where the sum is below zero the rate is zero.
#[derive(Debug, Clone, PartialEq)]
pub struct Waves {
    base: BitRate,
    waves: Vec<Wave>,
    /// Rates at both ends of each wave's lines, relative to the base.
    lines: Vec<Vec<(i64, i64)>>,
    start: Start,
}

impl Waves {
    /// `waves` added to `base`.
    ///
    /// # Errors
    /// When there are none, a period is out of range (100 ms to a day), or base and amplitudes are
    /// all zero.
    pub fn new(base: BitRate, waves: Vec<Wave>, start: Start) -> Result<Self, SpecError> {
        let wrong = |problem: &str, hint: &str| Err(SpecError::new("waves", problem, hint));
        if waves.is_empty() {
            let hint = "write at least one, as in `sine = { amplitude = \"1 Mbit/s\", period = \"30 s\" }`";
            return wrong("has no wave", hint);
        }
        if waves.iter().any(|wave| !(SHORTEST_PERIOD..=LONGEST_PERIOD).contains(&wave.period)) {
            return wrong("has a period out of range", "write `period` from `100 ms` to `24 h`");
        }
        let line = |wave: &Wave| {
            let height = wave.amplitude.bits_per_second() as f64;
            let rate = |share: f64| (share * height).round() as i64;
            wave.shape.lines().into_iter().map(|(from, to)| (rate(from), rate(to))).collect()
        };
        let waves_peak: u64 = waves.iter().map(|wave| wave.amplitude.bits_per_second()).sum();
        if base.bits_per_second() + waves_peak == 0 {
            return wrong("never carries a byte", "give `base` or a wave a rate above zero");
        }
        Ok(Self { base, lines: waves.iter().map(line).collect(), waves, start })
    }

    /// The rate that the waves go around.
    #[must_use]
    pub const fn base(&self) -> BitRate {
        self.base
    }

    /// The waves.
    #[must_use]
    pub fn waves(&self) -> &[Wave] {
        &self.waves
    }

    /// The highest rate there can be.
    #[must_use]
    pub fn peak(&self) -> BitRate {
        let waves: u64 = self.waves.iter().map(|wave| wave.amplitude.bits_per_second()).sum();
        let peak = self.base.bits_per_second().saturating_add(waves);
        BitRate::from_bits_per_second(peak).min(BitRate::MAX)
    }

    pub(super) const fn start(&self) -> Start {
        self.start
    }

    /// The line of wave `index` at `time`: its ends in time (relative to `time`), and its rates.
    fn line(&self, index: usize, time: u64) -> Line {
        let (wave, lines) = (&self.waves[index], &self.lines[index]);
        let (period, n) = (wave.period.as_nanos() as u64, lines.len() as u64);
        let phase = (period as f64 * wave.phase.get()) as u64;
        let at = (time % period + phase) % period;
        let bound = |line: u64| (u128::from(line) * u128::from(period) / u128::from(n)) as u64;
        let mut line = (u128::from(at) * u128::from(n) / u128::from(period)) as u64;
        // Bounds are whole nanoseconds, rounded down.
        line += u64::from(bound(line + 1) <= at);
        let (from, to) = lines[line as usize];
        Line { gone: at - bound(line), left: bound(line + 1) - at, from, to }
    }
}

/// A straight line of a wave, relative to a time within it.
struct Line {
    gone: u64,
    left: u64,
    from: i64,
    to: i64,
}

impl Line {
    /// The rate `after` nanoseconds from now.
    fn rate(&self, after: u64) -> i64 {
        let change = i128::from(self.to - self.from) * i128::from(self.gone + after);
        self.from + (change / i128::from(self.gone + self.left)) as i64
    }
}

/// Waves that are being played.
#[derive(Debug, Clone)]
pub(super) struct Waving {
    waves: Arc<Waves>,
    origin: u64,
    offset: u64,
}

impl Waving {
    /// Starts at link time `origin`, `offset` nanoseconds into the waves.
    pub(super) fn new(waves: &Arc<Waves>, origin: u64, offset: u64) -> Self {
        Self { waves: Arc::clone(waves), origin, offset }
    }

    /// The piece that starts at `now`: up to where the first wave bends, or the sum crosses zero.
    pub(super) fn piece(&self, now: u64) -> Piece {
        let time = now.saturating_sub(self.origin).saturating_add(self.offset);
        let (mut from, base) = (0_i64, self.waves.base.bits_per_second() as i64);
        let mut to = 0_i64;
        let mut lasts = LONGEST_SLOPE;
        for index in 0..self.waves.waves.len() {
            lasts = lasts.min(self.waves.line(index, time).left);
        }
        for index in 0..self.waves.waves.len() {
            let line = self.waves.line(index, time);
            from += line.rate(0);
            to += line.rate(lasts);
        }
        above_zero(now, lasts, base + from, base + to)
    }
}

/// A slope as far as it stays on one side of zero; below zero the rate is zero.
fn above_zero(now: u64, lasts: u64, from: i64, to: i64) -> Piece {
    let (mut lasts, mut to) = (lasts, to);
    if (from > 0) != (to > 0) && from != to {
        // Where it crosses; at least a nanosecond later, so that time advances.
        let height = i128::from(from.max(0) - from.min(0));
        let cross = (i128::from(lasts) * height / i128::from((to - from).abs())) as u64;
        (lasts, to) = (cross.clamp(1, lasts), if cross < lasts { 0 } else { to });
    }
    let rate = |rate: i64| rate.clamp(0, BitRate::MAX.bits_per_second() as i64) as u64;
    Piece::slope(now, now.saturating_add(lasts), rate(from), rate(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const MBIT: fn(u64) -> BitRate = |n| BitRate::from_kilobits_per_second(1000 * n);

    fn wave(shape: Shape, phase: f64) -> Wave {
        let phase = Ratio::new(phase).unwrap();
        Wave { shape, amplitude: MBIT(2), period: Duration::from_secs(8), phase }
    }

    fn waving(base: u64, waves: Vec<Wave>) -> Waving {
        let waves = Waves::new(MBIT(base), waves, Start::default()).unwrap();
        Waving::new(&Arc::new(waves), 0, 0)
    }

    /// The rate at `now`, found by walking there; and the mean until then.
    fn at(waving: &Waving, now: u64) -> (f64, f64) {
        let (mut time, mut area) = (0, 0);
        loop {
            let piece = waving.piece(time);
            assert!(piece.end > piece.start);
            area += piece.carried(now);
            if piece.end > now {
                return (piece.rate_at(now) as f64 / 1e6, area as f64 / now as f64 / 1e6);
            }
            time = piece.end;
        }
    }

    #[test]
    fn a_sine_is_one_to_a_part_in_a_thousand_of_its_amplitude() {
        let sine = waving(5, vec![wave(Shape::Sine, 0.0)]);
        for step in 0..997 {
            let time = 8.0 * f64::from(step) / 997.0;
            let wanted = 5.0 + 2.0 * (TAU * time / 8.0).sin();
            let (rate, _) = at(&sine, (time * 1e9) as u64);
            assert!((rate - wanted).abs() < 0.002, "{rate} at {time}, wanted {wanted}");
        }
        assert!((at(&sine, 80 * SECOND).1 - 5.0).abs() < 1e-5);
    }

    #[test]
    fn shapes_go_as_their_names_say() {
        let rate = |shape, time: u64| at(&waving(5, vec![wave(shape, 0.0)]), time * SECOND / 2).0;
        assert_eq!([0, 2, 4, 8, 12].map(|t| rate(Shape::Triangle, t)), [5.0, 6.0, 7.0, 5.0, 3.0]);
        assert_eq!([0, 7, 8, 15].map(|t| rate(Shape::Square, t)), [7.0, 7.0, 3.0, 3.0]);
        assert_eq!([0, 4, 8, 12].map(|t| rate(Shape::Saw, t)), [3.0, 4.0, 5.0, 6.0]);
        let late = waving(5, vec![wave(Shape::Saw, 0.25)]);
        assert_eq!(at(&late, 0).0, 4.0);
    }

    #[test]
    fn waves_add_up_and_stop_at_zero() {
        let both = waving(5, vec![wave(Shape::Square, 0.0), wave(Shape::Saw, 0.0)]);
        assert_eq!(at(&both, 2 * SECOND).0, 6.0);
        // A triangle of 2 around 1 is below zero from 5 to 7 s, by 1 bit·s in all.
        let low = waving(1, vec![wave(Shape::Triangle, 0.0)]);
        assert_eq!(at(&low, 6 * SECOND).0, 0.0);
        assert!((at(&low, 8 * SECOND).1 - 9.0 / 8.0).abs() < 1e-6);
    }
}
