//! Model predictive control: the rungs of the next segments that together are best, by exhaustive
//! search over a short horizon; the first of them is chosen.
//!
//! Source: Yin, Jindal, Sekar, Sinopoli, "A Control-Theoretic Approach for Dynamic Adaptive Video
//! Streaming over HTTP", SIGCOMM 2015 (MPC, RobustMPC).

use super::{Abr, Choice, State};
use crate::player::{playback::count, presentation::Presentation, session::SessionReport};

/// Samples that the prediction looks back on.
const SAMPLES: usize = 5;
/// kbit per Mbit, and ms per s.
const THOUSAND: f64 = 1000.0;

/// The parameters.
#[derive(Debug, Clone, Copy)]
pub struct MpcConfig {
    /// How many segments to look ahead.
    pub horizon: usize,
    /// Divides the prediction by 1 + the largest of the last errors (RobustMPC).
    pub robust: bool,
    /// The most that neighbouring segments may differ in rungs.
    pub max_step: usize,
    /// What a second of rebuffering costs, in Mbit/s.
    pub rebuffer_penalty: f64,
    /// Looks at the sizes of the segments after the next, as Pensieve's script does by an error of one.
    pub skips_next: bool,
}

impl Default for MpcConfig {
    /// RobustMPC over five segments, QoE-lin with a penalty of 4.3.
    fn default() -> Self {
        Self {
            horizon: 5,
            robust: true,
            max_step: usize::MAX,
            rebuffer_penalty: 4.3,
            skips_next: false,
        }
    }
}

impl MpcConfig {
    /// RobustMPC as the logs of Genet (Xia et al., SIGCOMM 2022) were made.
    #[must_use]
    pub fn genet() -> Self {
        Self { max_step: 1, rebuffer_penalty: 10.0, skips_next: true, ..Self::default() }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Mpc {
    config: MpcConfig,
    /// The last throughputs in Mbyte/s, latency included, newest last.
    samples: Vec<f64>,
    /// The last relative errors of the prediction, newest last.
    errors: Vec<f64>,
    /// The last prediction before it was made robust.
    predicted: Option<f64>,
    last: usize,
}

impl Mpc {
    /// The algorithm.
    #[must_use]
    pub const fn new(config: MpcConfig) -> Self {
        Self { config, samples: Vec::new(), errors: Vec::new(), predicted: None, last: 0 }
    }

    /// Forgets the samples, but not the errors and the last prediction, as between the traces of
    /// Pensieve's script.
    pub fn start_trace(&mut self) {
        self.samples.clear();
        self.last = 0;
    }

    /// Takes the throughput of a finished download, and predicts that of the next.
    fn learn(&mut self, report: &SessionReport) {
        self.last = report.rung;
        let progress = &report.download.progress;
        let sample = progress.received / 8.0 / progress.time / THOUSAND;
        let error = self.predicted.map_or(0.0, |before| (before - sample).abs() / sample);
        push(&mut self.errors, error);
        push(&mut self.samples, sample);
        let inverse: f64 = self.samples.iter().map(|sample| 1.0 / sample).sum();
        self.predicted = Some(1.0 / (inverse / count(self.samples.len())));
    }

    /// The throughput in Mbyte/s that is planned with.
    fn prediction(&self) -> Option<f64> {
        let predicted = self.predicted?;
        let error = self.errors.iter().fold(0.0, |most: f64, error| most.max(*error));
        Some(if self.config.robust { predicted / (1.0 + error) } else { predicted })
    }
}

impl Abr for Mpc {
    fn choose(&mut self, state: &State<'_>) -> Choice {
        let Some(throughput) = self.prediction() else { return Choice::now(0) };
        let first = state.segment + usize::from(self.config.skips_next);
        let left = state.presentation.count().saturating_sub(state.segment);
        let mut search = Search {
            presentation: state.presentation,
            config: &self.config,
            throughput,
            first,
            horizon: self.config.horizon.min(left),
            best: Best { reward: f64::NEG_INFINITY, rung: 0 },
        };
        let plan = Plan {
            buffer: state.level / THOUSAND,
            rebuffer: 0.0,
            bitrate: 0.0,
            change: 0.0,
            last: self.last,
        };
        search.extend(0, 0, &plan);
        Choice::now(search.best.rung)
    }

    fn on_first(&mut self, _state: &State<'_>, report: &SessionReport) {
        self.learn(report);
    }

    fn on_download(&mut self, _state: &State<'_>, report: &SessionReport) {
        if !report.download.abandoned {
            self.learn(report);
        }
    }
}

/// Keeps the newest samples.
fn push(samples: &mut Vec<f64>, sample: f64) {
    if samples.len() == SAMPLES {
        samples.remove(0);
    }
    samples.push(sample);
}

/// What a plan has come to.
#[derive(Debug, Clone, Copy)]
struct Plan {
    /// Seconds.
    buffer: f64,
    /// Seconds.
    rebuffer: f64,
    /// Sum in kbit/s.
    bitrate: f64,
    /// Sum of differences in kbit/s.
    change: f64,
    /// The last rung.
    last: usize,
}

#[derive(Debug)]
struct Best {
    reward: f64,
    rung: usize,
}

/// A search over all plans, in lexicographic order; of equals the last one wins.
struct Search<'a> {
    presentation: &'a Presentation,
    config: &'a MpcConfig,
    throughput: f64,
    first: usize,
    horizon: usize,
    best: Best,
}

impl Search<'_> {
    /// Tries all continuations of a plan of `depth` segments that starts with `start`.
    fn extend(&mut self, depth: usize, start: usize, plan: &Plan) {
        if depth == self.horizon {
            let reward = self.reward(plan);
            if reward >= self.best.reward {
                self.best = Best { reward, rung: start };
            }
            return;
        }
        if self.is_hopeless(depth, plan) {
            return;
        }
        let low = plan.last.saturating_sub(self.config.max_step);
        let high = plan.last.saturating_add(self.config.max_step).min(self.presentation.top());
        for rung in low..=high {
            let start = if depth == 0 { rung } else { start };
            let next = self.step(depth, rung, plan);
            self.extend(depth + 1, start, &next);
        }
    }

