//! A piece of a schedule: a stretch of time in which the rate is constant or changes linearly.
//!
//! Areas (what the rate carries) are whole numbers of bit·nanoseconds. A slope from r₀ to r₁ over T has carried
//! ⌊r₀·t + (r₁ − r₀)·t²/2T⌋ after t; a piece that was cut keeps the slope it is from, so areas add up exactly,
//! wherever it was cut.

use crate::units::BitRate;

/// The end of a piece without an end.
pub(super) const FOREVER: u64 = u64::MAX;
/// The longest slope: keeps its areas within 128 bits at the highest rate.
pub(super) const LONGEST_SLOPE: u64 = 3_600_000_000_000;

/// A stretch of time, in nanoseconds of link time, and its rate in bit/s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) start: u64,
    /// [`FOREVER`] = without end.
    pub(super) end: u64,
    from: u64,
    to: u64,
    /// How much of the slope lies before `start`, and how long all of it is.
    offset: u64,
    whole: u64,
}

impl Piece {
    /// One rate.
    pub(super) const fn constant(start: u64, end: u64, rate: u64) -> Self {
        Self { start, end, from: rate, to: rate, offset: 0, whole: 0 }
    }

    /// A rate that goes from `from` to `to`; no longer than [`LONGEST_SLOPE`].
    pub(super) const fn slope(start: u64, end: u64, from: u64, to: u64) -> Self {
        Self { start, end, from, to, offset: 0, whole: end - start }
    }

    /// The part of this piece within `start..end`, which must not reach beyond it.
    pub(super) const fn within(self, start: u64, end: u64) -> Self {
        Self { start, end, offset: self.offset + (start - self.start), ..self }
    }

    /// The same piece at other times of the same length (or cut short).
    pub(super) const fn moved(self, start: u64, end: u64) -> Self {
        Self { start, end, ..self }
    }

    /// The same times with `share` millionths of the rate.
    pub(super) fn times(self, share: u64) -> Self {
        let part = |rate: u64| {
            let rate = u128::from(rate) * u128::from(share) / 1_000_000;
            u64::try_from(rate).unwrap_or(u64::MAX).min(BitRate::MAX.bits_per_second())
        };
        Self { from: part(self.from), to: part(self.to), ..self }
    }

    pub(super) const fn is_constant(&self) -> bool {
        self.from == self.to
    }

    /// The rate at `now`, rounded down to bit/s.
    pub(super) fn rate_at(&self, now: u64) -> u64 {
        if self.is_constant() {
            return self.from;
        }
        let at = u128::from((self.offset + now.saturating_sub(self.start)).min(self.whole));
        let gone = u128::from(self.from.abs_diff(self.to)) * at / u128::from(self.whole);
        if self.to > self.from { self.from + gone as u64 } else { self.from - gone as u64 }
    }

    /// Bit·ns carried from the start of the piece until `now` (or its end).
    pub(super) fn carried(&self, now: u64) -> u128 {
        let time = now.min(self.end).saturating_sub(self.start);
        if self.is_constant() {
            return u128::from(time) * u128::from(self.from);
        }
        self.climbed(self.offset + time) - self.climbed(self.offset)
    }

    /// The first time by which `area` bit·ns are carried; at most the piece's end.
    pub(super) fn reached(&self, area: u128) -> u64 {
        if area == 0 {
            return self.start;
        }
        if self.is_constant() {
            return self.start.saturating_add(quotient(area, self.from)).min(self.end);
        }
        // A float gives the estimate and whole numbers the exact result, which does not depend on the float.
        let (mut low, mut high) = (self.start, self.end);
        let mut guess = self.guess(area).clamp(low, high);
        let mut reach = 1;
        while low < high {
            if self.carried(guess) >= area {
                high = guess;
                guess = guess.saturating_sub(reach).max(low);
                if high == low {
                    break;
                }
            } else {
                low = guess + 1;
                guess = guess.saturating_add(reach).min(high);
            }
            reach = reach.saturating_mul(4);
            if reach > high.saturating_sub(low) {
                guess = low + (high - low) / 2;
            }
        }
        high
    }

