//! Packet loss on the uplink, and its effect on requests.

use crate::proxy::exchange::Exchange;
use crate::{
    event::Event,
    model::{LinkSpec, OnDrop, ResponseShaper},
    seed::Seed,
    sessions::Session,
};
use std::{sync::Arc, time::Duration};

/// The least that a retransmission time-out adds to the round trip: Linux's `tcp_rto_min`.
pub(in crate::proxy) const SMALLEST_ALLOWANCE: Duration = Duration::from_millis(200);

/// The shaper of a part of a request on the uplink of `session`, with its own random draws from `seed`. Stalls of the
/// uplink are not reported.
pub(in crate::proxy) fn shaper(session: &Session, seed: Seed) -> ResponseShaper {
    let loss = session.arming().profile.uplink.loss;
    let spec = LinkSpec { loss, ..LinkSpec::default() };
    let mut shaper = ResponseShaper::new(&spec, None, seed).without_stall_verdicts();
    let round_trip = round_trip(session);
    if !round_trip.is_zero() {
        shaper.set_round_trip(round_trip);
    }
    shaper
}

/// The current round-trip time of `session`.
pub(in crate::proxy) fn round_trip(session: &Session) -> Duration {
    session.arming().link.latency.rtt_at(session.downlink.running(session.now()))
}

/// Emits an event for a lost packet of `exchange`'s request.
pub(in crate::proxy) fn lost(exchange: &Exchange, action: OnDrop, at_byte: u64) {
    exchange.emit(&Event::Dropped { request: Arc::clone(&exchange.request), action, at_byte });
}

/// Ends a request that `action` ended on the uplink: there is no response, and the connection closes (on HTTP/2
/// only the stream).
pub(in crate::proxy) fn end(exchange: &Exchange, action: OnDrop) {
    if action == OnDrop::Reset && !exchange.connection().is_http2() {
        exchange.connection().end.reset_on_close();
    }
}
