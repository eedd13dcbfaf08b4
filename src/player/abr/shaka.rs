//! Shaka Player 5.2: the variant whose range of bandwidths holds the estimate, at most every 8 s.
//!
//! Source: Shaka Player 5.2.12, `simple_abr_manager` and `ewma_bandwidth_estimator`, as published;
//! checked decision by decision against that code.

use super::{Abr, Choice, State};
use crate::player::{estimator::DecayingMean, session::SessionReport};

const MS: f64 = 1000.0;

/// The settings, by their names in Shaka.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShakaConfig {
    /// `defaultBandwidthEstimate` in bit/s.
    pub default_estimate: f64,
    /// `switchInterval` in seconds.
    pub switch_interval: f64,
    /// `bandwidthUpgradeTarget`
    pub upgrade_target: f64,
    /// `bandwidthDowngradeTarget`
    pub downgrade_target: f64,
    /// `advanced.minTotalBytes`
    pub min_total_bytes: f64,
    /// `advanced.minBytes`
    pub min_bytes: f64,
    /// `advanced.fastHalfLife` in seconds.
    pub fast: f64,
    /// `advanced.slowHalfLife` in seconds.
    pub slow: f64,
    /// `cacheLoadThreshold` in ms.
    pub cache_load_threshold: f64,
}

impl Default for ShakaConfig {
    fn default() -> Self {
        Self {
            default_estimate: 1_000_000.0,
            switch_interval: 8.0,
            upgrade_target: 0.85,
            downgrade_target: 0.95,
            min_total_bytes: 128_000.0,
            min_bytes: 16_000.0,
            fast: 2.0,
            slow: 5.0,
            cache_load_threshold: 5.0,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Shaka {
    config: ShakaConfig,
    fast: DecayingMean,
    slow: DecayingMean,
    bytes: f64,
    started: bool,
    /// When a variant was chosen last, in ms of the session.
    chosen_at: f64,
    current: Option<usize>,
}

impl Shaka {
    /// The algorithm.
    #[must_use]
    pub fn new(config: ShakaConfig) -> Self {
        Self {
            config,
            fast: DecayingMean::new(config.fast),
            slow: DecayingMean::new(config.slow),
            bytes: 0.0,
            started: false,
            chosen_at: 0.0,
            current: None,
        }
    }

    fn bandwidth(&self) -> f64 {
        if self.bytes < self.config.min_total_bytes {
            self.config.default_estimate
        } else {
            self.fast.mean().min(self.slow.mean())
        }
    }

    /// The variant whose range holds the estimate. Ranges overlap: the higher variant wins.
    fn fitting(&self, bitrates: &[f64]) -> usize {
        let bandwidth = self.bandwidth();
        let fits = |rung: usize| {
            let lowest = bitrates[rung] * MS / self.config.downgrade_target;
            let next = bitrates.get(rung + 1).map_or(f64::INFINITY, |next| next * MS);
            bandwidth >= lowest && bandwidth <= next / self.config.upgrade_target
        };
        (0..bitrates.len()).rev().find(|rung| fits(*rung)).unwrap_or(0)
    }

    fn learn(&mut self, bytes: f64, time: f64) {
        if time < self.config.cache_load_threshold || bytes < self.config.min_bytes {
            return;
        }
        let (weight, bandwidth) = (time / MS, 8000.0 * bytes / time);
        self.bytes += bytes;
        self.fast.push(weight, bandwidth);
        self.slow.push(weight, bandwidth);
    }

    /// Chooses again at `now` ms, if it is time for it.
    fn suggest(&mut self, now: f64, bitrates: &[f64]) {
        let interval = self.config.switch_interval * MS;
        if !self.started {
            if self.bytes < self.config.min_total_bytes {
                return;
            }
            self.started = true;
            self.chosen_at -= interval;
        }
        if now - self.chosen_at >= interval {
            self.chosen_at = now;
            self.current = Some(self.fitting(bitrates));
        }
    }
}

impl Abr for Shaka {
    fn choose(&mut self, state: &State<'_>) -> Choice {
        let current = self.current.unwrap_or_else(|| self.fitting(state.presentation.bitrates()));
        self.current = Some(current);
        Choice::now(current)
    }

    fn on_first(&mut self, state: &State<'_>, report: &SessionReport) {
        self.on_download(state, report);
    }

    fn on_download(&mut self, state: &State<'_>, report: &SessionReport) {
        let progress = &report.download.progress;
        if !report.download.abandoned {
            self.current.get_or_insert(report.rung);
            self.learn(progress.received / 8.0, progress.time);
            self.suggest(state.now, state.presentation.bitrates());
        }
    }

    fn estimate(&self) -> Option<f64> {
        Some(self.bandwidth())
    }
}
