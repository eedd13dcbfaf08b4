//! Polls the session's link, limits and simulated TCP for one response. Times are session times.

use crate::proxy::exchange::ticket::Ticket;
use crate::{
    event::Event,
    model::{Flow, Link, LinkSpec, RoundTrips, Transport, TransportSpec, Verdict},
    seed::Seed,
    units::BitRate,
};
use http::uri::Authority;
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};

/// Rate and link that a rule sets for one response, in addition to the link that its session shares.
#[derive(Default)]
pub(in crate::proxy) struct RuleLink {
    pub(in crate::proxy) rate: Option<BitRate>,
    /// Rate and stalls of a profile, starting with the response's first byte.
    pub(in crate::proxy) link: Option<Arc<LinkSpec>>,
}

impl RuleLink {
    /// Whether no rule sets anything.
    pub(in crate::proxy) const fn is_empty(&self) -> bool {
        self.rate.is_none() && self.link.is_none()
    }
}

/// Everything that limits one response: the link, the limits beside it, simulated TCP.
pub(in crate::proxy) struct ResponseShaper {
    flow: Flow,
    transport: Option<Arc<Mutex<Transport>>>,
    /// Round-trip times that change during the response.
    round_trips: Option<RoundTrips>,
    /// The host whose limits apply.
    host: Option<Authority>,
    limits: u64,
}

impl ResponseShaper {
    /// The shaper of the response to `ticket` from `host`, planned under `link`.
    pub(in crate::proxy) fn new(
        ticket: &Ticket,
        link: &Arc<LinkSpec>,
        rule_link: &RuleLink,
        host: Option<Authority>,
        seed: Seed,
    ) -> Self {
        let session = &ticket.session;
        // The link may have started to shape since the request was planned.
        let link = if link.shapes_bodies() {
            Arc::clone(link)
        } else {
            Arc::clone(&session.arming().link)
        };
        let round_trips = link.latency.schedule.clone();
        let rtt = match &round_trips {
            Some(schedule) => schedule.at(session.downlink.running(session.now())),
            None => link.latency.rtt,
        };
        let transport = (link.transport == TransportSpec::Tcp)
            .then(|| ticket.connection().transport(session.tag.ordinal, rtt));
        let mut flow = Flow::new(&link, rule_link.rate, seed);
        flow.set_round_trip(rtt);
        if let Some(spec) = &rule_link.link {
            let start = session.downlink.link_time(session.now());
            flow.keep_to(Link::starting(start, spec, seed.named("profile")));
        }
        Self { flow, transport, round_trips, host, limits: 0 }
    }

    /// Adds the `bytes` of the head, which the link carries before the body.
    pub(in crate::proxy) const fn follow_head(&mut self, bytes: u32) {
        self.flow.follow_head(bytes);
    }

    /// The connection's simulated TCP, if there is one.
    pub(in crate::proxy) const fn transport(&self) -> Option<&Arc<Mutex<Transport>>> {
        self.transport.as_ref()
    }

    /// Records that the source has no bytes to send.
    pub(in crate::proxy) fn source_empty(&mut self) {
        self.flow.source_empty();
    }

    /// Polls whether some of `available` bytes may pass at session time `now`, and emits an event for each stall
    /// that delays them.
    pub(in crate::proxy) fn poll(
        &mut self,
        ticket: &Ticket,
        now: Duration,
        available: usize,
    ) -> Verdict {
        let session = &ticket.session;
        if self.limits != session.limits.version() {
            let host = self.host.as_ref().map_or("", Authority::host);
            let (version, links) = session.limits.of(host, ticket.request.resource.media);
            self.limits = version;
            self.flow.limit(links);
        }
        let downlink = &session.downlink;
        let now = downlink.link_time(now);
        let (flow, transport) = (&mut self.flow, &self.transport);
        let round_trips = &self.round_trips;
        let verdict = downlink.with(|link, turns| {
            if let Some(schedule) = round_trips {
                let rtt = schedule.at(link.running(now));
                flow.set_round_trip(rtt);
                if let Some(transport) = transport {
                    transport.lock().set_rtt(rtt);
                }
            }
            let verdict = match (transport, turns) {
                (Some(transport), _) => {
                    flow.poll(link, Some(&mut *transport.lock()), now, available)
                }
                (None, Some(turns)) => flow.poll_in_turn(link, turns, now, available),
                (None, None) => flow.poll(link, None, now, available),
            };
            if matches!(verdict, Verdict::Wait(_)) {
                while let Some(stall) = flow.take_stall(link, now) {
                    let at = downlink.session_time(stall.at);
                    let session = Arc::clone(&session.tag);
                    ticket.emit(&Event::Stalled { session, at, lasts: stall.lasts });
                }
            }
            verdict
        });
        match verdict {
            Verdict::Wait(Some(until)) => Verdict::Wait(Some(downlink.session_time(until))),
            verdict => verdict,
        }
    }

    /// Ends the response: the others no longer wait for its turn.
    pub(in crate::proxy) fn leave(&mut self, ticket: &Ticket) {
        let flow = &mut self.flow;
        ticket.session.downlink.with(|_, turns| {
            if let Some(turns) = turns {
                flow.leave(turns);
            }
        });
    }
}
