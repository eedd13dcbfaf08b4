//! The times of a session: how session time, process time and instants relate.

use crate::{
    clock::Clock,
    units::{ProcessTime, SessionTime, UnixTime},
};
use std::{sync::OnceLock, time::Duration};

/// A process time in ns. It is negative for what happened before this process started, in a session that another
/// replica began.
pub(super) type ProcessNanos = i64;

/// When another replica began a session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Began {
    /// When the session was created.
    pub(super) created: ProcessNanos,
    /// When it got its first request, if it has.
    pub(super) started: Option<ProcessNanos>,
}

/// The clock of a session. Session time starts with the first request.
#[derive(Debug)]
pub(super) struct SessionClock {
    clock: Clock,
    /// When the session was created.
    created: ProcessNanos,
    /// Session time zero.
    started: OnceLock<ProcessNanos>,
}

impl SessionClock {
    /// The clock of a session that is created now.
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, created: process_nanos(clock.now()), started: OnceLock::new() }
    }

    /// The clock of a session that another replica began.
    pub(super) fn continued(clock: Clock, began: Began) -> Self {
        let started = began.started.map_or_else(OnceLock::new, OnceLock::from);
        Self { clock, created: began.created, started }
    }

    /// Starts session time now, unless it has started. `first` is called at the start, with the process time.
    pub(super) fn start(&self, first: impl FnOnce(ProcessTime)) {
        self.started.get_or_init(|| {
            let started = self.clock.now();
            first(started);
            process_nanos(started)
        });
    }

    /// Starts session time at `started`, as another replica did, unless it has started. `first` is called as in
    /// [`Self::start`].
    pub(super) fn start_at(&self, started: ProcessNanos, first: impl FnOnce(ProcessTime)) {
        self.started.get_or_init(|| {
            first(ProcessTime::new(span(started)));
            started
        });
    }

    /// When session time started, if it has.
    pub(super) fn started(&self) -> Option<ProcessNanos> {
        self.started.get().copied()
    }

    /// Process time.
    pub(super) fn process_now(&self) -> ProcessTime {
        self.clock.now()
    }

    /// Session time; `None` before it has started.
    pub(super) fn time(&self) -> Option<SessionTime> {
        let now = || process_nanos(self.clock.now());
        self.started.get().map(|started| SessionTime::new(span(now() - started)))
    }

    /// Session time at a process time; zero before it has started.
    pub(super) fn time_at(&self, process: ProcessNanos) -> SessionTime {
        let since = |started: &ProcessNanos| span(process.saturating_sub(*started));
        SessionTime::new(self.started.get().map_or(Duration::ZERO, since))
    }

    /// The time since the session was created.
    pub(super) fn age(&self) -> Duration {
        span(process_nanos(self.clock.now()) - self.created)
    }

    /// When the session was created, in process time; zero if that was before the process started.
    pub(super) fn created(&self) -> ProcessTime {
        ProcessTime::new(span(self.created))
    }

    /// The process time at session time `time`. Before the first request, session time zero is the current time.
    pub(super) fn process_time(&self, time: SessionTime) -> ProcessTime {
        match self.started.get() {
            Some(started) => {
                ProcessTime::new(span(started.saturating_add(nanos(time.since_zero()))))
            }
            None => self.clock.now() + time.since_zero(),
        }
    }

    /// The Unix time at session time `time`.
    pub(super) fn unix_time(&self, time: SessionTime) -> UnixTime {
        self.clock.unix_time(self.process_time(time))
    }

    /// The instant of session time `time`, for a timer.
    pub(super) fn instant(&self, time: SessionTime) -> tokio::time::Instant {
        self.clock.instant(self.process_time(time))
    }
}

/// A process time in ns.
pub(super) fn process_nanos(time: ProcessTime) -> ProcessNanos {
    nanos(time.since_zero())
}

/// A span in ns. What is longer than 292 years is cut to that.
pub(super) fn nanos(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}

/// The span of this many ns; zero for less than none.
fn span(nanos: i64) -> Duration {
    Duration::from_nanos(nanos.max(0).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_session_that_began_before_the_process_goes_on() {
        let clock = Clock::start();
        let second = 1_000_000_000;
        let session = SessionClock::continued(
            clock,
            Began { created: -70 * second, started: Some(-60 * second) },
        );
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(session.time(), Some(SessionTime::from_secs(65)));
        assert_eq!(session.age(), Duration::from_secs(75));
        assert_eq!(session.process_time(SessionTime::from_secs(70)), ProcessTime::from_secs(10));
        assert_eq!(session.time_at(-30 * second), SessionTime::from_secs(30));
        let waits = SessionClock::continued(clock, Began { created: 0, started: None });
        assert_eq!((waits.time(), waits.time_at(second)), (None, SessionTime::ZERO));
        waits.start(|_| {});
        assert_eq!(waits.time(), Some(SessionTime::ZERO));
    }
}
