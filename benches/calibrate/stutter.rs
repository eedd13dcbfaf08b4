//! How late the machine schedules threads. A virtual machine may be delayed by others on its host, one core at
//! a time, which none of its own counters shows.

use crate::clock;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// How long a watcher sleeps at a time.
const NAP: Duration = Duration::from_millis(1);

/// Threads, as many as there are cores, that do nothing but to wake up and see how late they are.
pub(crate) struct Stutter {
    over: Arc<AtomicBool>,
    watchers: Vec<JoinHandle<Duration>>,
}

impl Stutter {
    pub(crate) fn watch() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let watcher = |_| {
            let over = Arc::clone(&over);
            thread::spawn(move || latest(&over))
        };
        let watchers = (0..cores).map(watcher).collect();
        Self { over, watchers }
    }

    /// How late the latest was, in milliseconds.
    pub(crate) fn latest_ms(self) -> f64 {
        self.over.store(true, Ordering::Relaxed);
        let latest = self.watchers.into_iter().map(|watcher| watcher.join().unwrap_or_default());
        latest.max().unwrap_or_default().as_secs_f64() * 1e3
    }
}

fn latest(over: &AtomicBool) -> Duration {
    let mut latest = Duration::ZERO;
    while !over.load(Ordering::Relaxed) {
        let asleep = clock::now();
        clock::sleep(NAP);
        latest = latest.max(asleep.elapsed().saturating_sub(NAP));
    }
    latest
}
