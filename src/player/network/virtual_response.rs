//! A response in virtual time: polled at the times that its shaper returns.

use super::NeverEnds;
use crate::{
    model::{Link, LinkAccess, LinkSpec, OnDrop, ResponseLimit, ResponseShaper, Verdict},
    seed::Seed,
    units::LinkTime,
};
use std::time::Duration;

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
}

impl VirtualResponse {
    /// A response of `bytes` over a link of `spec`, which starts at `start`, keeps to each of `own`, and has its
    /// random numbers from `seed`.
    #[must_use]
    pub fn new(spec: &LinkSpec, own: &[LinkSpec], start: LinkTime, bytes: u64, seed: Seed) -> Self {
        let mut shaper = ResponseShaper::new(spec, None, seed).without_stall_verdicts();
        for own in own {
            shaper.keep_to(Link::starting(start, own, seed.named("limit")));
        }
        Self { shaper, start, bytes, now: start }
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
        let left = usize::try_from(self.bytes - self.received()).unwrap_or(usize::MAX);
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
