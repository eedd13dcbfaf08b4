//! Bytes and connections of one proxy.

use super::direction::Direction;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of one proxy.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Connections accepted so far.
    accepted: AtomicU64,
    open: AtomicU64,
    directions: [Bytes; 2],
}

/// Bytes of one direction.
#[derive(Debug, Default)]
pub(super) struct Bytes {
    received: AtomicU64,
    sent: AtomicU64,
}

/// An open connection; counted until it is dropped.
#[derive(Debug)]
pub(super) struct OpenConnection<'a>(&'a Counters);

impl Counters {
    /// The number of the next connection, from 0.
    pub(super) fn accept(&self) -> u64 {
        self.accepted.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn open(&self) -> OpenConnection<'_> {
        self.open.fetch_add(1, Ordering::Relaxed);
        OpenConnection(self)
    }

    pub(super) fn accepted_connections(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    pub(super) fn open_connections(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    pub(super) const fn of(&self, direction: Direction) -> &Bytes {
        let [upstream, downstream] = &self.directions;
        match direction {
            Direction::Upstream => upstream,
            Direction::Downstream => downstream,
        }
    }
}

impl Bytes {
    pub(super) fn receive(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn send(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

impl Drop for OpenConnection<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
