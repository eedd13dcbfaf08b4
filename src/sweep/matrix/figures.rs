//! The figures of one session.

use super::shown_quality::ShownQuality;
use serde::{Deserialize, Serialize};

/// The figures of one session. Their formulas are in `docs/abr.md`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// From the first request to the first picture, in s.
    pub startup_s: f64,
    /// How long something was shown, in s.
    pub play_s: f64,
    /// How often playback stood still after its start.
    pub rebuffer_count: f64,
    /// How long it stood still, in s.
    pub rebuffer_s: f64,
    /// Rebuffering ÷ (rebuffering + playback): the startup is no part of it.
    pub rebuffer_ratio: f64,
    /// The bitrate shown, averaged over playback, in kbit/s.
    pub bitrate_kbps: f64,
    /// Changes of the rung shown.
    pub switches: f64,
    /// Those to a higher rung.
    pub switches_up: f64,
    /// Those to a lower rung.
    pub switches_down: f64,
    /// The mean of |difference of bitrates| over switches, in kbit/s; 0 without any.
    pub switch_kbps: f64,
    /// MPC's QoE (balanced) ÷ segments, in kbit/s.
    pub qoe_mpc: f64,
    /// Pensieve's linear QoE ÷ segments, in Mbit/s.
    pub qoe_pensieve: f64,
    /// Pensieve's logarithmic QoE ÷ segments.
    #[serde(default)]
    pub qoe_log: f64,
    /// Pensieve's QoE with rewards for high definition ÷ segments.
    #[serde(default)]
    pub qoe_hd: f64,
    /// The QoE of low-latency streams (Twitch, LoL+) ÷ segments, in kbit/s; 0 on demand.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub nqoe: f64,
    /// Sabre's score averaged over time.
    pub sabre_score: f64,
    /// Switches in the other direction than the switch before.
    #[serde(default)]
    pub oscillations: f64,
    /// From the first picture until the highest rung of the session was first shown, in s.
    #[serde(default)]
    pub ramp_up_s: f64,
    /// Bits received ÷ bits that the link could have carried until the last download ended; 0 where
    /// there is no limit.
    pub utilization: f64,
    /// What was received and not shown, in kB: of downloads given up, of requests that failed, of segments replaced.
    pub wasted_kb: f64,
    /// Requests for segments that failed: statuses, connections that ended, time-outs.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed_requests: f64,
    /// How far the picture was behind the live edge, averaged over playback, in s; 0 on demand.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub latency_s: f64,
    /// The 95th percentile of it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub latency_p95_s: f64,
    /// How much of it was there at the end beyond that at the start.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub latency_drift_s: f64,
    /// Jain's fairness index over the bitrates of the players; 1 for one player.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub jain_bitrate: f64,
    /// Jain's fairness index over Pensieve's QoE of the players; 1 for one player.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub jain_qoe: f64,
}

const fn one() -> f64 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_one(value: &f64) -> bool {
    *value == 1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

impl Figures {
    /// The mean of each figure; of none, all are 0.
    #[must_use]
    pub fn mean(all: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| ratio(all.iter().map(figure).sum(), all.len() as f64);
        Self {
            startup_s: of(|f| f.startup_s),
            play_s: of(|f| f.play_s),
            rebuffer_count: of(|f| f.rebuffer_count),
            rebuffer_s: of(|f| f.rebuffer_s),
            rebuffer_ratio: of(|f| f.rebuffer_ratio),
            bitrate_kbps: of(|f| f.bitrate_kbps),
            switches: of(|f| f.switches),
            switches_up: of(|f| f.switches_up),
            switches_down: of(|f| f.switches_down),
            switch_kbps: of(|f| f.switch_kbps),
            qoe_mpc: of(|f| f.qoe_mpc),
            qoe_pensieve: of(|f| f.qoe_pensieve),
            qoe_log: of(|f| f.qoe_log),
            qoe_hd: of(|f| f.qoe_hd),
            nqoe: of(|f| f.nqoe),
            sabre_score: of(|f| f.sabre_score),
            oscillations: of(|f| f.oscillations),
            ramp_up_s: of(|f| f.ramp_up_s),
            utilization: of(|f| f.utilization),
            wasted_kb: of(|f| f.wasted_kb),
            failed_requests: of(|f| f.failed_requests),
            latency_s: of(|f| f.latency_s),
            latency_p95_s: of(|f| f.latency_p95_s),
            latency_drift_s: of(|f| f.latency_drift_s),
            jain_bitrate: of(|f| f.jain_bitrate),
            jain_qoe: of(|f| f.jain_qoe),
        }
    }
}

/// What is counted while a session goes on, in ms, kbit/s and bits.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    pub(super) startup: f64,
    pub(super) segments: f64,
    pub(super) segment: f64,
    pub(super) bitrate: f64,
    pub(super) utility: f64,
    pub(super) time: f64,
    pub(super) rebuffer: f64,
    pub(super) rebuffer_events: f64,
    pub(super) up: f64,
    pub(super) down: f64,
    pub(super) change: f64,
    pub(super) received: f64,
    pub(super) wasted: f64,
    pub(super) failed: f64,
    pub(super) capacity: Option<f64>,
    pub(super) quality: ShownQuality,
}

