//! The token bucket: governor's GCRA, with bytes of capacity in place of time.
//!
//! On governor's own clock, one byte a cell, the interval between cells is cut to whole nanoseconds (900 Mbit/s
//! comes out 11 % fast), a quota can't be changed, and a new limiter allows another burst at every change of
//! rate. So the limiter's clock is the link's cumulative capacity: one tick is one byte, the limiter lives as
//! long as the link, and any schedule is exact. `NotUntil` is then a capacity too, which the schedule's inverse
//! converts to a time.

use crate::units::LinkTime;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, Reference},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed},
};
use std::{
    num::NonZeroU32,
    ops::Add,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// A position in the link's cumulative capacity, in bytes: bytes booked there leave when the link could have
/// carried as many bytes as its position says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(u64);

impl Position {
    pub(super) const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    pub(super) const fn bytes(self) -> u64 {
        self.0
    }
}

/// When the bytes booked at a position leave their link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// The time of their release, in link time.
    pub at: LinkTime,
    /// Whether that is final. Otherwise they leave later: it is the earliest time to poll again.
    pub is_final: bool,
}

impl Release {
    /// Whether they have left by `now`.
    pub(super) fn has_passed(self, now: LinkTime) -> bool {
        self.is_final && self.at <= now
    }
}

impl Add<Nanos> for Position {
    type Output = Self;

    fn add(self, ticks: Nanos) -> Self {
        Self(self.0.saturating_add(ticks.into()))
    }
}

impl Reference for Position {
    fn duration_since(&self, earlier: Self) -> Nanos {
        Nanos::from(self.0.saturating_sub(earlier.0))
    }

    fn saturating_sub(&self, ticks: Nanos) -> Self {
        Self(self.0.saturating_sub(ticks.into()))
    }
}

/// A clock that returns the value it was last set to. Shared only between a bucket and its limiter.
#[derive(Debug, Clone, Default)]
struct CapacityClock(Arc<AtomicU64>);

impl Clock for CapacityClock {
    type Instant = Position;

    fn now(&self) -> Position {
        Position(self.0.load(Ordering::Relaxed))
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, CapacityClock, NoOpMiddleware<Position>>;

/// Books bytes on a link: in order, never sooner than rate and burst allow.
#[derive(Debug)]
pub(super) struct Bucket {
    clock: CapacityClock,
    limiter: Limiter,
    burst: NonZeroU32,
}

impl Bucket {
    /// A full bucket of `burst` bytes.
    pub(super) fn new(burst: NonZeroU32) -> Self {
        let clock = CapacityClock::default();
        // One cell per tick, so the period is 1 ns by governor's count.
        let quota = Quota::with_period(Duration::from_nanos(1))
            .unwrap_or(Quota::per_second(burst))
            .allow_burst(burst);
        Self { limiter: RateLimiter::direct_with_clock(quota, clock.clone()), clock, burst }
    }

    /// A bucket of `burst` bytes that is empty at `capacity`: a change gives no credit.
    pub(super) fn empty_at(burst: NonZeroU32, capacity: u64) -> Self {
        let mut bucket = Self::new(burst);
        bucket.book(capacity, burst);
        bucket
    }

    /// Bytes that may pass at once, and the most that can be booked at once.
    pub(super) const fn burst(&self) -> NonZeroU32 {
        self.burst
    }

    /// Books `bytes`, behind all that was booked before; more than the burst counts as the burst.
    /// `capacity` is what the link could have carried by now.
    pub(super) fn book(&mut self, capacity: u64, bytes: NonZeroU32) -> Position {
        let bytes = bytes.min(self.burst);
        let mut at = Position(capacity);
        // The first check returns either "now" or the capacity at which the cell conforms; a second check there
        // cannot be refused.
        for _ in 0..2 {
            self.clock.0.store(at.0, Ordering::Relaxed);
            match self.limiter.check_n(bytes) {
                Ok(Err(until)) => at = until.earliest_possible(),
                Ok(Ok(())) | Err(_) => break,
            }
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: fn(u32) -> NonZeroU32 = |n| NonZeroU32::new(n).unwrap();

    #[test]
    fn the_burst_passes_at_once_and_then_one_byte_a_tick() {
        let mut bucket = Bucket::new(N(3000));
        assert_eq!(bucket.book(0, N(1500)), Position(0));
        assert_eq!(bucket.book(0, N(1500)), Position(0));
        assert_eq!(bucket.book(0, N(1500)), Position(1500));
        assert_eq!(bucket.book(0, N(1000)), Position(2500));
    }

    #[test]
    fn idle_credit_ends_at_the_burst() {
        let mut bucket = Bucket::new(N(3000));
        bucket.book(0, N(3000));
        assert_eq!(bucket.book(1_000_000, N(3000)), Position(1_000_000));
        assert_eq!(bucket.book(1_000_000, N(1)), Position(1_000_001));
    }

    #[test]
    fn an_empty_bucket_gives_nothing_away() {
        let mut bucket = Bucket::empty_at(N(3000), 500);
        assert_eq!(bucket.book(500, N(1500)), Position(2000));
    }
}
