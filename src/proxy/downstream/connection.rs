//! One player's TCP connection: what its exchanges want of it, and what it knows of them.

use super::head_scan::HeadScan;
use crate::proxy::config::Timeouts;
use crate::{
    model::{Latency, Path, Transport},
    seed::Stream,
    sessions::Clock,
};
use bytes::Bytes;
use parking_lot::Mutex;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    task::Waker,
    time::Duration,
};
use tokio::sync::Notify;

/// What an exchange may do to its connection, and what the connection knows of its exchanges.
#[derive(Debug)]
pub(in crate::proxy) struct Connection {
    clock: Clock,
    /// Close with a TCP reset.
    reset: AtomicBool,
    /// A request was refused, perhaps before all of it was read.
    refused: AtomicBool,
    /// HTTP/2: bytes may arrive at any time, and are no head.
    multiplexed: AtomicBool,
    /// The head that arrives, or arrived last, declares its body's length.
    declared_length: AtomicBool,
    /// Everything handed over so far is in the kernel.
    flushed: AtomicBool,
    flush_waker: Mutex<Option<Waker>>,
    /// What is written in place of anything else when it closes.
    last: Mutex<Option<Bytes>>,
    /// The next status line is to tell HTTP/1.1 where it tells HTTP/1.0.
    http11: AtomicBool,
    /// It shall close as soon as it can: tells its task.
    dismissal: Notify,
    /// The ordinal of the session of the last request.
    serves: AtomicU64,
    /// Exchanges under way.
    busy: AtomicU32,
    /// It has carried an exchange.
    used: AtomicBool,
    /// Part of a request's head has arrived.
    head: AtomicBool,
    /// When it last became idle, or when the head began; milliseconds.
    since: AtomicU64,
    /// The way its requests take.
    path: Mutex<Path>,
    /// Its simulated TCP: one for each session it serves, by the session's ordinal.
    transports: Mutex<Vec<(u64, Arc<Mutex<Transport>>)>>,
}

impl Connection {
    /// Process time.
    pub(in crate::proxy) fn now(&self) -> Duration {
        self.clock.now()
    }

    pub(in crate::proxy) fn new(clock: Clock) -> Self {
        Self {
            clock,
            reset: AtomicBool::new(false),
            refused: AtomicBool::new(false),
            multiplexed: AtomicBool::new(false),
            declared_length: AtomicBool::new(false),
            flushed: AtomicBool::new(true),
            flush_waker: Mutex::new(None),
            last: Mutex::new(None),
            http11: AtomicBool::new(false),
            dismissal: Notify::new(),
            serves: AtomicU64::new(0),
            busy: AtomicU32::new(0),
            used: AtomicBool::new(false),
            head: AtomicBool::new(false),
            since: AtomicU64::new(millis(clock.now())),
            path: Mutex::default(),
            transports: Mutex::default(),
        }
    }

    /// What the next request waits for before its first byte.
    pub(in crate::proxy) fn delay(
        &self,
        latency: &Latency,
        time: Duration,
        stream: &mut Stream,
    ) -> Duration {
        latency.sample(&mut self.path.lock(), time, stream)
    }

    /// Its simulated TCP on the link of session number `session`, whose round trip is `rtt`.
    pub(in crate::proxy) fn transport(&self, session: u64, rtt: Duration) -> Arc<Mutex<Transport>> {
        let mut transports = self.transports.lock();
        if let Some((_, transport)) = transports.iter().find(|(of, _)| *of == session) {
            transport.lock().set_rtt(rtt);
            return Arc::clone(transport);
        }
        // Those of sessions that have nothing under way here are forgotten: the list stays short.
        transports.retain(|(_, transport)| Arc::strong_count(transport) > 1);
        let transport = Arc::new(Mutex::new(Transport::new(rtt).of(session)));
        transports.push((session, Arc::clone(&transport)));
        transport
    }

    /// Makes the coming close a reset.
    pub(in crate::proxy) fn reset_on_close(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }

    /// Whether it closes with a reset.
    pub(in crate::proxy) fn resets(&self) -> bool {
        self.reset.load(Ordering::Relaxed)
    }

    /// Makes `bytes` the last ones before it closes, after all that was written.
    pub(in crate::proxy) fn end_with(&self, bytes: Bytes) {
        *self.last.lock() = Some(bytes);
    }

    /// The last bytes before it closes, if they are not those of an answer.
    pub(in crate::proxy) fn take_last(&self) -> Option<Bytes> {
        self.last.lock().take()
    }

    /// The next answer is written as one of HTTP/1.0, and is to be told as one of HTTP/1.1.
    pub(in crate::proxy) fn answer_as_http11(&self) {
        self.http11.store(true, Ordering::Relaxed);
    }

    /// Whether [`Self::answer_as_http11`] was asked for, and no status line has come since.
    pub(in crate::proxy) fn answers_as_http11(&self) -> bool {
        self.http11.load(Ordering::Relaxed)
    }

    /// The status line has come.
    pub(in crate::proxy) fn answered_as_http11(&self) {
        self.http11.store(false, Ordering::Relaxed);
    }

    /// It shall close when the exchanges under way are over, without a word before (HTTP/2: GOAWAY).
    pub(in crate::proxy) fn request_close(&self) {
        self.dismissal.notify_one();
    }

