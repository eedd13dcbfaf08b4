//! Means over the last downloads.

use super::{Estimate, Estimator};
use crate::player::playback::count;

/// As many samples are kept.
const KEPT: usize = 20;

/// Plain means over windows of the last samples. The estimate is the lowest throughput and the highest
/// latency of all windows.
///
/// A window is written as Sabre takes it: as many of the last samples; 0 means all that are kept, and
/// a negative number leaves out this many of the oldest.
#[derive(Debug, Clone)]
pub struct SlidingWindow {
    windows: Vec<i64>,
    throughputs: Vec<f64>,
    latencies: Vec<f64>,
}

impl SlidingWindow {
    /// Means over `windows`.
    #[must_use]
    pub const fn new(windows: Vec<i64>) -> Self {
        Self { windows, throughputs: Vec::new(), latencies: Vec::new() }
    }
}

impl Estimator for SlidingWindow {
    fn push(&mut self, _time: f64, throughput: f64, latency: f64) -> Estimate {
        keep(&mut self.throughputs, throughput);
        keep(&mut self.latencies, latency);
        let (mut lowest, mut highest) = (f64::INFINITY, f64::NEG_INFINITY);
        for &window in &self.windows {
            lowest = lowest.min(mean(last(&self.throughputs, window)));
            highest = highest.max(mean(last(&self.latencies, window)));
        }
        Estimate { throughput: lowest, latency: highest }
    }
}

/// Adds a sample, and drops the oldest where there are too many.
fn keep(samples: &mut Vec<f64>, sample: f64) {
    if samples.len() == KEPT {
        samples.remove(0);
    }
    samples.push(sample);
}

/// The samples that `window` covers.
fn last(samples: &[f64], window: i64) -> &[f64] {
    let size = usize::try_from(window.unsigned_abs()).unwrap_or(usize::MAX);
    let start = match window {
        1.. => samples.len().saturating_sub(size),
        0 => 0,
        _ => size.min(samples.len()),
    };
    &samples[start..]
}

/// The mean of `samples`; NaN of none.
fn mean(samples: &[f64]) -> f64 {
    samples.iter().sum::<f64>() / count(samples.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_mean_wins() {
        let mut window = SlidingWindow::new(vec![1, 3]);
        for throughput in [100.0, 200.0] {
            window.push(1.0, throughput, 5.0);
        }
        assert_eq!(window.push(1.0, 600.0, 8.0), Estimate { throughput: 300.0, latency: 8.0 });
        assert_eq!(window.push(1.0, 1.0, 2.0), Estimate { throughput: 1.0, latency: 5.0 });
    }
}
