//! Responses that go quantum by quantum: over links with loss, a transport, or limits beside their rate.

use super::{
    Transmission,
    virtual_response::{Response, VirtualResponse},
};
use crate::{
    model::{Link, LinkAccess, LinkSpec, Transport, TransportSpec},
    seed::Seed,
    units::LinkTime,
};
use std::time::Duration;

/// A link in its present state, and what else limits responses.
#[derive(Debug)]
pub(super) struct Quanta {
    link: Link,
    transport: Option<Transport>,
    own: Vec<LinkSpec>,
    shared: Vec<Link>,
}

/// Is called with the time and the bytes received, and returns whether to give up.
pub struct Watch<'a> {
    /// How often.
    pub step: Duration,
    /// Not before this time; then first with the last arrival before it.
    pub from: LinkTime,
    /// What is called.
    pub gives_up: &'a mut dyn FnMut(LinkTime, u64) -> bool,
}

impl std::fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { step, from, .. } = self;
        f.debug_struct("Watch").field("step", step).field("from", from).finish_non_exhaustive()
    }
}

/// When a response under way is watched.
#[derive(Debug, Clone, Copy)]
pub struct WatchTimes {
    step: Duration,
    from: LinkTime,
    /// The time of the last call, and whether there was one.
    asked: LinkTime,
    begun: bool,
    /// The last arrival.
    arrived: LinkTime,
    received: u64,
}

impl WatchTimes {
    /// Every `step`, but not before `from`, of a response that starts at `start`.
    #[must_use]
    pub const fn new(start: LinkTime, step: Duration, from: LinkTime) -> Self {
        Self { step, from, asked: start, begun: false, arrived: start, received: 0 }
    }

    /// The arguments of a call that is due when `received` bytes have arrived by `now`: a time, and the bytes then.
    pub fn due(&mut self, now: LinkTime, received: u64) -> Option<(LinkTime, u64)> {
        if received > self.received {
            (self.arrived, self.received) = (now, received);
        }
        if now < self.asked + self.step || now < self.from {
            return None;
        }
        if !self.begun && !self.from.is_zero() && self.arrived < now {
            self.begun = true;
            return Some((self.arrived, received));
        }
        (self.begun, self.asked) = (true, now);
        Some((now, received))
    }
}

impl Quanta {
    pub(super) fn new(spec: &LinkSpec, own: &[LinkSpec], shared: &[LinkSpec], seed: Seed) -> Self {
        let limits = seed.named("limits");
        let link = |(ordinal, spec)| Link::new(spec, limits.numbered(ordinal));
        Self {
            link: Link::new(spec, seed.named("downlink")),
            transport: (spec.transport == TransportSpec::Tcp)
                .then(|| Transport::new(spec.latency.rtt_at(Duration::ZERO))),
            own: own.to_vec(),
            shared: (1..).zip(shared).map(link).collect(),
        }
    }

    /// Bytes that the link could have carried by `now`; `None` without a limit.
    pub(super) fn capacity(&mut self, now: LinkTime) -> Option<u64> {
        self.link.rate(now).map(|_| self.link.carried(now))
    }

    /// Carries a response; `None` if it never ends.
    pub(super) fn carry(
        &mut self,
        spec: &LinkSpec,
        transmission: &Transmission,
        mut watch: Option<Watch<'_>>,
    ) -> Option<Response> {
        let start = transmission.start;
        let response = VirtualResponse::new(spec, &self.own, transmission);
        let mut response = response.within_limits(0..self.shared.len());
        let mut times = watch.as_ref().map(|watch| WatchTimes::new(start, watch.step, watch.from));
        loop {
            let mut access = LinkAccess {
                link: &mut self.link,
                turns: None,
                transport: self.transport.as_mut(),
                limits: &mut self.shared,
            };
            if let Some(ended) = response.step(&mut access) {
                return ended.ok();
            }
            let (now, received) = (response.now(), response.received());
            if let (Some(watch), Some(times)) = (&mut watch, &mut times)
                && let Some((at, held)) = times.due(now, received)
                && (watch.gives_up)(at, held)
            {
                return Some(Response { end: now, received, cut: None });
            }
        }
    }
}
