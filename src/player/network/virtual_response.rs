//! A response in virtual time: polled at the times that its shaper returns.

use super::{NeverEnds, Transmission, deadlines::WATCH};
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
    /// The bytes of its body, and what the link carries for them: a byte at least, so that a head without a body takes
    /// its time.
    bytes: u64,
    carried: u64,
    now: LinkTime,
    /// Pauses to come: before which byte, and for how long.
    pauses: VecDeque<(u64, Duration)>,
    /// When the pause ends that it is in.
    resumes: Option<LinkTime>,
}

impl VirtualResponse {
    /// A response over a link of `spec`, which keeps to each of `own`.
    #[must_use]
    pub fn new(spec: &LinkSpec, own: &[LinkSpec], transmission: &Transmission) -> Self {
        let Transmission { start, head, bytes, seed, limits, pauses } = transmission;
        let mut shaper = ResponseShaper::new(spec, None, *seed).without_stall_verdicts();
        for own in own {
            shaper.keep_to(Link::starting(*start, own, seed.named("limit")));
        }
        // Those of rules: a rate draws nothing, and a profile what it draws in the proxy.
        for of_rule in limits {
            shaper.keep_to(Link::starting(*start, of_rule, seed.named("profile")));
        }
        shaper.follow_head(*head);
        let pauses = pauses.iter().copied().collect();
        let carried = (*bytes).max(1);
        Self { shaper, start: *start, bytes: *bytes, carried, now: *start, pauses, resumes: None }
    }

    /// The same under these limits of [`LinkAccess::limits`].
    #[must_use]
    pub fn within_limits(mut self, limits: impl Iterator<Item = usize>) -> Self {
        self.shaper.set_limits(limits.map(ResponseLimit::Shared).collect());
        self
    }

    /// The time of its next step.
    #[must_use]
    pub const fn now(&self) -> LinkTime {
        self.now
    }

    /// Bytes that have arrived so far.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.shaper.sent().min(self.bytes)
    }

    /// Polls the link once: bytes arrive, or time goes on. Returns how it ended, if it did.
    pub fn step(&mut self, access: &mut LinkAccess<'_>) -> Option<Result<Response, NeverEnds>> {
        while let Some(&(byte, lasts)) = self.pauses.front()
            && byte <= self.shaper.sent()
        {
            self.pauses.pop_front();
            self.resumes = Some(self.resumes.unwrap_or(self.now) + lasts);
        }
        if let Some(resumes) = self.resumes {
            return self.pause(resumes);
        }
        let until = self.pauses.front().map_or(self.carried, |(byte, _)| self.carried.min(*byte));
        let left = usize::try_from(until - self.shaper.sent()).unwrap_or(usize::MAX);
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
        (self.shaper.sent() >= self.carried).then(|| Ok(self.ended(None)))
    }

    /// Lets some of a pause pass, which ends at `resumes`: those who watch the response see that nothing arrives.
    fn pause(&mut self, resumes: LinkTime) -> Option<Result<Response, NeverEnds>> {
        self.now = resumes.min(self.now + WATCH);
        if self.now >= resumes {
            self.resumes = None;
            self.shaper.source_empty();
        }
        (self.now > self.start + LONGEST).then_some(Err(NeverEnds))
    }

    /// The response, if it ends now.
    fn ended(&self, cut: Option<OnDrop>) -> Response {
        Response { end: self.now, received: self.received(), cut }
    }
}
