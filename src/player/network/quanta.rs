//! Responses that go quantum by quantum: over links with loss, a transport, or limits beside their rate.

use crate::{
    model::{
        Link, LinkAccess, LinkSpec, OnDrop, ResponseLimit, ResponseShaper, Transport,
        TransportSpec, Verdict,
    },
    seed::Seed,
};
use std::time::Duration;

/// A response that takes longer has not ended.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// How a response ended.
#[derive(Debug, Clone, Copy)]
pub struct Response {
    /// When.
    pub end: Duration,
    /// The bytes that arrived.
    pub received: u64,
    /// A loss cut it.
    pub cut: Option<OnDrop>,
}

/// A link at work, and what else responses keep to.
#[derive(Debug)]
pub(super) struct Quanta {
    link: Link,
    transport: Option<Transport>,
    own: Vec<LinkSpec>,
    shared: Vec<Link>,
}

/// Asked at each step of time, with the time and the bytes received, whether to give up.
pub type Watch<'a> = (Duration, &'a mut dyn FnMut(Duration, u64) -> bool);

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
    pub(super) fn capacity(&mut self, now: Duration) -> Option<u64> {
        self.link.rate(now).map(|_| self.link.carried(now))
    }

    /// Carries a response of `bytes` that starts at `start`; `None` if it never ends.
    pub(super) fn carry(
        &mut self,
        spec: &LinkSpec,
        start: Duration,
        bytes: u64,
        seed: Seed,
        mut watch: Option<Watch<'_>>,
    ) -> Option<Response> {
        let mut shaper = self.shaper(spec, start, seed);
        let mut now = start;
        let mut next_watch = start;
        while shaper.sent() < bytes {
            let left = usize::try_from(bytes - shaper.sent()).unwrap_or(usize::MAX);
            let mut access = LinkAccess {
                link: &mut self.link,
                turns: None,
                transport: self.transport.as_mut(),
                limits: &mut self.shared,
            };
            match shaper.poll(&mut access, now, left) {
                // Never with bytes left; ends the loop rather than going on for ever.
                Verdict::Pass(0) | Verdict::Paused => return None,
                Verdict::Pass(_) | Verdict::Stalled(_) => {}
                Verdict::Wait(until) => {
                    now = until.max(now + Duration::from_nanos(1));
                    if now > start + LONGEST {
                        return None;
                    }
                }
                Verdict::Drop { action: action @ (OnDrop::Truncate | OnDrop::Reset), .. } => {
                    let received = shaper.sent();
                    return Some(Response { end: now, received, cut: Some(action) });
                }
                Verdict::Drop { .. } => {}
            }
            if let Some((step, watch)) = &mut watch
                && now >= next_watch + *step
                && shaper.sent() < bytes
            {
                next_watch = now;
                if watch(now, shaper.sent()) {
                    return Some(Response { end: now, received: shaper.sent(), cut: None });
                }
            }
        }
        Some(Response { end: now, received: bytes, cut: None })
    }

    /// The shaper of a response that starts at `start`.
    fn shaper(&self, spec: &LinkSpec, start: Duration, seed: Seed) -> ResponseShaper {
        let mut shaper = ResponseShaper::new(spec, None, seed).without_stall_verdicts();
        for own in &self.own {
            shaper.keep_to(Link::starting(start, own, seed.named("limit")));
        }
        shaper.set_limits((0..self.shared.len()).map(ResponseLimit::Shared).collect());
        shaper
    }
}
