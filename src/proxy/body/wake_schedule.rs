//! How often and how precisely a response wakes up: a few responses at the exact time, thousands of slow ones less
//! often, to bound the CPU time.

use super::timer::PreciseTimer;
use crate::units::{ProcessTime, SessionTime};
use crate::{clock::Clock, sessions::Session};
use std::{
    io,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    task::Waker,
    time::Duration,
};
use tokio::runtime::Handle;

/// CPU time per wake-up that determines the spacing: all responses together may use one core.
const WAKE_UP: Duration = Duration::from_micros(14);
/// A whole number of spaced wake-ups fits into this time, so that each tenth of a second carries the same number
/// of bytes.
const PERIOD: Duration = Duration::from_millis(100);
/// The fewest wake-ups per period. The link model lets a response that is late by this much catch up, so rates
/// stay exact: bytes are sent in larger pieces, and never early.
const FEWEST: u32 = 3;
/// Below this spacing, wake-ups are not spaced: a link passes its bytes no more often.
const NARROWEST: Duration = Duration::from_micros(250);
/// From this spacing on, the runtime's timers are precise enough.
const WIDE: Duration = Duration::from_millis(1);
/// For longer waits the runtime's timer is used: being a millisecond late does not matter.
const NEAR: Duration = Duration::from_millis(20);
/// How late a runtime timer may be.
const LATE: Duration = Duration::from_millis(3);

/// The spacing of wake-ups, from the number of shaped responses.
#[derive(Debug, Default)]
pub(in crate::proxy) struct WakeSchedule {
    /// Shared with the other workers.
    responses: Arc<AtomicU32>,
    /// If it is not set, the runtime's timers are used.
    timer: OnceLock<PreciseTimer>,
}

impl WakeSchedule {
    /// Starts a precise timer for tasks of `runtime`, so that responses wake up at the exact time while there are few. Only for real time:
    /// the timer does not follow the runtime's paused clock.
    ///
    /// # Errors
    /// When it can't be started.
    pub(in crate::proxy) fn use_precise_timer(
        &self,
        clock: Clock,
        runtime: &Handle,
    ) -> io::Result<()> {
        if self.timer.get().is_none() {
            let _ = self.timer.set(PreciseTimer::start(clock, runtime)?);
        }
        Ok(())
    }

    /// The schedule of another worker, without a precise timer. It counts the same responses.
    pub(in crate::proxy) fn for_worker(&self) -> Self {
        Self { responses: Arc::clone(&self.responses), timer: OnceLock::new() }
    }

    /// Waits for `wait` in session time.
    pub(in crate::proxy) async fn pause(&self, session: &Session, wait: Duration) {
        if wait.is_zero() {
            return;
        }
        let until = session.now().saturating_add(wait);
        let Some(timer) = self.timer.get() else {
            return tokio::time::sleep_until(session.instant(until)).await;
        };
        // Most of the wait uses a runtime timer, since precise wake-ups can't be cancelled.
        if wait > NEAR {
            tokio::time::sleep_until(session.instant(until - LATE)).await;
        }
        if !timer.wakes_at(session.process_time(until)).await {
            tokio::time::sleep_until(session.instant(until)).await;
        }
    }

    /// The time between two wake-ups of one response.
    pub(in crate::proxy) fn spacing(&self) -> Duration {
        let wanted = WAKE_UP * self.responses.load(Ordering::Relaxed);
        if wanted < NARROWEST {
            return Duration::ZERO;
        }
        let wake_ups = (PERIOD.as_nanos() / wanted.as_nanos()) as u32;
        PERIOD / wake_ups.max(FEWEST)
    }
}

/// The wake-ups of one response.
#[derive(Debug)]
pub(in crate::proxy) struct ResponseWakeups {
    schedule: Arc<WakeSchedule>,
    /// When bytes were first due, in session time: the start of its grid of wake-ups.
    began: Option<SessionTime>,
    /// When bytes last passed.
    passed: SessionTime,
    /// The precise wake-up that was set last.
    timer: Option<(ProcessTime, Waker)>,
}

