//! How long and how often each measurement runs.

use std::{fmt, time::Duration};

/// How long and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Of one shaped download.
    pub(crate) download: Duration,
    /// Of each shaped case.
    pub(crate) runs: usize,
    /// Of each relayed load, in whole seconds.
    pub(crate) load_seconds: u64,
    /// In which all relays take their turn.
    pub(crate) rounds: usize,
    /// Requests whose latency is taken.
    pub(crate) requests: usize,
    /// For others to leave the machine alone, and for doing disturbed runs again, in all.
    pub(crate) patience: Duration,
    /// Only one case of each question, without the other proxies.
    pub(crate) smoke: bool,
}

impl Effort {
    pub(crate) const FULL: Self = Self {
        download: Duration::from_secs(10),
        runs: 3,
        load_seconds: 3,
        rounds: 5,
        requests: 30,
        patience: Duration::from_secs(600),
        smoke: false,
    };
    pub(crate) const QUICK: Self = Self {
        download: Duration::from_secs(3),
        runs: 1,
        load_seconds: 1,
        rounds: 2,
        requests: 10,
        patience: Duration::from_secs(30),
        smoke: false,
    };
    pub(crate) const SMOKE: Self = Self {
        download: Duration::from_secs(1),
        runs: 1,
        load_seconds: 1,
        rounds: 1,
        requests: 2,
        patience: Duration::ZERO,
        smoke: true,
    };

    /// All of `cases`, or the first alone in a smoke test.
    pub(crate) fn of<'a, T>(&self, cases: &'a [T]) -> &'a [T] {
        if self.smoke { &cases[..1] } else { cases }
    }
}

impl fmt::Display for Effort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { download, runs, load_seconds, rounds, requests, .. } = self;
        write!(
            f,
            "downloads of {} s, {runs} run(s) each; relay loads of {load_seconds} s, {rounds} \
             round(s); {requests} request(s) per latency",
            download.as_secs()
        )
    }
}
