//! The rate limits of a response in addition to the link's: its own, and those shared with other responses.

use super::super::{bucket::Position, lateness::SLACK, link::Link};
use parking_lot::Mutex;
use std::{num::NonZeroU32, sync::Arc, time::Duration};

/// One limit, and the position booked on it.
#[derive(Debug)]
struct Limit {
    link: Arc<Mutex<Link>>,
    booked: Option<(Position, u64)>,
}

/// All limits of one response: a byte passes when each of them lets it.
#[derive(Debug, Default)]
pub(super) struct Limits {
    limits: Vec<Limit>,
    /// The number of limits, from the first on, that are the response's own.
    own: usize,
    /// State of a paced sender: bytes it may send, bytes it waits to send, and when sending was last allowed.
    credit: u64,
    pending: u64,
    let_go: Duration,
}

impl Limits {
    /// Only a rate of its own, if there is one.
    pub(super) fn own(link: Option<Link>) -> Self {
        let limits: Vec<Limit> =
            link.map(|link| Limit::new(Arc::new(Mutex::new(link)))).into_iter().collect();
        Self { own: limits.len(), limits, ..Self::default() }
    }

    /// Adds a limit of its own.
    pub(super) fn keep_to(&mut self, link: Link) {
        self.limits.insert(self.own, Limit::new(Arc::new(Mutex::new(link))));
        self.own += 1;
    }

    /// Replaces all but its own.
    pub(super) fn share(&mut self, links: Vec<Arc<Mutex<Link>>>) {
        self.limits.truncate(self.own);
        self.limits.extend(links.into_iter().map(Limit::new));
    }

    /// The most that can be booked at once on all of them.
    pub(super) fn quantum(&self, now: Duration) -> Option<NonZeroU32> {
        self.limits.iter().map(|limit| limit.link.lock().quantum(now)).min()
    }

    /// Books `bytes` on each.
    pub(super) fn book(&mut self, since: Duration, bytes: NonZeroU32) {
        for limit in &mut self.limits {
            let mut link = limit.link.lock();
            limit.booked = Some((link.book(since, bytes), link.generation()));
        }
    }

    /// Books a head of `bytes` on each, before what comes after it.
    pub(super) fn book_head(&self, since: Duration, bytes: u32) {
        for limit in &self.limits {
            limit.link.lock().book_all(since, bytes);
        }
    }

    /// When the last limit releases what was booked, and whether that is final; `None` = never.
    pub(super) fn release(&mut self) -> Option<(Duration, bool)> {
        let mut latest = (Duration::ZERO, true);
        for limit in &mut self.limits {
            let mut link = limit.link.lock();
            let generation = link.generation();
            let Some((position, _)) = limit.booked.filter(|(_, of)| *of == generation) else {
                continue;
            };
            let (time, last) = link.release(position)?;
            latest = (latest.0.max(time), latest.1 && last);
        }
        Some(latest)
    }

    /// How many of `want` bytes a paced sender may send at `now`; else when to poll again. Report what is then
    /// sent with [`Self::sent`].
    pub(super) fn admit(&mut self, now: Duration, want: u64) -> Result<u64, Option<Duration>> {
        if self.limits.is_empty() {
            return Ok(want);
        }
        if self.credit > 0 {
            return Ok(want.min(self.credit));
        }
        if self.pending == 0 {
            let most = self.quantum(now).map_or(u64::MAX, |most| most.get().into()).min(want);
            let most = u32::try_from(most).unwrap_or(u32::MAX);
            let Some(bytes) = NonZeroU32::new(most) else { return Ok(0) };
            let prompt = now.saturating_sub(self.let_go) <= SLACK;
            self.book(if prompt { self.let_go.min(now) } else { now }, bytes);
            self.pending = bytes.get().into();
        }
        match self.release() {
            Some((time, true)) if time <= now => {
                (self.credit, self.pending) = (std::mem::take(&mut self.pending), 0);
                self.let_go = if now.saturating_sub(time) <= SLACK { time } else { now };
                Ok(want.min(self.credit))
            }
            Some((time, _)) => Err(Some(time)),
            None => Err(None),
        }
    }

    /// `bytes` of what was admitted were sent.
    pub(super) const fn sent(&mut self, bytes: u64) {
        self.credit = self.credit.saturating_sub(bytes);
    }
}

impl Limit {
    const fn new(link: Arc<Mutex<Link>>) -> Self {
        Self { link, booked: None }
    }
}
