//! Steps that are shares of the session's ladder: "120 % of rung 3".

use super::{
    spec_error::SpecError,
    steps::{Step, Steps},
};
use crate::units::BitRate;
use std::time::Duration;

/// A rate, or a share of a rung's bandwidth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelativeRate {
    /// A rate that does not depend on the ladder.
    Fixed(BitRate),
    /// A share, in millionths, of the bandwidth of a rung (1 = lowest).
    OfRung {
        /// Millionths of it.
        share: u64,
        /// The rung.
        rung: u16,
    },
}

/// Steps of which some are relative to a ladder, with the rate to use until the ladder is known (or where it
/// has no such rung).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelativeSteps {
    steps: Vec<(Duration, RelativeRate)>,
    repeat: bool,
    fallback: BitRate,
}

impl RelativeSteps {
    /// A schedule of `steps`; a single one that does not repeat is a constant rate.
    ///
    /// # Errors
    /// As [`Steps::new`], with `fallback` in place of relative steps; and when `fallback` is zero.
    pub fn new(
        steps: Vec<(Duration, RelativeRate)>,
        repeat: bool,
        fallback: BitRate,
    ) -> Result<Self, SpecError> {
        if fallback == BitRate::ZERO {
            let hint =
                "write a rate above zero: it applies until the ladder is known from a manifest";
            return Err(SpecError::new("fallback", "never carries a byte", hint));
        }
        let relative = Self { steps, repeat, fallback };
        Steps::new(relative.steps_by(&|_| None), repeat)?;
        Ok(relative)
    }

    /// The steps, in order.
    #[must_use]
    pub fn steps(&self) -> &[(Duration, RelativeRate)] {
        &self.steps
    }

    /// Whether the list starts over after its end.
    #[must_use]
    pub const fn repeats(&self) -> bool {
        self.repeat
    }

    /// The rate used for a share of a rung that is not known.
    #[must_use]
    pub const fn fallback(&self) -> BitRate {
        self.fallback
    }

    /// The plain schedule for a ladder; `None` for a ladder whose rungs have no bandwidth, where every share is nothing.
    pub(super) fn resolve(&self, rung: &dyn Fn(u16) -> Option<BitRate>) -> Option<Steps> {
        Steps::new(self.steps_by(rung), self.repeat).ok()
    }

    pub(super) fn peak(&self) -> BitRate {
        let steps = self.steps_by(&|_| None);
        steps.iter().map(|step| step.rate).max().unwrap_or(self.fallback)
    }

    fn steps_by(&self, rung: &dyn Fn(u16) -> Option<BitRate>) -> Vec<Step> {
        let rate = |rate| match rate {
            RelativeRate::Fixed(rate) => rate,
            RelativeRate::OfRung { share, rung: number } => {
                rung(number).map_or(self.fallback, |rate| times(rate, share))
            }
        };
        self.steps.iter().map(|&(lasts, of)| Step { lasts, rate: rate(of) }).collect()
    }
}

fn times(rate: BitRate, share: u64) -> BitRate {
    let bits = u128::from(rate.bits_per_second()) * u128::from(share) / 1_000_000;
    BitRate::from_bits_per_second(u64::try_from(bits).unwrap_or(u64::MAX)).min(BitRate::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_become_rates_when_the_ladder_is_known() {
        let kbit = BitRate::from_kilobits_per_second;
        let second = Duration::from_secs(1);
        let of = |share, rung| (second, RelativeRate::OfRung { share, rung });
        let steps = vec![of(1_200_000, 3), of(800_000, 9), (second, RelativeRate::Fixed(kbit(7)))];
        let relative = RelativeSteps::new(steps, true, kbit(500)).unwrap();
        let rates = |steps: Option<Steps>| -> Vec<BitRate> {
            steps.unwrap().steps().iter().map(|step| step.rate).collect()
        };
        let known = |rung: u16| (rung == 3).then(|| kbit(1000));
        assert_eq!(rates(relative.resolve(&known)), [kbit(1200), kbit(500), kbit(7)]);
        assert_eq!(rates(relative.resolve(&|_| None)), [kbit(500), kbit(500), kbit(7)]);
        assert!(RelativeSteps::new(vec![of(1, 1)], false, BitRate::ZERO).is_err());
    }
}
