//! The time: since the player's start, in ms, and since the Unix epoch, in seconds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// A player's clock. It follows tokio's, which tests can pause.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    start: Instant,
    /// The epoch's seconds at the start.
    epoch: f64,
}

impl Clock {
    /// A clock that starts now.
    #[expect(
        clippy::disallowed_methods,
        reason = "live manifests are told apart by the wall clock"
    )]
    pub(super) fn start() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { start: Instant::now(), epoch: since.as_secs_f64() }
    }

    /// ms since the start.
    pub(super) fn now(&self) -> f64 {
        Instant::now().duration_since(self.start).as_secs_f64() * 1000.0
    }

    /// Seconds since the Unix epoch.
    pub(super) fn epoch(&self) -> f64 {
        self.epoch + self.now() / 1000.0
    }

    /// A date in seconds since the epoch, in ms since the start.
    pub(super) fn of_epoch(&self, date: f64) -> f64 {
        (date - self.epoch) * 1000.0
    }

    /// Sleeps `time` ms.
    pub(super) async fn sleep(time: f64) {
        if let Ok(time) = Duration::try_from_secs_f64(time / 1000.0) {
            tokio::time::sleep(time).await;
        }
    }
}
