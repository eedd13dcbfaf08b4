//! The downlink of a session. Other sessions may use the same link.

use super::{
    bottleneck::{Bottleneck, Waiting},
    shared_link::{LinkError, SharedLink},
    signed_process_time::SignedProcessTime,
};
use crate::{
    model::{Link, LinkSpec, SessionRoundRobin, Sharing, Verdict},
    profiles::Profile,
    seed::Seed,
    units::{BitRate, LinkTime, ProcessTime, SessionTime},
};
use parking_lot::Mutex;
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
    time::Duration,
};

/// The link that all responses of a session share. A shared link that existed before the session has an earlier time
/// zero, so session time and link time differ.
#[derive(Debug)]
pub struct Downlink {
    bottleneck: Arc<Bottleneck>,
    shared: Option<Arc<SharedLink>>,
    /// Link time minus session time, set when the session begins. Zero for a link that is not shared.
    offset: OnceLock<Duration>,
    /// Whether bodies are shaped by settings of this session alone: loss, transport.
    shapes: AtomicBool,
    /// Present on a link that sessions share fairly.
    turns: Option<Mutex<SessionRoundRobin>>,
}

impl Downlink {
    /// A link of `spec`, for one session.
    #[must_use]
    pub fn new(spec: &LinkSpec, seed: Seed) -> Self {
        Self {
            bottleneck: Arc::new(Bottleneck::new(spec, seed)),
            shared: None,
            offset: OnceLock::from(Duration::ZERO),
            shapes: AtomicBool::new(spec.shapes_bodies()),
            turns: None,
        }
    }

    /// The downlink of a session with `spec` over the shared link `shared`.
    #[must_use]
    pub fn over(shared: Arc<SharedLink>, spec: &LinkSpec) -> Self {
        Self {
            bottleneck: Arc::clone(shared.bottleneck()),
            offset: OnceLock::new(),
            shapes: AtomicBool::new(spec.shapes_bodies()),
            turns: (shared.sharing() == Sharing::Fair).then(Mutex::default),
            shared: Some(shared),
        }
    }

    /// Starts the session's time at process time `started`, and also the time of a shared link that no session has
    /// used yet.
    pub(super) fn begin(&self, started: ProcessTime) {
        if let Some(shared) = &self.shared {
            self.offset.get_or_init(|| started - shared.begin(started));
        }
    }

    /// The shared link, if the session uses one.
    #[must_use]
    pub const fn shared(&self) -> Option<&Arc<SharedLink>> {
        self.shared.as_ref()
    }

    /// Whether bodies must poll the link.
    #[must_use]
    pub fn shapes_bodies(&self) -> bool {
        self.shapes.load(Ordering::Relaxed) || self.bottleneck.shapes_bodies()
    }

    /// Runs `work` on the link, and on the session's turns if the link is shared fairly. Keep it short.
    pub(super) fn with<R>(
        &self,
        work: impl FnOnce(&mut Link, Option<&mut SessionRoundRobin>) -> R,
    ) -> R {
        self.bottleneck.with(|link| match &self.turns {
            Some(turns) => work(link, Some(&mut turns.lock())),
            None => work(link, None),
        })
    }

    /// The link's time at session time `now`. Before the session has begun, its time zero is the current time.
    #[must_use]
    pub fn link_time(&self, now: SessionTime) -> LinkTime {
        let offset = match (self.offset.get(), &self.shared) {
            (Some(offset), _) => *offset,
            (None, Some(shared)) => shared.now().since_zero(),
            (None, None) => Duration::ZERO,
        };
        LinkTime::new(offset + now.since_zero())
    }

    /// The session's time at link time `time`; zero for times before the session.
    #[must_use]
    pub fn session_time(&self, time: LinkTime) -> SessionTime {
        SessionTime::new(time - self.link_time(SessionTime::ZERO))
    }

    /// `verdict` with session times in place of link times.
    pub(super) fn session_verdict(&self, verdict: Verdict) -> Verdict<SessionTime> {
        verdict.on_clock(|time| self.session_time(time))
    }

    /// How long the link's schedules have run at session time `now`.
    #[must_use]
    pub fn running(&self, now: SessionTime) -> Duration {
        let now = self.link_time(now);
        self.bottleneck.with(|link| link.running(now))
    }

    /// The rate at `now`; `None` = no limit.
    #[must_use]
    pub fn rate(&self, now: SessionTime) -> Option<BitRate> {
        self.bottleneck.rate(self.link_time(now))
    }

    /// Bytes that the link could have carried by session time `now`, idle or not; `None` = it has no limit now.
    #[must_use]
    pub fn carried(&self, now: SessionTime) -> Option<u64> {
        let now = self.link_time(now);
        self.bottleneck.with(|link| link.rate(now).map(|_| link.carried(now)))
    }

    /// Checks that the session may use `profile` on this link, with `rate` in place of the profile's, as a command at
    /// process time `at` sets them. `picked`: the session's ordinal, and the number of the run of its schedules.
    ///
    /// # Errors
    /// When the profile needs another link.
    pub(super) fn admit(
        &self,
        profile: &Arc<Profile>,
        rate: Option<BitRate>,
        at: SignedProcessTime,
        picked: (u64, u64),
    ) -> Result<(), LinkError> {
        match (&self.shared, &profile.shared.name) {
            (Some(shared), _) => {
                shared.admit(profile, rate, Arc::strong_count(shared) == 1, at, picked)
            }
            (None, None) => Ok(()),
            (None, Some(to)) => Err(LinkError::Elsewhere {
                from: "a link of its own".to_owned(),
                profile: profile.name.clone(),
                to: Arc::clone(to),
            }),
        }
    }

    /// The same check as [`Self::admit`], without any change.
    pub(super) fn would_admit(&self, profile: &Arc<Profile>) -> Result<(), LinkError> {
        match &self.shared {
            Some(shared) => shared.would_admit(profile, Arc::strong_count(shared) == 1),
            None => self.admit(profile, None, SignedProcessTime::ZERO, (0, 0)),
        }
    }

    /// Changes the link to `spec` at `now` for all sessions that use it, and wakes all waiting bodies. Settings of
    /// this session alone do not change a shared link. `schedule_run` numbers the run of the schedules of the
    /// session's profile; a shared link counts its own.
    pub fn change(&self, now: SessionTime, spec: &LinkSpec, schedule_run: u64) {
        self.set_shaping(spec);
        let now = self.link_time(now);
        match &self.shared {
            Some(shared) => shared.change(now, spec),
            None => self.bottleneck.change(now, spec, schedule_run),
        }
    }

    /// Takes over from `spec` what is of this session alone.
    pub(super) fn set_shaping(&self, spec: &LinkSpec) {
        self.shapes.store(spec.shapes_bodies(), Ordering::Relaxed);
    }

    /// Wakes all waiting bodies.
    pub fn wake(&self) {
        self.bottleneck.wake();
    }

    /// Registers `waker` to be woken when the link changes.
    pub fn wait(&self, place: &mut Waiting, waker: &Waker) {
        self.bottleneck.wait(place, waker);
    }

    /// Removes the registration.
    pub fn leave(&self, place: &mut Waiting) {
        self.bottleneck.leave(place);
    }
}
