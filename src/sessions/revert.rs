//! Temporary changes go by themselves, when their time is over: the dead man's switch.

use super::registry::Registry;
use std::time::Duration;
use tokio::time::timeout_at;

/// A change that can't be reverted, as its link has become another one, is tried again after this.
const RETRY: Duration = Duration::from_secs(1);

impl Registry {
    /// Reverts every temporary change at its moment, for ever.
    pub async fn keep_reverting(&self) {
        loop {
            self.revert_due();
            let changed = self.reverts.notified();
            match self.next_revert() {
                Some(due) => {
                    // What is overdue by now can't be reverted; maybe it can later.
                    let now = self.clock.now();
                    let due = if due > now { due } else { now + RETRY };
                    // Over: something is due. Not over: another change may be due earlier.
                    let _ = timeout_at(self.clock.instant(due), changed).await;
                }
                None => changed.await,
            }
        }
    }
}
