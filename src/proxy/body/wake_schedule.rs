//! How often and how punctually a response wakes up: a few at the very moment, thousands of slow ones so
//! seldom that they do not eat the machine.

use super::timer::PreciseTimer;
use crate::sessions::{Clock, Session};
use std::{
    io,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    task::Waker,
    time::Duration,
};

/// Wake-ups of shaped responses may take so much time each, of one core, before they are spaced out.
const WAKE_UP: Duration = Duration::from_micros(14);
/// Wake-ups that are spaced out are a whole number in this time, so that as many bytes come in each
/// tenth of a second as in the next.
const PERIOD: Duration = Duration::from_millis(100);
/// Never fewer than this in a period. The model lets a driver that is late by so much catch up, so
/// that no rate suffers; bytes come in larger pieces, and never early.
const FEWEST: u32 = 3;
/// Spaced out less than this, they come when they are due: a link passes its bytes no more often.
const NARROWEST: Duration = Duration::from_micros(250);
/// Spaced out as much as this, the runtime's timers are punctual enough.
const WIDE: Duration = Duration::from_millis(1);
/// A wait longer than this is not worth an alarm: the runtime's timer, a millisecond late, is enough.
const NEAR: Duration = Duration::from_millis(20);
/// How late a timer may be.
const LATE: Duration = Duration::from_millis(3);

/// Counts the responses that are being shaped.
#[derive(Debug, Default)]
pub(in crate::proxy) struct Pace {
    responses: AtomicU32,
    /// Without it, the runtime's timers do.
    alarm: OnceLock<PreciseTimer>,
}

impl Pace {
    /// From now on few responses wake up at the very moment. On real time alone: an alarm knows nothing of
    /// the runtime's paused clock.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub(in crate::proxy) fn use_precise_timer(&self, clock: Clock) -> io::Result<()> {
        if self.alarm.get().is_none() {
            let _ = self.alarm.set(PreciseTimer::start(clock)?);
        }
        Ok(())
    }

    /// Waits for so much session time.
    pub(in crate::proxy) async fn pause(&self, session: &Session, wait: Duration) {
        if wait.is_zero() {
            return;
        }
        let until = session.now().saturating_add(wait);
        let Some(alarm) = self.alarm.get() else {
            return tokio::time::sleep_until(session.instant(until)).await;
        };
        // Far most of it by a timer: others come and go, and alarms can't be taken back.
        if wait > NEAR {
            tokio::time::sleep_until(session.instant(until - LATE)).await;
        }
        alarm.wakes_at(session.process_time(until)).await;
    }

    /// The time that should lie between two wake-ups of one response.
    pub(in crate::proxy) fn spacing(&self) -> Duration {
        let wanted = WAKE_UP * self.responses.load(Ordering::Relaxed);
        if wanted < NARROWEST {
            return Duration::ZERO;
        }
        let wake_ups = (PERIOD.as_nanos() / wanted.as_nanos()) as u32;
        PERIOD / wake_ups.max(FEWEST)
    }
}

/// One response's part in the count.
#[derive(Debug)]
pub(in crate::proxy) struct Paced {
    pace: Arc<Pace>,
    /// When bytes first were due, in session time: where its grid of wake-ups begins.
    began: Option<Duration>,
    /// When bytes last passed.
    passed: Duration,
    /// The alarm that was last set.
    alarm: Option<(Duration, Waker)>,
}

impl Paced {
    pub(in crate::proxy) fn new(pace: &Arc<Pace>) -> Self {
        pace.responses.fetch_add(1, Ordering::Relaxed);
        Self { pace: Arc::clone(pace), began: None, passed: Duration::ZERO, alarm: None }
    }

    /// Bytes pass at `now`.
    pub(in crate::proxy) const fn passed(&mut self, now: Duration) {
        self.passed = now;
    }

    /// When to wake up for what is due at `due`: on a grid of its own, so that a late wake-up makes
    /// none after it later. However often it is asked, the answer is the same until bytes pass.
    pub(in crate::proxy) fn wake_up(&mut self, due: Duration) -> Duration {
        let began = *self.began.get_or_insert(due);
        let spacing = self.pace.spacing();
        if spacing.is_zero() {
            return due;
        }
        // Half a spacing, since the last wake-up may have been late by as much.
        let due = due.max(self.passed + spacing / 2);
        let steps = (due.saturating_sub(began).as_nanos()).div_ceil(spacing.as_nanos());
        began + Duration::from_nanos((steps * spacing.as_nanos()) as u64)
    }

    /// Has `waker` woken at process time `at`, which is in `wait`; `false` = a timer is good enough, or
    /// all there is.
    pub(in crate::proxy) fn rings(&mut self, at: Duration, wait: Duration, waker: &Waker) -> bool {
        let Some(alarm) = self.pace.alarm.get() else { return false };
        if wait > NEAR || self.pace.spacing() >= WIDE {
            return false;
        }
        let set = self.alarm.as_ref().is_some_and(|(set, who)| *set == at && who.will_wake(waker));
        if !set {
            alarm.set(at, waker.clone());
            self.alarm = Some((at, waker.clone()));
        }
        true
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
        assert_eq!(first.wake_up(MS(100)), MS(100));
        first.passed(MS(100));
        assert_eq!(first.wake_up(MS(107)), MS(107));
        let crowd: Vec<_> = (1..1420).map(|_| Paced::new(&pace)).collect();
        assert_eq!(pace.spacing(), MS(20));
        // On its grid, which began at 100 ms; late as it may have been, and not at once again.
        first.passed(MS(108));
        assert_eq!(first.wake_up(MS(110)), MS(120));
        first.passed(MS(127));
        assert_eq!(first.wake_up(MS(130)), MS(140));
        assert_eq!(first.wake_up(MS(130)), MS(140));
        first.passed(MS(138));
        assert_eq!(first.wake_up(MS(139)), MS(160));
        assert_eq!(first.wake_up(MS(205)), MS(220));
        let more: Vec<_> = (0..9000).map(|_| Paced::new(&pace)).collect();
        assert_eq!(pace.spacing(), PERIOD / 3);
        drop((crowd, more));
        assert_eq!(first.wake_up(MS(141)), MS(141));
    }

    #[test]
    fn every_tenth_of_a_second_has_as_many_wake_ups() {
        for responses in [100, 500, 1000, 2000, 5000] {
            let pace = Pace { responses: AtomicU32::new(responses), ..Pace::default() };
            let times = PERIOD.as_secs_f64() / pace.spacing().as_secs_f64();
            assert!((times - times.round()).abs() < 1e-4, "{responses}: {times}");
        }
    }
}
