//! What a link carried and could have carried, as a proxy of ours sampled it.

use super::measured::span_of_ms;
use crate::replay::{error::ReplayError, record::Sample};
use serde::Deserialize;
use std::time::Duration;

/// The member `link` of a timeline or a HAR.
#[derive(Debug, Default, Deserialize)]
pub(super) struct LinkBins {
    bin_ms: f64,
    bins: Vec<LinkBin>,
}

#[derive(Debug, Deserialize)]
struct LinkBin {
    at_ms: f64,
    /// `null` = no limit.
    granted_bps: Option<f64>,
    delivered_bps: f64,
}

impl LinkBins {
    /// The rates that the link granted. Without a limit there are none: what was delivered follows from the requests.
    pub(super) fn samples(&self, place: &str) -> Result<Vec<Sample>, ReplayError> {
        let width = span_of_ms(Some(self.bin_ms), || format!("{place}.bin_ms"))?;
        let mut samples = Vec::new();
        for (at, bin) in self.bins.iter().enumerate() {
            let from = span_of_ms(Some(bin.at_ms), || format!("{place}.bins[{at}].at_ms"))?;
            let Some(rate) = bin.granted_bps else { continue };
            let valid = rate.is_finite() && rate >= 0.0 && bin.delivered_bps >= 0.0;
            if !valid {
                let place = format!("{place}.bins[{at}]");
                return Err(ReplayError::invalid(place, "a rate is negative"));
            }
            let bytes = bin.delivered_bps * width.as_secs_f64() / 8.0;
            let share = if rate > 0.0 { (bin.delivered_bps / rate).min(1.0) } else { 1.0 };
            let busy = Duration::from_secs_f64(width.as_secs_f64() * share);
            samples.push(Sample { from, to: from + width, rate, bytes: bytes as u64, busy });
        }
        Ok(samples)
    }
}
