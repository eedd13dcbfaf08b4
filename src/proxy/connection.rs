//! One player's TCP connection: how it is written to, watched and, if asked for, reset.

use super::config::Timeouts;
use crate::{
    model::{Latency, Path, Transport},
    seed::Stream,
    sessions::Clock,
};
use parking_lot::Mutex;
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// What an exchange may do to its connection, and what the connection knows of its exchanges.
#[derive(Debug)]
pub(super) struct Connection {
    clock: Clock,
    /// Close with a TCP reset.
    reset: AtomicBool,
    /// Everything handed over so far is in the kernel.
    flushed: AtomicBool,
    flush_waker: Mutex<Option<Waker>>,
    /// Exchanges under way.
    busy: AtomicU32,
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
    pub(super) fn now(&self) -> Duration {
        self.clock.now()
    }

    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            reset: AtomicBool::new(false),
            flushed: AtomicBool::new(false),
            flush_waker: Mutex::new(None),
            busy: AtomicU32::new(0),
            head: AtomicBool::new(false),
            since: AtomicU64::new(millis(clock.now())),
            path: Mutex::default(),
            transports: Mutex::default(),
        }
    }

    /// What the next request waits for before its first byte.
    pub(super) fn delay(&self, latency: &Latency, stream: &mut Stream) -> Duration {
        latency.sample(&mut self.path.lock(), stream)
    }

    /// Its simulated TCP on the link of session number `session`, whose round trip is `rtt`.
    pub(super) fn transport(&self, session: u64, rtt: Duration) -> Arc<Mutex<Transport>> {
        let mut transports = self.transports.lock();
        if let Some((_, transport)) = transports.iter().find(|(of, _)| *of == session) {
            transport.lock().set_rtt(rtt);
            return Arc::clone(transport);
        }
        // Those of sessions that have nothing under way here are forgotten: the list stays short.
        transports.retain(|(_, transport)| Arc::strong_count(transport) > 1);
        let transport = Arc::new(Mutex::new(Transport::new(rtt)));
        transports.push((session, Arc::clone(&transport)));
        transport
    }

    /// Makes the coming close a reset.
    pub(super) fn reset_on_close(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }

    /// Begins to wait for a flush: what was handed over before this call will be covered by it.
    pub(super) fn expect_flush(&self, waker: &Waker) {
        self.flushed.store(false, Ordering::Relaxed);
        *self.flush_waker.lock() = Some(waker.clone());
    }

    /// Whether a flush has come since [`Self::expect_flush`]; if not, `waker` is told when it does.
    pub(super) fn flushed(&self, waker: &Waker) -> bool {
        *self.flush_waker.lock() = Some(waker.clone());
        self.flushed.load(Ordering::Relaxed)
    }

    /// An exchange begins: the head is complete.
    pub(super) fn enter(&self) {
        self.busy.fetch_add(1, Ordering::Relaxed);
        self.head.store(false, Ordering::Relaxed);
    }

    /// An exchange is over at process time `now`.
    pub(super) fn leave(&self, now: Duration) {
        self.since.store(millis(now), Ordering::Relaxed);
        self.busy.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns when the connection has been idle, or its head incomplete, for too long.
    pub(super) async fn overdue(&self, timeouts: &Timeouts) {
        loop {
            let now = self.clock.now();
            let most =
                if self.head.load(Ordering::Relaxed) { timeouts.header } else { timeouts.idle };
            let since = Duration::from_millis(self.since.load(Ordering::Relaxed));
            let busy = self.busy.load(Ordering::Relaxed) > 0;
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

    fn arrived(&self) {
        if self.busy.load(Ordering::Relaxed) == 0 && !self.head.swap(true, Ordering::Relaxed) {
            self.since.store(millis(self.clock.now()), Ordering::Relaxed);
        }
    }

    fn was_flushed(&self) {
        if !self.flushed.swap(true, Ordering::Relaxed)
            && let Some(waker) = self.flush_waker.lock().take()
        {
            waker.wake();
        }
    }
}

fn millis(time: Duration) -> u64 {
    time.as_millis() as u64
}

/// A player's socket, telling its [`Connection`] what goes on.
pub(super) struct Socket {
    stream: TcpStream,
    connection: Arc<Connection>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, connection: Arc<Connection>) -> Self {
        Self { stream, connection }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.connection.reset.load(Ordering::Relaxed) {
            // With zero linger, close sends RST. If it fails the peer sees FIN: nothing to mend.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_ready() && buf.filled().len() > before {
            self.connection.arrived();
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() {
            self.connection.was_flushed();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.connection.reset.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
