//! dash.js's average of throughputs: the lower of two EWMAs, weighted by download time, or a mean.

use super::means::{DashJsAverage, Samples};
use crate::player::estimator::half_to_the;

/// A weight for each ms of download.
const WEIGHT_PER_MS: f64 = 0.0015;
/// The share of the average that is safe to use.
const SAFETY: f64 = 0.9;
/// A download faster than this, in ms, came from a cache.
const CACHED: f64 = 10.0;

/// See the module. Half-lives are in the unit of the weights.
#[derive(Debug, Clone)]
pub(super) struct ThroughputAverage {
    mode: DashJsAverage,
    live: bool,
    samples: Samples,
    fast_half_life: f64,
    slow_half_life: f64,
    fast: f64,
    slow: f64,
    weight: f64,
}

impl ThroughputAverage {
    pub(super) fn new(mode: DashJsAverage, live: bool, half_lives: [f64; 2]) -> Self {
        let [fast_half_life, slow_half_life] = half_lives;
        Self {
            mode,
            live,
            samples: Samples::default(),
            fast_half_life,
            slow_half_life,
            fast: 0.0,
            slow: 0.0,
            weight: 0.0,
        }
    }

    /// Takes a download of `bytes` whose body took `body` of `total` ms.
    pub(super) fn push(&mut self, bytes: f64, body: f64, total: f64) {
        // Without timings of the browser, dash.js counts the time between progress events.
        let time = body.max(1.0);
        let value = (8.0 * bytes / time).round();
        if total < CACHED || !value.is_finite() {
            return;
        }
        self.samples.push(value, bytes);
        let weight = WEIGHT_PER_MS * time;
        let alpha = half_to_the(weight / self.fast_half_life);
        self.fast = (1.0 - alpha) * value + alpha * self.fast;
        let alpha = half_to_the(weight / self.slow_half_life);
        self.slow = (1.0 - alpha) * value + alpha * self.slow;
        self.weight += weight;
    }

    /// kbit/s, rounded; `None` before the first sample.
    pub(super) fn average(&self) -> Option<f64> {
        if self.mode != DashJsAverage::Ewma {
            return self.samples.mean(self.mode, self.live).map(f64::round);
        }
        if self.weight <= 0.0 {
            return None;
        }
        let fast = self.fast / (1.0 - half_to_the(self.weight / self.fast_half_life));
        let slow = self.slow / (1.0 - half_to_the(self.weight / self.slow_half_life));
        Some(fast.min(slow).round())
    }

    /// kbit/s that are safe to use.
    pub(super) fn safe(&self) -> Option<f64> {
        self.average().map(|average| average * SAFETY)
    }

    /// The newest throughput in kbit/s.
    pub(super) fn last(&self) -> Option<f64> {
        self.samples.last()
    }
}
