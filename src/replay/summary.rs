//! What an estimate says, as JSON and for people.

use super::{latency_estimate::LatencyEstimate, rate_estimate::RateStep};
use crate::units::{BitRate, span};
use serde::Serialize;
use std::{
    fmt::{self, Display},
    time::Duration,
};

/// Grows when a member changes its meaning or goes away.
pub(super) const SCHEMA: u32 = 1;

/// The figures of an estimate.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    pub(super) schema: u32,
    pub(super) form: &'static str,
    pub(super) requests: usize,
    pub(super) bytes: u64,
    pub(super) duration_s: f64,
    /// The intervals in which rates were estimated.
    pub(super) interval_s: f64,
    /// The mean rate, over the whole time; `null` = not known.
    pub(super) mean_bps: Option<u64>,
    /// The share of the time for which there is evidence.
    pub(super) measured_share: f64,
    pub(super) rates: Vec<RateStep>,
    pub(super) latency: Option<LatencyEstimate>,
    pub(super) faults: Vec<FaultView>,
    pub(super) notes: Vec<String>,
}

/// A fault that a rule reproduces.
#[derive(Debug, Clone, Serialize)]
pub(super) struct FaultView {
    pub(super) rule: String,
    pub(super) times: usize,
    pub(super) first_at_s: f64,
    pub(super) first: String,
}

impl Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lasts = span::print(Duration::from_millis((self.duration_s * 1e3) as u64));
        writeln!(f, "{}: {} requests, {} bytes, {lasts}", self.form, self.requests, self.bytes)?;
        match self.mean_bps {
            None => writeln!(f, "  rate      not known: too few bytes")?,
            Some(mean) => writeln!(
                f,
                "  rate      mean {}, {} {}; evidence for {:.0} % of the time",
                BitRate::from_bits_per_second(mean),
                self.rates.len(),
                if self.rates.len() == 1 { "step" } else { "steps" },
                self.measured_share * 100.0,
            )?,
        }
        match &self.latency {
            None => writeln!(f, "  latency   not known: no response")?,
            Some(latency) => writeln!(
                f,
                "  latency   median {} ms, 90 % below {} ms, from {} waits",
                latency.median_ms, latency.p90_ms, latency.waits
            )?,
        }
        for fault in &self.faults {
            writeln!(f, "  fault     {} ({} x)", fault.rule, fault.times)?;
        }
        for note in &self.notes {
            writeln!(f, "  note      {note}")?;
        }
        Ok(())
    }
}
