//! The last events, numbered, so that a client that reconnects gets those it missed.

use super::event_line::subject;
use crate::{clock::Timestamp, event::Event};
use std::collections::VecDeque;

/// Events that are kept: some megabytes.
pub(super) const MOST_EVENTS: usize = 10_000;

/// A numbered event.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Grows by one with each event of the process, from 1.
    pub(super) id: u64,
    pub(super) at: Timestamp,
    pub(super) event: Event,
}

impl Entry {
    /// Whether it is about `session`; `None` = any.
    pub(super) fn is_of(&self, session: Option<&str>) -> bool {
        session.is_none_or(|wanted| *subject(&self.event).0.id == *wanted)
    }
}

/// The last events of all sessions.
#[derive(Debug, Default)]
pub(super) struct Journal {
    entries: VecDeque<Entry>,
    last: u64,
}

impl Journal {
    /// The number of the last event; zero before the first one.
    pub(super) const fn last(&self) -> u64 {
        self.last
    }

    /// Adds an event. The entry that it displaces is returned, to be dropped without a lock.
    ///
    /// Entries are kept by value: each takes the place of the oldest one, so the memory that is written is next to that of
    /// the event before.
    pub(super) fn add(&mut self, at: Timestamp, event: Event) -> Option<Entry> {
        self.last += 1;
        if self.entries.capacity() == 0 {
            // Once for all: moving thousands of entries would take long. What is not used yet takes no memory.
            self.entries.reserve_exact(MOST_EVENTS);
        }
        let displaced =
            if self.entries.len() >= MOST_EVENTS { self.entries.pop_front() } else { None };
        self.entries.push_back(Entry { id: self.last, at, event });
        displaced
    }

    /// The last event.
    pub(super) fn newest(&self) -> Option<&Entry> {
        self.entries.back()
    }

    /// The events about `session` after number `after`, and how many events of any session after it are no longer
    /// kept. A number that was never given out is that of another process: there is nothing to repeat.
    pub(super) fn after(&self, after: u64, session: Option<&str>) -> (u64, VecDeque<Entry>) {
        if after > self.last {
            return (0, VecDeque::new());
        }
        let oldest = self.entries.front().map_or(self.last + 1, |entry| entry.id);
        let lost = oldest.saturating_sub(after + 1);
        let missed = self.entries.iter().filter(|entry| entry.id > after && entry.is_of(session));
        (lost, missed.cloned().collect())
    }
}
