//! The one place that asks what time it is.

use std::time::Duration;
use tokio::time::Instant;

/// Time since this process's time zero, on tokio's clock (which tests can pause).
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    zero: Instant,
}

impl Clock {
    /// A clock whose time zero is now.
    #[must_use]
    pub fn start() -> Self {
        Self { zero: Instant::now() }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.zero.elapsed()
    }

    /// The moment `time` after time zero, for a timer.
    #[must_use]
    pub fn instant(&self, time: Duration) -> Instant {
        self.zero + time
    }
}
