//! The time: since the player's start, in ms, and the time of day.

use crate::units::UnixTime;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// A player's clock. It follows tokio's, which tests can pause.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    start: Instant,
    /// The time of day at the start.
    unix_start: UnixTime,
}

impl Clock {
    /// A clock that starts now.
    #[expect(
        clippy::disallowed_methods,
        reason = "live manifests are told apart by the wall clock"
    )]
    pub(super) fn start() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { start: Instant::now(), unix_start: UnixTime::new(since) }
    }

    /// ms since the start.
    pub(super) fn now(&self) -> f64 {
        Instant::now().duration_since(self.start).as_secs_f64() * 1000.0
    }

    /// The time of day. It never jumps: the system clock is read only once.
    pub(super) fn unix_time(&self) -> UnixTime {
        self.unix_start + self.start.elapsed()
    }

    /// A date of a manifest as ms since the start; negative before it.
    pub(super) fn since_start(&self, date: UnixTime) -> f64 {
        let (after, before) = (date - self.unix_start, self.unix_start - date);
        (after.as_secs_f64() - before.as_secs_f64()) * 1000.0
    }

    /// Sleeps `time` ms.
    pub(super) async fn sleep(time: f64) {
        if let Ok(time) = Duration::try_from_secs_f64(time / 1000.0) {
            tokio::time::sleep(time).await;
        }
    }
}
