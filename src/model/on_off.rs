//! An on/off process: two rates that alternate, each for a random time.

use super::{Distribution, piece::Piece, spec_error::SpecError};
use crate::{seed::Stream, units::BitRate};
use rand::RngExt as _;
use std::{sync::Arc, time::Duration};

/// The shortest stay, so that the process advances whatever is drawn.
const SHORTEST: Duration = Duration::from_millis(1);

/// Two rates that alternate, each for a random time. It starts at the beginning of such a time; which rate is first is
/// random, by the long-run shares of time.
#[derive(Debug, Clone, PartialEq)]
pub struct OnOff {
    on: Distribution,
    off: Distribution,
    rate: BitRate,
    rest: BitRate,
}

impl OnOff {
    /// `rate` for times drawn from `on`, and `rest` in between for times drawn from `off`. Draws
    /// under 1 ms count as 1 ms.
    ///
    /// # Errors
    /// When `rate` is zero or a mean is under 1 ms.
    pub fn new(
        on: Distribution,
        off: Distribution,
        rate: BitRate,
        rest: BitRate,
    ) -> Result<Self, SpecError> {
        if rate == BitRate::ZERO {
            let hint = "write a rate above zero";
            return Err(SpecError::new("rate", "never carries a byte", hint));
        }
        for (field, law) in [("on", &on), ("off", &off)] {
            if law.mean() < SHORTEST {
                let hint = "write a mean of at least `1 ms`";
                return Err(SpecError::new(field, "lasts no time", hint));
            }
        }
        Ok(Self { on, off, rate, rest })
    }

    /// The rate while on.
    #[must_use]
    pub const fn rate(&self) -> BitRate {
        self.rate
    }

    /// The rate while off.
    #[must_use]
    pub const fn rest(&self) -> BitRate {
        self.rest
    }

    /// How long it is on at a time.
    #[must_use]
    pub const fn on(&self) -> &Distribution {
        &self.on
    }

    /// How long it is off at a time.
    #[must_use]
    pub const fn off(&self) -> &Distribution {
        &self.off
    }

    /// The long-run share of time in which it is on.
    #[must_use]
    pub fn share_on(&self) -> f64 {
        let (on, off) = (self.on.mean().as_secs_f64(), self.off.mean().as_secs_f64());
        on / (on + off)
    }

    pub(super) fn peak(&self) -> BitRate {
        self.rate.max(self.rest)
    }
}

/// A running on/off process.
#[derive(Debug, Clone)]
pub(super) struct Switching {
    spec: Arc<OnOff>,
    /// The state of the next piece.
    on: bool,
    stream: Stream,
}

impl Switching {
    pub(super) fn new(spec: &Arc<OnOff>, mut stream: Stream) -> Self {
        let on = stream.random::<f64>() < spec.share_on();
        Self { spec: Arc::clone(spec), on, stream }
    }

    /// The piece that starts at `now`.
    pub(super) fn piece(&mut self, now: u64) -> Piece {
        let (law, rate) = if self.on {
            (&self.spec.on, self.spec.rate)
        } else {
            (&self.spec.off, self.spec.rest)
        };
        let lasts = law.sample(&mut self.stream).max(SHORTEST);
        self.on = !self.on;
        let lasts = u64::try_from(lasts.as_nanos()).unwrap_or(u64::MAX);
        Piece::constant(now, now.saturating_add(lasts), rate.bits_per_second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn stays_have_their_means_and_shares() {
        let second = Duration::from_secs(1);
        let (rate, rest) =
            (BitRate::from_kilobits_per_second(8), BitRate::from_kilobits_per_second(1));
        let on = Distribution::exponential(8 * second).unwrap();
        let off = Distribution::weibull(2 * second, 0.7).unwrap();
        let spec = Arc::new(OnOff::new(on, off, rate, rest).unwrap());
        assert!((spec.share_on() - 0.8).abs() < 1e-12);
        let mut switching = Switching::new(&spec, Seed::new(2).stream());
        let (mut now, mut on, mut stays) = (0, 0, 0);
        for _ in 0..100_000 {
            let piece = switching.piece(now);
            if piece.rate_at(now) == rate.bits_per_second() {
                on += piece.end - now;
                stays += 1;
            }
            now = piece.end;
        }
        assert!((on as f64 / now as f64 - 0.8).abs() < 0.005);
        assert!((on as f64 / f64::from(stays) / 1e9 - 8.0).abs() < 0.1);
        let starts = (0..2000).filter(|seed| Switching::new(&spec, Seed::new(*seed).stream()).on);
        assert!((starts.count() as f64 / 2000.0 - 0.8).abs() < 0.03);
    }
}
