//! All responses of a session share one position in the queue of a shared link and take turns.
//!
//! A link serves what is booked in the order of booking. So each session, which may have one quantum booked at
//! a time, gets the same share, however many responses it has.

use super::{bucket::Position, lateness::MOST_CATCH_UP, link::Link};
use crate::units::LinkTime;
use std::{collections::VecDeque, num::NonZeroU32};

/// A response that waits for its turn.
#[derive(Debug, Clone, Copy)]
struct Request {
    response: u64,
    bytes: NonZeroU32,
    since: LinkTime,
}

/// A position on the link, booked for a response that has not taken it yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    response: u64,
    pub(super) position: Position,
    pub(super) since: LinkTime,
}

/// The turns of one session's responses on one link.
///
/// Polling any of them advances the queue: a position is booked as of the time at which the one before it was
/// released, whichever response is polled.
#[derive(Debug, Default)]
pub struct SessionRoundRobin {
    /// The link's generation that this state belongs to.
    generation: u64,
    /// The end of what is booked.
    last: Option<Position>,
    requests: VecDeque<Request>,
    granted: Vec<Turn>,
    responses: u64,
}

impl SessionRoundRobin {
    /// An identifier for a new response.
    pub(super) const fn join(&mut self) -> u64 {
        self.responses += 1;
        self.responses
    }

    /// Requests a position for `bytes` of `response`, which could have been sent since `since`.
    pub(super) fn request(&mut self, response: u64, bytes: NonZeroU32, since: LinkTime) {
        self.requests.push_back(Request { response, bytes, since });
    }

    /// Advances the queue to `now`.
    pub(super) fn advance(&mut self, link: &mut Link, now: LinkTime) {
        if self.generation != link.generation() {
            *self = Self {
                generation: link.generation(),
                responses: self.responses,
                ..Self::default()
            };
        }
        while let Some(Request { response, bytes, since }) = self.requests.front().copied() {
            let left = match self.last.map(|last| link.release(last)) {
                None => LinkTime::ZERO,
                Some(Some(release)) if release.has_passed(now) => release.at,
                Some(_) => return,
            };
            self.requests.pop_front();
            let since = since.max(left).max(now.saturating_sub(MOST_CATCH_UP)).min(now);
            let position = link.book(since, bytes);
            self.last = Some(position);
            self.granted.push(Turn { response, position, since });
        }
    }

    /// The place that was booked for `response`, if its turn has come.
    pub(super) fn take(&mut self, response: u64) -> Option<Turn> {
        let at = self.granted.iter().position(|granted| granted.response == response)?;
        Some(self.granted.swap_remove(at))
    }

    /// When `response`, which has requested a position, is to poll again; `None` = not before the link changes.
    pub(super) fn wait(&self, link: &mut Link, response: u64) -> Option<LinkTime> {
        let last = self.last.map_or(0, Position::bytes);
        let place =
            self.requests.iter().position(|request| request.response == response).unwrap_or(0);
        // The first response in the queue advances it; those behind it cannot leave the link before everything
        // ahead of them has.
        let before = self.requests.iter().take(place + usize::from(place > 0));
        let bytes: u64 = before.map(|request| u64::from(request.bytes.get())).sum();
        link.release(Position::new(last + bytes)).map(|release| release.at)
    }

    /// Removes `response`, which has ended.
    pub(super) fn leave(&mut self, response: u64) {
        self.requests.retain(|request| request.response != response);
        self.granted.retain(|granted| granted.response != response);
    }
}
