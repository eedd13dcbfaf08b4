//! The times of a session: how session time, process time and instants relate.

use super::signed_process_time::SignedProcessTime;
use crate::{
    clock::Clock,
    units::{ProcessTime, SessionTime, UnixTime},
};
use std::{sync::OnceLock, time::Duration};

/// When another replica began a session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Began {
    /// When the session was created.
    pub(super) created: SignedProcessTime,
    /// When it got its first request, if it has.
    pub(super) started: Option<SignedProcessTime>,
}

/// The clock of a session. Session time starts with the first request.
#[derive(Debug)]
pub(super) struct SessionClock {
    clock: Clock,
    /// When the session was created.
    created: SignedProcessTime,
    /// Session time zero.
    started: OnceLock<SignedProcessTime>,
}

impl SessionClock {
    /// The clock of a session that is created now.
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, created: clock.now().into(), started: OnceLock::new() }
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
            started.into()
        });
    }

    /// Starts session time at `started`, as another replica did, unless it has started. `first` is called as in
    /// [`Self::start`].
    pub(super) fn start_at(&self, started: SignedProcessTime, first: impl FnOnce(ProcessTime)) {
        self.started.get_or_init(|| {
            first(started.or_zero());
            started
        });
    }

    /// When session time started, if it has.
    pub(super) fn started(&self) -> Option<SignedProcessTime> {
        self.started.get().copied()
    }

    /// Process time.
    pub(super) fn process_now(&self) -> ProcessTime {
        self.clock.now()
    }

    /// Session time; `None` before it has started.
    pub(super) fn time(&self) -> Option<SessionTime> {
        let now = || SignedProcessTime::from(self.clock.now());
        self.started.get().map(|started| SessionTime::new(now().since(*started)))
    }

    /// Session time at a process time; zero before it has started.
    pub(super) fn time_at(&self, process: SignedProcessTime) -> SessionTime {
        let since = |started: &SignedProcessTime| process.since(*started);
        SessionTime::new(self.started.get().map_or(Duration::ZERO, since))
    }

    /// The time since the session was created.
    pub(super) fn age(&self) -> Duration {
        SignedProcessTime::from(self.clock.now()).since(self.created)
    }

    /// When the session was created, in process time; zero if that was before the process started.
    pub(super) fn created(&self) -> ProcessTime {
        self.created.or_zero()
    }

    /// The process time at session time `time`. Before the first request, session time zero is the current time.
    pub(super) fn process_time(&self, time: SessionTime) -> ProcessTime {
        match self.started.get() {
            Some(started) => started.saturating_add(time.since_zero()).or_zero(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_session_that_began_before_the_process_goes_on() {
        let clock = Clock::start();
        let at = |seconds: i64| SignedProcessTime::from_nanos(seconds * 1_000_000_000);
        let began = Began { created: at(-70), started: Some(at(-60)) };
        let session = SessionClock::continued(clock, began);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(session.time(), Some(SessionTime::from_secs(65)));
        assert_eq!(session.age(), Duration::from_secs(75));
        assert_eq!(session.process_time(SessionTime::from_secs(70)), ProcessTime::from_secs(10));
        assert_eq!(session.time_at(at(-30)), SessionTime::from_secs(30));
        let waits = SessionClock::continued(clock, Began { created: at(0), started: None });
        assert_eq!((waits.time(), waits.time_at(at(1))), (None, SessionTime::ZERO));
        waits.start(|_| {});
        assert_eq!(waits.time(), Some(SessionTime::ZERO));
    }
}
