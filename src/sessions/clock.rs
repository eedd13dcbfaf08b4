//! The only place that reads the current time.

use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// Time since this process's time zero, on tokio's clock (which tests can pause).
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    zero: Instant,
    /// Time zero as a Unix time, as the system clock gave it then.
    epoch: Duration,
}

impl Clock {
    /// A clock whose time zero is now.
    #[must_use]
    pub fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "read once, at time zero")]
        let epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { zero: Instant::now(), epoch }
    }

    /// The current process time.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.zero.elapsed()
    }

    /// The Unix time at process time `time`. It never jumps: the system clock is read only once.
    #[must_use]
    pub fn epoch(&self, time: Duration) -> Duration {
        self.epoch + time
    }

    /// The instant of process time `time`, for a timer.
    #[must_use]
    pub fn instant(&self, time: Duration) -> Instant {
        self.zero + time
    }
}
