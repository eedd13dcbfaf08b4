//! The validated parameters that a link is built from. What exists here can run: the constructors
//! refuse the rest.

use super::{Distribution, Handshake, QueueSize, TransportSpec};
use crate::units::{BitRate, ByteSize, Ratio};
use std::{sync::Arc, time::Duration};

/// A value that a model can't have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {problem}: {hint}")]
pub struct SpecError {
    /// The field, as in a profile file, relative to the table it stands in.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
    /// What to write instead.
    pub hint: String,
}

impl SpecError {
    pub(super) fn new(field: &'static str, problem: &str, hint: &str) -> Self {
        Self { field, problem: problem.to_owned(), hint: hint.to_owned() }
    }
}

/// One direction of one session's network.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LinkSpec {
    /// Before the first byte of each response.
    pub latency: Latency,
    /// How fast bytes pass, over time.
    pub rate: RateSpec,
    /// Bytes that may pass at once after a pause; `None` = one quantum at the highest rate.
    pub burst: Option<ByteSize>,
    /// When the flow freezes.
    pub stall: Option<StallSpec>,
    /// What is lost, and what that does.
    pub loss: Option<LossSpec>,
    /// What carries the responses.
    pub transport: TransportSpec,
    /// How much waits at the bottleneck; `None` = a round trip at the highest rate, at least
    /// 32 KiB. Means nothing without a rate and a transport.
    pub queue: Option<QueueSize>,
}

impl LinkSpec {
    /// Whether this link leaves every response alone.
    #[must_use]
    pub fn is_transparent(&self) -> bool {
        self.latency.is_none() && !self.shapes_bodies()
    }

    /// Whether this link touches bodies (rate, stalls, loss or a transport), beside delaying their
    /// start.
    #[must_use]
    pub fn shapes_bodies(&self) -> bool {
        let alone = self.rate == RateSpec::Unlimited && self.stall.is_none() && self.loss.is_none();
        !alone || self.transport != TransportSpec::None
    }
}

/// The delay before the first byte of each response.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Latency {
    /// A whole round trip: request there, first byte back.
    pub rtt: Duration,
    /// Drawn once per response and added to `rtt`.
    pub jitter: Option<Distribution>,
    /// How much of the last jitter on the same connection stays in the next: netem's correlation.
    pub correlation: Ratio,
    /// What the first response on a fresh connection waits for besides.
    pub handshake: Handshake,
}

impl Latency {
    /// Whether no delay is ever added.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.rtt.is_zero() && self.jitter.is_none()
    }
}

/// Rate over time.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum RateSpec {
    /// No limit.
    #[default]
    Unlimited,
    /// One rate for ever.
    Constant(BitRate),
    /// A list of rates, each for a time.
    Steps(Arc<Steps>),
    /// A chain of states, each with its rate.
    Markov(Arc<Markov>),
}

/// One rate for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// How long.
    pub lasts: Duration,
    /// How fast; zero is silence.
    pub rate: BitRate,
}

/// A list of rates, each for a time. After the last one the list repeats, or its rate stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps {
    pub(super) steps: Vec<Step>,
    pub(super) repeat: bool,
}

impl Steps {
    /// A schedule of `steps`.
    ///
    /// # Errors
    /// When there are none, one lasts no time, or none ever carries a byte.
    pub fn new(steps: Vec<Step>, repeat: bool) -> Result<Self, SpecError> {
        let wrong = |problem: &str, hint: &str| Err(SpecError::new("schedule", problem, hint));
        if steps.is_empty() {
            return wrong(
                "has no steps",
                "write at least one { for = \"30 s\", rate = \"1 Mbit/s\" }",
            );
        }
        if steps.iter().any(|step| step.lasts < Duration::from_millis(1)) {
            return wrong("has a step shorter than 1 ms", "write `for` of at least `1 ms`");
        }
        if steps.iter().all(|step| step.rate == BitRate::ZERO) {
            return wrong("never carries a byte", "give at least one step a rate above zero");
        }
        Ok(Self { steps, repeat })
    }

    /// The steps, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether the list starts over after its end.
    #[must_use]
    pub const fn repeats(&self) -> bool {
        self.repeat
    }
}

