//! The clock of the process. In the data plane, only this file reads the current time.

use crate::units::{ProcessTime, UnixTime};
use std::time::SystemTime;
use tokio::time::Instant;

/// A time, as process time and as the time of day. Both are of the same [`Clock`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Timestamp {
    /// Process time.
    pub process: ProcessTime,
    /// The time of day.
    pub unix: UnixTime,
}

/// Time since this process's time zero, on tokio's clock (which tests can pause).
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    zero: Instant,
    /// Time zero as a Unix time, as the system clock gave it then.
    unix_zero: UnixTime,
}

impl Clock {
    /// A clock whose time zero is now.
    #[must_use]
    pub fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "read once, at time zero")]
        let unix_zero = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self { zero: Instant::now(), unix_zero: UnixTime::new(unix_zero.unwrap_or_default()) }
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
        Timestamp { process, unix: self.unix_time(process) }
    }

    /// The Unix time at process time `time`. It never jumps: the system clock is read only once.
    #[must_use]
    pub fn unix_time(&self, time: ProcessTime) -> UnixTime {
        self.unix_zero + time.since_zero()
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
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn a_timestamp_has_process_time_and_time_of_day() {
        let clock = Clock::start();
        let first = clock.timestamp();
        tokio::time::advance(Duration::from_millis(1500)).await;
        let second = clock.timestamp();
        assert_eq!(second.process - first.process, Duration::from_millis(1500));
        assert_eq!(second.unix - first.unix, Duration::from_millis(1500));
        assert_eq!(first.unix, clock.unix_time(first.process));
    }
}
