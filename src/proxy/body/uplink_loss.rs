//! What is lost of requests on their way up, and what that does.

use crate::proxy::exchange::ticket::Ticket;
use crate::{
    event::Event,
    model::{Flow, LinkSpec, OnDrop},
    seed::Seed,
    sessions::Session,
};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

/// A time-out is a round trip and at least this: Linux's `tcp_rto_min`.
pub(in crate::proxy) const SMALLEST_ALLOWANCE: Duration = Duration::from_millis(200);

/// What ended a request's body on its way, once something has.
pub(in crate::proxy) type Cut = Arc<OnceLock<OnDrop>>;

/// A part of a request on its way over the uplink of `session`, with its own chances from `seed`.
pub(in crate::proxy) fn flow(session: &Session, seed: Seed) -> Flow {
    let loss = session.arming().profile.uplink.loss;
    let mut flow = Flow::new(&LinkSpec { loss, ..LinkSpec::default() }, None, seed);
    let round_trip = round_trip(session);
    if !round_trip.is_zero() {
        flow.set_round_trip(round_trip);
    }
    flow
}

/// The round trip of `session` now.
pub(in crate::proxy) fn round_trip(session: &Session) -> Duration {
    session.arming().link.latency.rtt_at(session.downlink.running(session.now()))
}

/// Notes that a packet of `ticket`'s request was lost.
pub(in crate::proxy) fn lost(ticket: &Ticket, action: OnDrop, at_byte: u64) {
    ticket.emit(&Event::Dropped { request: Arc::clone(&ticket.request), action, at_byte });
}

/// The request has ended on its way by `action`: no answer will come, and its connection closes. Of an HTTP/2
/// connection only the stream does.
pub(in crate::proxy) fn end(ticket: &Ticket, action: OnDrop, multiplexed: bool) {
    if action == OnDrop::Reset && !multiplexed {
        ticket.connection().reset_on_close();
    }
}
