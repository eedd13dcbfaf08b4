//! The injected stalls of a session's link.

use crate::{observers::series::Ring, units::SessionTime};
use std::time::Duration;

/// Stalls that are kept: more than can overlap one response.
const MOST_STALLS: usize = 512;

/// A time in which the link was zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::observers) struct Stall {
    pub(in crate::observers) at: SessionTime,
    pub(in crate::observers) lasts: Duration,
}

/// The last stalls of a session, and the sum of all.
#[derive(Debug, Clone)]
pub(in crate::observers) struct Stalls {
    last: Ring<Stall>,
    pub(in crate::observers) count: u64,
    pub(in crate::observers) total: Duration,
}

impl Default for Stalls {
    fn default() -> Self {
        Self { last: Ring::new(MOST_STALLS), count: 0, total: Duration::ZERO }
    }
}

impl Stalls {
    /// Adds a stall. Two responses may report the same one.
    pub(in crate::observers) fn add(&mut self, at: SessionTime, lasts: Duration) {
        if self.last.iter().rev().take(8).any(|known| known.at == at) {
            return;
        }
        self.last.push(Stall { at, lasts });
        self.count += 1;
        self.total += lasts;
    }

    pub(in crate::observers) fn iter(&self) -> impl Iterator<Item = &Stall> {
        self.last.iter()
    }

    /// How much of the time between `from` and `to` the link was stalled.
    pub(in crate::observers) fn within(&self, from: SessionTime, to: SessionTime) -> Duration {
        let part = |stall: &Stall| {
            let end = (stall.at + stall.lasts).min(to);
            end - stall.at.max(from)
        };
        self.last.iter().map(part).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_overlap_counts() {
        let (at, ms) = (SessionTime::from_millis, Duration::from_millis);
        let mut stalls = Stalls::default();
        stalls.add(at(100), ms(200));
        stalls.add(at(100), ms(200));
        stalls.add(at(1000), ms(500));
        assert_eq!((stalls.count, stalls.total), (2, ms(700)));
        assert_eq!(stalls.within(at(0), at(5000)), ms(700));
        assert_eq!(stalls.within(at(200), at(1200)), ms(300));
        assert_eq!(stalls.within(at(400), at(900)), ms(0));
    }
}
