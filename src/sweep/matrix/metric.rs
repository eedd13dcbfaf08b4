//! The figures by name.

use super::{Figures, RunError};

/// A figure that runs are compared by.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name in files and expressions.
    pub name: &'static str,
    /// Its title in tables.
    pub title: &'static str,
    /// Its unit in tables; `%` for shares, which are shown times 100.
    pub unit: &'static str,
    /// Digits after the point in tables.
    pub digits: usize,
    /// Whether more is better; `None` where neither is.
    pub more_is_better: Option<bool>,
    /// Its value.
    pub of: fn(&Figures) -> f64,
}

/// All of them.
pub const METRICS: &[Metric] = &[
    metric("bitrate_kbps", "bitrate", "kbit/s", 0, Some(true), |f| f.bitrate_kbps),
    metric("rebuffer_ratio", "rebuffering", "%", 2, Some(false), |f| f.rebuffer_ratio),
    metric("rebuffer_s", "rebuffering time", "s", 2, Some(false), |f| f.rebuffer_s),
    metric("rebuffer_count", "rebuffer events", "", 1, Some(false), |f| f.rebuffer_count),
    metric("startup_s", "startup", "s", 2, Some(false), |f| f.startup_s),
    metric("switches", "switches", "", 1, Some(false), |f| f.switches),
    metric("switches_up", "switches up", "", 1, None, |f| f.switches_up),
    metric("switches_down", "switches down", "", 1, Some(false), |f| f.switches_down),
    metric("switch_kbps", "size of a switch", "kbit/s", 0, Some(false), |f| f.switch_kbps),
    metric("qoe_mpc", "QoE (MPC)", "kbit/s", 0, Some(true), |f| f.qoe_mpc),
    metric("qoe_pensieve", "QoE (Pensieve)", "Mbit/s", 3, Some(true), |f| f.qoe_pensieve),
    metric("qoe_log", "QoE (log)", "", 3, Some(true), |f| f.qoe_log),
    metric("qoe_hd", "QoE (HD)", "", 3, Some(true), |f| f.qoe_hd),
    metric("nqoe", "NQoE", "kbit/s", 0, Some(true), |f| f.nqoe),
    metric("sabre_score", "Sabre's score", "", 3, Some(true), |f| f.sabre_score),
    metric("oscillations", "oscillations", "", 1, Some(false), |f| f.oscillations),
    metric("ramp_up_s", "ramp-up", "s", 1, Some(false), |f| f.ramp_up_s),
    metric("utilization", "link use", "%", 1, None, |f| f.utilization),
    metric("wasted_kb", "wasted", "kB", 0, Some(false), |f| f.wasted_kb),
    metric("failed_requests", "failed requests", "", 1, Some(false), |f| f.failed_requests),
    metric("latency_s", "live latency", "s", 2, Some(false), |f| f.latency_s),
    metric("latency_p95_s", "live latency p95", "s", 2, Some(false), |f| f.latency_p95_s),
    metric("latency_drift_s", "latency drift", "s", 2, Some(false), |f| f.latency_drift_s),
    metric("jain_bitrate", "fairness (bitrate)", "", 3, Some(true), |f| f.jain_bitrate),
    metric("jain_qoe", "fairness (QoE)", "", 3, Some(true), |f| f.jain_qoe),
    metric("play_s", "playback", "s", 1, None, |f| f.play_s),
];

const fn metric(
    name: &'static str,
    title: &'static str,
    unit: &'static str,
    digits: usize,
    more_is_better: Option<bool>,
    of: fn(&Figures) -> f64,
) -> Metric {
    Metric { name, title, unit, digits, more_is_better, of }
}

impl Metric {
    /// The metric called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        METRICS.iter().find(|metric| metric.name == name)
    }

    /// What a value is multiplied by where it is shown.
    #[must_use]
    pub fn scale(&self) -> f64 {
        if self.unit == "%" { 100.0 } else { 1.0 }
    }

    /// A value as it is shown, without its unit.
    #[must_use]
    pub fn show(&self, value: f64) -> String {
        let shown = format!("{:.*}", self.digits, value * self.scale());
        // Rounded to zero, a value has no sign.
        match shown.strip_prefix('-') {
            Some(rest) if rest.chars().all(|c| c == '0' || c == '.') => rest.to_owned(),
            _ => shown,
        }
    }
}

/// Figures, if all of them are numbers.
pub(super) fn finite(figures: Figures) -> Result<Figures, RunError> {
    match METRICS.iter().find(|metric| !(metric.of)(&figures).is_finite()) {
        Some(metric) => Err(RunError::NotFinite(metric.name)),
        None => Ok(figures),
    }
}
