//! The throughput of the network, as a median.

use super::sliding_percentile::SlidingPercentile;

/// The ms, or else the bytes, that must be measured before the estimate is the median.
const ENOUGH_TIME: f64 = 2000.0;
const ENOUGH_BYTES: f64 = 524_288.0;
const MEDIAN: f32 = 0.5;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct BandwidthMeter {
    percentile: SlidingPercentile,
    /// Bytes of transfers that took no time, which count with the next.
    pending: f64,
    time: f64,
    bytes: f64,
    /// bit/s.
    estimate: f64,
}

impl BandwidthMeter {
    pub(super) const fn new(initial: f64, max_weight: i64) -> Self {
        let percentile = SlidingPercentile::new(max_weight);
        Self { percentile, pending: 0.0, time: 0.0, bytes: 0.0, estimate: initial }
    }

    /// Takes a transfer of `bytes` in `time` ms, a whole number.
    pub(super) fn push(&mut self, bytes: f64, time: f64) {
        let bytes = self.pending + bytes;
        self.time += time;
        self.bytes += bytes;
        if time <= 0.0 {
            self.pending = bytes;
            return;
        }
        self.pending = 0.0;
        self.percentile.push(whole(bytes.sqrt()), single(bytes) * 8000.0 / single(time));
        if (self.time >= ENOUGH_TIME || self.bytes >= ENOUGH_BYTES)
            && let Some(median) = self.percentile.percentile(MEDIAN)
        {
            self.estimate = f64::from(median).trunc();
        }
    }

    /// bit/s.
    pub(super) const fn estimate(&self) -> f64 {
        self.estimate
    }
}

/// In single precision.
#[expect(clippy::cast_possible_truncation, reason = "as in Media3")]
pub(super) const fn single(number: f64) -> f32 {
    number as f32
}

/// The whole part.
#[expect(clippy::cast_possible_truncation, reason = "saturates")]
fn whole(number: f64) -> i64 {
    number.floor() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_counts_after_two_seconds_or_half_a_megabyte() {
        let mut meter = BandwidthMeter::new(1e6, 2000);
        meter.push(100_000.0, 1000.0);
        assert_eq!(meter.estimate(), 1e6);
        meter.push(100_000.0, 1000.0);
        assert_eq!(meter.estimate(), 800_000.0);
        let mut meter = BandwidthMeter::new(1e6, 2000);
        meter.push(300_000.0, 0.0);
        meter.push(300_000.0, 100.0);
        assert_eq!(meter.estimate(), 48_000_000.0);
    }
}
