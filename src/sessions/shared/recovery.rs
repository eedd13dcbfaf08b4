//! How this replica gets over a loss of what the store had.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::{Mutex, MutexGuard, Notify};

/// What is known of losses of the store, and the turn of the task that writes what is here again.
#[derive(Debug, Default)]
pub(in crate::sessions) struct Recovery {
    turn: Mutex<()>,
    under_way: AtomicBool,
    losses: AtomicU64,
    restored: AtomicU64,
    over: Notify,
}

/// One task writes sessions again. Others wait until it is dropped.
#[derive(Debug)]
pub(in crate::sessions) struct Turn<'a> {
    recovery: &'a Recovery,
    _only: MutexGuard<'a, ()>,
}

impl Recovery {
    /// Waits for the end of a recovery that is under way, and begins one.
    pub(in crate::sessions) async fn begin(&self) -> Turn<'_> {
        Turn { recovery: self, _only: self.turn.lock().await }
    }

    /// Whether sessions are being written again.
    pub(super) fn is_under_way(&self) -> bool {
        self.under_way.load(Ordering::Relaxed)
    }

    pub(super) fn losses(&self) -> u64 {
        self.losses.load(Ordering::Relaxed)
    }

    pub(super) fn restored(&self) -> u64 {
        self.restored.load(Ordering::Relaxed)
    }

    /// Counts a session that was written again.
    pub(in crate::sessions) fn count_restored(&self) {
        self.restored.fetch_add(1, Ordering::Relaxed);
    }

    /// Lets [`Self::over`] return: the store may have lost what it had.
    pub(in crate::sessions) fn look_again(&self) {
        self.over.notify_one();
    }

    /// Returns after a recovery: others may have written more than there is here.
    pub(in crate::sessions) async fn over(&self) {
        self.over.notified().await;
    }
}

impl Turn<'_> {
    /// Notes that the store has in fact lost what it had.
    pub(in crate::sessions) fn found_loss(&self) {
        self.recovery.under_way.store(true, Ordering::Relaxed);
    }

    /// Notes that all is written again.
    pub(in crate::sessions) fn succeeded(&self) {
        self.recovery.losses.fetch_add(1, Ordering::Relaxed);
        self.recovery.under_way.store(false, Ordering::Relaxed);
        self.recovery.look_again();
    }
}
