//! How often a response may wake up, so that thousands of slow ones do not eat the machine.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Wake-ups of shaped responses may take so much time each, of one core, before they are spaced out.
const WAKE_UP: Duration = Duration::from_micros(10);
/// Never spaced out further than this. The model lets a driver that is late by so much catch up, so
/// that no rate suffers; bytes come in larger pieces, and never early.
const WIDEST: Duration = Duration::from_millis(20);

/// Counts the responses that are being shaped.
#[derive(Debug, Default)]
pub(super) struct Pace {
    responses: AtomicU32,
}

impl Pace {
    /// The time that should lie between two wake-ups of one response.
    pub(super) fn spacing(&self) -> Duration {
        (WAKE_UP * self.responses.load(Ordering::Relaxed)).min(WIDEST)
    }
}

/// One response's part in the count.
#[derive(Debug)]
pub(super) struct Paced {
    pace: Arc<Pace>,
    /// When bytes last passed, in session time.
    passed: Duration,
}

impl Paced {
    pub(super) fn new(pace: &Arc<Pace>) -> Self {
        pace.responses.fetch_add(1, Ordering::Relaxed);
        Self { pace: Arc::clone(pace), passed: Duration::ZERO }
    }

    /// Bytes pass at `now`.
    pub(super) const fn passed(&mut self, now: Duration) {
        self.passed = now;
    }

    /// When to wake up for what is due at `due`. However often it is asked, the answer is the same
    /// until bytes pass.
    pub(super) fn wake_up(&self, due: Duration) -> Duration {
        due.max(self.passed + self.pace.spacing())
    }
}

impl Drop for Paced {
    fn drop(&mut self) {
        self.pace.responses.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn few_responses_wake_when_due_and_thousands_less_often() {
        let pace = Arc::new(Pace::default());
        let mut first = Paced::new(&pace);
        first.passed(MS(100));
        assert_eq!(first.wake_up(MS(110)), MS(110));
        let crowd: Vec<_> = (1..1000).map(|_| Paced::new(&pace)).collect();
        assert_eq!(pace.spacing(), MS(10));
        first.passed(MS(110));
        assert_eq!(first.wake_up(MS(112)), MS(120));
        assert_eq!(first.wake_up(MS(150)), MS(150));
        let more: Vec<_> = (0..9000).map(|_| Paced::new(&pace)).collect();
        assert_eq!(pace.spacing(), WIDEST);
        drop((crowd, more));
        assert_eq!(first.wake_up(MS(111)), MS(111));
    }
}
