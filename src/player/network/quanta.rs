//! Responses that go quantum by quantum: over links with loss, a transport, or limits beside their rate.

use super::virtual_response::{Response, VirtualResponse};
use crate::{
    model::{Link, LinkAccess, LinkSpec, Transport, TransportSpec},
    seed::Seed,
    units::LinkTime,
};
use std::time::Duration;

/// A link at work, and what else responses keep to.
#[derive(Debug)]
pub(super) struct Quanta {
    link: Link,
    transport: Option<Transport>,
    own: Vec<LinkSpec>,
    shared: Vec<Link>,
}

/// Asked at each step of time, with the time and the bytes received, whether to give up.
pub type Watch<'a> = (Duration, &'a mut dyn FnMut(LinkTime, u64) -> bool);

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

    /// Carries a response of `bytes` that starts at `start`; `None` if it never ends.
    pub(super) fn carry(
        &mut self,
        spec: &LinkSpec,
        start: LinkTime,
        bytes: u64,
        seed: Seed,
        mut watch: Option<Watch<'_>>,
    ) -> Option<Response> {
        let response = VirtualResponse::new(spec, &self.own, start, bytes, seed);
        let mut response = response.within_limits(self.shared.len());
        let mut watched = start;
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
            if let Some((step, watch)) = &mut watch
                && now >= watched + *step
            {
                watched = now;
                if watch(now, received) {
                    return Some(Response { end: now, received, cut: None });
                }
            }
        }
    }
}
