//! What happens on a connection: exchanges, a head that arrives, bytes that are not sent or not read yet. It follows
//! when the connection is idle, and when it has been idle for too long.

use crate::{
    clock::Clock,
    proxy::{config::Timeouts, downstream::head_scan::HeadScan},
    units::ProcessTime,
};
use http::Version;
use parking_lot::Mutex;
use std::{
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    task::Waker,
};

/// No write waits for the player.
const READ: u64 = u64::MAX;

/// What happens on a connection now.
#[derive(Debug)]
pub(in crate::proxy) struct Activity {
    clock: Clock,
    /// HTTP/2: bytes may arrive at any time, and are not an HTTP/1.1 head.
    http2: AtomicBool,
    /// A request was refused, possibly before all of it was read.
    refused: AtomicBool,
    /// HTTP/1.1: the current request has no body, so nothing more is to come.
    whole: AtomicBool,
    /// HTTP/1.1: the current request has no response yet.
    unanswered: AtomicBool,
    /// Exchanges under way.
    busy: AtomicU32,
    /// The connection has served an exchange.
    used: AtomicBool,
    /// Part of a request's head has arrived.
    head: AtomicBool,
    /// The current or last head has a `Content-Length`.
    declared_length: AtomicBool,
    /// When the connection last became idle, or when the current head began, in milliseconds.
    since: AtomicU64,
    /// All bytes written so far are in the kernel.
    flushed: AtomicBool,
    flush_waker: Mutex<Option<Waker>>,
    /// Since when the player has read nothing of what it is sent, in milliseconds; [`READ`] = it is not waited for.
    unread: AtomicU64,
}

