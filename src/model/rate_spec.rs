//! The specification of a rate over time: one kind of schedule, or two combined.

use super::{
    markov::Markov,
    on_off::OnOff,
    relative::RelativeSteps,
    spec_error::SpecError,
    steps::{Ramp, Steps, Trace},
    waves::Waves,
};
use crate::units::BitRate;
use std::sync::Arc;

/// Rate over time.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum RateSpec {
    /// No limit.
    #[default]
    Unlimited,
    /// A constant rate.
    Constant(BitRate),
    /// A list of rates, each for a time.
    Steps(Arc<Steps>),
    /// A rate that goes linearly from point to point.
    Ramp(Arc<Ramp>),
    /// Waves on a base.
    Waves(Arc<Waves>),
    /// One rate, and another in between, for times that are drawn.
    OnOff(Arc<OnOff>),
    /// A chain of states, each with its rate.
    Markov(Arc<Markov>),
    /// A recorded schedule.
    Trace(Arc<Trace>),
    /// Steps that are shares of the session's ladder.
    Relative(Arc<RelativeSteps>),
    /// A rate times a share of it.
    Times(Arc<Times>),
    /// The lower of two rates.
    Min(Arc<[Self; 2]>),
}

/// A share of 100 %, as a schedule of shares counts it: in millionths.
pub const WHOLE: BitRate = BitRate::from_bits_per_second(1_000_000);

/// A rate times a share of it, both over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Times {
    pub(super) rate: RateSpec,
    /// Its "rates" are shares in millionths.
    pub(super) share: RateSpec,
}

impl Times {
    /// `rate` times `share`, whose rates are shares: 1,000,000 bit/s ([`WHOLE`]) is 100 %.
    ///
    /// # Errors
    /// When the share changes linearly (its product with a rate that does too could not be exact).
    pub fn new(rate: RateSpec, share: RateSpec) -> Result<Self, SpecError> {
        if share.slopes() {
            let problem = "has a share that changes gradually";
            let hint = "write the share as `schedule`, `on-off` or `markov`";
            return Err(SpecError::new("times", problem, hint));
        }
        Ok(Self { rate, share })
    }

    /// The rate before it is multiplied.
    #[must_use]
    pub const fn rate(&self) -> &RateSpec {
        &self.rate
    }

    /// The shares, in millionths.
    #[must_use]
    pub const fn share(&self) -> &RateSpec {
        &self.share
    }
}

impl RateSpec {
    /// Whether the rate ever changes linearly.
    fn slopes(&self) -> bool {
        match self {
            Self::Ramp(_) | Self::Waves(_) => true,
            Self::Times(times) => times.rate.slopes(),
            Self::Min(two) => two.iter().any(Self::slopes),
            _ => false,
        }
    }

    /// The highest rate it is built around; sizes the default burst. (A chain's states and a fixed
    /// spread may exceed it for a step.)
    #[must_use]
    pub fn peak(&self) -> BitRate {
        match self {
            Self::Unlimited => BitRate::MAX,
            Self::Constant(rate) => *rate,
            Self::Steps(steps) => steps.timeline.peak(),
            Self::Ramp(ramp) => ramp.timeline.peak(),
            Self::Waves(waves) => waves.peak(),
            Self::OnOff(on_off) => on_off.peak(),
            Self::Markov(chain) => chain.peak(),
            Self::Trace(trace) => trace.peak(),
            Self::Relative(steps) => steps.peak(),
            Self::Times(times) => {
                let (rate, share) = (times.rate.peak(), times.share.peak());
                let product = u128::from(rate.bits_per_second())
                    * u128::from(share.bits_per_second())
                    / 1_000_000;
                BitRate::from_bits_per_second(u64::try_from(product).unwrap_or(u64::MAX))
                    .min(BitRate::MAX)
            }
            Self::Min(two) => two[0].peak().min(two[1].peak()),
        }
    }

    /// The rate of `steps` on a ladder; the fallback on one whose rungs have no bandwidth.
    pub(super) fn on_ladder(steps: &RelativeSteps, rung: &dyn Fn(u16) -> Option<BitRate>) -> Self {
        match steps.resolve(rung) {
            Some(steps) => Self::Steps(Arc::new(steps)),
            None => Self::Constant(steps.fallback()),
        }
    }

    /// The same schedule with shares of a ladder turned into rates: `rung` returns the bandwidth of a rung (1 =
    /// lowest), if there is one. `None` when nothing in it is relative to a ladder.
    #[must_use]
    pub fn resolve(&self, rung: &dyn Fn(u16) -> Option<BitRate>) -> Option<Self> {
        match self {
            Self::Relative(steps) => Some(Self::on_ladder(steps, rung)),
            Self::Times(times) => {
                let rate = times.rate.resolve(rung)?;
                let share = times.share.clone();
                Some(Self::Times(Arc::new(Times { rate, share })))
            }
            Self::Min(two) => {
                let both = [two[0].resolve(rung), two[1].resolve(rung)];
                if both.iter().all(Option::is_none) {
                    return None;
                }
                let [first, second] = both;
                let (first, second) = (
                    first.unwrap_or_else(|| two[0].clone()),
                    second.unwrap_or_else(|| two[1].clone()),
                );
                Some(Self::Min(Arc::new([first, second])))
            }
            _ => None,
        }
    }
}
