//! Quality of experience: the figures of one simulated viewing.

use super::playout::PlayoutTotals;
use crate::qoe::{Qoe, qoe_linear, rebuffer_ratio};

/// ms per s.
const MS: f64 = 1000.0;

/// What was downloaded, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DownloadTotals {
    /// Media segments.
    pub segments: u64,
    /// Bytes of all bodies, manifests included.
    pub bytes: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Requests that were made again.
    pub retries: u64,
}

impl Qoe {
    /// The figures of one viewing that lasted `wall` ms.
    #[must_use]
    pub fn new(playout: &PlayoutTotals, downloads: &DownloadTotals, wall: f64) -> Self {
        let started = playout.shown > 0;
        let ratio = |value: f64, of: f64| (of > 0.0).then(|| value / of);
        let rebuffer = playout.rebuffer / MS;
        Self {
            startup_seconds: started.then_some(playout.startup / MS),
            rebuffer_count: playout.rebuffer_count,
            rebuffer_seconds: rebuffer,
            rebuffer_ratio: rebuffer_ratio(playout.rebuffer, playout.played),
            mean_bitrate_bps: ratio(playout.bitrate_time, playout.played),
            switches: playout.switches_up + playout.switches_down,
            switches_up: playout.switches_up,
            switches_down: playout.switches_down,
            played_seconds: playout.played / MS,
            wall_seconds: wall / MS,
            segments: downloads.segments,
            bytes: downloads.bytes,
            errors: downloads.errors,
            retries: downloads.retries,
            live_latency_seconds: ratio(playout.latency_time / MS, playout.latency_known),
            qoe_linear: qoe_linear(
                playout.bitrate,
                playout.bitrate_change,
                rebuffer,
                playout.shown,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals() -> PlayoutTotals {
        PlayoutTotals {
            startup: 800.0,
            played: 9000.0,
            rebuffer: 1000.0,
            rebuffer_count: 1,
            bitrate_time: 2e6 * 9000.0,
            switches_up: 1,
            bitrate: 6e6,
            bitrate_change: 1e6,
            shown: 3,
            ..PlayoutTotals::default()
        }
    }

    #[test]
    fn ratios_leave_the_startup_out() {
        let qoe = Qoe::new(&totals(), &DownloadTotals::default(), 10_800.0);
        assert_eq!((qoe.rebuffer_ratio, qoe.mean_bitrate_bps), (Some(0.1), Some(2e6)));
        assert_eq!((qoe.startup_seconds, qoe.wall_seconds), (Some(0.8), 10.8));
        // (6 Mbit/s − 1 Mbit/s − 4.3 × 1 s) ÷ 3 segments.
        assert!((qoe.qoe_linear.unwrap() - 0.7 / 3.0).abs() < 1e-12);
        assert_eq!(qoe.live_latency_seconds, None);
    }

    #[test]
    fn viewings_together_weigh_by_time() {
        let one = Qoe::new(&totals(), &DownloadTotals::default(), 10_800.0);
        let none = Qoe::new(&PlayoutTotals::default(), &DownloadTotals::default(), 500.0);
        let both = Qoe::together(&[one, none]);
        assert_eq!((both.rebuffer_ratio, both.mean_bitrate_bps), (Some(0.1), Some(2e6)));
        assert_eq!((both.startup_seconds, both.wall_seconds), (Some(0.8), 10.8));
    }
}