impl ResponseWakeups {
    pub(in crate::proxy) fn new(schedule: &Arc<WakeSchedule>) -> Self {
        schedule.responses.fetch_add(1, Ordering::Relaxed);
        Self { schedule: Arc::clone(schedule), began: None, passed: SessionTime::ZERO, timer: None }
    }

    /// Whether it wakes up less often than bytes are due.
    pub(in crate::proxy) fn are_spaced(&self) -> bool {
        !self.schedule.spacing().is_zero()
    }

    /// Records that bytes pass at `now`.
    pub(in crate::proxy) const fn passed(&mut self, now: SessionTime) {
        self.passed = now;
    }

    /// When to wake up for bytes that are due at `due`. Wake-ups are on a fixed grid, so that a late one does not
    /// delay the next. The result is the same until bytes pass.
    pub(in crate::proxy) fn wake_up(&mut self, due: SessionTime) -> SessionTime {
        let began = *self.began.get_or_insert(due);
        let spacing = self.schedule.spacing();
        if spacing.is_zero() {
            return due;
        }
        // Half a spacing, since the last wake-up may have been that late.
        let due = due.max(self.passed + spacing / 2);
        let steps = (due - began).as_nanos().div_ceil(spacing.as_nanos());
        began + Duration::from_nanos((steps * spacing.as_nanos()) as u64)
    }

    /// Sets a precise wake-up of `waker` at process time `at`, which is `wait` from now. Returns `false` if the
    /// runtime's timer is precise enough, or if no precise timer works.
    pub(in crate::proxy) fn set_timer(
        &mut self,
        at: ProcessTime,
        wait: Duration,
        waker: &Waker,
    ) -> bool {
        let Some(timer) = self.schedule.timer.get() else { return false };
        if wait > NEAR || self.schedule.spacing() >= WIDE {
            return false;
        }
        let set =
            self.timer.as_ref().is_some_and(|(set, known)| *set == at && known.will_wake(waker));
        if !set || timer.has_failed() {
            if !timer.set(at, waker.clone()) {
                return false;
            }
            self.timer = Some((at, waker.clone()));
        }
        true
    }
}

impl Drop for ResponseWakeups {
    fn drop(&mut self) {
        self.schedule.responses.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: fn(u64) -> SessionTime = SessionTime::from_millis;

    #[test]
    fn few_responses_wake_when_due_and_thousands_less_often() {
        let pace = Arc::new(WakeSchedule::default());
        let mut first = ResponseWakeups::new(&pace);
        assert_eq!(first.wake_up(AT(100)), AT(100));
        first.passed(AT(100));
        assert_eq!(first.wake_up(AT(107)), AT(107));
        let crowd: Vec<_> = (1..1420).map(|_| ResponseWakeups::new(&pace)).collect();
        assert_eq!(pace.spacing(), Duration::from_millis(20));
        // On its grid, which began at 100 ms; late as it may have been, and not at once again.
        first.passed(AT(108));
        assert_eq!(first.wake_up(AT(110)), AT(120));
        first.passed(AT(127));
        assert_eq!(first.wake_up(AT(130)), AT(140));
        assert_eq!(first.wake_up(AT(130)), AT(140));
        first.passed(AT(138));
        assert_eq!(first.wake_up(AT(139)), AT(160));
        assert_eq!(first.wake_up(AT(205)), AT(220));
        let more: Vec<_> = (0..9000).map(|_| ResponseWakeups::new(&pace)).collect();
        assert_eq!(pace.spacing(), PERIOD / 3);
        drop((crowd, more));
        assert_eq!(first.wake_up(AT(141)), AT(141));
    }

    #[test]
    fn every_tenth_of_a_second_has_as_many_wake_ups() {
        for responses in [100, 500, 1000, 2000, 5000] {
            let pace =
                WakeSchedule { responses: Arc::new(responses.into()), ..WakeSchedule::default() };
            let times = PERIOD.as_secs_f64() / pace.spacing().as_secs_f64();
            assert!((times - times.round()).abs() < 1e-4, "{responses}: {times}");
        }
    }
}
