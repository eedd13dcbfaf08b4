//! Adds up the times of several waits. The time is an argument.

use crate::units::SessionTime;
use std::time::Duration;

/// The sum of the times between starts and stops.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stopwatch {
    sum: Duration,
    since: Option<SessionTime>,
}

impl Stopwatch {
    /// Whether a wait is being measured.
    pub(super) const fn runs(&self) -> bool {
        self.since.is_some()
    }

    /// Starts to measure at `now`, unless a wait is already measured.
    pub(super) fn start(&mut self, now: SessionTime) {
        self.since.get_or_insert(now);
    }

    /// Adds the time since the start, if there was one.
    pub(super) fn stop(&mut self, now: SessionTime) {
        if let Some(since) = self.since.take() {
            self.sum += now.since(since);
        }
    }

    /// The sum at `now`, with a wait that is not over.
    pub(super) fn total(&self, now: SessionTime) -> Duration {
        self.sum + self.since.map_or(Duration::ZERO, |since| now.since(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_add_up_with_the_one_under_way() {
        let (at, ms) = (SessionTime::from_millis, Duration::from_millis);
        let mut watch = Stopwatch::default();
        watch.stop(at(5));
        assert_eq!(watch.total(at(9)), Duration::ZERO);
        watch.start(at(10));
        watch.start(at(12));
        watch.stop(at(30));
        assert_eq!((watch.runs(), watch.total(at(99))), (false, ms(20)));
        watch.start(at(100));
        assert_eq!((watch.runs(), watch.total(at(107))), (true, ms(27)));
    }
}
