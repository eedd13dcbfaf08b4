//! The simulated network path of a connection: its round trips, and its TCP.

use crate::{
    model::{DoneHandshake, Latency, Path, Transport},
    seed::Stream,
};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};

/// What the requests of a connection share of the simulated network, beside the link of their session.
#[derive(Default)]
pub(in crate::proxy) struct SimulatedPath {
    path: Mutex<Path>,
    /// The simulated TCP: one for each session.
    transports: Mutex<Vec<SessionTransport>>,
}

/// The simulated TCP of one session on one connection.
struct SessionTransport {
    /// The ordinal of the session.
    session: u64,
    transport: Arc<Mutex<Transport>>,
}

impl SimulatedPath {
    /// Records a handshake.
    pub(super) fn finished(&self, handshake: DoneHandshake) {
        *self.path.lock() = Path::after(handshake);
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

    /// The simulated TCP for the session with ordinal `session`, whose round-trip time is `rtt`.
    pub(in crate::proxy) fn transport(&self, session: u64, rtt: Duration) -> Arc<Mutex<Transport>> {
        let mut transports = self.transports.lock();
        if let Some(known) = transports.iter().find(|known| known.session == session) {
            known.transport.lock().set_rtt(rtt);
            return Arc::clone(&known.transport);
        }
        // Drop those of sessions without an exchange here, to keep the list short.
        transports.retain(|known| Arc::strong_count(&known.transport) > 1);
        let transport = Arc::new(Mutex::new(Transport::new(rtt).of(session)));
        transports.push(SessionTransport { session, transport: Arc::clone(&transport) });
        transport
    }
}
