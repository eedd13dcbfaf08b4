//! Model predictive control: the rungs of the next segments that together are best, over a
//! short horizon; the first of them is chosen. It is the one that an exhaustive search finds.
//!
//! Source: Yin, Jindal, Sekar, Sinopoli, "A Control-Theoretic Approach for Dynamic Adaptive Video
//! Streaming over HTTP", SIGCOMM 2015 (MPC, RobustMPC).

use super::{
    plan_search::{PlanSearch, PlanTask},
    prediction::Prediction,
};
use crate::player::{
    abr::{Abr, Choice, State},
    session_report::SessionReport,
};

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
    prediction: Prediction,
    last: usize,
    search: Box<PlanSearch>,
}

impl Mpc {
    /// The algorithm.
    #[must_use]
    pub fn new(config: MpcConfig) -> Self {
        let search = Box::default();
        Self { config, prediction: Prediction::default(), last: 0, search }
    }

    /// Forgets the samples, but not the errors and the last prediction, as between the traces of
    /// Pensieve's script.
    pub fn start_trace(&mut self) {
        self.prediction.forget_samples();
        self.last = 0;
    }

    fn learn(&mut self, report: &SessionReport) {
        self.last = report.rung;
        self.prediction.learn(report);
    }
}

impl Abr for Mpc {
    fn choose(&mut self, state: &State<'_>) -> Choice {
        let prediction =
            if self.config.robust { self.prediction.robust() } else { self.prediction.mean() };
        // Mbyte/s
        let Some(throughput) = prediction else { return Choice::now(0) };
        let first = state.segment + usize::from(self.config.skips_next);
        let left = state.presentation.count().saturating_sub(state.segment);
        let task = PlanTask {
            bitrates: state.presentation.bitrates(),
            segment: state.presentation.segment() / THOUSAND,
            horizon: self.config.horizon.min(left),
            max_step: self.config.max_step,
            penalty: self.config.rebuffer_penalty,
            buffer: state.level / THOUSAND,
            last: self.last,
        };
        let time = |depth: usize, rung: usize| {
            // Beyond the end, as beyond the published table of sizes, nothing has to be carried.
            let bits = state.presentation.size(first + depth, rung).unwrap_or(0.0);
            (bits / 8.0 / 1_000_000.0) / throughput
        };
        Choice::now(self.search.best(&task, time))
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
