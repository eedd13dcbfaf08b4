//! A response on the downlink of its session: its shaper, and the locks of what it shares with others.

use super::{limits::AppliedLimits, session::Session};
use crate::{
    media::MediaType,
    model::{LinkAccess, ResponseShaper, Transport, Verdict},
    units::SessionTime,
};
use http::uri::Authority;
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};

/// A response that is shaped by its session's link, turns and limits, and by the simulated TCP of its connection.
/// Times are session times.
#[derive(Debug)]
pub struct ShapedResponse {
    shaper: ResponseShaper,
    transport: Option<Arc<Mutex<Transport>>>,
    /// `None` = the session's limits do not apply.
    limits: Option<AppliedLimits>,
}

impl ShapedResponse {
    /// A response with a shaper of its own, shaped only by the link and the turns on it.
    #[must_use]
    pub const fn new(shaper: ResponseShaper) -> Self {
        Self { shaper, transport: None, limits: None }
    }

    /// The same, over the simulated TCP of its connection.
    #[must_use]
    pub fn over_tcp(mut self, transport: Arc<Mutex<Transport>>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// The same, under the session's limits for `media` from `host`.
    #[must_use]
    pub fn within_limits(mut self, host: Option<Authority>, media: MediaType) -> Self {
        self.limits = Some(AppliedLimits::new(host, media));
        self
    }

    /// Its shaper, to set it up.
    pub const fn shaper(&mut self) -> &mut ResponseShaper {
        &mut self.shaper
    }

    /// The congestion window in bytes, over simulated TCP.
    #[must_use]
    pub fn window(&self) -> Option<u64> {
        self.transport.as_ref().map(|transport| transport.lock().window())
    }

    /// Sets the round trip of its simulated TCP.
    pub fn set_transport_round_trip(&self, rtt: Duration) {
        if let Some(transport) = &self.transport {
            transport.lock().set_rtt(rtt);
        }
    }

    /// Returns whether some of `available` bytes may leave at session time `now`: see [`ResponseShaper::poll`].
    pub fn poll(
        &mut self,
        session: &Session,
        now: SessionTime,
        available: usize,
    ) -> Verdict<SessionTime> {
        let Self { shaper, transport, limits } = self;
        let now = session.downlink.link_time(now);
        let verdict = session.downlink.with(|link, turns| {
            let mut transport = transport.as_ref().map(|transport| transport.lock());
            let transport = transport.as_deref_mut();
            match limits {
                None => {
                    let mut access = LinkAccess { turns, transport, ..LinkAccess::new(link) };
                    shaper.poll(&mut access, now, available)
                }
                Some(applied) => session.limits.with(applied, shaper, |shaper, limits| {
                    shaper.poll(&mut LinkAccess { link, turns, transport, limits }, now, available)
                }),
            }
        });
        session.downlink.session_verdict(verdict)
    }

    /// Ends the response: the others no longer wait for its turn.
    pub fn leave(&mut self, session: &Session) {
        session.downlink.with(|_, turns| {
            if let Some(turns) = turns {
                self.shaper.leave(turns);
            }
        });
    }
}
