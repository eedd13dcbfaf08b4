//! A discrete-time Markov chain of rates.

use super::{piece::Piece, spec_error::SpecError};
use crate::{
    seed::Stream,
    units::{BitRate, Ratio},
};
use rand::RngExt as _;
use rand_distr::{Distribution as _, LogNormal};
use std::{fmt, sync::Arc, time::Duration};

/// A state of a [`Markov`] chain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State {
    /// The mean rate while in this state.
    pub mean: BitRate,
    /// Standard deviation of the rate within the state, as a share of `mean`; drawn again at each step.
    pub spread: Ratio,
}

/// A discrete-time Markov chain of rates.
#[derive(Clone, PartialEq)]
pub struct Markov {
    pub(super) states: Vec<State>,
    pub(super) step: Duration,
    /// Row i: the probabilities of the next state, given state i; each row sums to 1.
    pub(super) transitions: Vec<Vec<f64>>,
    /// The stationary distribution; the first state is drawn from it.
    pub(super) stationary: Vec<f64>,
    /// By which factor the rate of each state differs from its mean; `None` = by none.
    factors: Vec<Option<LogNormal<f64>>>,
}

/// Without what follows from the rest.
impl fmt::Debug for Markov {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { states, step, transitions, stationary, factors: _ } = self;
        f.debug_struct("Markov")
            .field("states", states)
            .field("step", step)
            .field("transitions", transitions)
            .field("stationary", stationary)
            .finish()
    }
}

impl Markov {
    /// A chain that moves every `step`. Rows may be off from a sum of 1 by rounding (0.5 %).
    ///
    /// # Errors
    /// When there are no states, the matrix is not square, a row does not sum to 1, a value is
    /// negative or not a number, the step is too short, or no byte would ever pass.
    pub fn new(states: Vec<State>, step: Duration, rows: Vec<Vec<f64>>) -> Result<Self, SpecError> {
        let wrong = |problem: &str, hint: &str| Err(SpecError::new("markov", problem, hint));
        let n = states.len();
        if n == 0 || states.iter().all(|state| state.mean == BitRate::ZERO) {
            return wrong("never carries a byte", "give at least one state a rate above zero");
        }
        if step < Duration::from_millis(1) {
            return wrong("has a step shorter than 1 ms", "write `step` of at least `1 ms`");
        }
        if rows.len() != n || rows.iter().any(|row| row.len() != n) {
            return wrong(
                &format!("has {n} states but a matrix of another size"),
                &format!("write {n} rows of {n} probabilities"),
            );
        }
        let mut transitions = rows;
        for (i, row) in transitions.iter_mut().enumerate() {
            let sum: f64 = row.iter().sum();
            if row.iter().any(|p| !(0.0..=1.0).contains(p)) || (sum - 1.0).abs() > 0.005 {
                return wrong(
                    &format!("has a row {} that sums to {sum:.4}", i + 1),
                    "write probabilities from 0 to 1 that sum to 1 in each row",
                );
            }
            row.iter_mut().for_each(|p| *p /= sum);
        }
        let stationary = stationary(&transitions);
        let factors = states.iter().map(|state| factor(state.spread.get())).collect();
        Ok(Self { states, step, transitions, stationary, factors })
    }

    /// The states.
    #[must_use]
    pub fn states(&self) -> &[State] {
        &self.states
    }

    /// How long the chain stays before it moves.
    #[must_use]
    pub const fn step(&self) -> Duration {
        self.step
    }

    /// The long-run share of time in each state.
    #[must_use]
    pub fn stationary(&self) -> &[f64] {
        &self.stationary
    }

    pub(super) fn peak(&self) -> BitRate {
        self.states.iter().map(|state| state.mean).max().unwrap_or_default()
    }
}

/// The stationary distribution by power iteration on the lazy chain (which is aperiodic).
fn stationary(transitions: &[Vec<f64>]) -> Vec<f64> {
    let n = transitions.len();
    let mut share = vec![1.0 / n as f64; n];
    for _ in 0..10_000 {
        let mut next: Vec<f64> = share.iter().map(|p| p / 2.0).collect();
        for (from, row) in transitions.iter().enumerate() {
            for (to, p) in row.iter().enumerate() {
                next[to] += share[from] * p / 2.0;
            }
        }
        let moved: f64 = next.iter().zip(&share).map(|(a, b)| (a - b).abs()).sum();
        share = next;
        if moved < 1e-12 {
            break;
        }
    }
    share
}

