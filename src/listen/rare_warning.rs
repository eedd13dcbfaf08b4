//! A warning that is not repeated for a while, since its cause may last.

use parking_lot::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// The time between two warnings.
const APART: Duration = Duration::from_secs(60);

/// When a warning was last logged.
#[derive(Debug, Default)]
pub struct RareWarning(Mutex<Option<Instant>>);

impl RareWarning {
    /// A warning that was not logged yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Whether the warning is to be logged now; it then is not for a minute.
    pub fn is_due(&self) -> bool {
        let mut last = self.0.lock();
        let due = last.is_none_or(|last| last.elapsed() >= APART);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_warning_comes_once_a_minute() {
        let warning = RareWarning::default();
        assert!(warning.is_due() && !warning.is_due());
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(!warning.is_due());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(warning.is_due() && !warning.is_due());
    }
}
