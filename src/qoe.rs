//! Quality of experience: the figures of one viewing, or of several together. The simulated player knows what was
//! shown; the observers estimate it, or know it from reports of players: both use the formulas here.

use serde::{Deserialize, Serialize};

/// bit/s per Mbit/s.
const MBIT: f64 = 1e6;
/// What a second of rebuffering costs in [`qoe_linear`], in Mbit/s.
const REBUFFER_PENALTY: f64 = 4.3;

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
    /// See [`qoe_linear`].
    pub qoe_linear: Option<f64>,
}

/// Mean over `segments` shown of: bitrate in Mbit/s − |change of it| − 4.3 × rebuffering in s. `bitrate` and `change` are
/// the sums over the segments in bit/s, `rebuffer` is that of the times in s; `None` without segments.
///
/// Source: Mao, Netravali, Alizadeh, "Neural Adaptive Video Streaming with Pensieve", SIGCOMM 2017 (QoE_lin), a case of
/// Yin et al., SIGCOMM 2015.
#[must_use]
pub fn qoe_linear(bitrate: f64, change: f64, rebuffer: f64, segments: u64) -> Option<f64> {
    let sum = bitrate / MBIT - change / MBIT - REBUFFER_PENALTY * rebuffer;
    (segments > 0).then(|| sum / segments as f64)
}

/// rebuffering ÷ (rebuffering + playback), both in the same unit; the startup is no part of it (CTA-2066). `None` without
/// either.
#[must_use]
pub fn rebuffer_ratio(rebuffer: f64, played: f64) -> Option<f64> {
    let over = rebuffer + played;
    (over > 0.0).then(|| rebuffer / over)
}

impl Qoe {
    /// The figures of several viewings together: counts, bytes and times of rebuffering and playback are sums; the ratio
    /// and the bitrate follow from those sums; the rest are means over the viewings that have a value, and `wall_seconds`
    /// is the longest.
    #[must_use]
    pub fn together(all: &[Self]) -> Self {
        let sum = |of: fn(&Self) -> f64| all.iter().map(of).sum::<f64>();
        let total = |of: fn(&Self) -> u64| all.iter().map(of).sum::<u64>();
        let mean = |of: fn(&Self) -> Option<f64>| {
            let values: Vec<f64> = all.iter().filter_map(of).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        let (played, rebuffer) = (sum(|one| one.played_seconds), sum(|one| one.rebuffer_seconds));
        let with_bitrate = all.iter().filter_map(|one| {
            one.mean_bitrate_bps.map(|bitrate| (bitrate * one.played_seconds, one.played_seconds))
        });
        let (bits, known) =
            with_bitrate.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        Self {
            startup_seconds: mean(|one| one.startup_seconds),
            rebuffer_count: total(|one| one.rebuffer_count),
            rebuffer_seconds: rebuffer,
            rebuffer_ratio: rebuffer_ratio(rebuffer, played),
            mean_bitrate_bps: (known > 0.0).then(|| bits / known),
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

    #[test]
    fn sessions_together_weigh_by_the_time_played() {
        let short = Qoe {
            startup_seconds: Some(1.0),
            rebuffer_count: 2,
            rebuffer_seconds: 5.0,
            mean_bitrate_bps: Some(1e6),
            played_seconds: 10.0,
            wall_seconds: 16.0,
            bytes: 100,
            ..Qoe::default()
        };
        let long = Qoe {
            startup_seconds: Some(3.0),
            mean_bitrate_bps: Some(5e6),
            played_seconds: 30.0,
            wall_seconds: 33.0,
            bytes: 50,
            ..Qoe::default()
        };
        // It showed something of unknown bitrate, which has no part in the mean of the bitrates.
        let unknown = Qoe { played_seconds: 5.0, ..Qoe::default() };
        let together = Qoe::together(&[short, long, unknown]);
        assert_eq!(
            together.mean_bitrate_bps,
            Some(4e6),
            "(10 s · 1 Mbit/s + 30 s · 5 Mbit/s) ÷ 40 s"
        );
        assert_eq!(together.rebuffer_ratio, Some(0.1), "5 s ÷ (5 s + 45 s)");
        assert_eq!(together.startup_seconds, Some(2.0));
        assert_eq!((together.rebuffer_count, together.bytes), (2, 150));
        assert_eq!((together.played_seconds, together.wall_seconds), (45.0, 33.0));
        assert_eq!(Qoe::together(&[]), Qoe::default());
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