const MS: f64 = 1000.0;
/// MPC's weights (balanced): of a second of rebuffering and of startup, in kbit/s.
const MPC_REBUFFER: f64 = 3000.0;
/// Pensieve's weight of a second of rebuffering, in Mbit/s.
const PENSIEVE_REBUFFER: f64 = 4.3;
/// The same in its logarithmic QoE, and in that with rewards for high definition.
const LOG_REBUFFER: f64 = 2.66;
const HD_REBUFFER: f64 = 8.0;
/// Sabre's γp in segments.
const GAMMA_P: f64 = 5.0;

impl Sums {
    pub(super) fn figures(&self) -> Figures {
        let play = self.segments * self.segment;
        let (rebuffer_s, startup_s) = (self.rebuffer / MS, self.startup / MS);
        let switches = self.up + self.down;
        let mpc = self.bitrate - self.change - MPC_REBUFFER * (rebuffer_s + startup_s);
        let pensieve = self.bitrate / MS - PENSIEVE_REBUFFER * rebuffer_s - self.change / MS;
        let quality = &self.quality;
        let log = self.utility - LOG_REBUFFER * rebuffer_s - quality.log_change;
        let hd = quality.hd - HD_REBUFFER * rebuffer_s - quality.hd_change;
        let score = self.utility - GAMMA_P * self.rebuffer / self.segment;
        Figures {
            startup_s,
            play_s: play / MS,
            rebuffer_count: self.rebuffer_events,
            rebuffer_s,
            rebuffer_ratio: ratio(self.rebuffer, self.rebuffer + play),
            bitrate_kbps: ratio(self.bitrate, self.segments),
            switches,
            switches_up: self.up,
            switches_down: self.down,
            switch_kbps: ratio(self.change, switches),
            qoe_mpc: ratio(mpc, self.segments),
            qoe_pensieve: ratio(pensieve, self.segments),
            qoe_log: ratio(log, self.segments),
            qoe_hd: ratio(hd, self.segments),
            sabre_score: score / (self.time / self.segment),
            oscillations: quality.oscillations,
            ramp_up_s: quality.ramp_up() / MS,
            utilization: self.capacity.map_or(0.0, |capacity| ratio(self.received, capacity)),
            wasted_kb: self.wasted / 8.0 / MS,
            failed_requests: self.failed,
            jain_bitrate: 1.0,
            jain_qoe: 1.0,
            ..Figures::default()
        }
    }
}

/// 0 where there is nothing to divide by.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten segments of 4 s: five at 1000 and five at 2000 kbit/s, one switch up, 2 s of rebuffering.
    #[test]
    fn the_formulas_are_those_of_their_papers() {
        let mut quality = ShownQuality::new(&[1000.0, 2000.0]);
        quality.show(0, 5.0, 1000.0);
        quality.show(1, 5.0, 23_000.0);
        let sums = Sums {
            quality,
            startup: 1000.0,
            segments: 10.0,
            segment: 4000.0,
            bitrate: 15_000.0,
            utility: 5.0 * std::f64::consts::LN_2,
            time: 43_000.0,
            rebuffer: 2000.0,
            rebuffer_events: 1.0,
            up: 1.0,
            change: 1000.0,
            received: 30e6,
            capacity: Some(60e6),
            ..Sums::default()
        };
        let figures = sums.figures();
        assert!((figures.rebuffer_ratio - 2.0 / 42.0).abs() < 1e-12);
        assert_eq!(figures.bitrate_kbps, 1500.0);
        assert_eq!(figures.qoe_mpc, (15_000.0 - 1000.0 - 9000.0) / 10.0);
        assert!((figures.qoe_pensieve - (15.0 - 8.6 - 1.0) / 10.0).abs() < 1e-12);
        let ln_2 = std::f64::consts::LN_2;
        assert!((figures.qoe_log - (5.0 * ln_2 - 2.66 * 2.0 - ln_2) / 10.0).abs() < 1e-12);
        // 1000 and 2000 kbit/s are worth 2 and 12.
        assert!((figures.qoe_hd - (70.0 - 16.0 - 10.0) / 10.0).abs() < 1e-12);
        assert_eq!((figures.oscillations, figures.ramp_up_s, figures.nqoe), (0.0, 22.0, 0.0));
        let score = (5.0 * ln_2 - 2.5) / 10.75;
        assert!((figures.sabre_score - score).abs() < 1e-12);
        assert_eq!((figures.switch_kbps, figures.utilization), (1000.0, 0.5));
    }
}