    /// Whether no continuation can reach the best reward: the highest bitrates, and neither
    /// rebuffering nor switches, are an upper bound.
    fn is_hopeless(&self, depth: usize, plan: &Plan) -> bool {
        let highest = self.presentation.bitrates()[self.presentation.top()];
        let left = count(self.horizon - depth);
        let bound = Plan { bitrate: plan.bitrate + left * highest, ..*plan };
        // A little above the bound, for the rounding of sums in another order.
        self.reward(&bound) + 1e-9 < self.best.reward
    }

    fn step(&self, depth: usize, rung: usize, plan: &Plan) -> Plan {
        let bitrates = self.presentation.bitrates();
        // Beyond the end, as beyond the published table of sizes, nothing has to be carried.
        let bits = self.presentation.size(self.first + depth, rung).unwrap_or(0.0);
        let time = (bits / 8.0 / 1_000_000.0) / self.throughput;
        let mut next = *plan;
        if next.buffer < time {
            next.rebuffer += time - next.buffer;
            next.buffer = 0.0;
        } else {
            next.buffer -= time;
        }
        next.buffer += self.presentation.segment() / THOUSAND;
        next.bitrate += bitrates[rung];
        next.change += (bitrates[rung] - bitrates[plan.last]).abs();
        next.last = rung;
        next
    }

    fn reward(&self, plan: &Plan) -> f64 {
        (plan.bitrate / THOUSAND)
            - (self.config.rebuffer_penalty * plan.rebuffer)
            - (plan.change / THOUSAND)
    }
}
