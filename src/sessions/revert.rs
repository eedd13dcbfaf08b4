//! Reverts temporary changes automatically when their time is over.

use super::registry::Registry;
use std::time::Duration;
use tokio::time::timeout_at;

/// If a change can't be reverted because the link has changed, it is tried again after this time.
const RETRY: Duration = Duration::from_secs(1);

impl Registry {
    /// Reverts every temporary change when it is due. Never returns.
    pub async fn keep_reverting(&self) {
        loop {
            self.revert_due();
            let changed = self.reverts.notified();
            match self.next_revert() {
                Some(due) => {
                    // A change that is overdue here could not be reverted: try again later.
                    let now = self.clock.now();
                    let due = if due > now { due } else { now + RETRY };
                    // A time-out: a change is due. A notification: another change may be due earlier.
                    let _ = timeout_at(self.clock.instant(due), changed).await;
                }
                None => changed.await,
            }
        }
    }
}
