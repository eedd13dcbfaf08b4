//! The one place that asks what time it is.

use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// Time since this process's time zero, on tokio's clock (which tests can pause).
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    zero: Instant,
    /// The time zero since 1970-01-01T00:00:00Z, as the system's clock told it then.
    epoch: Duration,
}

impl Clock {
    /// A clock whose time zero is now.
    #[must_use]
    pub fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "asked once, at time zero")]
        let epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { zero: Instant::now(), epoch }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.zero.elapsed()
    }

    /// The time since 1970-01-01T00:00:00Z at process time `time`. It never jumps: the system's clock
    /// was asked once.
    #[must_use]
    pub fn epoch(&self, time: Duration) -> Duration {
        self.epoch + time
    }

    /// The moment `time` after time zero, for a timer.
    #[must_use]
    pub fn instant(&self, time: Duration) -> Instant {
        self.zero + time
    }
}
