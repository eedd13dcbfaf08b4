//! The link of requests in virtual time.

use crate::{
    model::{Interruptions, LinkSpec, Lone, LoneEnd},
    seed::Seed,
    units::LinkTime,
};
use std::time::Duration;

/// The least that a retransmission time-out adds to the round trip: Linux's `tcp_rto_min`.
const SMALLEST_ALLOWANCE: Duration = Duration::from_millis(200);

/// Delays the heads of requests, as the proxy's uplink does.
#[derive(Debug)]
pub(super) struct Uplink {
    link: Lone,
    /// A link with its losses alone, if it has any.
    losses: Option<LinkSpec>,
}

impl Uplink {
    /// The uplink of a session with `seed`; `None` if it delays nothing.
    pub(super) fn new(spec: &LinkSpec, seed: Seed) -> Option<Self> {
        if !spec.shapes_bodies() {
            return None;
        }
        let link = Lone::new(&spec.bottleneck(), seed.named("uplink"))?;
        let losses = spec.loss.map(|loss| LinkSpec { loss: Some(loss), ..LinkSpec::default() });
        Some(Self { link, losses })
    }

    /// Carries the head of a request, `bytes` long, from `start` on, over a path with this round trip; `None` if it
    /// never arrives.
    pub(super) fn carry(
        &mut self,
        start: LinkTime,
        bytes: u32,
        round_trip: Duration,
        seed: Seed,
    ) -> Option<LoneEnd> {
        // No data follows the head that could reveal its loss: it is detected by the retransmission time-out.
        let mut interruptions = self.losses.as_ref().map_or_else(Interruptions::default, |spec| {
            Interruptions::new(spec, seed.named("uplink head"))
                .with_round_trip(round_trip + SMALLEST_ALLOWANCE)
        });
        self.link.carry(start, 0, bytes.into(), &mut interruptions, None)
    }
}
