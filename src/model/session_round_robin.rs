//! One place in the queue of a shared link, for all responses of a session: they take turns for it.
//!
//! A link serves what is booked in the order of booking. So a session that may have one quantum
//! booked at a time gets as much as another one, however many responses it has.

use super::{bucket::Position, lateness::MOST_CATCH_UP, link::Link};
use std::{collections::VecDeque, num::NonZeroU32, time::Duration};

/// A response that waits for its turn.
#[derive(Debug, Clone, Copy)]
struct Asked {
    flow: u64,
    bytes: NonZeroU32,
    since: Duration,
}

/// A place on the link, booked for a response that may not know of it yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    flow: u64,
    pub(super) position: Position,
    pub(super) since: Duration,
}

/// The turns of one session's responses on one link.
///
/// Any of them moves the queue on when it asks: a place is booked as of the moment at which the one
/// before it was left, whoever notices.
#[derive(Debug, Default)]
pub struct SessionRoundRobin {
    /// The link's generation that all of this belongs to.
    generation: u64,
    /// The end of what is booked.
    last: Option<Position>,
    asked: VecDeque<Asked>,
    granted: Vec<Turn>,
    flows: u64,
}

impl SessionRoundRobin {
    /// A name for a new response.
    pub(super) const fn join(&mut self) -> u64 {
        self.flows += 1;
        self.flows
    }

    /// Asks for a place for `bytes` of `flow`, which could have been sent since `since`.
    pub(super) fn ask(&mut self, flow: u64, bytes: NonZeroU32, since: Duration) {
        self.asked.push_back(Asked { flow, bytes, since });
    }

    /// Moves the queue on to `now`.
    pub(super) fn advance(&mut self, link: &mut Link, now: Duration) {
        if self.generation != link.generation() {
            *self = Self { generation: link.generation(), flows: self.flows, ..Self::default() };
        }
        while let Some(Asked { flow, bytes, since }) = self.asked.front().copied() {
            let left = match self.last.map(|last| link.release(last)) {
                None => Duration::ZERO,
                Some(Some((left, true))) if left <= now => left,
                Some(_) => return,
            };
            self.asked.pop_front();
            let since = since.max(left).max(now.saturating_sub(MOST_CATCH_UP)).min(now);
            let position = link.book(since, bytes);
            self.last = Some(position);
            self.granted.push(Turn { flow, position, since });
        }
    }

    /// The place that was booked for `flow`, if its turn has come.
    pub(super) fn take(&mut self, flow: u64) -> Option<Turn> {
        let at = self.granted.iter().position(|granted| granted.flow == flow)?;
        Some(self.granted.swap_remove(at))
    }

    /// When `flow`, which has asked, is to ask again; `None` = not before the link changes.
    pub(super) fn wait(&self, link: &mut Link, flow: u64) -> Option<Duration> {
        let last = self.last.map_or(0, Position::bytes);
        let place = self.asked.iter().position(|asked| asked.flow == flow).unwrap_or(0);
        // The first in line sees to it that the queue moves on; those behind it can't leave the link
        // before all that stands before them has.
        let before = self.asked.iter().take(place + usize::from(place > 0));
        let bytes: u64 = before.map(|asked| u64::from(asked.bytes.get())).sum();
        link.release(Position::new(last + bytes)).map(|(time, _)| time)
    }

    /// Forgets `flow`: it is over.
    pub(super) fn leave(&mut self, flow: u64) {
        self.asked.retain(|asked| asked.flow != flow);
        self.granted.retain(|granted| granted.flow != flow);
    }
}