    /// Returns when it shall close.
    pub(in crate::proxy) async fn close_requested(&self) {
        self.dismissal.notified().await;
    }

    /// Its present request is one of session number `session`.
    pub(in crate::proxy) fn serves(&self, session: u64) {
        self.serves.store(session, Ordering::Relaxed);
    }

    /// Whether its last request was one of session number `session`, and none is under way.
    pub(in crate::proxy) fn idles_for(&self, session: u64) -> bool {
        self.serves.load(Ordering::Relaxed) == session && self.busy.load(Ordering::Relaxed) == 0
    }

    /// Since when, in milliseconds, nothing has come on it, if it waits for a request.
    pub(in crate::proxy) fn idle_since(&self) -> Option<u64> {
        let busy = self.busy.load(Ordering::Relaxed) > 0
            || self.head.load(Ordering::Relaxed)
            || !self.flushed.load(Ordering::Relaxed);
        (!busy).then(|| self.since.load(Ordering::Relaxed))
    }

    /// A request is refused; the player shall see that, even if it is still sending.
    pub(in crate::proxy) fn refuse(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }

    /// Whether the player may still be sending what nobody will read: a refused request, or a head
    /// that is not worth reading on.
    pub(in crate::proxy) fn lingers(&self) -> bool {
        self.refused.load(Ordering::Relaxed) || self.head.load(Ordering::Relaxed)
    }

    /// Whether it has carried an earlier exchange.
    pub(in crate::proxy) fn reused(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// It speaks HTTP/2.
    pub(in crate::proxy) fn multiplexes(&self) {
        self.multiplexed.store(true, Ordering::Relaxed);
    }

    /// Whether the head of the request now beginning declares its body's length. (Not known of a
    /// head that came while another exchange was under way.)
    pub(in crate::proxy) fn declared_length(&self) -> bool {
        self.declared_length.load(Ordering::Relaxed)
    }

    /// Begins to wait for a flush: what was handed over before this call will be covered by it.
    pub(in crate::proxy) fn expect_flush(&self, waker: &Waker) {
        self.flushed.store(false, Ordering::Relaxed);
        *self.flush_waker.lock() = Some(waker.clone());
    }

    /// Whether a flush has come since [`Self::expect_flush`]; if not, `waker` is told when it does.
    pub(in crate::proxy) fn flushed(&self, waker: &Waker) -> bool {
        *self.flush_waker.lock() = Some(waker.clone());
        self.flushed.load(Ordering::Relaxed)
    }

    /// An exchange begins: the head is complete.
    pub(in crate::proxy) fn enter(&self) {
        self.used.store(true, Ordering::Relaxed);
        self.busy.fetch_add(1, Ordering::Relaxed);
        self.head.store(false, Ordering::Relaxed);
    }

    /// An exchange is over at process time `now`.
    pub(in crate::proxy) fn leave(&self, now: Duration) {
        self.since.store(millis(now), Ordering::Relaxed);
        // Its last bytes may still wait for the player to read: only a flush makes it idle.
        self.flushed.store(false, Ordering::Relaxed);
        self.busy.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns when the connection has been idle, or its head incomplete, for too long.
    pub(in crate::proxy) async fn overdue(&self, timeouts: &Timeouts) {
        loop {
            let now = self.clock.now();
            let most =
                if self.head.load(Ordering::Relaxed) { timeouts.header } else { timeouts.idle };
            let since = Duration::from_millis(self.since.load(Ordering::Relaxed));
            let busy =
                self.busy.load(Ordering::Relaxed) > 0 || !self.flushed.load(Ordering::Relaxed);
            if !busy && now >= since + most {
                return;
            }
            // A busy connection can become idle, and an idle one start a head, at any moment: look
            // again no later than the shorter of the two limits.
            let soonest = timeouts.header.min(timeouts.idle);
            let next = if busy { now + soonest } else { (since + most).min(now + soonest) };
            tokio::time::sleep_until(self.clock.instant(next)).await;
        }
    }

    /// `bytes` came from the player.
    pub(in crate::proxy) fn arrived(&self, scan: &mut HeadScan, bytes: &[u8]) {
        if self.busy.load(Ordering::Relaxed) > 0 || self.multiplexed.load(Ordering::Relaxed) {
            return;
        }
        if !self.head.swap(true, Ordering::Relaxed) {
            self.since.store(millis(self.clock.now()), Ordering::Relaxed);
            self.declared_length.store(false, Ordering::Relaxed);
            scan.restart();
        }
        if scan.declares_length(bytes) {
            self.declared_length.store(true, Ordering::Relaxed);
        }
    }

    /// All that was written is on its way.
    pub(in crate::proxy) fn was_flushed(&self) {
        if self.flushed.swap(true, Ordering::Relaxed) {
            return;
        }
        if self.busy.load(Ordering::Relaxed) == 0 && !self.head.load(Ordering::Relaxed) {
            self.since.store(millis(self.clock.now()), Ordering::Relaxed);
        }
        if let Some(waker) = self.flush_waker.lock().take() {
            waker.wake();
        }
    }
}

fn millis(time: Duration) -> u64 {
    time.as_millis() as u64
}
