//! The means that dash.js can take of the last throughputs, instead of moving averages.

use crate::player::playback::count;

/// This many samples are kept.
const KEPT: usize = 20;
/// The samples of a mean, before more are taken because they vary.
const SAMPLES_LIVE: usize = 3;
const SAMPLES_VOD: usize = 4;
/// Neighbours that differ by these factors add a sample each.
const INCREASE: f64 = 1.3;
const DECREASE: f64 = 0.7;

/// `averageCalculationMode`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DashJsAverage {
    /// The lower of two exponentially weighted moving averages.
    #[default]
    Ewma,
    /// The zero-lag exponential moving average.
    Zlema,
    /// The arithmetic mean.
    Arithmetic,
    /// The arithmetic mean, weighted by √bytes.
    ByteSizeWeightedArithmetic,
    /// The arithmetic mean, the newest with the most weight.
    DateWeightedArithmetic,
    /// The harmonic mean.
    Harmonic,
    /// The harmonic mean, weighted by √bytes.
    ByteSizeWeightedHarmonic,
    /// The harmonic mean, the newest with the most weight.
    DateWeightedHarmonic,
}

/// Their names in dash.js.
const NAMES: [(&str, DashJsAverage); 8] = [
    ("throughputCalculationModeEwma", DashJsAverage::Ewma),
    ("throughputCalculationModeZlema", DashJsAverage::Zlema),
    ("throughputCalculationModeArithmeticMean", DashJsAverage::Arithmetic),
    (
        "throughputCalculationModeByteSizeWeightedArithmeticMean",
        DashJsAverage::ByteSizeWeightedArithmetic,
    ),
    ("throughputCalculationModeDateWeightedArithmeticMean", DashJsAverage::DateWeightedArithmetic),
    ("throughputCalculationModeHarmonicMean", DashJsAverage::Harmonic),
    (
        "throughputCalculationModeByteSizeWeightedHarmonicMean",
        DashJsAverage::ByteSizeWeightedHarmonic,
    ),
    ("throughputCalculationModeDateWeightedHarmonicMean", DashJsAverage::DateWeightedHarmonic),
];

impl DashJsAverage {
    /// The mode that dash.js calls `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(other, _)| *other == name).map(|(_, mode)| *mode)
    }

    /// The names of all modes.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        NAMES.iter().map(|(name, _)| *name).collect()
    }
}

/// The last throughputs in kbit/s with their bytes, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Samples {
    all: Vec<(f64, f64)>,
}

impl Samples {
    pub(super) fn push(&mut self, value: f64, bytes: f64) {
        self.all.push((value, bytes));
        if self.all.len() > KEPT {
            self.all.remove(0);
        }
    }

    /// The newest throughput.
    pub(super) fn last(&self) -> Option<f64> {
        self.all.last().map(|(value, _)| *value)
    }

    /// The mean by `mode`; `None` without samples, and for the moving averages.
    pub(super) fn mean(&self, mode: DashJsAverage, live: bool) -> Option<f64> {
        let wanted = self.wanted(if live { SAMPLES_LIVE } else { SAMPLES_VOD });
        let samples = &self.all[self.all.len() - wanted..];
        if samples.is_empty() {
            return None;
        }
        let bytes = |_: usize, bytes: f64| bytes.sqrt();
        let date = |index: usize, _: f64| count(index + 1);
        match mode {
            DashJsAverage::Ewma => None,
            DashJsAverage::Zlema => Some(zlema(samples)),
            DashJsAverage::Arithmetic => Some(arithmetic(samples, |_, _| 1.0)),
            DashJsAverage::ByteSizeWeightedArithmetic => Some(arithmetic(samples, bytes)),
            DashJsAverage::DateWeightedArithmetic => Some(arithmetic(samples, date)),
            DashJsAverage::Harmonic => Some(harmonic(samples, |_, _| 1.0)),
            DashJsAverage::ByteSizeWeightedHarmonic => Some(harmonic(samples, bytes)),
            DashJsAverage::DateWeightedHarmonic => Some(harmonic(samples, date)),
        }
    }

    /// How many samples are taken: more than `size` where they vary.
    fn wanted(&self, mut size: usize) -> usize {
        let all = self.all.len();
        if size >= all {
            return all;
        }
        let mut back = 1;
        while back < size {
            let ratio = self.all[all - back].0 / self.all[all - back - 1].0;
            if ratio >= INCREASE || ratio <= DECREASE {
                size += 1;
                if size == all {
                    break;
                }
            }
            back += 1;
        }
        size
    }
}

fn arithmetic(samples: &[(f64, f64)], weight: impl Fn(usize, f64) -> f64) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for (index, (value, bytes)) in samples.iter().enumerate() {
        let weight = weight(index, *bytes);
        weights += weight;
        sum += value * weight;
    }
    sum / weights
}

