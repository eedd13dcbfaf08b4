//! The stall process: when a link freezes, and for how long.

use super::spec::StallSpec;
use crate::seed::{Seed, Stream};
use std::time::Duration;

/// One freeze of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall {
    /// Start, in link time.
    pub at: Duration,
    /// For how long.
    pub lasts: Duration,
}

impl Stall {
    /// The first moment at which bytes flow again.
    #[must_use]
    pub fn end(&self) -> Duration {
        self.at + self.lasts
    }
}

/// Yields the stalls of a link in order, without end: a renewal process of gaps and freezes.
#[derive(Debug, Clone)]
pub(super) struct Stalls {
    spec: StallSpec,
    stream: Box<Stream>,
    now: Duration,
}

impl Stalls {
    /// The stalls after `start`; the first comes a whole gap later.
    pub(super) fn new(spec: &StallSpec, start: Duration, seed: Seed) -> Self {
        Self { spec: spec.clone(), stream: Box::new(seed.named("stall").stream()), now: start }
    }

    pub(super) fn next_stall(&mut self) -> Stall {
        // A gap of at least a millisecond: the process must move on whatever is drawn.
        let gap = self.spec.every.sample(&mut self.stream).max(Duration::from_millis(1));
        let stall = Stall { at: self.now + gap, lasts: self.spec.lasts.sample(&mut self.stream) };
        self.now = stall.end();
        stall
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Distribution;

    #[test]
    fn gaps_and_lengths_have_their_means() {
        let spec = StallSpec::new(
            Distribution::exponential(Duration::from_secs(12)).unwrap(),
            Distribution::lognormal(Duration::from_millis(900), Duration::from_millis(700))
                .unwrap(),
        );
        let mut stalls = Stalls::new(&spec.unwrap(), Duration::ZERO, Seed::new(5));
        let run: Vec<Stall> = (0..50_000).map(|_| stalls.next_stall()).collect();
        let frozen: f64 = run.iter().map(|stall| stall.lasts.as_secs_f64()).sum();
        let whole = run.last().unwrap().end().as_secs_f64();
        assert!((frozen / 50_000.0 - 0.9).abs() < 0.02);
        assert!(((whole - frozen) / 50_000.0 - 12.0).abs() < 0.2);
        assert!(run.windows(2).all(|pair| pair[0].end() < pair[1].at));
    }
}
