//! What receives the runs of a sweep while it goes on.

use super::{Run, RunResult, Wanted};

/// Receives the runs of a sweep, from any thread.
pub trait SweepObserver: Sync {
    /// The result of run number `index` from before, in place of making it again.
    fn made(&self, index: usize) -> Option<RunResult> {
        let _ = index;
        None
    }

    /// What is to be written down of each run: [`Self::finished`] gets the log, [`Self::p1203`] the input of P.1203.
    fn wanted(&self) -> Wanted {
        Wanted::default()
    }

    /// The input of ITU-T P.1203 of a run.
    fn p1203(&self, run: Run<'_>, input: &str) {
        let _ = (run, input);
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