impl Activity {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            http2: AtomicBool::new(false),
            refused: AtomicBool::new(false),
            whole: AtomicBool::new(false),
            unanswered: AtomicBool::new(false),
            busy: AtomicU32::new(0),
            used: AtomicBool::new(false),
            head: AtomicBool::new(false),
            declared_length: AtomicBool::new(false),
            since: AtomicU64::new(millis(clock.now())),
            flushed: AtomicBool::new(true),
            flush_waker: Mutex::new(None),
            unread: AtomicU64::new(READ),
        }
    }

    /// The clock of the process.
    pub(super) const fn clock(&self) -> Clock {
        self.clock
    }

    /// Records the version of HTTP of the requests.
    pub(in crate::proxy) fn speaks(&self, version: Version) {
        if version == Version::HTTP_2 {
            self.http2.store(true, Ordering::Relaxed);
        }
    }

    /// See [`Connection::is_http2`](super::Connection::is_http2).
    pub(super) fn is_http2(&self) -> bool {
        self.http2.load(Ordering::Relaxed)
    }

    /// Whether no exchange is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.busy.load(Ordering::Relaxed) == 0
    }

    /// When the connection became idle, if it waits for a request.
    pub(in crate::proxy) fn idle_since(&self) -> Option<ProcessTime> {
        let busy = self.is_busy() || self.head.load(Ordering::Relaxed);
        (!busy).then(|| ProcessTime::from_millis(self.since.load(Ordering::Relaxed)))
    }

    /// Whether an exchange is under way, or bytes are still to be sent.
    fn is_busy(&self) -> bool {
        !self.is_idle() || !self.flushed.load(Ordering::Relaxed) || self.unread_since().is_some()
    }

    /// Records that a request has arrived; `whole`: without a body.
    pub(in crate::proxy) fn has_request(&self, whole: bool) {
        self.whole.store(whole, Ordering::Relaxed);
        self.unanswered.store(true, Ordering::Relaxed);
    }

    /// Records that the current request has a response.
    pub(in crate::proxy) fn has_response(&self) {
        self.unanswered.store(false, Ordering::Relaxed);
    }

    /// Whether a response of HTTP/1.1 is under way to a player that need not send anything more.
    pub(in crate::proxy) fn owes_response(&self) -> bool {
        let whole = self.whole.load(Ordering::Relaxed) && !self.is_http2();
        whole && (self.unanswered.load(Ordering::Relaxed) || self.is_busy())
    }

    /// Records whether the player is waited for, to read what it is sent.
    pub(in crate::proxy) fn waits_for_reader(&self, waits: bool) {
        // Most writes do not wait.
        if waits != (self.unread.load(Ordering::Relaxed) != READ) {
            let since = if waits { millis(self.clock.now()) } else { READ };
            self.unread.store(since, Ordering::Relaxed);
        }
    }

    /// Since when the player has read nothing, if it is waited for.
    pub(in crate::proxy) fn unread_since(&self) -> Option<ProcessTime> {
        let since = self.unread.load(Ordering::Relaxed);
        (since != READ).then(|| ProcessTime::from_millis(since))
    }

    /// Records that a request is refused. The player is to receive the response even if it is still sending.
    pub(in crate::proxy) fn refuse(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }

    /// Whether the player may still be sending bytes that are not read: of a refused request, or of an incomplete
    /// head.
    pub(in crate::proxy) fn lingers(&self) -> bool {
        self.refused.load(Ordering::Relaxed) || self.head.load(Ordering::Relaxed)
    }

    /// Whether the connection has served an earlier exchange.
    pub(in crate::proxy) fn reused(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether the current head has a `Content-Length`. (This is not known of a head that arrived while another
    /// exchange was under way.)
    pub(in crate::proxy) fn declared_length(&self) -> bool {
        self.declared_length.load(Ordering::Relaxed)
    }

    /// Starts waiting for a flush of all bytes handed over before this call.
    pub(in crate::proxy) fn expect_flush(&self, waker: &Waker) {
        self.flushed.store(false, Ordering::Relaxed);
        *self.flush_waker.lock() = Some(waker.clone());
    }

    /// Whether there was a flush since [`Self::expect_flush`]. If not, `waker` is woken by it.
    pub(in crate::proxy) fn flushed(&self, waker: &Waker) -> bool {
        *self.flush_waker.lock() = Some(waker.clone());
        self.flushed.load(Ordering::Relaxed)
    }

    /// Called when an exchange begins: the head is complete.
    pub(in crate::proxy) fn enter(&self) {
        self.used.store(true, Ordering::Relaxed);
        self.busy.fetch_add(1, Ordering::Relaxed);
        self.head.store(false, Ordering::Relaxed);
        // The next head may arrive before this exchange ends.
        self.declared_length.store(false, Ordering::Relaxed);
    }

    /// Called when an exchange ends, at process time `now`.
    pub(in crate::proxy) fn leave(&self, now: ProcessTime) {
        self.since.store(millis(now), Ordering::Relaxed);
        // Its last bytes may not be sent yet: only a flush makes it idle. In HTTP/2 the flush may have been before, if
        // the player has cancelled the stream.
        if !self.is_http2() {
            self.flushed.store(false, Ordering::Relaxed);
        }
        self.busy.fetch_sub(1, Ordering::Relaxed);
    }

    /// Waits until the connection has been idle, or its head incomplete, for too long.
    pub(in crate::proxy) async fn overdue(&self, timeouts: &Timeouts) {
        loop {
            let now = self.clock.now();
            let most =
                if self.head.load(Ordering::Relaxed) { timeouts.header } else { timeouts.idle };
            let since = ProcessTime::from_millis(self.since.load(Ordering::Relaxed));
            let busy = self.is_busy();
            if !busy && now >= since + most {
                return;
            }
            // A busy connection can become idle, and an idle one can start a head, at any time: check again no later
            // than after the shorter of the two limits.
            let soonest = timeouts.header.min(timeouts.idle);
            let next = if busy { now + soonest } else { (since + most).min(now + soonest) };
            tokio::time::sleep_until(self.clock.instant(next)).await;
        }
    }

    /// Called when the first bytes of a request have arrived. False = they are not the first.
    pub(in crate::proxy) fn begins_head(&self) -> bool {
        if self.head.swap(true, Ordering::Relaxed) {
            return false;
        }
        self.since.store(millis(self.clock.now()), Ordering::Relaxed);
        self.declared_length.store(false, Ordering::Relaxed);
        true
    }

    /// Called when a head has been read again whose request is answered.
    pub(in crate::proxy) fn has_read_again(&self) {
        self.head.store(false, Ordering::Relaxed);
    }

    /// Called with `bytes` received from the player. Whether they are of a head of HTTP/1.1.
    pub(in crate::proxy) fn arrived(&self, scan: &mut HeadScan, bytes: &[u8]) -> bool {
        if !self.is_idle() || self.is_http2() {
            return false;
        }
        if self.begins_head() {
            scan.restart();
        }
        if scan.declares_length(bytes) {
            self.declared_length.store(true, Ordering::Relaxed);
        }
        true
    }

    /// Called when all written bytes are in the kernel.
    pub(in crate::proxy) fn was_flushed(&self) {
        if self.flushed.swap(true, Ordering::Relaxed) {
            return;
        }
        if self.is_idle() && !self.head.load(Ordering::Relaxed) {
            self.since.store(millis(self.clock.now()), Ordering::Relaxed);
        }
        if let Some(waker) = self.flush_waker.lock().take() {
            waker.wake();
        }
    }
}

fn millis(time: ProcessTime) -> u64 {
    time.since_zero().as_millis() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_response_is_owed_to_a_player_that_has_sent_everything() {
        let activity = Activity::new(Clock::start());
        assert!(!activity.owes_response());
        activity.has_request(true);
        assert!(activity.owes_response());
        activity.enter();
        activity.has_response();
        assert!(activity.owes_response(), "its body is under way");
        activity.leave(ProcessTime::ZERO);
        assert!(activity.owes_response(), "its last bytes are not sent");
        activity.was_flushed();
        assert!(!activity.owes_response());
        // A body that has ended early would never be whole.
        activity.has_request(false);
        assert!(!activity.owes_response());
        activity.has_request(true);
        activity.speaks(Version::HTTP_2);
        assert!(!activity.owes_response());
    }
}
