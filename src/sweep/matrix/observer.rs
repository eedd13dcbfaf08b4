//! What receives the runs of a sweep while it goes on.

use super::RunResult;

/// Receives the runs of a sweep, from any thread.
pub trait SweepObserver: Sync {
    /// The result of run number `index` from before, in place of making it again.
    fn made(&self, index: usize) -> Option<RunResult> {
        let _ = index;
        None
    }

    /// Whether [`Self::finished`] gets a line for each segment.
    fn wants_log(&self) -> bool {
        false
    }

    /// The runs of chunk number `chunk` are done, each with its number. `log` has a line of JSON for each of their
    /// segments, if they were asked for. Chunks may end in another order than that of their numbers.
    fn finished(&self, chunk: usize, runs: &[(usize, RunResult)], log: &str) {
        let _ = (chunk, runs, log);
    }

    /// Whether no further run is to be started.
    fn stopped(&self) -> bool {
        false
    }
}

impl SweepObserver for () {}
