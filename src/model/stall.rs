//! The stall process: when a link carries nothing, and for how long.

use super::{
    Distribution,
    spec::{Gap, StallSpec},
};
use crate::{
    seed::{Seed, Stream},
    units::LinkTime,
};
use std::{ops::Add, time::Duration};

/// One stall of a link. Its start is an instant of the clock `T`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall<T = LinkTime> {
    /// Start.
    pub at: T,
    /// For how long.
    pub lasts: Duration,
}

impl<T: Copy + Add<Duration, Output = T>> Stall<T> {
    /// The first time at which bytes pass again.
    #[must_use]
    pub fn end(&self) -> T {
        self.at + self.lasts
    }
}

/// Yields the stalls of a link in order, without end: a renewal process of gaps and stalls.
#[derive(Debug, Clone)]
pub(super) struct Stalls {
    every: Distribution,
    lasts: Distribution,
    stream: Box<Stream>,
    now: LinkTime,
}

impl Stalls {
    /// The stalls after `start`, if they come by time; the first comes a whole gap later.
    pub(super) fn new(spec: &StallSpec, start: LinkTime, seed: Seed) -> Option<Self> {
        let Gap::Time(every) = spec.every.clone() else { return None };
        let stream = Box::new(seed.named("stall").stream());
        Some(Self { every, lasts: spec.lasts.clone(), stream, now: start })
    }

    pub(super) fn next_stall(&mut self) -> Stall {
        // A gap of at least a millisecond: the process must advance whatever is drawn.
        let gap = self.every.sample(&mut self.stream).max(Duration::from_millis(1));
        let stall = Stall { at: self.now + gap, lasts: self.lasts.sample(&mut self.stream) };
        self.now = stall.end();
        stall
    }
}

/// The stalls of one response by bytes: drawn from its own seed, so the same request stalls at the same bytes,
/// however they were chunked.
#[derive(Debug, Clone)]
pub(super) struct ByteStalls {
    every: Distribution,
    lasts: Distribution,
    stream: Stream,
    next: u64,
}

impl ByteStalls {
    /// The stalls of a response, drawn from `seed`, if they come by bytes.
    pub(super) fn new(spec: &StallSpec, seed: Seed) -> Option<Self> {
        let Gap::Bytes(every) = spec.every.clone() else { return None };
        let stream = seed.named("stall").stream();
        let mut stalls = Self { every, lasts: spec.lasts.clone(), stream, next: 0 };
        stalls.next = stalls.gap();
        Some(stalls)
    }

    /// The byte before which the next stall comes.
    pub(super) const fn next_byte(&self) -> u64 {
        self.next
    }

    /// Returns how long that stall lasts, and advances to the next.
    pub(super) fn take_next(&mut self) -> Duration {
        let lasts = self.lasts.sample(&mut self.stream);
        self.next = self.next.saturating_add(self.gap());
        lasts
    }

    /// At least a byte: the response must advance whatever is drawn.
    fn gap(&mut self) -> u64 {
        u64::try_from(self.every.sample(&mut self.stream).as_nanos()).unwrap_or(u64::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_and_lengths_have_their_means() {
        let spec = StallSpec::new(
            Distribution::exponential(Duration::from_secs(12)).unwrap(),
            Distribution::lognormal(Duration::from_millis(900), Duration::from_millis(700))
                .unwrap(),
        );
        let mut stalls = Stalls::new(&spec.unwrap(), LinkTime::ZERO, Seed::new(5)).unwrap();
        let run: Vec<Stall> = (0..50_000).map(|_| stalls.next_stall()).collect();
        let frozen: f64 = run.iter().map(|stall| stall.lasts.as_secs_f64()).sum();
        let whole = run.last().unwrap().end().as_secs_f64();
        assert!((frozen / 50_000.0 - 0.9).abs() < 0.02);
        assert!(((whole - frozen) / 50_000.0 - 12.0).abs() < 0.2);
        assert!(run.windows(2).all(|pair| pair[0].end() < pair[1].at));
    }
}
