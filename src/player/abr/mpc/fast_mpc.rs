//! FastMPC: the choices of MPC from a table, by the buffer, the last rung and the predicted throughput.
//!
//! Source: Yin, Jindal, Sekar, Sinopoli, "A Control-Theoretic Approach for Dynamic Adaptive Video Streaming over HTTP",
//! SIGCOMM 2015, section 5: 100 levels of the buffer and 100 of the throughput. The paper computes the table before
//! playback, for segments of constant size; here an entry is computed when it is first looked up, which gives the same choices.

use super::{
    plan_search::{PlanSearch, PlanTask},
    prediction::Prediction,
    rung_selection::MpcConfig,
};
use crate::player::{
    abr::{Abr, Choice, State},
    playback::count,
    session_report::SessionReport,
};
use foldhash::fast::RandomState;
use std::collections::HashMap;

/// How many levels the buffer and the throughput have.
const LEVELS: usize = 100;
/// The highest level of the buffer, in s: the maximum buffer of the paper.
const MOST_BUFFER: f64 = 30.0;
/// The highest level of the throughput, as a multiple of the highest bitrate: above, nothing changes the choice.
const MOST_THROUGHPUT: f64 = 2.0;
/// kbit per Mbit, and ms per s.
const THOUSAND: f64 = 1000.0;
const BITS: f64 = 8.0;

/// The levels of the buffer and of the throughput, and the last rung.
type Key = (usize, usize, usize);

/// See the module.
#[derive(Debug)]
pub struct FastMpc {
    config: MpcConfig,
    prediction: Prediction,
    last: usize,
    table: HashMap<Key, usize, RandomState>,
    search: Box<PlanSearch>,
}

impl FastMpc {
    /// The algorithm. Of `config` it uses the horizon, the largest step and the penalty.
    #[must_use]
    pub fn new(config: MpcConfig) -> Self {
        Self {
            config,
            prediction: Prediction::default(),
            last: 0,
            table: HashMap::default(),
            search: Box::default(),
        }
    }

    /// The entry of the table.
    fn look_up(&mut self, state: &State<'_>, key: Key) -> usize {
        if let Some(rung) = self.table.get(&key) {
            return *rung;
        }
        let (buffer, throughput, last) = key;
        let bitrates = state.presentation.bitrates();
        let segment = state.presentation.segment() / THOUSAND;
        let task = PlanTask {
            bitrates,
            segment,
            horizon: self.config.horizon,
            max_step: self.config.max_step,
            penalty: self.config.rebuffer_penalty,
            buffer: middle(buffer, MOST_BUFFER),
            last,
        };
        // kbit/s
        let throughput = middle(throughput, most_throughput(bitrates));
        let time = |_: usize, rung: usize| bitrates[rung] * segment / throughput;
        let rung = self.search.best(&task, time);
        self.table.insert(key, rung);
        rung
    }

    fn learn(&mut self, report: &SessionReport) {
        self.last = report.rung;
        self.prediction.learn(report);
    }
}

impl Abr for FastMpc {
    fn choose(&mut self, state: &State<'_>) -> Choice {
        let Some(throughput) = self.prediction.mean() else { return Choice::now(0) };
        // Mbyte/s to kbit/s.
        let throughput = throughput * THOUSAND * BITS;
        let most = most_throughput(state.presentation.bitrates());
        let key = (level(state.level / THOUSAND, MOST_BUFFER), level(throughput, most), self.last);
        Choice::now(self.look_up(state, key))
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

/// The highest level of the throughput, in kbit/s.
fn most_throughput(bitrates: &[f64]) -> f64 {
    MOST_THROUGHPUT * bitrates.last().copied().unwrap_or(1.0)
}

/// The level of `value`, of equal levels from 0 to `most`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, and is bounded"
)]
fn level(value: f64, most: f64) -> usize {
    ((value / most * count(LEVELS)) as usize).min(LEVELS - 1)
}

/// The value in the middle of a level.
fn middle(level: usize, most: f64) -> f64 {
    (count(level) + 0.5) * most / count(LEVELS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::player::{
        Presentation,
        abr::Mpc,
        network::{Download, Progress},
        session_report::FailedRequests,
    };

    /// Six rungs in segments of constant size.
    fn presentation() -> Presentation {
        let bitrates = vec![350.0, 600.0, 1000.0, 2000.0, 3000.0, 6000.0];
        let row: Vec<f64> = bitrates.iter().map(|rate| rate * 4000.0).collect();
        Presentation::new(4000.0, bitrates, &vec![row; 50]).unwrap()
    }

    /// A download of `rung` with a throughput in kbit/s.
    fn report(rung: usize, throughput: f64) -> SessionReport {
        let size = 1_000_000.0;
        let time = size / throughput;
        let progress = Progress { size, received: size, time, first_byte: 0.0 };
        SessionReport {
            segment: 0,
            rung,
            download: Download { progress, abandoned: false, failure: None },
            replaced: false,
            abandoned_to: None,
            full_wait: 0.0,
            chosen_wait: 0.0,
            levels: [0.0; 3],
            rebuffer: 0.0,
            at: 0.0,
            failed: FailedRequests::default(),
            discarded: 0.0,
        }
    }

    /// In the middle of a level, and with segments of constant size, the choice is that of MPC.
    #[test]
    fn it_chooses_as_mpc_does() {
        let presentation = presentation();
        let config = MpcConfig { robust: false, ..MpcConfig::default() };
        let (most, mut rungs) = (most_throughput(presentation.bitrates()), [0; 6]);
        for buffer in (0..LEVELS).step_by(3) {
            for throughput in (0..LEVELS).step_by(4) {
                for last in 0..6 {
                    let level = middle(buffer, MOST_BUFFER) * THOUSAND;
                    let state = State::new(&presentation, level, None, 10, 0.0);
                    let (mut fast, mut mpc) = (FastMpc::new(config), Mpc::new(config));
                    let report = report(last, middle(throughput, most));
                    fast.on_first(&state, &report);
                    mpc.on_first(&state, &report);
                    let chosen = fast.choose(&state);
                    assert_eq!(chosen, mpc.choose(&state), "{buffer} {throughput} {last}");
                    rungs[chosen.rung] += 1;
                }
            }
        }
        assert!(rungs.iter().all(|times| *times > 0), "{rungs:?}");
    }

    /// Within a level the choice is the same, and each level is computed once.
    #[test]
    fn a_level_has_one_entry() {
        let presentation = presentation();
        let mut fast = FastMpc::new(MpcConfig::default());
        for (level, entries) in [(3000.0, 1), (3299.0, 1), (3301.0, 2), (1e9, 3), (2e9, 3)] {
            let state = State::new(&presentation, level, None, 10, 0.0);
            if entries == 1 {
                fast.on_first(&state, &report(2, 1500.0));
            }
            fast.choose(&state);
            assert_eq!(fast.table.len(), entries, "{level}");
        }
    }

    #[test]
    fn levels_are_equal_and_end() {
        assert_eq!(
            [0.0, 0.29, 0.31, 29.9, 30.0, 1e12].map(|s| level(s, 30.0)),
            [0, 0, 1, 99, 99, 99]
        );
        assert!((middle(0, 30.0) - 0.15).abs() < 1e-12 && (middle(99, 30.0) - 29.85).abs() < 1e-12);
    }
}
