//! Distributions of spans of time: what jitter, stalls and the gaps between them are drawn from.
//!
//! Each is given by what a measurement yields (mean, standard deviation), not by its textbook
//! parameters; the constructors solve for those.

use super::spec_error::SpecError;
use crate::seed::Stream;
use rand::RngExt as _;
use rand_distr::{Distribution as _, Exp, Gamma, LogNormal, Normal, Pareto, Uniform, Weibull};
use std::{sync::Arc, time::Duration};

/// A distribution of spans. Draws below zero count as zero.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    law: Law,
    mean: f64,
}

/// The law, with its textbook parameters in seconds.
#[derive(Debug, Clone, PartialEq)]
enum Law {
    Constant(f64),
    Exponential(Exp<f64>),
    Normal(Normal<f64>),
    Lognormal(LogNormal<f64>),
    Uniform(Uniform<f64>),
    Gamma(Gamma<f64>),
    Weibull(Weibull<f64>),
    Pareto(Pareto<f64>),
    Empirical(Arc<[Value]>),
}

/// A value in seconds, and the share of draws that are this value or one before it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Value {
    seconds: f64,
    share: f64,
}

impl Distribution {
    /// The most values of an empirical table: as many as netem's have.
    pub const MOST_VALUES: usize = 16_384;

    /// Always `value`.
    #[must_use]
    pub fn constant(value: Duration) -> Self {
        let mean = value.as_secs_f64();
        Self { law: Law::Constant(mean), mean }
    }

    /// Exponential: memoryless, sd = mean.
    ///
    /// # Errors
    /// When `mean` is zero.
    pub fn exponential(mean: Duration) -> Result<Self, SpecError> {
        let mean = positive("mean", mean)?;
        Self::made(mean, Exp::new(1.0 / mean).map(Law::Exponential))
    }

    /// Normal, cut off at zero.
    ///
    /// # Errors
    /// When `sd` is over half of `mean`: what is cut off would raise the mean by 0.4 % and more.
    pub fn normal(mean: Duration, sd: Duration) -> Result<Self, SpecError> {
        if sd > mean / 2 {
            let problem = "is over half of `mean`, so that the cut at zero would raise the mean";
            return Err(SpecError::new("sd", problem, "write less, or `lognormal` or `gamma`"));
        }
        let (mean, sd) = (mean.as_secs_f64(), sd.as_secs_f64());
        Self::made(mean, Normal::new(mean, sd).map(Law::Normal))
    }

    /// Lognormal with this mean and standard deviation of the value itself (not of its logarithm):
    /// σ² = ln(1 + sd²/mean²), μ = ln mean − σ²/2.
    ///
    /// # Errors
    /// When `mean` is zero.
    pub fn lognormal(mean: Duration, sd: Duration) -> Result<Self, SpecError> {
        let (mean, sd) = (positive("mean", mean)?, sd.as_secs_f64());
        let variance = (sd / mean).powi(2).ln_1p();
        let law = LogNormal::new(mean.ln() - variance / 2.0, variance.sqrt());
        Self::made(mean, law.map(Law::Lognormal))
    }

    /// Uniform between `min` and `max`.
    ///
    /// # Errors
    /// When `max` is not above `min`.
    pub fn uniform(min: Duration, max: Duration) -> Result<Self, SpecError> {
        if max <= min {
            return Err(SpecError::new("max", "is not above `min`", "write a larger `max`"));
        }
        let (min, max) = (min.as_secs_f64(), max.as_secs_f64());
        Self::made(f64::midpoint(min, max), Uniform::new(min, max).map(Law::Uniform))
    }

    /// Gamma: shape = mean²/sd², scale = sd²/mean.
    ///
    /// # Errors
    /// When `mean` or `sd` is zero.
    pub fn gamma(mean: Duration, sd: Duration) -> Result<Self, SpecError> {
        let (mean, sd) = (positive("mean", mean)?, positive("sd", sd)?);
        let law = Gamma::new((mean / sd).powi(2), sd * sd / mean);
        Self::made(mean, law.map(Law::Gamma))
    }

