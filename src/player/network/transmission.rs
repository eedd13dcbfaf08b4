//! A response that is to be carried.

use super::RequestEffects;
use crate::{model::LinkSpec, seed::Seed, units::LinkTime};
use std::time::Duration;

/// A response that is to be carried: when it starts, what it consists of, and what it keeps to beside the link.
#[derive(Debug, Clone)]
pub struct Transmission {
    /// When its head leaves.
    pub start: LinkTime,
    /// Bytes of its head, which the link carries before the body.
    pub head: u32,
    /// Bytes of its body.
    pub bytes: u64,
    /// The root of its random numbers.
    pub seed: Seed,
    /// Rates of its own.
    pub limits: Vec<LinkSpec>,
    /// Pauses: before which byte, and for how long.
    pub pauses: Vec<(u64, Duration)>,
}

impl Transmission {
    /// A response that keeps to nothing but the link.
    #[must_use]
    pub const fn new(start: LinkTime, head: u32, bytes: u64, seed: Seed) -> Self {
        Self { start, head, bytes, seed, limits: Vec::new(), pauses: Vec::new() }
    }

    /// The same, with the limits and pauses of `effects`.
    pub(super) fn under(self, effects: &mut RequestEffects) -> Self {
        if effects.limits.is_empty() && effects.pauses.is_empty() {
            return self;
        }
        let limits = std::mem::take(&mut effects.limits);
        let mut pauses = std::mem::take(&mut effects.pauses);
        pauses.sort_unstable_by_key(|(byte, _)| *byte);
        Self { limits, pauses, ..self }
    }
}
