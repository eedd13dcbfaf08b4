//! The rate limits of a response in addition to the link's: its own, and those shared with other responses.

use super::super::{
    bucket::{Position, Release},
    lateness::SLACK,
    link::Link,
};
use crate::units::LinkTime;
use std::num::NonZeroU32;

/// The link of a limit: the response is no faster than it.
#[derive(Debug)]
pub enum ResponseLimit {
    /// For this response alone.
    Own(Box<Link>),
    /// Shared with other responses: an index of [`LinkAccess::limits`](super::super::LinkAccess::limits). Without a
    /// link there, it does not limit.
    Shared(usize),
}

impl ResponseLimit {
    fn link<'a>(&'a mut self, shared: &'a mut [Link]) -> Option<&'a mut Link> {
        match self {
            Self::Own(link) => Some(link),
            Self::Shared(index) => shared.get_mut(*index),
        }
    }
}

/// Bytes booked on the link of one limit.
#[derive(Debug, Clone, Copy)]
struct LimitBooking {
    position: Position,
    /// The link's generation when they were booked.
    generation: u64,
}

/// One limit, and what is booked on it.
#[derive(Debug)]
struct Limit {
    limit: ResponseLimit,
    booked: Option<LimitBooking>,
}

impl Limit {
    const fn new(limit: ResponseLimit) -> Self {
        Self { limit, booked: None }
    }
}

/// The limits do not let a paced sender send more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hold {
    /// When to poll again; `None` = not before a limit changes.
    pub(super) until: Option<LinkTime>,
}

/// All limits of one response: a byte leaves when each of them lets it. `shared` are the links of shared limits.
#[derive(Debug, Default)]
pub(super) struct Limits {
    limits: Vec<Limit>,
    /// The number of limits, from the first on, that stay when the others are replaced.
    kept: usize,
    /// State of a paced sender: bytes it may send, bytes it waits to send, and when sending was last allowed.
    credit: u64,
    pending: u64,
    let_go: LinkTime,
}

impl Limits {
    /// Adds a limit that stays.
    pub(super) fn keep_to(&mut self, link: Link) {
        self.limits.insert(self.kept, Limit::new(ResponseLimit::Own(Box::new(link))));
        self.kept += 1;
    }

    /// Replaces all limits but those that stay.
    pub(super) fn replace(&mut self, limits: Vec<ResponseLimit>) {
        self.limits.truncate(self.kept);
        self.limits.extend(limits.into_iter().map(Limit::new));
    }

    /// The most that can be booked at once on all of them.
    pub(super) fn quantum(&mut self, shared: &mut [Link], now: LinkTime) -> Option<NonZeroU32> {
        let quanta = self.limits.iter_mut().map(|limit| &mut limit.limit);
        quanta.filter_map(|limit| Some(limit.link(shared)?.quantum(now))).min()
    }

    /// Books `bytes` on each.
    pub(super) fn book(&mut self, shared: &mut [Link], since: LinkTime, bytes: NonZeroU32) {
        for Limit { limit, booked } in &mut self.limits {
            if let Some(link) = limit.link(shared) {
                let (position, generation) = (link.book(since, bytes), link.generation());
                *booked = Some(LimitBooking { position, generation });
            }
        }
    }

    /// Books a head of `bytes` on each, before what comes after it.
    pub(super) fn book_head(&mut self, shared: &mut [Link], since: LinkTime, bytes: u32) {
        for Limit { limit, .. } in &mut self.limits {
            if let Some(link) = limit.link(shared) {
                link.book_all(since, bytes);
            }
        }
    }

    /// When the last limit releases what was booked; `None` = never.
    pub(super) fn release(&mut self, shared: &mut [Link]) -> Option<Release> {
        let mut latest = Release { at: LinkTime::ZERO, is_final: true };
        for Limit { limit, booked } in &mut self.limits {
            let Some(link) = limit.link(shared) else { continue };
            let generation = link.generation();
            let Some(booking) = booked.filter(|booking| booking.generation == generation) else {
                continue;
            };
            let release = link.release(booking.position)?;
            latest.at = latest.at.max(release.at);
            latest.is_final &= release.is_final;
        }
        Some(latest)
    }

    /// How many of `want` bytes a paced sender may send at `now`. Report what is then sent with [`Self::sent`].
    pub(super) fn admit(
        &mut self,
        shared: &mut [Link],
        now: LinkTime,
        want: u64,
    ) -> Result<u64, Hold> {
        if self.limits.is_empty() {
            return Ok(want);
        }
        if self.credit > 0 {
            return Ok(want.min(self.credit));
        }
        if self.pending == 0 {
            let most = self.quantum(shared, now).map_or(u64::MAX, |most| most.get().into());
            let most = u32::try_from(most.min(want)).unwrap_or(u32::MAX);
            let Some(bytes) = NonZeroU32::new(most) else { return Ok(0) };
            let prompt = now.since(self.let_go) <= SLACK;
            self.book(shared, if prompt { self.let_go.min(now) } else { now }, bytes);
            self.pending = bytes.get().into();
        }
        match self.release(shared) {
            Some(release) if release.has_passed(now) => {
                let at = release.at;
                (self.credit, self.pending) = (std::mem::take(&mut self.pending), 0);
                self.let_go = if now.since(at) <= SLACK { at } else { now };
                Ok(want.min(self.credit))
            }
            release => Err(Hold { until: release.map(|release| release.at) }),
        }
    }

    /// `bytes` of what was admitted were sent.
    pub(super) const fn sent(&mut self, bytes: u64) {
        self.credit = self.credit.saturating_sub(bytes);
    }
}