    /// Weibull with this mean: scale = mean / Γ(1 + 1/shape). A shape under 1 has a heavy tail.
    ///
    /// # Errors
    /// When `mean` is zero or `shape` is not within 0.1 and 20.
    pub fn weibull(mean: Duration, shape: f64) -> Result<Self, SpecError> {
        let mean = positive("mean", mean)?;
        if !(0.1..=20.0).contains(&shape) {
            return Err(SpecError::new("shape", "is out of range", "write 0.1 to 20"));
        }
        let scale = mean / ln_gamma(1.0 + 1.0 / shape).exp();
        Self::made(mean, Weibull::new(scale, shape).map(Law::Weibull))
    }

    /// Pareto (type I) with this mean: minimum = mean·(shape − 1)/shape.
    ///
    /// # Errors
    /// When `mean` is zero or `shape` is not above 1 (such a Pareto has no mean).
    pub fn pareto(mean: Duration, shape: f64) -> Result<Self, SpecError> {
        let mean = positive("mean", mean)?;
        if !(shape > 1.0 && shape <= 100.0) {
            let problem = "gives a Pareto distribution no mean";
            return Err(SpecError::new("shape", problem, "write a number above 1, at most 100"));
        }
        Self::made(mean, Pareto::new(mean * (shape - 1.0) / shape, shape).map(Law::Pareto))
    }

    /// The measured values, each with a probability proportional to its weight.
    ///
    /// # Errors
    /// When there are none, or more than 16,384, or a weight is not above zero.
    pub fn empirical(values: &[(Duration, f64)]) -> Result<Self, SpecError> {
        let wrong = |problem| Err(SpecError::new("table", problem, "write 1 to 16384 values"));
        if values.is_empty() {
            return wrong("has no values");
        }
        if values.len() > Self::MOST_VALUES {
            return wrong("has too many values");
        }
        let whole: f64 = values.iter().map(|(_, weight)| weight).sum();
        if !whole.is_finite() || !values.iter().all(|(_, weight)| *weight > 0.0) {
            return wrong("has weights that are not above zero");
        }
        let mean = values.iter().map(|(value, weight)| value.as_secs_f64() * weight).sum::<f64>();
        let mut share = 0.0;
        let table = values.iter().map(|(value, weight)| {
            share += weight / whole;
            Value { seconds: value.as_secs_f64(), share }
        });
        Ok(Self { law: Law::Empirical(table.collect()), mean: mean / whole })
    }

    fn made<E: std::fmt::Display>(mean: f64, law: Result<Law, E>) -> Result<Self, SpecError> {
        match law {
            Ok(law) => Ok(Self { law, mean }),
            Err(problem) => {
                Err(SpecError::new("distribution", &problem.to_string(), "choose other values"))
            }
        }
    }

    /// The mean of the law, before draws below zero are cut off.
    #[must_use]
    pub fn mean(&self) -> Duration {
        Duration::from_secs_f64(self.mean)
    }

    /// One draw, at most an hour (a heavy tail must not stall a session permanently).
    pub fn sample(&self, stream: &mut Stream) -> Duration {
        let seconds = match &self.law {
            Law::Constant(value) => *value,
            Law::Exponential(law) => law.sample(stream),
            Law::Normal(law) => law.sample(stream),
            Law::Lognormal(law) => law.sample(stream),
            Law::Uniform(law) => law.sample(stream),
            Law::Gamma(law) => law.sample(stream),
            Law::Weibull(law) => law.sample(stream),
            Law::Pareto(law) => law.sample(stream),
            Law::Empirical(table) => {
                let drawn: f64 = stream.random();
                // Rounding may leave the last share a hair under 1.
                let at = table.partition_point(|value| value.share <= drawn).min(table.len() - 1);
                table[at].seconds
            }
        };
        Duration::from_secs_f64(seconds.clamp(0.0, 3600.0))
    }
}

fn positive(field: &'static str, span: Duration) -> Result<f64, SpecError> {
    if span.is_zero() {
        return Err(SpecError::new(field, "is zero", "write a span above zero, as in `10 ms`"));
    }
    Ok(span.as_secs_f64())
}

