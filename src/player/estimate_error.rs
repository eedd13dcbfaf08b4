//! How good the estimates of a session were.

use super::playback::count;

/// How far estimates of throughput were from the download that followed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct EstimateError {
    /// Downloads slower than estimated.
    pub over: usize,
    /// Their mean difference, in kbit/s.
    pub over_mean: f64,
    /// Downloads at least as fast as estimated.
    pub under: usize,
    /// Their mean difference, in kbit/s.
    pub under_mean: f64,
    /// The mean of estimate − throughput over all downloads but the first, in kbit/s.
    pub mean: f64,
}

impl EstimateError {
    /// Compares `estimate` with the `throughput` that came of it.
    pub(super) fn push(&mut self, estimate: f64, throughput: f64) {
        if estimate > throughput {
            self.over += 1;
            self.over_mean += (estimate - throughput - self.over_mean) / count(self.over);
        } else {
            self.under += 1;
            self.under_mean += (throughput - estimate - self.under_mean) / count(self.under);
        }
        self.mean += (estimate - throughput - self.mean) / count(self.over + self.under);
    }
}
