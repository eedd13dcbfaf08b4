//! The rule against rebuffering that BOLA-E and the throughput rule share.

use super::State;

const SAFETY_AT_START: f64 = 0.9;
const SMALLEST_SAFETY: f64 = 0.5;

/// Chooses no segment that is larger than what a cautious estimate can carry within the buffer. The
/// caution grows with each decision, from 0.9 to 0.5.
#[derive(Debug, Clone, Copy)]
pub(super) struct InsufficientBuffer {
    safety: f64,
}

impl InsufficientBuffer {
    pub(super) const fn new() -> Self {
        Self { safety: SAFETY_AT_START }
    }

    /// The highest rung up to `rung` that fits; `None` if `rung` itself does.
    pub(super) fn limit(&mut self, state: &State<'_>, rung: usize) -> Option<usize> {
        let estimate = state.estimate?;
        let size = self.safety * (state.level - estimate.latency) * estimate.throughput;
        self.safety = (self.safety * SAFETY_AT_START).max(SMALLEST_SAFETY);
        let segment = state.presentation.segment();
        let bitrates = state.presentation.bitrates();
        bitrates.iter().skip(1).take(rung).position(|bitrate| bitrate * segment > size)
    }
}
