//! How far a sweep is, on the terminal of standard error.

use crate::units::span;
use parking_lot::Mutex;
use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

/// The line is written again after this long.
const PAUSE: Duration = Duration::from_millis(200);

/// A line that is written over and over; nothing where there is no terminal.
pub(super) struct Progress {
    total: usize,
    start: Instant,
    /// When the line was last written; `None` without a terminal.
    written: Option<Mutex<Instant>>,
}

impl Progress {
    /// Of `total` runs, none is done.
    pub(super) fn start(total: usize) -> Self {
        let now = now();
        let written = io::stderr().is_terminal().then(|| Mutex::new(now));
        Self { total, start: now, written }
    }

    /// `done` runs are done.
    pub(super) fn show(&self, done: usize) {
        // Another thread is at it.
        let Some(mut written) = self.written.as_ref().and_then(Mutex::try_lock) else { return };
        let now = now();
        if now - *written < PAUSE || done == 0 {
            return;
        }
        *written = now;
        let left = (now - self.start).mul_f64((self.total - done) as f64 / done as f64);
        let left = span::print(Duration::from_secs(left.as_secs() + 1));
        // Progress is only shown: a failed write does not matter.
        let _ = write!(io::stderr(), "\r\x1b[K{done} of {} runs, {left} left", self.total);
    }

    /// Takes the line away; returns the time since the start.
    pub(super) fn end(self) -> Duration {
        if self.written.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
        now() - self.start
    }
}

#[expect(clippy::disallowed_methods, reason = "progress is about real time")]
fn now() -> Instant {
    Instant::now()
}
