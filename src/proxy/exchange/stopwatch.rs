//! Adds up the times of several waits. The time is an argument.

use std::time::Duration;

/// The sum of the times between starts and stops.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stopwatch {
    sum: Duration,
    since: Option<Duration>,
}

impl Stopwatch {
    /// Whether a wait is being measured.
    pub(super) const fn runs(&self) -> bool {
        self.since.is_some()
    }

    /// Starts to measure at `now`, unless a wait is already measured.
    pub(super) fn start(&mut self, now: Duration) {
        self.since.get_or_insert(now);
    }

    /// Adds the time since the start, if there was one.
    pub(super) fn stop(&mut self, now: Duration) {
        if let Some(since) = self.since.take() {
            self.sum += now.saturating_sub(since);
        }
    }

    /// The sum at `now`, with a wait that is not over.
    pub(super) fn total(&self, now: Duration) -> Duration {
        self.sum + self.since.map_or(Duration::ZERO, |since| now.saturating_sub(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_add_up_with_the_one_under_way() {
        let at = Duration::from_millis;
        let mut watch = Stopwatch::default();
        watch.stop(at(5));
        assert_eq!(watch.total(at(9)), Duration::ZERO);
        watch.start(at(10));
        watch.start(at(12));
        watch.stop(at(30));
        assert_eq!((watch.runs(), watch.total(at(99))), (false, at(20)));
        watch.start(at(100));
        assert_eq!((watch.runs(), watch.total(at(107))), (true, at(27)));
    }
}
