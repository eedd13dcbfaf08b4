//! The shared state of a player's TCP connection: requests by its exchanges, and what it records of them.

use super::{head_scan::HeadScan, player_stream::PlayerStream, proxy_protocol::ProxyHeader};
use crate::proxy::config::Timeouts;
use crate::{
    clock::Clock,
    model::{DoneHandshake, Latency, Path, Transport},
    seed::Stream,
    sessions::Origin,
    units::ProcessTime,
};
use bytes::Bytes;
use http::Version;
use parking_lot::Mutex;
use std::{
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    task::Waker,
    time::Duration,
};
use tokio::sync::Notify;

/// No write waits for the player.
const READ: u64 = u64::MAX;
/// It was not closed to make room.
const STAYS: u64 = u64::MAX;
/// How long the close of a connection may take before another attempt.
const CLOSING: Duration = Duration::from_secs(1);

/// The most concurrent streams of an HTTP/2 connection: as many as RFC 9113 recommends.
pub(super) const MOST_STREAMS: u32 = 100;

/// Relays the bytes of a stream, after bytes that were read from it.
pub(in crate::proxy) type Relay =
    Box<dyn FnOnce(PlayerStream, Bytes) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// What a connection carries after its last response.
pub(in crate::proxy) enum Next {
    /// Another protocol, which is not read.
    Tunnel(Relay),
    /// HTTP over TLS, which ends here.
    Intercept(Box<Interception>),
}

/// The requests inside of a tunnel whose TLS ends here.
#[derive(Debug)]
pub(in crate::proxy) struct Interception {
    /// The host that they are for.
    pub(in crate::proxy) origin: Origin,
    /// The user of the forward proxy who opened the tunnel.
    pub(in crate::proxy) user: Option<Arc<str>>,
    /// The client that opened it. What the requests say of their sender does not come from a server in front.
    pub(in crate::proxy) client: IpAddr,
}

/// A permit for a tunnel in a stream of HTTP/2.
pub(in crate::proxy) struct TunnelPermit(Arc<Connection>);

