//! The toxic `bandwidth`: a link of a constant rate.

use super::shaped::Shaped;
use crate::{
    model::{LinkSpec, RateSpec},
    seed::Seed,
    units::{BitRate, ProcessTime},
};

/// A stream of `rate` kB/s (1000 bytes); zero and less: nothing passes.
pub(super) fn limited(now: ProcessTime, rate: i64, seed: Seed) -> Shaped {
    Shaped::alone(now, &LinkSpec { rate: specified(rate), ..LinkSpec::default() }, seed)
}

fn specified(rate: i64) -> RateSpec {
    // Faster than any machine: 8 Tbit/s.
    const MOST: u64 = 1_000_000_000;
    match u64::try_from(rate).unwrap_or(0) {
        MOST.. => RateSpec::Unlimited,
        rate => RateSpec::Constant(BitRate::from_kilobits_per_second(rate * 8)),
    }
}