    /// Bit·ns of the slope's first `time` nanoseconds, rounded down.
    fn climbed(&self, time: u64) -> u128 {
        let (time, whole) = (u128::from(time), u128::from(self.whole));
        let level = 2 * whole * u128::from(self.from);
        let change = u128::from(self.from.abs_diff(self.to)) * time;
        let twice = if self.to > self.from { level + change } else { level - change };
        time * twice / (2 * whole)
    }

    /// About where `area` is carried: the root of the slope's quadratic.
    fn guess(&self, area: u128) -> u64 {
        let bend = (self.to as f64 - self.from as f64) / self.whole as f64;
        let level = self.from as f64 + bend * self.offset as f64;
        let root = (level * level + 2.0 * bend * area as f64).max(0.0).sqrt();
        // This form of the root does not cancel, whichever way the slope goes.
        self.start.saturating_add((2.0 * area as f64 / (level + root)) as u64)
    }
}

/// `area / rate`, rounded up; all time for no rate. Most areas fit in 64 bits, which divide faster.
fn quotient(area: u128, rate: u64) -> u64 {
    match (u64::try_from(area), rate) {
        (_, 0) => FOREVER,
        (Ok(area), rate) => area.div_ceil(rate),
        (Err(_), rate) => u64::try_from(area.div_ceil(rate.into())).unwrap_or(FOREVER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_slope_carries_its_triangle() {
        let up = Piece::slope(0, 10 * SECOND, 0, 1000);
        assert_eq!(up.carried(10 * SECOND), 5000 * u128::from(SECOND));
        assert_eq!(up.carried(5 * SECOND), 1250 * u128::from(SECOND));
        assert_eq!(up.rate_at(5 * SECOND), 500);
        assert_eq!(up.reached(1250 * u128::from(SECOND)), 5 * SECOND);
        let down = Piece::slope(SECOND, 11 * SECOND, 1000, 0);
        assert_eq!(down.carried(6 * SECOND), 3750 * u128::from(SECOND));
        assert_eq!(down.reached(5000 * u128::from(SECOND)), 11 * SECOND);
        assert_eq!(down.times(500_000).carried(6 * SECOND), 1875 * u128::from(SECOND));
    }

    proptest! {
        /// Wherever a piece is cut, the parts together carry what the whole does.
        #[test]
        fn areas_add_up(
            from in 0u64..=1_000_000_000_000,
            to in 0u64..=1_000_000_000_000,
            whole in 2..=LONGEST_SLOPE,
            (cut, at) in (0.0f64..1.0, 0.0f64..1.0),
        ) {
            let piece = Piece::slope(7, 7 + whole, from, to);
            let cut = 7 + (whole as f64 * cut) as u64;
            let at = cut + ((7 + whole - cut) as f64 * at) as u64;
            let (first, rest) = (piece.within(7, cut), piece.within(cut, 7 + whole));
            prop_assert_eq!(first.carried(cut) + rest.carried(at), piece.carried(at));
        }

        /// The inverse is the first nanosecond at which the area is there.
        #[test]
        fn the_inverse_is_exact(
            from in 0u64..=1_000_000_000_000,
            to in 0u64..=1_000_000_000_000,
            whole in 2..=LONGEST_SLOPE,
            offset in 0.0f64..1.0,
            share in 0.0f64..=1.0,
        ) {
            let offset = (whole as f64 * offset) as u64;
            let piece = Piece::slope(0, whole, from, to).within(offset, whole);
            let area = (piece.carried(whole) as f64 * share) as u128;
            prop_assume!(area > 0 && area <= piece.carried(whole));
            let at = piece.reached(area);
            prop_assert!(piece.carried(at) >= area);
            prop_assert!(at == offset || piece.carried(at - 1) < area);
        }
    }
}
