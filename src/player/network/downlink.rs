//! What carries the bodies of responses in virtual time.

use super::{
    Transmission,
    deadlines::WATCH,
    quanta::{Quanta, Watch},
    together::{Together, TwoLimits},
    virtual_response::Response,
};
use crate::{
    model::{Interruptions, LinkSpec, Lone, LoneWatch},
    seed::Seed,
    units::LinkTime,
};

/// Is called with the time and the bytes received, and returns whether to give up.
pub(super) type GivesUp<'a> = &'a mut dyn FnMut(LinkTime, u64) -> bool;

/// Carries the bodies of responses over a link that others use, too.
pub trait Carrier: std::fmt::Debug + Send {
    /// Carries a response; `None` if it never ends.
    fn carry(&mut self, transmission: Transmission, watch: Option<Watch<'_>>) -> Option<Response>;

    /// Bytes that the link could have carried by `now`; `None` without a limit.
    fn capacity(&mut self, now: LinkTime) -> Option<u64>;
}

/// What carries the bodies of responses.
#[derive(Debug)]
pub(super) enum Downlink {
    /// A link that nothing else uses, without a loop over quanta.
    Lone(Box<Lone>),
    /// A link that is polled quantum by quantum.
    Quanta(Box<Quanta>),
    /// A link that others use, too.
    Shared(Box<dyn Carrier>),
    /// A link of two responses at the same time.
    Together(Together),
}

impl Downlink {
    /// The downlink of a session with `seed`. Beside the link, each response keeps to `own`, and all of them to
    /// `shared`.
    pub(super) fn new(spec: &LinkSpec, own: &[LinkSpec], shared: &[LinkSpec], seed: Seed) -> Self {
        let alone = own.is_empty() && shared.is_empty();
        match Lone::new(spec, seed.named("downlink")).filter(|_| alone) {
            Some(lone) => Self::Lone(Box::new(lone)),
            None => Self::by_quanta(spec, own, shared, seed),
        }
    }

    /// The same, polled quantum by quantum.
    pub(super) fn by_quanta(
        spec: &LinkSpec,
        own: &[LinkSpec],
        shared: &[LinkSpec],
        seed: Seed,
    ) -> Self {
        Self::Quanta(Box::new(Quanta::new(spec, own, shared, seed)))
    }

    /// Polls responses quantum by quantum from now on, as limits of their own need it.
    pub(super) fn by_quanta_only(&mut self, spec: &LinkSpec, seed: Seed) {
        match self {
            Self::Lone(_) => *self = Self::by_quanta(spec, &[], &[], seed),
            Self::Together(Together::Shares(_)) => {
                *self = Self::Together(Together::by_quanta(spec, &TwoLimits::default(), seed));
            }
            Self::Quanta(_) | Self::Shared(_) | Self::Together(Together::Quanta(_)) => {}
        }
    }

    /// Whether others use the link at the same time.
    pub(super) const fn is_shared(&self) -> bool {
        matches!(self, Self::Shared(_) | Self::Together(_))
    }

    /// Bytes that the link could have carried by `now`; `None` without a limit.
    pub(super) fn capacity(&mut self, now: LinkTime) -> Option<u64> {
        match self {
            Self::Lone(lone) => lone.capacity(now),
            Self::Quanta(quanta) => quanta.capacity(now),
            Self::Shared(carrier) => carrier.capacity(now),
            Self::Together(together) => together.capacity(now),
        }
    }

    /// Carries a response over a link of `spec`; `gives_up` need not be called for what has arrived by `from`. `None`
    /// if it never ends.
    pub(super) fn carry(
        &mut self,
        spec: &LinkSpec,
        transmission: Transmission,
        from: LinkTime,
        gives_up: Option<GivesUp<'_>>,
    ) -> Option<Response> {
        match self {
            Self::Lone(lone) => {
                let Transmission { start, head, bytes, seed, ref pauses, .. } = transmission;
                let mut interruptions = Interruptions::new(spec, seed).with_pauses(pauses);
                let watch = gives_up
                    .map(|gives_up| LoneWatch::new(start, WATCH, gives_up).asked_from(from));
                let end = lone.carry(start, head, bytes, &mut interruptions, watch)?;
                Some(Response { end: end.at, received: end.received, cut: end.cut })
            }
            Self::Quanta(quanta) => {
                let watch = gives_up.map(|gives_up| Watch { step: WATCH, from, gives_up });
                quanta.carry(spec, &transmission, watch)
            }
            Self::Shared(carrier) => {
                let watch = gives_up.map(|gives_up| Watch { step: WATCH, from, gives_up });
                carrier.carry(transmission, watch)
            }
            // Its responses are begun, not carried.
            Self::Together(_) => None,
        }
    }
}
