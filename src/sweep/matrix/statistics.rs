//! Means with intervals, quantiles, and tests for paired runs.

use crate::seed::Seed;
use rand::Rng as _;

/// Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom.
const STUDENT: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];
/// The quantile of the normal distribution, and what is added to it for each ÷ degree of freedom.
const NORMAL: (f64, f64) = (1.96, 2.4);
/// The most pairs for which all signs are tried. With more pairs, random signs are tried, [`FLIPS`] times.
const EXHAUSTIVE: usize = 13;
const FLIPS: u32 = 9999;

/// Values of one metric over seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Ascending.
    sorted: Vec<f64>,
    mean: f64,
    deviation: f64,
}

impl Sample {
    /// The sample of `values`; `None` if there are none.
    #[must_use]
    pub fn new(mut values: Vec<f64>) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        values.sort_by(f64::total_cmp);
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = if values.len() > 1 { (squares / (count - 1.0)).sqrt() } else { 0.0 };
        Some(Self { sorted: values, mean, deviation })
    }

    /// The values, ascending.
    #[must_use]
    pub fn sorted(&self) -> &[f64] {
        &self.sorted
    }

    /// The mean.
    #[must_use]
    pub const fn mean(&self) -> f64 {
        self.mean
    }

    /// Half the width of the mean's 95 % confidence interval (Student's t); `None` for one value.
    #[must_use]
    pub fn half_width(&self) -> Option<f64> {
        let freedom = self.sorted.len() - 1;
        let quantile = match freedom {
            0 => return None,
            1..=30 => STUDENT[freedom - 1],
            _ => NORMAL.0 + NORMAL.1 / freedom as f64,
        };
        Some(quantile * self.deviation / (self.sorted.len() as f64).sqrt())
    }

    /// The quantile `share` (0 to 1), linear between neighbours.
    #[must_use]
    pub fn quantile(&self, share: f64) -> f64 {
        let at = share.clamp(0.0, 1.0) * (self.sorted.len() - 1) as f64;
        let (low, high) = (at.floor() as usize, at.ceil() as usize);
        let (low, high) = (self.sorted[low], self.sorted[high]);
        low + (high - low) * at.fract()
    }
}

/// The probability of a mean difference at least as far from zero, if each pair's sign were chance:
/// Fisher's randomisation test, exact for few pairs and seeded for many.
#[must_use]
pub fn sign_flip(differences: &[f64]) -> f64 {
    let nonzero: Vec<f64> = differences.iter().copied().filter(|value| *value != 0.0).collect();
    if nonzero.is_empty() {
        return 1.0;
    }
    let seen = nonzero.iter().sum::<f64>().abs();
    // Sums of the same terms in another order differ in the last digits.
    let as_far = |sum: f64| sum.abs() >= seen * (1.0 - 1e-12);
    let flipped = |signs: &mut dyn FnMut(usize) -> bool| -> f64 {
        let signed = |(index, value): (usize, &f64)| if signs(index) { -value } else { *value };
        nonzero.iter().enumerate().map(signed).sum()
    };
    if nonzero.len() <= EXHAUSTIVE {
        let all = 1u32 << nonzero.len();
        let hits = (0..all).filter(|signs| as_far(flipped(&mut |index| signs >> index & 1 == 1)));
        return hits.count() as f64 / f64::from(all);
    }
    let mut stream = Seed::new(0).named("sign flips").stream();
    let mut hits = 1u32;
    for _ in 0..FLIPS {
        let mut bits = 0;
        let sum = flipped(&mut |index| {
            if index % 64 == 0 {
                bits = stream.next_u64();
            }
            bits >> (index % 64) & 1 == 1
        });
        hits += u32::from(as_far(sum));
    }
    f64::from(hits) / f64::from(FLIPS + 1)
}

/// Probabilities that stay true when the smallest of many is looked at (Holm 1979).
#[must_use]
pub fn holm(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|one, other| values[*one].total_cmp(&values[*other]));
    let mut adjusted = vec![0.0; values.len()];
    let mut highest: f64 = 0.0;
    for (rank, index) in order.iter().enumerate() {
        highest = highest.max((values[*index] * (values.len() - rank) as f64).min(1.0));
        adjusted[*index] = highest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_its_mean_interval_and_quantiles() {
        let sample = Sample::new(vec![4.0, 1.0, 3.0, 2.0, 5.0]).unwrap();
        assert_eq!(sample.mean(), 3.0);
        // 2.776 · √2.5 ÷ √5
        assert!((sample.half_width().unwrap() - 1.9629).abs() < 1e-3);
        assert_eq!((sample.quantile(0.5), sample.quantile(0.95)), (3.0, 4.8));
        assert_eq!(Sample::new(vec![1.0]).unwrap().half_width(), None);
        assert!(Sample::new(vec![]).is_none());
    }

    #[test]
    fn signs_are_flipped_all_or_many() {
        // All five of one sign: 2 of 32.
        assert_eq!(sign_flip(&[1.0, 2.0, 1.0, 3.0, 0.5]), 0.0625);
        assert_eq!(sign_flip(&[1.0, -1.0]), 1.0);
        assert_eq!(sign_flip(&[0.0, 0.0]), 1.0);
        assert!(sign_flip(&[1.0; 40]) < 0.001);
        let even: Vec<f64> = (0..40).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        assert!(sign_flip(&even) > 0.9);
    }

    #[test]
    fn many_tests_are_paid_for() {
        let adjusted = holm(&[0.01, 0.04, 0.03]);
        assert!((adjusted[0] - 0.03).abs() < 1e-12);
        assert!((adjusted[1] - 0.06).abs() < 1e-12 && (adjusted[2] - 0.06).abs() < 1e-12);
    }
}
