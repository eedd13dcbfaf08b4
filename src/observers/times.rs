//! A distribution of times in fixed memory: quantiles with an error of at most 0.1 %, and the exact maximum.

use super::error::MetricsError;
use hdrhistogram::Histogram;
use std::time::Duration;

/// Longer times count as this value, which bounds the memory to about 190 kB.
const LONGEST: Duration = Duration::from_secs(3600);
/// Significant digits of a quantile.
const DIGITS: u8 = 3;

/// A distribution of times.
pub(super) struct Times {
    micros: Histogram<u64>,
    /// Stored exactly, since the histogram rounds up to a bucket bound.
    longest: u64,
}

impl Times {
    pub(super) fn new() -> Result<Self, MetricsError> {
        let micros = Histogram::new_with_max(micros(LONGEST), DIGITS)?;
        Ok(Self { micros, longest: 0 })
    }

    pub(super) fn record(&mut self, time: Duration) {
        let time = micros(time);
        self.micros.saturating_record(time);
        self.longest = self.longest.max(time);
    }

    pub(super) fn add(&mut self, other: &Self) {
        // Both have the same bounds, so every value fits.
        let _ = self.micros.add(&other.micros);
        self.longest = self.longest.max(other.longest);
    }

    pub(super) fn count(&self) -> u64 {
        self.micros.len()
    }

    /// The quantile of `share`, in milliseconds; 0 without values.
    pub(super) fn quantile_ms(&self, share: f64) -> f64 {
        self.micros.value_at_quantile(share).min(self.longest) as f64 / 1e3
    }

    pub(super) fn longest_ms(&self) -> f64 {
        self.longest as f64 / 1e3
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.min(LONGEST).as_micros()).unwrap_or(u64::MAX)
}