/// ln Γ(x) for x > 0, by the Lanczos approximation (g = 7, n = 9; error under 1e-13).
fn ln_gamma(x: f64) -> f64 {
    const C: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let t = x + 7.5;
    let sum = C.iter().enumerate().skip(1).fold(C[0], |sum, (i, c)| sum + c / (x + i as f64));
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// Sampled mean and standard deviation, in milliseconds.
    fn measured(law: &Distribution, seed: u64) -> (f64, f64) {
        let mut stream = Seed::new(seed).stream();
        let draws: Vec<f64> =
            (0..100_000).map(|_| law.sample(&mut stream).as_secs_f64() * 1e3).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        (mean, variance.sqrt())
    }

    fn close(law: Result<Distribution, SpecError>, mean: f64, sd: f64) {
        let law = law.unwrap();
        for seed in 1..=3 {
            let (m, s) = measured(&law, seed);
            assert!((m / mean - 1.0).abs() < 0.02, "{law:?}, seed {seed}: mean {m}, wanted {mean}");
            assert!((s - sd).abs() <= 0.06 * sd, "{law:?}, seed {seed}: sd {s}, wanted {sd}");
        }
    }

    /// The mean is the parameter; the spread is where the textbook has it.
    #[test]
    fn each_law_has_its_mean_and_spread() {
        for mean in [2, 100, 9000] {
            let m = mean as f64;
            close(Ok(Distribution::constant(MS(mean))), m, 0.0);
            close(Distribution::exponential(MS(mean)), m, m);
            close(Distribution::uniform(MS(mean / 2), MS(mean * 3 / 2)), m, m / 12f64.sqrt());
            // Weibull: sd/mean = sqrt(Γ(1+2/k)/Γ(1+1/k)² − 1).
            for (shape, spread) in [(0.8, 1.2605), (1.0, 1.0), (1.5, 0.6790), (3.0, 0.3634)] {
                close(Distribution::weibull(MS(mean), shape), m, spread * m);
            }
            // Pareto: sd/mean = 1/sqrt(α(α−2)). (From α = 4 down the sampled spread settles slowly.)
            for shape in [5.0, 8.0, 20.0] {
                let spread = m / (shape * (shape - 2.0_f64)).sqrt();
                close(Distribution::pareto(MS(mean), shape), m, spread);
            }
        }
        for (mean, sd) in [(20, 10), (100, 20), (8000, 100)] {
            close(Distribution::normal(MS(mean), MS(sd)), mean as f64, sd as f64);
        }
        for (mean, sd) in [(20, 5), (100, 80), (100, 120)] {
            close(Distribution::lognormal(MS(mean), MS(sd)), mean as f64, sd as f64);
            close(Distribution::gamma(MS(mean), MS(sd)), mean as f64, sd as f64);
        }
    }

    #[test]
    fn a_table_has_the_mean_and_spread_of_its_values() {
        let equal = [(MS(50), 1.0), (MS(150), 1.0)];
        close(Distribution::empirical(&equal), 100.0, 50.0);
        // 10 ms three times as often as 410 ms: mean 110, sd = 400·sqrt(3)/4.
        let weighted = [(MS(10), 3.0), (MS(410), 1.0)];
        let law = Distribution::empirical(&weighted).unwrap();
        assert_eq!(law.mean(), MS(110));
        close(Ok(law), 110.0, 400.0 * 3f64.sqrt() / 4.0);
        assert!(Distribution::empirical(&[]).is_err());
        assert!(Distribution::empirical(&[(MS(1), 0.0)]).is_err());
        assert!(Distribution::empirical(&[(MS(1), f64::NAN)]).is_err());
        assert!(Distribution::empirical(&vec![(MS(1), 1.0); 16_385]).is_err());
    }

    #[test]
    fn what_a_law_cannot_have_is_refused() {
        assert!(Distribution::exponential(MS(0)).is_err());
        assert!(Distribution::uniform(MS(5), MS(5)).is_err());
        assert!(Distribution::pareto(MS(5), 1.0).is_err());
        assert!(Distribution::weibull(MS(5), 0.0).is_err());
        assert!(Distribution::gamma(MS(5), MS(0)).is_err());
        assert!(Distribution::normal(MS(5), MS(3)).is_err());
        close(Distribution::normal(MS(100), MS(50)), 100.0, 50.0);
    }
}
