//! What interrupts one response that has its link to itself: lost packets, stalls by bytes, and pauses.

use super::{
    loss::{Loss, retransmission},
    round_trips::RoundTrips,
    spec::{LinkSpec, OnDrop},
    stall::ByteStalls,
};
use crate::{seed::Seed, units::LinkTime};
use smallvec::SmallVec;
use std::time::Duration;

/// The losses and stalls of one response, drawn as a [`ResponseShaper`](super::ResponseShaper) without simulated TCP
/// draws them, for responses that go from one interruption to the next in one step.
#[derive(Debug, Clone, Default)]
pub struct Interruptions {
    loss: Option<(Box<Loss>, OnDrop)>,
    stalls: Option<Box<ByteStalls>>,
    /// Before which byte, and for how long; the next one is the last of the list.
    pauses: SmallVec<[(u64, Duration); 2]>,
    round_trips: Option<RoundTrips>,
    retransmission: Duration,
}

impl Interruptions {
    /// Those of a response over a link of `spec`, with random numbers from `seed`.
    #[must_use]
    pub fn new(spec: &LinkSpec, seed: Seed) -> Self {
        let loss = spec.loss.map(|loss| {
            let stream = seed.named("loss").stream();
            (Box::new(Loss::new(loss.model, stream)), loss.on_drop)
        });
        Self {
            loss,
            stalls: spec.stall.as_ref().and_then(|s| ByteStalls::new(s, seed)).map(Box::new),
            pauses: SmallVec::new(),
            round_trips: spec.latency.schedule.clone(),
            retransmission: retransmission(spec.latency.rtt),
        }
    }

    /// The same, with a lost packet that arrives later by `rtt`, whatever the schedule of the link says.
    #[must_use]
    pub fn with_round_trip(mut self, rtt: Duration) -> Self {
        self.round_trips = None;
        self.retransmission = retransmission(rtt);
        self
    }

    /// The same, with pauses beside: before which byte, and for how long.
    #[must_use]
    pub fn with_pauses(mut self, pauses: &[(u64, Duration)]) -> Self {
        if pauses.is_empty() {
            return self;
        }
        self.pauses = SmallVec::from_slice(pauses);
        self.pauses.sort_unstable_by_key(|(byte, _)| std::cmp::Reverse(*byte));
        self
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.loss.is_none() && self.stalls.is_none() && self.pauses.is_empty()
    }

    /// The byte before which the next one comes; `u64::MAX` = there is none.
    pub(super) fn next_byte(&self) -> u64 {
        let lost = self.loss.as_ref().and_then(|(loss, _)| loss.next_byte());
        let stalled = self.stalls.as_ref().map(|stalls| stalls.next_byte());
        let paused = self.pauses.last().map(|(byte, _)| *byte);
        [lost, stalled, paused].into_iter().flatten().min().unwrap_or(u64::MAX)
    }

    /// What comes at `now`, before the byte at `sent`; returns when the response goes on.
    ///
    /// # Errors
    /// When a loss ends the response.
    pub(super) fn take(&mut self, sent: u64, now: LinkTime) -> Result<LinkTime, OnDrop> {
        let mut resume = now;
        let lost =
            self.loss.as_mut().filter(|(loss, _)| loss.next_byte().is_some_and(|b| b <= sent));
        let lost = lost.map(|(loss, action)| {
            loss.advance(*action);
            *action
        });
        match lost {
            Some(action @ (OnDrop::Truncate | OnDrop::Reset)) => return Err(action),
            Some(OnDrop::Retransmit) => resume += self.retransmission_at(now),
            Some(OnDrop::Corrupt) | None => {}
        }
        if let Some(stalls) = &mut self.stalls
            && stalls.next_byte() <= sent
        {
            resume += stalls.take_next();
        }
        while let Some((_, lasts)) = self.pauses.last().filter(|(byte, _)| *byte <= sent).copied() {
            resume += lasts;
            self.pauses.pop();
        }
        Ok(resume)
    }

    fn retransmission_at(&self, now: LinkTime) -> Duration {
        let schedule = self.round_trips.as_ref();
        schedule
            .map_or(self.retransmission, |schedule| retransmission(schedule.at(now.since_zero())))
    }
}
