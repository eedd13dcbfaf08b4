//! How playback of a live stream keeps its distance from the live edge.

/// With less media in the buffer than this, in ms, playback is not faster than 1.
const LOW: f64 = 500.0;
const MS: f64 = 1000.0;

/// How playback catches up with its target latency.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CatchUp {
    /// The latency to keep, in ms.
    pub target: f64,
    /// The most that the rate differs from 1; 0 = playback never changes its rate.
    pub most: f64,
}

impl CatchUp {
    /// How long a rate is kept, in ms.
    pub const STEP: f64 = 100.0;

    /// The rate at `latency` ms with `level` ms in the buffer: dash.js's (1 − *c*) + 2*c* ÷ (1 + e^(−5Δ)), where
    /// Δ is the latency above the target in s.
    #[must_use]
    pub fn rate(&self, latency: f64, level: f64) -> f64 {
        let above = (latency - self.target) / MS;
        let rate = 1.0 - self.most + 2.0 * self.most / (1.0 + (-5.0 * above).exp());
        if level < LOW { rate.min(1.0) } else { rate }
    }
}