/// A chain that is being walked.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    chain: Arc<Markov>,
    step: u64,
    state: usize,
    stream: Stream,
}

impl Walk {
    pub(super) fn new(chain: &Arc<Markov>, mut stream: Stream) -> Self {
        let state = pick(&chain.stationary, &mut stream);
        let step = u64::try_from(chain.step.as_nanos()).unwrap_or(u64::MAX);
        Self { chain: Arc::clone(chain), step, state, stream }
    }

    /// The piece that starts at `now`.
    pub(super) fn piece(&mut self, now: u64) -> Piece {
        let mean = self.chain.states[self.state].mean;
        let rate = spread(mean, self.chain.factors[self.state].as_ref(), &mut self.stream);
        self.state = pick(&self.chain.transitions[self.state], &mut self.stream);
        Piece::constant(now, now.saturating_add(self.step), rate.bits_per_second())
    }
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

/// The factor of a rate with relative standard deviation `sd`: lognormal, so that it is never
/// negative and the mean stays exact. `None` = always 1.
fn factor(sd: f64) -> Option<LogNormal<f64>> {
    let variance = (sd * sd).ln_1p();
    LogNormal::new(-variance / 2.0, variance.sqrt()).ok().filter(|_| sd > 0.0)
}

/// A rate around `mean`.
fn spread(mean: BitRate, factor: Option<&LogNormal<f64>>, stream: &mut Stream) -> BitRate {
    let Some(factor) = factor else { return mean };
    let bits = mean.bits_per_second() as f64 * factor.sample(stream);
    // As `f64::round`, which is a call without SSE 4.1.
    let whole = bits as u64;
    let rounded = whole.saturating_add(u64::from(bits - whole as f64 >= 0.5));
    BitRate::from_bits_per_second(rounded).min(BitRate::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    const KBIT: fn(u64) -> BitRate = BitRate::from_kilobits_per_second;

    fn state(kilobits: u64) -> State {
        State { mean: KBIT(kilobits), spread: Ratio::NONE }
    }

    #[test]
    fn a_chain_knows_its_long_run_shares() {
        let rows = vec![vec![0.9, 0.1], vec![0.3, 0.7]];
        let chain = Markov::new(vec![state(1), state(2)], Duration::from_secs(1), rows).unwrap();
        assert!((chain.stationary()[0] - 0.75).abs() < 1e-6);
    }

    #[test]
    fn what_cannot_run_is_refused() {
        let second = Duration::from_secs(1);
        let message = |rows| Markov::new(vec![state(1), state(2)], second, rows).unwrap_err();
        insta::assert_snapshot!(message(vec![vec![0.9, 0.2], vec![0.5, 0.5]]), @"`markov` has a row 1 that sums to 1.1000: write probabilities from 0 to 1 that sum to 1 in each row");
        insta::assert_snapshot!(message(vec![vec![1.0]]), @"`markov` has 2 states but a matrix of another size: write 2 rows of 2 probabilities");
        assert!(Markov::new(vec![state(1)], second, vec![vec![f64::NAN]]).is_err());
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
        let mut walk = Walk::new(&chain, Seed::new(3).stream());
        let rates: Vec<f64> = (0..100_000).map(|_| walk.piece(0).rate_at(0) as f64 / 1e3).collect();
        let low: Vec<f64> = rates.iter().copied().filter(|rate| *rate < 1100.0).collect();
        let share = low.len() as f64 / rates.len() as f64;
        let mean = low.iter().sum::<f64>() / low.len() as f64;
        let sd = (low.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / low.len() as f64).sqrt();
        assert!((share - 0.75).abs() < 0.01, "share {share}");
        assert!((mean - 500.0).abs() < 5.0, "mean {mean}");
        assert!((sd - 100.0).abs() < 3.0, "sd {sd}");
    }
}
