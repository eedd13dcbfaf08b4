//! The clock of the process. Of the data plane, only this file reads the current time.

use crate::units::ProcessTime;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// A time, as process time and as the time of day. Both are of the same [`Clock`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Timestamp {
    /// Process time: since the clock was started.
    pub process: Duration,
    /// Since 1970-01-01T00:00:00Z.
    pub epoch: Duration,
}

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
    pub fn now(&self) -> ProcessTime {
        ProcessTime::new(self.zero.elapsed())
    }

    /// The current time, as process time and as the time of day.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        let process = self.now();
        Timestamp { process: process.since_zero(), epoch: self.epoch(process) }
    }

    /// The Unix time at process time `time`. It never jumps: the system clock is read only once.
    #[must_use]
    pub fn epoch(&self, time: ProcessTime) -> Duration {
        self.epoch + time.since_zero()
    }

    /// The instant of process time `time`, for a timer.
    #[must_use]
    pub fn instant(&self, time: ProcessTime) -> Instant {
        self.zero + time.since_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_timestamp_has_process_time_and_time_of_day() {
        let clock = Clock::start();
        let first = clock.timestamp();
        tokio::time::advance(Duration::from_millis(1500)).await;
        let second = clock.timestamp();
        assert_eq!(second.process - first.process, Duration::from_millis(1500));
        assert_eq!(second.epoch - first.epoch, Duration::from_millis(1500));
        assert_eq!(first.epoch, clock.epoch(ProcessTime::new(first.process)));
    }
}
