//! A response in virtual time: polled at the times that its shaper returns.

use super::{NeverEnds, Transmission};
use crate::{
    model::{Link, LinkAccess, LinkSpec, OnDrop, ResponseLimit, ResponseShaper, Verdict},
    units::LinkTime,
};
use std::{collections::VecDeque, time::Duration};

/// A response that takes longer has not ended.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// How a response ended.
#[derive(Debug, Clone, Copy)]
pub struct Response {
    /// When.
    pub end: LinkTime,
    /// The bytes that arrived.
    pub received: u64,
    /// A loss cut it.
    pub cut: Option<OnDrop>,
}

/// A response on its way, and its time.
#[derive(Debug)]
pub struct VirtualResponse {
    shaper: ResponseShaper,
    start: LinkTime,
    bytes: u64,
    now: LinkTime,
    /// Pauses to come: before which byte, and for how long.
    pauses: VecDeque<(u64, Duration)>,
}

impl VirtualResponse {
    /// A response over a link of `spec`, which keeps to each of `own`.
    #[must_use]
    pub fn new(spec: &LinkSpec, own: &[LinkSpec], transmission: &Transmission) -> Self {
        let Transmission { start, head, bytes, seed, limits, pauses } = transmission;
        let mut shaper = ResponseShaper::new(spec, None, *seed).without_stall_verdicts();
        for own in own.iter().chain(limits) {
            shaper.keep_to(Link::starting(*start, own, seed.named("limit")));
        }
        shaper.follow_head(*head);
        let pauses = pauses.iter().copied().collect();
        Self { shaper, start: *start, bytes: *bytes, now: *start, pauses }
    }

    /// The same under the first `count` limits of [`LinkAccess::limits`].
    #[must_use]
    pub fn within_limits(mut self, count: usize) -> Self {
        self.shaper.set_limits((0..count).map(ResponseLimit::Shared).collect());
        self
    }

    /// The time of its next step.
    #[must_use]
    pub const fn now(&self) -> LinkTime {
        self.now
    }

    /// Bytes that have arrived so far.
    #[must_use]
    pub const fn received(&self) -> u64 {
        self.shaper.sent()
    }

    /// Polls the link once: bytes arrive, or time goes on. Returns how it ended, if it did.
    pub fn step(&mut self, access: &mut LinkAccess<'_>) -> Option<Result<Response, NeverEnds>> {
        while let Some(&(byte, lasts)) = self.pauses.front()
            && byte <= self.shaper.sent()
        {
            self.pauses.pop_front();
            self.now += lasts;
            self.shaper.source_empty();
        }
        let until = self.pauses.front().map_or(self.bytes, |(byte, _)| self.bytes.min(*byte));
        let left = usize::try_from(until - self.received()).unwrap_or(usize::MAX);
        match self.shaper.poll(access, self.now, left) {
            // Nothing to send: never with bytes left; ends it rather than going on for ever.
            Verdict::Pass(0) | Verdict::Paused => return Some(Err(NeverEnds)),
            Verdict::Pass(_) | Verdict::Stalled(_) => {}
            Verdict::Wait(until) => {
                self.now = until.max(self.now + Duration::from_nanos(1));
                if self.now > self.start + LONGEST {
                    return Some(Err(NeverEnds));
                }
            }
            Verdict::Drop { action: action @ (OnDrop::Truncate | OnDrop::Reset), .. } => {
                return Some(Ok(self.ended(Some(action))));
            }
            Verdict::Drop { .. } => {}
        }
        (self.received() >= self.bytes).then(|| Ok(self.ended(None)))
    }

    /// The response, if it ends now.
    const fn ended(&self, cut: Option<OnDrop>) -> Response {
        Response { end: self.now, received: self.received(), cut }
    }
}
