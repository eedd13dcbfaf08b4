//! The exchanges of a session: how many are under way, how long there has been none, and the bytes delivered.

use crate::units::ProcessTime;
use std::{
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

/// The exchanges of a session, counted.
#[derive(Debug)]
pub(super) struct Activity {
    exchanges: AtomicU32,
    /// Whether there has been one.
    served: AtomicBool,
    /// Whether one has begun since the last look.
    used: AtomicBool,
    /// When the last exchange ended, in milliseconds of process time.
    last: AtomicU64,
    /// Bytes of response bodies handed over.
    delivered: AtomicU64,
}

impl Activity {
    /// No exchange yet; it counts as idle from process time `now`.
    pub(super) fn new(now: ProcessTime) -> Self {
        Self {
            exchanges: AtomicU32::new(0),
            served: AtomicBool::new(false),
            used: AtomicBool::new(false),
            last: AtomicU64::new(millis(now)),
            delivered: AtomicU64::new(0),
        }
    }

    /// An exchange begins.
    pub(super) fn enter(&self) {
        self.exchanges.fetch_add(1, Ordering::Relaxed);
        self.served.store(true, Ordering::Relaxed);
        self.mark_used();
    }

    /// Whether there has been an exchange.
    pub(super) fn has_served(&self) -> bool {
        self.served.load(Ordering::Relaxed)
    }

    /// Records that an exchange has begun.
    pub(super) fn mark_used(&self) {
        self.used.store(true, Ordering::Relaxed);
    }

    /// Whether an exchange has begun since the last call.
    pub(super) fn take_used(&self) -> bool {
        self.used.load(Ordering::Relaxed) && self.used.swap(false, Ordering::Relaxed)
    }

    /// An exchange has ended at process time `now`.
    pub(super) fn leave(&self, now: ProcessTime) {
        self.last.store(millis(now), Ordering::Relaxed);
        self.exchanges.fetch_sub(1, Ordering::Relaxed);
    }

    /// The number of exchanges under way.
    pub(super) fn exchanges(&self) -> u32 {
        self.exchanges.load(Ordering::Relaxed)
    }

    /// Counts `bytes` of a response body that were handed over to the player's connection.
    pub(super) fn count_delivered(&self, bytes: u64) {
        self.delivered.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The bytes of all response bodies that were handed over so far.
    pub(super) fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// How long there has been no exchange, at process time `now`; zero while one is under way.
    pub(super) fn idle(&self, now: ProcessTime) -> Duration {
        if self.exchanges() > 0 {
            return Duration::ZERO;
        }
        now - ProcessTime::from_millis(self.last.load(Ordering::Relaxed))
    }
}

fn millis(time: ProcessTime) -> u64 {
    time.since_zero().as_millis() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_since_the_last_exchange() {
        let (at, seconds) = (ProcessTime::from_secs, Duration::from_secs);
        let activity = Activity::new(at(1));
        assert_eq!(activity.idle(at(5)), seconds(4));
        activity.enter();
        activity.enter();
        activity.leave(at(6));
        assert_eq!((activity.exchanges(), activity.idle(at(9))), (1, Duration::ZERO));
        activity.leave(at(7));
        assert_eq!(activity.idle(at(9)), seconds(2));
    }
}
