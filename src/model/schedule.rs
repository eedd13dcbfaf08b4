//! Rate over time, as a sequence of pieces in each of which the rate is constant.

use super::spec::{Markov, RateSpec, Steps};
use crate::{seed::Seed, seed::Stream, units::BitRate};
use rand::RngExt as _;
use rand_distr::{Distribution as _, LogNormal};
use std::{sync::Arc, time::Duration};

/// One rate for a time; `None` = for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) lasts: Option<Duration>,
    pub(super) rate: BitRate,
}

/// Yields the pieces of a schedule in order, without end.
#[derive(Debug, Clone)]
pub(super) enum Schedule {
    Constant(BitRate),
    Steps { steps: Arc<Steps>, next: usize },
    Markov { chain: Arc<Markov>, state: usize, stream: Box<Stream> },
}

impl Schedule {
    pub(super) fn new(spec: &RateSpec, seed: Seed) -> Self {
        match spec {
            // "No limit" is a rate that no machine reaches: every law below holds unchanged.
            RateSpec::Unlimited => Self::Constant(BitRate::MAX),
            RateSpec::Constant(rate) => Self::Constant(*rate),
            RateSpec::Steps(steps) => Self::Steps { steps: Arc::clone(steps), next: 0 },
            RateSpec::Markov(chain) => {
                let mut stream = Box::new(seed.named("schedule").stream());
                let state = pick(&chain.stationary, &mut stream);
                Self::Markov { chain: Arc::clone(chain), state, stream }
            }
        }
    }

    pub(super) fn next_piece(&mut self) -> Piece {
        match self {
            Self::Constant(rate) => Piece { lasts: None, rate: *rate },
            Self::Steps { steps, next } => {
                let step = steps.steps[*next];
                let last = *next + 1 == steps.steps.len();
                *next = if last { 0 } else { *next + 1 };
                let ends = !last || steps.repeat;
                Piece { lasts: ends.then_some(step.lasts), rate: step.rate }
            }
            Self::Markov { chain, state, stream } => {
                let here = chain.states[*state];
                let rate = spread(here.mean, here.spread.get(), stream);
                *state = pick(&chain.transitions[*state], stream);
                Piece { lasts: Some(chain.step), rate }
            }
        }
    }
}

/// The highest rate a schedule is built around; sizes the default burst.
pub(super) fn peak(spec: &RateSpec) -> BitRate {
    let highest = match spec {
        RateSpec::Unlimited => None,
        RateSpec::Constant(rate) => Some(*rate),
        RateSpec::Steps(steps) => steps.steps.iter().map(|step| step.rate).max(),
        RateSpec::Markov(chain) => chain.states.iter().map(|state| state.mean).max(),
    };
    highest.unwrap_or(BitRate::MAX)
}

/// An index drawn with these probabilities (which sum to 1, give or take rounding).
fn pick(probabilities: &[f64], stream: &mut Stream) -> usize {
    let mut left: f64 = stream.random();
    for (index, p) in probabilities.iter().enumerate() {
        left -= p;
        if left < 0.0 {
            return index;
        }
    }
    probabilities.len() - 1
}

/// A rate around `mean` with relative standard deviation `sd`: lognormal, so that it is never
/// negative and the mean stays exact.
fn spread(mean: BitRate, sd: f64, stream: &mut Stream) -> BitRate {
    let variance = (sd * sd).ln_1p();
    match LogNormal::new(-variance / 2.0, variance.sqrt()) {
        Ok(law) if sd > 0.0 => {
            let bits = mean.bits_per_second() as f64 * law.sample(stream);
            BitRate::from_bits_per_second(bits.round() as u64)
        }
        _ => mean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{State, Step},
        units::Ratio,
    };

    const KBIT: fn(u64) -> BitRate = BitRate::from_kilobits_per_second;

    #[test]
    fn steps_repeat_or_stay() {
        let second = Duration::from_secs(1);
        let list =
            vec![Step { lasts: second, rate: KBIT(1) }, Step { lasts: second, rate: KBIT(2) }];
        let run = |repeat| {
            let spec = RateSpec::Steps(Arc::new(Steps::new(list.clone(), repeat).unwrap()));
            let mut schedule = Schedule::new(&spec, Seed::new(1));
            [schedule.next_piece(), schedule.next_piece(), schedule.next_piece()]
        };
        assert_eq!(run(true)[2], Piece { lasts: Some(second), rate: KBIT(1) });
        assert_eq!(run(false)[1], Piece { lasts: None, rate: KBIT(2) });
    }

    /// Long-run occupancy, mean rate and relative spread equal what the chain was given.
    #[test]
    fn a_chain_has_its_shares_mean_and_spread() {
        let states = vec![
            State { mean: KBIT(500), spread: Ratio::new(0.2).unwrap() },
            State { mean: KBIT(3000), spread: Ratio::new(0.2).unwrap() },
        ];
        let rows = vec![vec![0.9, 0.1], vec![0.3, 0.7]];
        let chain = Arc::new(Markov::new(states, Duration::from_secs(1), rows).unwrap());
        let mut schedule = Schedule::new(&RateSpec::Markov(chain), Seed::new(3));
        let rates: Vec<f64> = (0..100_000)
            .map(|_| schedule.next_piece().rate.bits_per_second() as f64 / 1e3)
            .collect();
        let low: Vec<f64> = rates.iter().copied().filter(|rate| *rate < 1100.0).collect();
        let share = low.len() as f64 / rates.len() as f64;
        let mean = low.iter().sum::<f64>() / low.len() as f64;
        let sd = (low.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / low.len() as f64).sqrt();
        assert!((share - 0.75).abs() < 0.01, "share {share}");
        assert!((mean - 500.0).abs() < 5.0, "mean {mean}");
        assert!((sd - 100.0).abs() < 3.0, "sd {sd}");
    }
}
