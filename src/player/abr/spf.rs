//! The streaming engine of video.js 10 (SPF): the highest rendition within a share of the lower of two
//! averages; up only by a margin.
//!
//! Source: @videojs/spf 10.0.0-rc.2, `bandwidth-estimator` and `track-switching`, as published; checked
//! decision by decision against that code.

use super::{Abr, Choice, State};
use crate::player::{
    estimator::DecayingMean, presentation::Presentation, session_report::SessionReport,
};

const MS: f64 = 1000.0;

/// The settings, by their names in SPF.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpfConfig {
    /// `initialBandwidth` in bit/s.
    pub initial_bandwidth: f64,
    /// `safetyMargin`
    pub safety_margin: f64,
    /// `upgradeMargin`
    pub upgrade_margin: f64,
    /// `fastHalfLife` in seconds.
    pub fast: f64,
    /// `slowHalfLife` in seconds.
    pub slow: f64,
    /// `minTotalBytes`
    pub min_total_bytes: f64,
    /// `minBytes`
    pub min_bytes: f64,
    /// `minDuration` in ms.
    pub min_duration: f64,
}

impl Default for SpfConfig {
    fn default() -> Self {
        Self {
            initial_bandwidth: 5_000_000.0,
            safety_margin: 0.85,
            upgrade_margin: 1.15,
            fast: 2.0,
            slow: 5.0,
            min_total_bytes: 128_000.0,
            min_bytes: 16_000.0,
            min_duration: 5.0,
        }
    }
}

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Spf {
    config: SpfConfig,
    fast: DecayingMean,
    slow: DecayingMean,
    bytes: f64,
    current: usize,
}

impl Spf {
    /// The algorithm for `presentation`.
    #[must_use]
    pub fn new(config: SpfConfig, presentation: &Presentation) -> Self {
        let mut spf = Self {
            config,
            fast: DecayingMean::new(config.fast),
            slow: DecayingMean::new(config.slow),
            bytes: 0.0,
            current: 0,
        };
        spf.current = spf.optimal(presentation.bitrates());
        spf
    }

    fn bandwidth(&self) -> f64 {
        if self.bytes < self.config.min_total_bytes {
            self.config.initial_bandwidth
        } else if self.fast.weight() > 0.0 {
            self.fast.mean().min(self.slow.mean())
        } else {
            // Enough bytes, but all of them in samples that were dropped.
            0.0
        }
    }

    /// The highest rendition that fits; the lowest if none does.
    fn optimal(&self, bitrates: &[f64]) -> usize {
        let most = self.bandwidth() * self.config.safety_margin;
        let fits = |rung: &usize| bitrates[*rung] * MS <= most;
        (0..bitrates.len()).rev().find(fits).unwrap_or(0)
    }

    fn learn(&mut self, bytes: f64, time: f64) {
        self.bytes += bytes;
        if bytes >= self.config.min_bytes && time >= self.config.min_duration {
            let (weight, bandwidth) = (time / MS, 8000.0 * bytes / time);
            self.fast.push(weight, bandwidth);
            self.slow.push(weight, bandwidth);
        }
    }
}

impl Abr for Spf {
    fn first(&mut self) -> usize {
        self.current
    }

    fn choose(&mut self, state: &State<'_>) -> Choice {
        let bitrates = state.presentation.bitrates();
        let optimal = self.optimal(bitrates);
        let least = bitrates[self.current] * MS * self.config.upgrade_margin;
        if optimal < self.current || bitrates[optimal] * MS >= least {
            self.current = optimal;
        }
        Choice::now(self.current)
    }

    fn on_first(&mut self, state: &State<'_>, report: &SessionReport) {
        self.on_download(state, report);
    }

    fn on_download(&mut self, _state: &State<'_>, report: &SessionReport) {
        let progress = &report.download.progress;
        self.current = report.rung;
        self.learn(progress.received / 8.0, progress.time);
    }

    fn estimate(&self) -> Option<f64> {
        Some(self.bandwidth())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spf(bitrates: &[f64], bandwidth: f64) -> Spf {
        let presentation = Presentation::endless(4000.0, bitrates.to_vec()).unwrap();
        let config = SpfConfig { initial_bandwidth: bandwidth, ..SpfConfig::default() };
        Spf::new(config, &presentation)
    }

    /// The values of SPF's own unit tests of its selection.
    #[test]
    fn qualities_are_those_of_the_published_vectors() {
        let four = [500.0, 1000.0, 2000.0, 4000.0];
        for (bandwidth, expected) in [(2.5e6, 2), (2e5, 0), (1e7, 3), (0.0, 0), (1.5e6, 1)] {
            assert_eq!(spf(&four, bandwidth).current, expected, "{bandwidth}");
        }
        for (bandwidth, expected) in [(4.6e6, 0), (4.8e6, 1), (2.35e6, 0), (4.5e6, 0)] {
            assert_eq!(spf(&[2000.0, 4000.0], bandwidth).current, expected, "{bandwidth}");
        }
        let five = [300.0, 600.0, 1200.0, 2400.0, 4800.0];
        for (bandwidth, expected) in [(1e6, 1), (5e6, 3), (1.5e6, 2), (2e6, 2), (3e6, 3), (6e6, 4)]
        {
            assert_eq!(spf(&five, bandwidth).current, expected, "{bandwidth}");
        }
    }

    /// The values of SPF's own unit tests of its estimator.
    #[test]
    fn estimates_are_those_of_the_published_vectors() {
        let mut one = spf(&[500.0], 1e6);
        one.learn(1_000_000.0, 1000.0);
        assert!((one.bandwidth() - 8e6).abs() < 1e-6);
        let mut small = spf(&[500.0], 1e6);
        small.learn(10_000.0, 100.0);
        assert_eq!((small.bytes, small.fast.weight()), (10_000.0, 0.0));
        let mut cached = spf(&[500.0], 1e6);
        cached.learn(100_000.0, 2.0);
        assert_eq!((cached.bytes, cached.fast.weight()), (100_000.0, 0.0));
        let mut steady = spf(&[500.0], 1e6);
        for _ in 0..6 {
            steady.learn(20_000.0, 1000.0);
        }
        assert_eq!(steady.bandwidth(), 1e6);
        steady.learn(20_000.0, 1000.0);
        assert!((steady.bandwidth() - 160_000.0).abs() < 1e-6);
    }

    #[test]
    fn an_upgrade_needs_a_margin() {
        let presentation = Presentation::endless(4000.0, vec![1000.0, 1100.0, 1200.0]).unwrap();
        let config = SpfConfig { initial_bandwidth: 1.3e6, ..SpfConfig::default() };
        let mut spf = Spf::new(config, &presentation);
        let state = State::new(&presentation, 8000.0, None, 1, 0.0);
        assert_eq!(spf.choose(&state).rung, 1);
        // 1.2 Mbit/s fits, but is not 15 % above 1.1.
        spf.config.initial_bandwidth = 1.5e6;
        assert_eq!(spf.choose(&state).rung, 1);
        spf.config.initial_bandwidth = 1.2e6;
        assert_eq!(spf.choose(&state).rung, 0);
        spf.config.initial_bandwidth = 1.5e6;
        assert_eq!(spf.choose(&state).rung, 2);
    }
}
