//! Exponentially weighted moving averages, corrected for their start at zero.

use super::{Estimate, Estimator};
use crate::player::playback::count;

/// For each half-life an average of the throughput, weighted by time, and of the latency, weighted by
/// requests. The estimate is the lowest throughput and the highest latency of all half-lives.
///
/// Source: Spiteri, Sitaraman, Sparacio, "From Theory to Practice", MMSys 2018 (Sabre); the same form
/// as in hls.js, Shaka Player and dash.js.
#[derive(Debug, Clone)]
pub struct Ewma {
    averages: Vec<Average>,
    time: f64,
    requests: usize,
}

#[derive(Debug, Clone)]
struct Average {
    /// ms.
    half_life: f64,
    /// The half-life of the latency, in requests, and what is left of a latency after one more.
    latency_half_life: f64,
    latency_alpha: f64,
    throughput: f64,
    latency: f64,
}

impl Ewma {
    /// Averages with `half_lives` in ms, over segments of `segment` ms.
    #[must_use]
    pub fn new(half_lives: &[f64], segment: f64) -> Self {
        let average = |&half_life: &f64| Average {
            half_life,
            latency_half_life: half_life / segment,
            latency_alpha: half_to_the(1.0 / (half_life / segment)),
            throughput: 0.0,
            latency: 0.0,
        };
        Self { averages: half_lives.iter().map(average).collect(), time: 0.0, requests: 0 }
    }
}

impl Estimator for Ewma {
    fn push(&mut self, time: f64, throughput: f64, latency: f64) -> Estimate {
        for average in &mut self.averages {
            let alpha = half_to_the(time / average.half_life);
            average.throughput = alpha * average.throughput + (1.0 - alpha) * throughput;
            let alpha = average.latency_alpha;
            average.latency = alpha * average.latency + (1.0 - alpha) * latency;
        }
        self.time += time;
        self.requests += 1;
        let (mut lowest, mut highest) = (f64::INFINITY, f64::NEG_INFINITY);
        for average in &self.averages {
            // The share of the weight that samples have; the rest is the zero at the start.
            let share = share_after(self.time / average.half_life);
            lowest = lowest.min(average.throughput / share);
            let share = share_after(count(self.requests) / average.latency_half_life);
            highest = highest.max(average.latency / share);
        }
        Estimate { throughput: lowest, latency: highest }
    }
}

/// The share of all weight that the samples of the last `half_lives` half-lives have.
fn share_after(half_lives: f64) -> f64 {
    /// From here on the rest is less than half of the last bit of 1.
    const ALL: f64 = 54.0;
    if half_lives >= ALL { 1.0 } else { 1.0 - half_to_the(half_lives) }
}

/// 0.5 to the power of `exponent`, by the C library's `pow`. Without the barrier the compiler makes
/// `exp2(-exponent)` of it, which differs in the last bit, and published results could not be
/// reproduced to the last digit.
pub(in crate::player) fn half_to_the(exponent: f64) -> f64 {
    std::hint::black_box(0.5_f64).powf(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_that_of_the_power_to_the_last_bit() {
        let halves = (0..1200u32).map(|tenths| f64::from(tenths) / 10.0);
        for half_lives in halves.chain([52.9999, 53.0001, 53.9999, 54.0, 54.0001, 1e9]) {
            let plain = 1.0 - half_to_the(half_lives);
            assert_eq!(share_after(half_lives).to_bits(), plain.to_bits(), "{half_lives}");
        }
    }

    #[test]
    fn one_sample_is_the_estimate() {
        let estimate = Ewma::new(&[3000.0, 8000.0], 3000.0).push(700.0, 1234.0, 50.0);
        assert!((estimate.throughput - 1234.0).abs() < 1e-9);
        assert!((estimate.latency - 50.0).abs() < 1e-9);
    }

    #[test]
    fn a_sample_of_one_half_life_weighs_as_much_as_all_before_it() {
        let mut ewma = Ewma::new(&[1000.0], 1000.0);
        ewma.push(1e9, 1000.0, 10.0);
        let estimate = ewma.push(1000.0, 3000.0, 10.0);
        assert!((estimate.throughput - 2000.0).abs() < 1e-9);
    }
}