fn harmonic(samples: &[(f64, f64)], weight: impl Fn(usize, f64) -> f64) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for (index, (value, bytes)) in samples.iter().enumerate() {
        let weight = weight(index, *bytes);
        weights += weight;
        sum += (1.0 / value) * weight;
    }
    weights / sum
}

fn zlema(samples: &[(f64, f64)]) -> f64 {
    let alpha = 2.0 / (count(samples.len()) + 1.0);
    let newest = samples.last().map_or(0.0, |(value, _)| *value);
    let (mut once, mut twice) = (newest, newest);
    for (value, _) in samples {
        once = alpha * value + (1.0 - alpha) * once;
        twice = alpha * once + (1.0 - alpha) * twice;
    }
    twice
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(mode: DashJsAverage, values: &[f64], bytes: &[f64]) -> f64 {
        let samples: Vec<_> = values.iter().copied().zip(bytes.iter().copied()).collect();
        let weights = |kind: u8| {
            move |index: usize, bytes: f64| match kind {
                0 => 1.0,
                1 => bytes.sqrt(),
                _ => count(index + 1),
            }
        };
        match mode {
            DashJsAverage::Arithmetic => arithmetic(&samples, weights(0)),
            DashJsAverage::ByteSizeWeightedArithmetic => arithmetic(&samples, weights(1)),
            DashJsAverage::DateWeightedArithmetic => arithmetic(&samples, weights(2)),
            DashJsAverage::Harmonic => harmonic(&samples, weights(0)),
            DashJsAverage::ByteSizeWeightedHarmonic => harmonic(&samples, weights(1)),
            DashJsAverage::DateWeightedHarmonic => harmonic(&samples, weights(2)),
            DashJsAverage::Zlema => zlema(&samples),
            DashJsAverage::Ewma => f64::NAN,
        }
    }

    /// The values of dash.js's own unit tests of its throughput controller.
    #[test]
    fn means_are_those_of_the_published_vectors() {
        let ones = [1.0; 6];
        let close = |mode, values: &[f64], bytes: &[f64], expected: f64| {
            let found = mean(mode, values, bytes);
            assert!((found - expected).abs() < 1e-9, "{mode:?} {values:?}: {found}");
        };
        close(DashJsAverage::Arithmetic, &[6.0, 2.0, 3.0, 1.0], &ones, 3.0);
        let (values, bytes) = ([10.0, 5.0, 20.0], [9.0, 16.0, 9.0]);
        close(DashJsAverage::ByteSizeWeightedArithmetic, &values, &bytes, 11.0);
        close(DashJsAverage::ByteSizeWeightedHarmonic, &values, &bytes, 8.0);
        close(DashJsAverage::DateWeightedArithmetic, &[6.0, 2.0, 3.0, 5.0], &ones, 3.9);
        close(DashJsAverage::Harmonic, &[6.0, 2.0, 3.0], &ones, 3.0);
        close(DashJsAverage::DateWeightedHarmonic, &[20.0, 5.0, 20.0], &ones, 10.0);
        let zlema = mean(DashJsAverage::Zlema, &[100.0, 100.0, 80.0, 2.0, 2.0, 2.0], &ones);
        assert_eq!(zlema.round(), 31.0);
    }

    /// 6 MB in 200 ms, 1 MB in 100 and 2 MB in 400: as dash.js's tests have them, after rounding.
    #[test]
    fn downloads_give_the_published_means() {
        let mut samples = Samples::default();
        for (bytes, time) in [(6e6, 200.0), (1e6, 100.0), (2e6, 400.0)] {
            samples.push((8.0_f64 * bytes / time).round(), bytes);
        }
        let mean = |mode| samples.mean(mode, false).map(f64::round);
        assert_eq!(mean(DashJsAverage::Arithmetic), Some(120_000.0));
        assert_eq!(mean(DashJsAverage::Harmonic), Some(72_000.0));
        assert_eq!(mean(DashJsAverage::ByteSizeWeightedArithmetic), Some(148_949.0));
        assert_eq!(mean(DashJsAverage::ByteSizeWeightedHarmonic), Some(83_768.0));
    }

    #[test]
    fn varying_samples_widen_the_mean() {
        let mut samples = Samples::default();
        for value in [1000.0, 1000.0, 1000.0, 100.0, 100.0, 1000.0, 100.0] {
            samples.push(value, 1.0);
        }
        assert_eq!((samples.wanted(2), samples.wanted(3)), (4, 6));
        let mut samples = Samples::default();
        for value in [1000.0; 6] {
            samples.push(value, 1.0);
        }
        assert_eq!((samples.wanted(3), samples.wanted(9)), (3, 6));
    }
}
