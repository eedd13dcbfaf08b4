//! The throughput that MPC plans with: the harmonic mean of the last five, latency included.

use crate::player::{playback::count, session_report::SessionReport};

/// Samples that the prediction looks back on.
const SAMPLES: usize = 5;
/// kbit per Mbit, and ms per s.
const THOUSAND: f64 = 1000.0;

/// What was learnt of the network.
#[derive(Debug, Default)]
pub(super) struct Prediction {
    /// The last throughputs in Mbyte/s, latency included, newest last.
    samples: Vec<f64>,
    /// The last relative errors of the prediction, newest last.
    errors: Vec<f64>,
    /// The last prediction before it was made robust.
    predicted: Option<f64>,
}

impl Prediction {
    /// Forgets the samples, but not the errors and the last prediction, as between the traces of
    /// Pensieve's script.
    pub(super) fn forget_samples(&mut self) {
        self.samples.clear();
    }

    /// Takes the throughput of a finished download, and predicts that of the next.
    pub(super) fn learn(&mut self, report: &SessionReport) {
        let progress = &report.download.progress;
        let sample = progress.received / 8.0 / progress.time / THOUSAND;
        let error = self.predicted.map_or(0.0, |before| (before - sample).abs() / sample);
        push(&mut self.errors, error);
        push(&mut self.samples, sample);
        let inverse: f64 = self.samples.iter().map(|sample| 1.0 / sample).sum();
        self.predicted = Some(1.0 / (inverse / count(self.samples.len())));
    }

    /// The predicted throughput in Mbyte/s.
    pub(super) const fn mean(&self) -> Option<f64> {
        self.predicted
    }

    /// The same, divided by 1 + the largest of the last errors (RobustMPC).
    pub(super) fn robust(&self) -> Option<f64> {
        let error = self.errors.iter().fold(0.0, |most: f64, error| most.max(*error));
        Some(self.predicted? / (1.0 + error))
    }
}

/// Keeps the newest samples.
fn push(samples: &mut Vec<f64>, sample: f64) {
    if samples.len() == SAMPLES {
        samples.remove(0);
    }
    samples.push(sample);
}
