//! The bodies of two responses at the same time over one link.

use super::{
    Transmission,
    virtual_response::{Response, VirtualResponse},
};
use crate::{
    model::{
        Interruptions, Link, LinkAccess, LinkSpec, ProcessorSharing, Transport, TransportSpec,
    },
    seed::Seed,
    units::LinkTime,
};
use std::time::Duration;

/// The bodies of two responses at the same time, each with the same share of the link.
#[derive(Debug)]
pub(super) enum Together {
    /// Without a loop over quanta.
    Shares(Box<ProcessorSharing>),
    /// Polled quantum by quantum.
    Quanta(Box<TwoPolled>),
}

/// A link in its present state, what else limits responses, and those under way.
#[derive(Debug)]
pub(super) struct TwoPolled {
    link: Link,
    transports: [Option<Transport>; 2],
    limits: TwoLimits,
    shared: Vec<Link>,
    responses: [Option<VirtualResponse>; 2],
    /// When bytes of each arrived last, and how many had by then.
    arrived: [(u64, LinkTime); 2],
}

/// What the responses on each of two connections keep to beside the link.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TwoLimits {
    /// Rates that each response keeps to.
    pub own: [Vec<LinkSpec>; 2],
    /// Rates that responses keep to together.
    pub shared: Vec<JointRate>,
}

/// A rate that responses keep to together.
#[derive(Debug, Clone, PartialEq)]
pub struct JointRate {
    /// The rate, as a link.
    pub spec: LinkSpec,
    /// Whether it applies to the responses on the first and on the second connection.
    pub applies: [bool; 2],
}

impl TwoLimits {
    fn is_empty(&self) -> bool {
        self.shared.is_empty() && self.own.iter().all(Vec::is_empty)
    }
}

/// A response that has ended.
#[derive(Debug)]
pub(super) struct EndedResponse {
    /// The number of its connection.
    pub(super) connection: usize,
    /// How it ended; `None` = it never ends.
    pub(super) response: Option<Response>,
}

impl Together {
    /// A link of `spec`, with `limits` beside it.
    pub(super) fn new(spec: &LinkSpec, limits: &TwoLimits, seed: Seed) -> Self {
        let sharing = ProcessorSharing::new(spec, seed.named("downlink"));
        match sharing.filter(|_| limits.is_empty()) {
            Some(sharing) => Self::Shares(Box::new(sharing)),
            None => Self::by_quanta(spec, limits, seed),
        }
    }

    /// The same, polled quantum by quantum.
    pub(super) fn by_quanta(spec: &LinkSpec, limits: &TwoLimits, seed: Seed) -> Self {
        let seeds = seed.named("limits");
        let limit =
            |(ordinal, rate): (u64, &JointRate)| Link::new(&rate.spec, seeds.numbered(ordinal));
        let tcp = spec.transport == TransportSpec::Tcp;
        let transport = || tcp.then(|| Transport::new(spec.latency.rtt_at(Duration::ZERO)));
        Self::Quanta(Box::new(TwoPolled {
            link: Link::new(spec, seed.named("downlink")),
            transports: [transport(), transport()],
            limits: limits.clone(),
            shared: (1..).zip(&limits.shared).map(limit).collect(),
            responses: [None, None],
            arrived: [(0, LinkTime::ZERO); 2],
        }))
    }

    /// Bytes that the link could have carried by `now`; `None` without a limit.
    pub(super) fn capacity(&mut self, now: LinkTime) -> Option<u64> {
        match self {
            Self::Shares(sharing) => sharing.capacity(now),
            Self::Quanta(polled) => polled.link.rate(now).map(|_| polled.link.carried(now)),
        }
    }

    /// Begins a response over a link of `spec`.
    pub(super) fn begin(
        &mut self,
        connection: usize,
        spec: &LinkSpec,
        transmission: &Transmission,
    ) {
        let &Transmission { start, head, bytes, seed, ref pauses, .. } = transmission;
        match self {
            Self::Shares(sharing) => {
                let interruptions = Interruptions::new(spec, seed).with_pauses(pauses);
                sharing.begin(connection, start, (head, bytes), interruptions);
            }
            Self::Quanta(polled) => {
                let TwoLimits { own, shared } = &polled.limits;
                let response = VirtualResponse::new(spec, &own[connection], transmission);
                let within = shared.iter().enumerate().filter(|(_, rate)| rate.applies[connection]);
                let response = response.within_limits(within.map(|(place, _)| place));
                polled.responses[connection] = Some(response);
                polled.arrived[connection] = (0, start);
            }
        }
    }

    /// Ends a response before its end.
    pub(super) fn cancel(&mut self, connection: usize) {
        match self {
            Self::Shares(sharing) => sharing.cancel(connection),
            Self::Quanta(polled) => polled.responses[connection] = None,
        }
    }

    /// Bytes of a response that have arrived so far, and when the last of them did.
    pub(super) fn received(&mut self, connection: usize) -> (u64, LinkTime) {
        match self {
            Self::Shares(sharing) => sharing.received(connection),
            Self::Quanta(polled) => polled.arrived[connection],
        }
    }

    /// Goes on to the first end of a response, or to `until`.
    pub(super) fn advance(&mut self, until: LinkTime) -> Option<EndedResponse> {
        match self {
            Self::Shares(sharing) => {
                let end = sharing.advance(until)?;
                let response = Response { end: end.at, received: end.received, cut: end.cut };
                Some(EndedResponse { connection: end.response, response: Some(response) })
            }
            Self::Quanta(polled) => polled.advance(until),
        }
    }
}

impl TwoPolled {
    fn advance(&mut self, until: LinkTime) -> Option<EndedResponse> {
        loop {
            let open = self.responses.iter().enumerate();
            let times = open.filter_map(|(at, open)| Some((open.as_ref()?.now(), at)));
            let (_, connection) = times.min().filter(|(now, _)| *now < until)?;
            let response = self.responses[connection].as_mut()?;
            let mut access = LinkAccess {
                link: &mut self.link,
                turns: None,
                transport: self.transports[connection].as_mut(),
                limits: &mut self.shared,
            };
            let ended = response.step(&mut access);
            let (now, received) = (response.now(), response.received());
            if received > self.arrived[connection].0 {
                self.arrived[connection] = (received, now);
            }
            if let Some(ended) = ended {
                self.responses[connection] = None;
                return Some(EndedResponse { connection, response: ended.ok() });
            }
        }
    }
}