impl Drop for TunnelPermit {
    fn drop(&mut self) {
        self.0.tunnels.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What an exchange can request of its connection, and what the connection records of its exchanges.
pub(in crate::proxy) struct Connection {
    clock: Clock,
    /// Close with a TCP reset.
    reset: AtomicBool,
    /// A request was refused, possibly before all of it was read.
    refused: AtomicBool,
    /// It uses TLS.
    secure: AtomicBool,
    /// HTTP/2: bytes may arrive at any time, and are not an HTTP/1.1 head.
    http2: AtomicBool,
    /// The current or last head has a `Content-Length`.
    declared_length: AtomicBool,
    /// All bytes written so far are in the kernel.
    flushed: AtomicBool,
    flush_waker: Mutex<Option<Waker>>,
    /// The last bytes to write before it closes.
    last: Mutex<Option<Bytes>>,
    /// The next status line is to be rewritten from HTTP/1.0 to HTTP/1.1.
    http11: AtomicBool,
    /// Notifies its task to close it as soon as possible.
    close: Notify,
    /// Notifies its task to end it at once.
    cut: Notify,
    /// Since when the player has read nothing of what it is sent, in milliseconds; [`READ`] = it is not waited for.
    unread: AtomicU64,
    /// When it was last closed to make room, in milliseconds; [`STAYS`] = it was not.
    made_room: AtomicU64,
    /// The ordinal of the session of the last request.
    serves: AtomicU64,
    /// Exchanges under way.
    busy: AtomicU32,
    /// Permits for tunnels in streams of HTTP/2.
    tunnels: AtomicU32,
    /// It has served an exchange.
    used: AtomicBool,
    /// Part of a request's head has arrived.
    head: AtomicBool,
    /// When it last became idle, or when the current head began, in milliseconds.
    since: AtomicU64,
    /// The network path of its requests.
    path: Mutex<Path>,
    /// The address at which the player reached the proxy.
    local: OnceLock<SocketAddr>,
    /// The client of the server in front, if the PROXY protocol was used; `None` = its header names no client.
    front: OnceLock<Option<IpAddr>>,
    /// The tunnel whose TLS it terminates.
    interception: OnceLock<Box<Interception>>,
    /// Set when it changes to another protocol.
    next: Mutex<Option<Next>>,
    /// Its simulated TCP: one for each session, by the session's ordinal.
    transports: Mutex<Vec<(u64, Arc<Mutex<Transport>>)>>,
}

impl Connection {
    /// The current process time.
    pub(in crate::proxy) fn now(&self) -> ProcessTime {
        self.clock.now()
    }

    /// The clock of the process.
    pub(in crate::proxy) const fn clock(&self) -> Clock {
        self.clock
    }

    pub(in crate::proxy) fn new(clock: Clock) -> Self {
        Self {
            clock,
            reset: AtomicBool::new(false),
            refused: AtomicBool::new(false),
            secure: AtomicBool::new(false),
            http2: AtomicBool::new(false),
            declared_length: AtomicBool::new(false),
            flushed: AtomicBool::new(true),
            flush_waker: Mutex::new(None),
            last: Mutex::new(None),
            http11: AtomicBool::new(false),
            close: Notify::new(),
            cut: Notify::new(),
            unread: AtomicU64::new(READ),
            made_room: AtomicU64::new(STAYS),
            serves: AtomicU64::new(0),
            busy: AtomicU32::new(0),
            tunnels: AtomicU32::new(0),
            used: AtomicBool::new(false),
            head: AtomicBool::new(false),
            since: AtomicU64::new(millis(clock.now())),
            path: Mutex::default(),
            local: OnceLock::new(),
            front: OnceLock::new(),
            interception: OnceLock::new(),
            next: Mutex::default(),
            transports: Mutex::default(),
        }
    }

    /// Records that it uses TLS, after a handshake.
    pub(in crate::proxy) fn secured(&self, handshake: DoneHandshake) {
        self.secure.store(true, Ordering::Relaxed);
        *self.path.lock() = Path::after(handshake);
    }

    /// Whether it uses TLS.
    pub(in crate::proxy) fn is_secure(&self) -> bool {
        self.secure.load(Ordering::Relaxed)
    }

    /// Records that it was accepted at `local`.
    pub(in crate::proxy) fn accepted_at(&self, local: SocketAddr) {
        // It is set once, before the first request.
        let _ = self.local.set(local);
    }

    /// The address at which the player reached the proxy, if that is known.
    pub(in crate::proxy) fn local_address(&self) -> Option<SocketAddr> {
        self.local.get().copied()
    }

    /// Records what the server in front says in the PROXY protocol.
    pub(super) fn set_front(&self, header: &ProxyHeader) {
        // It is set once, before the first request.
        let _ = self.front.set(header.client);
    }

    /// Whether headers of its requests do not come from a server in front, also if its sender is trusted: the PROXY protocol
    /// names no client, or they come from inside of a tunnel.
    pub(in crate::proxy) fn bypasses_front(&self) -> bool {
        self.interception.get().is_some() || self.front.get().is_some_and(Option::is_none)
    }

    /// Who sends its requests, if that is not the peer: the client of the server in front, or the one that opened the
    /// tunnel whose TLS it terminates.
    pub(in crate::proxy) fn sender(&self) -> Option<IpAddr> {
        let tunnel = self.interception.get().map(|interception| interception.client);
        tunnel.or_else(|| self.front.get().copied().flatten())
    }

    /// Records that its requests come from a tunnel whose TLS it terminates.
    pub(in crate::proxy) fn intercept(&self, interception: Box<Interception>) {
        // It is set once, before the first request.
        let _ = self.interception.set(interception);
    }

    /// The host whose TLS it terminates.
    pub(in crate::proxy) fn intercepted(&self) -> Option<&Origin> {
        self.interception.get().map(|interception| &interception.origin)
    }

    /// The user of the forward proxy who asked for that host.
    pub(in crate::proxy) fn user(&self) -> Option<Arc<str>> {
        self.interception.get().and_then(|interception| interception.user.clone())
    }

    /// Continues with another protocol after the response under way.
    pub(in crate::proxy) fn continue_with(&self, next: Next) {
        *self.next.lock() = Some(next);
    }

    /// Takes what [`Self::continue_with`] has set.
    pub(in crate::proxy) fn take_next(&self) -> Option<Next> {
        self.next.lock().take()
    }

    /// The latency of the next request.
    pub(in crate::proxy) fn delay(
        &self,
        latency: &Latency,
        time: Duration,
        stream: &mut Stream,
    ) -> Duration {
        latency.sample(&mut self.path.lock(), time, stream)
    }

    /// Its simulated TCP for the session with ordinal `session`, whose round-trip time is `rtt`.
    pub(in crate::proxy) fn transport(&self, session: u64, rtt: Duration) -> Arc<Mutex<Transport>> {
        let mut transports = self.transports.lock();
        if let Some((_, transport)) = transports.iter().find(|(of, _)| *of == session) {
            transport.lock().set_rtt(rtt);
            return Arc::clone(transport);
        }
        // Drop those of sessions without an exchange here, to keep the list short.
        transports.retain(|(_, transport)| Arc::strong_count(transport) > 1);
        let transport = Arc::new(Mutex::new(Transport::new(rtt).of(session)));
        transports.push((session, Arc::clone(&transport)));
        transport
    }

    /// Closes it with a TCP reset when it closes.
    pub(in crate::proxy) fn reset_on_close(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }

    /// Whether it closes with a reset.
    pub(in crate::proxy) fn resets(&self) -> bool {
        self.reset.load(Ordering::Relaxed)
    }

    /// Sends `bytes` after all written bytes, just before it closes.
    pub(in crate::proxy) fn end_with(&self, bytes: Bytes) {
        *self.last.lock() = Some(bytes);
    }

    /// Takes the bytes set by [`Self::end_with`].
    pub(in crate::proxy) fn take_last(&self) -> Option<Bytes> {
        self.last.lock().take()
    }

    /// Rewrites the next status line, which hyper writes as HTTP/1.0, to HTTP/1.1.
    pub(in crate::proxy) fn answer_as_http11(&self) {
        self.http11.store(true, Ordering::Relaxed);
    }

    /// Whether a status line is to be rewritten, see [`Self::answer_as_http11`].
    pub(in crate::proxy) fn answers_as_http11(&self) -> bool {
        self.http11.load(Ordering::Relaxed)
    }

    /// Records that the status line was rewritten.
    pub(in crate::proxy) fn answered_as_http11(&self) {
        self.http11.store(false, Ordering::Relaxed);
    }

    /// Closes it when the exchanges under way have ended, without `Connection: close` (HTTP/2: with GOAWAY).
    pub(in crate::proxy) fn request_close(&self) {
        self.close.notify_one();
    }

    /// Waits until a close is requested.
    pub(in crate::proxy) async fn close_requested(&self) {
        self.close.notified().await;
    }

    /// Records that its current request belongs to the session with ordinal `session`.
    pub(in crate::proxy) fn serves(&self, session: u64) {
        self.serves.store(session, Ordering::Relaxed);
    }

    /// Whether its last request belonged to the session with ordinal `session`, and none is under way.
    pub(in crate::proxy) fn idles_for(&self, session: u64) -> bool {
        self.serves.load(Ordering::Relaxed) == session && self.busy.load(Ordering::Relaxed) == 0
    }

    /// When it became idle, if it waits for a request.
    pub(in crate::proxy) fn idle_since(&self) -> Option<ProcessTime> {
        let busy = self.is_busy() || self.head.load(Ordering::Relaxed);
        (!busy).then(|| ProcessTime::from_millis(self.since.load(Ordering::Relaxed)))
    }

    /// Whether an exchange is under way, or bytes are still to be sent.
    fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed) > 0
            || !self.flushed.load(Ordering::Relaxed)
            || self.unread_since().is_some()
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

    /// Closes it at process time `now` to make room for another connection: with a request to close, or at once if that
    /// had no effect.
    pub(in crate::proxy) fn make_room(&self, now: ProcessTime) {
        if self.made_room.swap(millis(now), Ordering::Relaxed) == STAYS {
            self.request_close();
        } else {
            self.request_cut();
        }
    }

    /// Whether it was closed to make room so recently before `now` that it may still be closing.
    pub(in crate::proxy) fn makes_room(&self, now: ProcessTime) -> bool {
        let at = self.made_room.load(Ordering::Relaxed);
        at != STAYS && now < ProcessTime::from_millis(at) + CLOSING
    }

    /// Closes it at once, with its exchanges.
    pub(in crate::proxy) fn request_cut(&self) {
        self.cut.notify_one();
    }

    /// Waits until a cut is requested.
    pub(in crate::proxy) async fn cut_requested(&self) {
        self.cut.notified().await;
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

    /// Whether it has served an earlier exchange.
    pub(in crate::proxy) fn reused(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// Records the version of HTTP of its requests.
    pub(in crate::proxy) fn speaks(&self, version: Version) {
        if version == Version::HTTP_2 {
            self.http2.store(true, Ordering::Relaxed);
        }
    }

    /// Whether it uses HTTP/2: its exchanges are streams, which end on their own. Otherwise it uses HTTP/1.1, and an
    /// exchange that ends early ends the connection.
    pub(in crate::proxy) fn is_http2(&self) -> bool {
        self.http2.load(Ordering::Relaxed)
    }

    /// A permit for a tunnel in one of its streams; `None` = there are as many tunnels as may be streams. A stream that
    /// the player has cancelled does not count as a stream, but its tunnel may still be open.
    pub(in crate::proxy) fn tunnel_permit(self: &Arc<Self>) -> Option<TunnelPermit> {
        // Created first: it is given back if it is one too many.
        let before = self.tunnels.fetch_add(1, Ordering::Relaxed);
        let permit = TunnelPermit(Arc::clone(self));
        (before < MOST_STREAMS).then_some(permit)
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

    /// Called with `bytes` received from the player.
    pub(in crate::proxy) fn arrived(&self, scan: &mut HeadScan, bytes: &[u8]) {
        if self.busy.load(Ordering::Relaxed) > 0 || self.is_http2() {
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

    /// Called when all written bytes are in the kernel.
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

fn millis(time: ProcessTime) -> u64 {
    time.since_zero().as_millis() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tunnels_are_as_many_as_streams_and_permits_are_given_back() {
        let connection = Arc::new(Connection::new(Clock::start()));
        let mut permits: Vec<_> = (0..MOST_STREAMS).map(|_| connection.tunnel_permit()).collect();
        assert!(permits.iter().all(Option::is_some));
        assert!(connection.tunnel_permit().is_none() && connection.tunnel_permit().is_none());
        permits.pop();
        assert!(connection.tunnel_permit().is_some());
    }
}
