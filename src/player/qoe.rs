//! Quality of experience: the figures of one viewing, or of several together.

use super::{playback::count, playout::PlayoutTotals};
use serde::{Deserialize, Serialize};

/// ms per s, and bit/s per Mbit/s.
const MS: f64 = 1000.0;
const MBIT: f64 = 1e6;
/// What a second of rebuffering costs in [`Qoe::qoe_linear`], in Mbit/s.
const REBUFFER_PENALTY: f64 = 4.3;

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

/// The figures. A figure that has no value, such as the startup of what never started, is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Qoe {
    /// From the first request to the first picture.
    pub startup_seconds: Option<f64>,
    /// How often playback stood still after its start.
    pub rebuffer_count: u64,
    /// For how long.
    pub rebuffer_seconds: f64,
    /// rebuffering ÷ (rebuffering + playback); the startup is no part of it (CTA-2066).
    pub rebuffer_ratio: Option<f64>,
    /// The mean of the bitrates shown, weighted by time.
    pub mean_bitrate_bps: Option<f64>,
    /// Changes of the rung shown.
    pub switches: u64,
    /// Those to a higher one.
    pub switches_up: u64,
    /// Those to a lower one.
    pub switches_down: u64,
    /// How much media was shown.
    pub played_seconds: f64,
    /// From the first request to the end.
    pub wall_seconds: f64,
    /// Media segments downloaded.
    pub segments: u64,
    /// Bytes downloaded.
    pub bytes: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Requests that were made again.
    pub retries: u64,
    /// The mean distance to the live edge, weighted by time.
    pub live_latency_seconds: Option<f64>,
    /// Mean over the segments shown of: bitrate in Mbit/s − |change of it| − 4.3 × rebuffering in s.
    ///
    /// Source: Mao, Netravali, Alizadeh, "Neural Adaptive Video Streaming with Pensieve", SIGCOMM 2017
    /// (QoE_lin), a case of Yin et al., SIGCOMM 2015.
    pub qoe_linear: Option<f64>,
}

impl Qoe {
    /// The figures of one viewing that lasted `wall` ms.
    #[must_use]
    pub fn new(playout: &PlayoutTotals, downloads: &DownloadTotals, wall: f64) -> Self {
        let started = playout.shown > 0;
        let over = playout.played + playout.rebuffer;
        let ratio = |value: f64, of: f64| (of > 0.0).then(|| value / of);
        let linear = playout.bitrate / MBIT
            - playout.bitrate_change / MBIT
            - REBUFFER_PENALTY * playout.rebuffer / MS;
        Self {
            startup_seconds: started.then_some(playout.startup / MS),
            rebuffer_count: playout.rebuffer_count,
            rebuffer_seconds: playout.rebuffer / MS,
            rebuffer_ratio: ratio(playout.rebuffer, over),
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
            qoe_linear: ratio(linear, playout.shown as f64),
        }
    }

    /// The figures of several viewings together: counts, bytes and times of rebuffering and playback are
    /// sums; the ratio and the bitrate follow from those sums; the rest are means over the viewings that
    /// have a value, and `wall_seconds` is the longest.
    #[must_use]
    pub fn together(all: &[Self]) -> Self {
        let sum = |of: fn(&Self) -> f64| all.iter().map(of).sum::<f64>();
        let total = |of: fn(&Self) -> u64| all.iter().map(of).sum::<u64>();
        let mean = |of: fn(&Self) -> Option<f64>| {
            let values: Vec<f64> = all.iter().filter_map(of).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / count(values.len()))
        };
        let (played, rebuffer) = (sum(|one| one.played_seconds), sum(|one| one.rebuffer_seconds));
        let bits = sum(|one| one.mean_bitrate_bps.unwrap_or_default() * one.played_seconds);
        Self {
            startup_seconds: mean(|one| one.startup_seconds),
            rebuffer_count: total(|one| one.rebuffer_count),
            rebuffer_seconds: rebuffer,
            rebuffer_ratio: (played + rebuffer > 0.0).then(|| rebuffer / (played + rebuffer)),
            mean_bitrate_bps: (played > 0.0).then(|| bits / played),
            switches: total(|one| one.switches),
            switches_up: total(|one| one.switches_up),
            switches_down: total(|one| one.switches_down),
            played_seconds: played,
            wall_seconds: all.iter().fold(0.0, |most: f64, one| most.max(one.wall_seconds)),
            segments: total(|one| one.segments),
            bytes: total(|one| one.bytes),
            errors: total(|one| one.errors),
            retries: total(|one| one.retries),
            live_latency_seconds: mean(|one| one.live_latency_seconds),
            qoe_linear: mean(|one| one.qoe_linear),
        }
    }

    /// A figure by its name; `None` if there is no such figure.
    #[must_use]
    pub fn figure(&self, name: &str) -> Option<Option<f64>> {
        Some(match name {
            "startup_seconds" => self.startup_seconds,
            "rebuffer_count" => Some(self.rebuffer_count as f64),
            "rebuffer_seconds" => Some(self.rebuffer_seconds),
            "rebuffer_ratio" => self.rebuffer_ratio,
            "mean_bitrate_bps" => self.mean_bitrate_bps,
            "switches" => Some(self.switches as f64),
            "switches_up" => Some(self.switches_up as f64),
            "switches_down" => Some(self.switches_down as f64),
            "played_seconds" => Some(self.played_seconds),
            "wall_seconds" => Some(self.wall_seconds),
            "segments" => Some(self.segments as f64),
            "bytes" => Some(self.bytes as f64),
            "errors" => Some(self.errors as f64),
            "retries" => Some(self.retries as f64),
            "live_latency_seconds" => self.live_latency_seconds,
            "qoe_linear" => self.qoe_linear,
            _ => return None,
        })
    }

    /// The names of all figures.
    pub const FIGURES: [&'static str; 16] = [
        "startup_seconds",
        "rebuffer_count",
        "rebuffer_seconds",
        "rebuffer_ratio",
        "mean_bitrate_bps",
        "switches",
        "switches_up",
        "switches_down",
        "played_seconds",
        "wall_seconds",
        "segments",
        "bytes",
        "errors",
        "retries",
        "live_latency_seconds",
        "qoe_linear",
    ];
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

    #[test]
    fn every_figure_has_its_name() {
        let json = serde_json::to_value(Qoe::default()).unwrap();
        let mut names: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        let mut figures = Qoe::FIGURES;
        figures.sort_unstable();
        assert_eq!(names, figures);
        assert!(Qoe::FIGURES.iter().all(|name| Qoe::default().figure(name).is_some()));
    }
}
