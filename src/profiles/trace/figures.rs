//! Statistics of a trace, by which data sets are compared.

use crate::{model::Trace, units::BitRate};
use std::time::Duration;

/// A rate below this counts as an outage.
const OUTAGE: f64 = 100_000.0;
const SECOND: Duration = Duration::from_secs(1);

/// Mean, percentiles and outage share by time, computed over bins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// The length of the trace.
    pub duration: Duration,
    /// The length of a bin: 1 s, or the length of a step if steps are longer.
    pub bin: Duration,
    /// The mean rate.
    pub mean: BitRate,
    /// The 5th, 50th and 95th percentile of the rate.
    pub percentiles: [BitRate; 3],
    /// The autocorrelation at a lag of one bin: 1 = equal neighbours, 0 = no correlation.
    pub autocorrelation: f64,
    /// The share of bins under 100 kbit/s.
    pub outage: f64,
}

impl Figures {
    /// The statistics of `trace`.
    #[must_use]
    pub fn of(trace: &Trace) -> Self {
        let shortest = trace.steps().map(|step| step.lasts).min().unwrap_or(SECOND);
        let bin = shortest.max(SECOND);
        let bins = bins(trace, bin.as_nanos() as u64);
        let (autocorrelation, outage) = (autocorrelation(&bins), outage(&bins));
        let mut sorted = bins;
        sorted.sort_unstable_by(f64::total_cmp);
        let percentile = |share: f64| {
            let index = (share * (sorted.len() - 1) as f64).round() as usize;
            BitRate::from_bits_per_second(sorted.get(index).map_or(0, |rate| *rate as u64))
        };
        Self {
            duration: trace.length(),
            bin,
            mean: trace.mean(),
            percentiles: [percentile(0.05), percentile(0.5), percentile(0.95)],
            autocorrelation,
            outage,
        }
    }
}

/// The mean rate of each bin, in bit/s; at least one bin. A shorter last bin counts as one.
fn bins(trace: &Trace, bin: u64) -> Vec<f64> {
    let (mut bins, mut sum, mut filled) = (Vec::new(), 0.0, 0_u64);
    for step in trace.steps() {
        let (mut left, rate) = (step.lasts.as_nanos() as u64, step.rate.bits_per_second() as f64);
        while left > 0 {
            let part = left.min(bin - filled);
            (sum, filled, left) = (sum + rate * part as f64, filled + part, left - part);
            if filled == bin {
                bins.push(sum / bin as f64);
                (sum, filled) = (0.0, 0);
            }
        }
    }
    if filled > 0 {
        bins.push(sum / filled as f64);
    }
    bins
}

fn outage(bins: &[f64]) -> f64 {
    bins.iter().filter(|rate| **rate < OUTAGE).count() as f64 / bins.len() as f64
}

/// The autocorrelation at lag 1; zero for constant values.
fn autocorrelation(bins: &[f64]) -> f64 {
    let mean = bins.iter().sum::<f64>() / bins.len() as f64;
    let variance: f64 = bins.iter().map(|rate| (rate - mean).powi(2)).sum();
    let covariance: f64 = bins.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
    if variance > 0.0 { covariance / variance } else { 0.0 }
}
