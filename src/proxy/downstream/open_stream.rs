//! A stream of HTTP/2 with a response: the memory that it may hold, and since when its player reads nothing of it.

use super::connection::Connection;
use crate::{
    clock::Clock,
    memory::{Charge, ClientMemory, Part, UsedUp},
    units::ProcessTime,
};
use parking_lot::Mutex;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// The most that a stream holds while its player does not read: what HTTP/2 holds of it, a piece that waits for room there,
/// and one that is read ahead.
const MOST_HELD: usize = 256 * 1024;
/// The player is not waited for.
const READ: u64 = u64::MAX;

/// A stream of HTTP/2 with a response. It exists until all bytes of the response are sent.
pub(super) struct OpenStream {
    clock: Clock,
    connection: Arc<Connection>,
    charge: Mutex<Option<Charge>>,
    /// Since when the player has read nothing of it, in milliseconds; [`READ`] = it is not waited for.
    unread: AtomicU64,
    /// Its task has ended: what is left of it is only in the buffers of HTTP/2.
    ended: AtomicBool,
    /// Ends its task, and with it the stream.
    reset: Notify,
}

impl OpenStream {
    pub(super) fn new(clock: Clock, connection: Arc<Connection>) -> Self {
        Self {
            clock,
            connection,
            charge: Mutex::default(),
            unread: AtomicU64::new(READ),
            ended: AtomicBool::new(false),
            reset: Notify::new(),
        }
    }

    /// Charges what it may hold to `client`.
    pub(super) fn charge(&self, client: Arc<ClientMemory>) -> Result<(), UsedUp> {
        let mut charge = Charge::new(client, Part::Streams);
        charge.grow(MOST_HELD)?;
        *self.charge.lock() = Some(charge);
        Ok(())
    }

    /// Gives back what a response of at most `most` bytes does not need; `None` = its length is not known.
    pub(super) fn hold_at_most(&self, most: Option<u64>) {
        let most = most.and_then(|most| usize::try_from(most).ok());
        if let Some(charge) = &mut *self.charge.lock()
            && let Some(excess) = most.and_then(|most| charge.bytes().checked_sub(most))
        {
            charge.shrink(excess);
        }
    }

    /// The bytes that are charged, and the number of the client that they are charged to.
    pub(super) fn held(&self) -> Option<(usize, u64)> {
        let charge = self.charge.lock();
        charge.as_ref().map(|charge| (charge.bytes(), charge.client().number()))
    }

    /// Records that a piece is passed on: the player is waited for.
    pub(super) fn wait_for_reader(&self) {
        self.unread.store(millis(self.clock.now()), Ordering::Relaxed);
    }

    /// Records that all pieces so far are passed on, and another one is wanted.
    pub(super) fn was_read(&self) {
        self.unread.store(READ, Ordering::Relaxed);
    }

    /// Records that a piece was sent. Others may wait.
    pub(super) fn has_moved(&self) {
        if self.unread.load(Ordering::Relaxed) != READ {
            self.wait_for_reader();
        }
    }

    /// For how long the player has read nothing of it, if it is waited for.
    pub(super) fn unread_for(&self) -> Option<Duration> {
        let since = self.unread.load(Ordering::Relaxed);
        (since != READ).then(|| self.clock.now() - ProcessTime::from_millis(since))
    }

    /// Records that its task has ended.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    /// Whether its task has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// Resets it, or closes the connection when only that frees what it holds.
    pub(super) fn reset(&self) {
        if self.has_ended() {
            self.connection.end.request_cut();
        } else {
            self.reset.notify_one();
        }
    }

    /// Waits until it is to be reset.
    pub(super) async fn reset_requested(&self) {
        self.reset.notified().await;
    }
}

fn millis(time: ProcessTime) -> u64 {
    time.since_zero().as_millis() as u64
}
