//! Shaka Player 5.2: the variant whose range of bandwidths holds the estimate, at most every 8 s.
//!
//! Source: Shaka Player 5.2.12, `simple_abr_manager` and `ewma_bandwidth_estimator`, as published;
//! checked decision by decision against that code.

use super::{Abr, Choice, State};
use crate::player::{estimator::DecayingMean, session_report::SessionReport};

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
    fn fitting(&self, bitrates: &[f64], rate: f64) -> usize {
        let bandwidth = self.bandwidth();
        let fits = |rung: usize| {
            let lowest = rate * bitrates[rung] * MS / self.config.downgrade_target;
            let next = bitrates.get(rung + 1).map_or(f64::INFINITY, |next| rate * next * MS);
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
    fn suggest(&mut self, now: f64, bitrates: &[f64], rate: f64) {
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
            self.current = Some(self.fitting(bitrates, rate));
        }
    }
}

impl Abr for Shaka {
    fn choose(&mut self, state: &State<'_>) -> Choice {
        let current = self
            .current
            .unwrap_or_else(|| self.fitting(state.presentation.bitrates(), state.playback_rate));
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
            self.suggest(state.now, state.presentation.bitrates(), state.playback_rate);
        }
    }

    fn estimate(&self) -> Option<f64> {
        Some(self.bandwidth())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// kbit/s.
    const LADDER: [f64; 5] = [400.0, 500.0, 600.0, 1000.0, 2000.0];

    fn downloaded(shaka: &mut Shaka, now: f64, bandwidth: f64) {
        shaka.learn(bandwidth / 8.0, 1000.0);
        shaka.suggest(now, &LADDER, 1.0);
    }

    /// The vectors of Shaka's own unit tests: two segments of 1 s, a little faster than a variant.
    #[test]
    fn variants_are_those_of_the_published_vectors() {
        for (bandwidth, expected) in [(500_000.0, 1), (600_000.0, 2), (2_000_000.0, 4)] {
            let mut shaka = Shaka::new(ShakaConfig::default());
            downloaded(&mut shaka, 1000.0, bandwidth * 1.06);
            downloaded(&mut shaka, 2000.0, bandwidth * 1.06);
            assert_eq!(shaka.current, Some(expected), "{bandwidth}");
        }
    }

    #[test]
    fn the_default_estimate_chooses_first() {
        let config = ShakaConfig { default_estimate: 3_000_000.0, ..ShakaConfig::default() };
        assert_eq!(Shaka::new(config).fitting(&LADDER, 1.0), 4);
        assert_eq!(Shaka::new(config).fitting(&LADDER, 2.5), 3);
    }

    #[test]
    fn the_switch_interval_is_kept() {
        let mut shaka = Shaka::new(ShakaConfig::default());
        downloaded(&mut shaka, 1000.0, 530_000.0);
        downloaded(&mut shaka, 2000.0, 530_000.0);
        assert_eq!(shaka.current, Some(1));
        // Much faster, 6 s later: not yet. 8 s later: the next variants.
        for _ in 0..20 {
            shaka.learn(3_000_000.0 / 8.0, 1000.0);
        }
        shaka.suggest(8000.0, &LADDER, 1.0);
        assert_eq!(shaka.current, Some(1));
        shaka.suggest(10_000.0, &LADDER, 1.0);
        assert_eq!(shaka.current, Some(4));
    }
}