/// A state of a [`Markov`] chain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State {
    /// The mean rate while in this state.
    pub mean: BitRate,
    /// Standard deviation of the rate within the state, as a share of `mean`; each step draws anew.
    pub spread: Ratio,
}

/// A discrete-time Markov chain of rates.
#[derive(Debug, Clone, PartialEq)]
pub struct Markov {
    pub(super) states: Vec<State>,
    pub(super) step: Duration,
    /// Row i: the probabilities of the next state, given state i; each row sums to 1.
    pub(super) transitions: Vec<Vec<f64>>,
    /// The stationary distribution; the first state is drawn from it.
    pub(super) stationary: Vec<f64>,
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
        Ok(Self { states, step, transitions, stationary })
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

/// An on/off process: the link freezes, then flows on.
#[derive(Debug, Clone, PartialEq)]
pub struct StallSpec {
    /// From the end of one stall to the start of the next.
    pub every: Distribution,
    /// How long a stall lasts.
    pub lasts: Distribution,
}

impl StallSpec {
    /// Stalls of length `lasts`, with gaps of `every` between them.
    ///
    /// # Errors
    /// When `every` has no length: the link would be frozen for good.
    pub fn new(every: Distribution, lasts: Distribution) -> Result<Self, SpecError> {
        if every.mean() < Duration::from_millis(1) {
            let hint = "write a mean of at least `1 ms`";
            return Err(SpecError::new("every", "leaves no time between stalls", hint));
        }
        Ok(Self { every, lasts })
    }
}

/// What is lost, and what comes of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossSpec {
    /// Which packets.
    pub model: LossModel,
    /// What a drop does to the response.
    pub on_drop: OnDrop,
}

/// Which packets of a response are lost. A packet is 1448 bytes of body (Ethernet's MTU less
/// IPv4, TCP and timestamps).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LossModel {
    /// Each with the same probability.
    Bernoulli(Ratio),
    /// In bursts: a good and a bad state (Gilbert 1960, Elliott 1963; netem's `gemodel`).
    GilbertElliott {
        /// P(good → bad), per packet.
        p: Ratio,
        /// P(bad → good), per packet.
        r: Ratio,
        /// Loss in the bad state (netem's `1-h`).
        loss_bad: Ratio,
        /// Loss in the good state (netem's `1-k`).
        loss_good: Ratio,
    },
}

impl LossModel {
    /// The long-run share of packets lost: π·loss_bad + (1 − π)·loss_good, π = p/(p + r).
    #[must_use]
    pub fn mean(self) -> f64 {
        match self {
            Self::Bernoulli(p) => p.get(),
            Self::GilbertElliott { p, r, loss_bad, loss_good } => {
                let bad = if p.get() > 0.0 { p.get() / (p.get() + r.get()) } else { 0.0 };
                bad * loss_bad.get() + (1.0 - bad) * loss_good.get()
            }
        }
    }
}

/// What a drop does to a response. A proxy above TCP can't lose a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnDrop {
    /// What TCP makes of it: the response pauses for one round trip, and no byte is missing.
    #[default]
    Retransmit,
    /// The response ends there, and the connection closes.
    Truncate,
    /// The connection is reset there.
    Reset,
}

impl OnDrop {
    /// The name used in files, labels and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retransmit => "retransmit",
            Self::Truncate => "truncate",
            Self::Reset => "reset",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(kilobits: u64) -> State {
        State { mean: BitRate::from_kilobits_per_second(kilobits), spread: Ratio::NONE }
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
        insta::assert_snapshot!(Steps::new(vec![], true).unwrap_err(), @r#"`schedule` has no steps: write at least one { for = "30 s", rate = "1 Mbit/s" }"#);
        let silent = Step { lasts: second, rate: BitRate::ZERO };
        assert!(Steps::new(vec![silent], true).is_err());
    }

    #[test]
    fn loss_means() {
        let ratio = |x| Ratio::new(x).unwrap();
        let bursts = LossModel::GilbertElliott {
            p: ratio(0.01),
            r: ratio(0.19),
            loss_bad: ratio(0.5),
            loss_good: ratio(0.0),
        };
        assert!((bursts.mean() - 0.025).abs() < 1e-12);
    }
}
