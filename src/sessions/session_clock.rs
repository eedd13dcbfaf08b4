//! The times of a session: how session time, process time and instants relate.

use crate::{
    clock::Clock,
    units::{ProcessTime, SessionTime},
};
use std::{sync::OnceLock, time::Duration};

/// The clock of a session. Session time starts with the first request.
#[derive(Debug)]
pub(super) struct SessionClock {
    clock: Clock,
    /// When the session was created, in process time.
    created: ProcessTime,
    /// Session time zero, in process time.
    started: OnceLock<ProcessTime>,
}

impl SessionClock {
    /// The clock of a session that is created now.
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, created: clock.now(), started: OnceLock::new() }
    }

    /// Starts session time now, unless it has started. `first` is called at the start, with the process time.
    pub(super) fn start(&self, first: impl FnOnce(ProcessTime)) {
        self.started.get_or_init(|| {
            let started = self.clock.now();
            first(started);
            started
        });
    }

    /// Process time.
    pub(super) fn process_now(&self) -> ProcessTime {
        self.clock.now()
    }

    /// Session time; `None` before it has started.
    pub(super) fn time(&self) -> Option<SessionTime> {
        self.started.get().map(|started| SessionTime::new(self.clock.now() - *started))
    }

    /// The time since the session was created.
    pub(super) fn age(&self) -> Duration {
        self.clock.now() - self.created
    }

    /// When the session was created, in process time.
    pub(super) const fn created(&self) -> ProcessTime {
        self.created
    }

    /// The process time at session time `time`. Before the first request, session time zero is the current time.
    pub(super) fn process_time(&self, time: SessionTime) -> ProcessTime {
        self.started.get().copied().unwrap_or_else(|| self.clock.now()) + time.since_zero()
    }

    /// The Unix time at session time `time`.
    pub(super) fn epoch(&self, time: SessionTime) -> Duration {
        self.clock.epoch(self.process_time(time))
    }

    /// The instant of session time `time`, for a timer.
    pub(super) fn instant(&self, time: SessionTime) -> tokio::time::Instant {
        self.clock.instant(self.process_time(time))
    }
}
