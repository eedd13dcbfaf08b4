//! Model predictive control: the rungs of the next segments that together are best, over a
//! short horizon; the first of them is chosen. It is the one that an exhaustive search finds.
//!
//! Source: Yin, Jindal, Sekar, Sinopoli, "A Control-Theoretic Approach for Dynamic Adaptive Video
//! Streaming over HTTP", SIGCOMM 2015 (MPC, RobustMPC).

use super::plan_search::{PlanSearch, PlanTask};
use crate::player::{
    abr::{Abr, Choice, State},
    playback::count,
    session_report::SessionReport,
};

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
    search: Box<PlanSearch>,
}

impl Mpc {
    /// The algorithm.
    #[must_use]
    pub fn new(config: MpcConfig) -> Self {
        let search = Box::default();
        Self { config, samples: Vec::new(), errors: Vec::new(), predicted: None, last: 0, search }
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

/// Keeps the newest samples.
fn push(samples: &mut Vec<f64>, sample: f64) {
    if samples.len() == SAMPLES {
        samples.remove(0);
    }
    samples.push(sample);
}
