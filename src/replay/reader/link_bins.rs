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
        let starts =
            self.bins.iter().enumerate().map(|(at, bin)| {
                span_of_ms(Some(bin.at_ms), || format!("{place}.bins[{at}].at_ms"))
            });
        let starts: Vec<Duration> = starts.collect::<Result<_, _>>()?;
        for (at, (bin, &from)) in self.bins.iter().zip(&starts).enumerate() {
            // The first bin may be shorter, and each one a little longer. After the last before a rest comes nothing.
            let next = starts.get(at + 1).and_then(|next| next.checked_sub(from));
            let width = next.filter(|next| *next < width * 3 / 2).unwrap_or(width);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The first bin is shorter than the others, and the last one before a rest has the usual width.
    #[test]
    fn a_bin_lasts_until_the_next() {
        let bin = |at_ms| LinkBin { at_ms, granted_bps: Some(4e6), delivered_bps: 2e6 };
        let bins = [0.0, 140.0, 640.0, 9000.0].map(bin).into();
        let samples = LinkBins { bin_ms: 500.0, bins }.samples("link").unwrap();
        let all = samples.iter().map(|one| (one.from.as_millis(), one.to.as_millis(), one.bytes));
        let expected =
            [(0, 140, 35_000), (140, 640, 125_000), (640, 1140, 125_000), (9000, 9500, 125_000)];
        assert_eq!(all.collect::<Vec<_>>(), expected);
    }
}
