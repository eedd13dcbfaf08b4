//! The shared state of a player's connection: requests by its exchanges, and what it records of them.

mod activity;
mod connection_end;
mod next_protocol;
mod peer;
mod simulated_path;
mod tunnel_permit;

pub(in crate::proxy) use next_protocol::{Interception, Interceptor, NextProtocol, Relay};
pub(in crate::proxy) use tunnel_permit::{MOST_STREAMS, TunnelPermit};

use super::{player_stream::PlayerStream, unread_response::UnreadResponse};
use crate::{clock::Clock, model::DoneHandshake, units::ProcessTime};
use activity::Activity;
use connection_end::ConnectionEnd;
use parking_lot::Mutex;
use peer::Peer;
use simulated_path::SimulatedPath;
use std::sync::{
    OnceLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
use tunnel_permit::Tunnels;

/// What an exchange can request of its connection, and what the connection records of its exchanges.
pub(in crate::proxy) struct Connection {
    /// What happens on it now.
    pub(in crate::proxy) activity: Activity,
    /// How it is to end.
    pub(in crate::proxy) end: ConnectionEnd,
    /// Who sends its requests.
    pub(in crate::proxy) peer: Peer,
    /// The simulated network path of its requests.
    pub(in crate::proxy) path: SimulatedPath,
    /// The tunnels in streams of HTTP/2.
    pub(in crate::proxy) tunnels: Tunnels,
    /// HTTP/1.1: what it holds while its player does not read.
    pub(in crate::proxy) unread: UnreadResponse,
    /// The next status line is to be rewritten from HTTP/1.0 to HTTP/1.1.
    http11: AtomicBool,
    /// The ordinal of the session of the last request.
    serves: AtomicU64,
    /// Set when it changes to another protocol.
    next: Mutex<Option<NextProtocol>>,
    /// What serves the streams of HTTP/2 whose TLS ends here.
    interceptor: OnceLock<Interceptor>,
}

impl Connection {
    /// A connection that was accepted just now.
    pub(in crate::proxy) fn new(clock: Clock) -> Self {
        Self {
            activity: Activity::new(clock),
            end: ConnectionEnd::default(),
            peer: Peer::default(),
            path: SimulatedPath::default(),
            tunnels: Tunnels::default(),
            unread: UnreadResponse::default(),
            http11: AtomicBool::new(false),
            serves: AtomicU64::new(0),
            next: Mutex::default(),
            interceptor: OnceLock::new(),
        }
    }

    /// The current process time.
    pub(in crate::proxy) fn now(&self) -> ProcessTime {
        self.clock().now()
    }

    /// The clock of the process.
    pub(in crate::proxy) const fn clock(&self) -> Clock {
        self.activity.clock()
    }

    /// Whether it uses HTTP/2: its exchanges are streams, which end on their own. Otherwise it uses HTTP/1.1, and an
    /// exchange that ends early ends the connection.
    pub(in crate::proxy) fn is_http2(&self) -> bool {
        self.activity.is_http2()
    }

    /// Whether it uses TLS.
    pub(in crate::proxy) fn is_secure(&self) -> bool {
        self.peer.is_secure()
    }

    /// Records that it uses TLS, after a handshake.
    pub(in crate::proxy) fn secured(&self, handshake: DoneHandshake) {
        self.peer.secured();
        self.path.finished(handshake);
    }

    /// Continues with another protocol after the response under way.
    pub(in crate::proxy) fn continue_with(&self, next: NextProtocol) {
        *self.next.lock() = Some(next);
    }

    /// Takes what [`Self::continue_with`] has set.
    pub(in crate::proxy) fn take_next(&self) -> Option<NextProtocol> {
        self.next.lock().take()
    }

    /// Sets what serves its streams whose TLS ends here.
    pub(in crate::proxy::downstream) fn intercept_streams_with(&self, interceptor: Interceptor) {
        // It is set once, before the first request.
        let _ = self.interceptor.set(interceptor);
    }

    /// Serves the requests inside of TLS in `stream`, a stream of HTTP/2. Meanwhile the connection is in use.
    pub(in crate::proxy) async fn intercept_stream(
        &self,
        interception: Box<Interception>,
        stream: PlayerStream,
    ) {
        let Some(interceptor) = self.interceptor.get() else { return };
        self.activity.enter();
        interceptor(interception, stream).await;
        self.activity.leave(self.now());
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

    /// Records that its current request belongs to the session with ordinal `session`.
    pub(in crate::proxy) fn serves(&self, session: u64) {
        self.serves.store(session, Ordering::Relaxed);
    }

    /// Whether its last request belonged to the session with ordinal `session`, and none is under way.
    pub(in crate::proxy) fn idles_for(&self, session: u64) -> bool {
        self.serves.load(Ordering::Relaxed) == session && self.activity.is_idle()
    }
}
