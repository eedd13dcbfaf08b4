//! How a connection is to end: requests to close it, and what is sent with the close.

use crate::units::ProcessTime;
use bytes::Bytes;
use parking_lot::Mutex;
use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};
use tokio::sync::Notify;

/// It was not closed to make room.
const STAYS: u64 = u64::MAX;
/// How long the close of a connection may take before another attempt.
const CLOSING: Duration = Duration::from_secs(1);

/// What exchanges and the list of connections request of a connection's end.
#[derive(Debug)]
pub(in crate::proxy) struct ConnectionEnd {
    /// Close with a TCP reset.
    reset: AtomicBool,
    /// The last bytes to write before it closes.
    last: Mutex<Option<Bytes>>,
    /// Notifies the connection's task to close it as soon as possible.
    close: Notify,
    /// Notifies the connection's task to end it at once.
    cut: Notify,
    /// When it was last closed to make room, in milliseconds; [`STAYS`] = it was not.
    made_room: AtomicU64,
}

impl Default for ConnectionEnd {
    fn default() -> Self {
        Self {
            reset: AtomicBool::new(false),
            last: Mutex::default(),
            close: Notify::new(),
            cut: Notify::new(),
            made_room: AtomicU64::new(STAYS),
        }
    }
}

impl ConnectionEnd {
    /// Closes the connection with a TCP reset when it closes.
    pub(in crate::proxy) fn reset_on_close(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }

    /// Whether the connection closes with a reset.
    pub(in crate::proxy) fn resets(&self) -> bool {
        self.reset.load(Ordering::Relaxed)
    }

    /// Sends `bytes` after all written bytes, just before the connection closes.
    pub(in crate::proxy) fn send_last(&self, bytes: Bytes) {
        *self.last.lock() = Some(bytes);
    }

    /// Takes the bytes set by [`Self::send_last`].
    pub(in crate::proxy) fn take_last(&self) -> Option<Bytes> {
        self.last.lock().take()
    }

    /// Closes the connection when the exchanges under way have ended, without `Connection: close` (HTTP/2: with GOAWAY).
    pub(in crate::proxy) fn request_close(&self) {
        self.close.notify_one();
    }

    /// Waits until a close is requested.
    pub(in crate::proxy) async fn close_requested(&self) {
        self.close.notified().await;
    }

    /// Closes the connection at once, with its exchanges.
    pub(in crate::proxy) fn request_cut(&self) {
        self.cut.notify_one();
    }

    /// Waits until a cut is requested.
    pub(in crate::proxy) async fn cut_requested(&self) {
        self.cut.notified().await;
    }

    /// Closes the connection at process time `now` to make room for another one: with a request to close, or at once if
    /// that had no effect.
    pub(in crate::proxy) fn make_room(&self, now: ProcessTime) {
        let now = now.since_zero().as_millis() as u64;
        if self.made_room.swap(now, Ordering::Relaxed) == STAYS {
            self.request_close();
        } else {
            self.request_cut();
        }
    }

    /// Whether the connection was closed to make room so recently before `now` that it may still be closing.
    pub(in crate::proxy) fn makes_room(&self, now: ProcessTime) -> bool {
        let at = self.made_room.load(Ordering::Relaxed);
        at != STAYS && now < ProcessTime::from_millis(at) + CLOSING
    }
}
