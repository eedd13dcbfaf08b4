//! Named links, each shared by several sessions.

use super::{bottleneck::Bottleneck, signed_process_time::SignedProcessTime};
use crate::{
    clock::Clock,
    model::{LinkSpec, Sharing},
    profiles::Profile,
    seed::Seed,
    units::{BitRate, LinkTime, ProcessTime},
};
use foldhash::fast::RandomState;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, Weak},
};

/// The most runs of schedules that a link remembers.
const MOST_RUNS: usize = 64;

/// The most shared links at the same time.
const MOST_LINKS: usize = 1024;

/// Two profiles that cannot use the same link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "link `{name}` runs at {present} (profile `{profile}`), and profile `{other}` at {wanted}: \
     sessions behind one link need the same {differs}; choose another link, or the same network"
)]
pub struct Difference {
    name: Arc<str>,
    /// The link's rate, in words.
    present: String,
    /// The profile of the link.
    profile: String,
    /// The profile that does not match, and its rate in words.
    other: String,
    wanted: String,
    /// The property that differs.
    differs: &'static str,
}

/// Why a session cannot use a link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The sessions on the link have a different network.
    #[error(transparent)]
    Differs(Box<Difference>),
    /// The profile's rate depends on the ladder of one session.
    #[error(
        "profile `{0}` has shares of a session's ladder: no link of several sessions can follow it; \
         write plain rates"
    )]
    Relative(String),
    /// A running session cannot move to another link.
    #[error(
        "the session is on {from}, and profile `{profile}` names link `{to}`; \
         a session stays on its link: start a new one"
    )]
    Elsewhere {
        /// The session's link.
        from: String,
        /// The profile.
        profile: String,
        /// The link that the profile names.
        to: Arc<str>,
    },
    /// There are too many shared links.
    #[error("all {0} shared links are in use; choose one of them, or end sessions")]
    Full(usize),
}

/// A link that several sessions use. Its time starts with the first request of any of them. It is dropped with
/// the last session.
#[derive(Debug)]
pub struct SharedLink {
    name: Arc<str>,
    sharing: Sharing,
    clock: Clock,
    started: OnceLock<ProcessTime>,
    bottleneck: Arc<Bottleneck>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The profile of the first session, or of the session that changed it while it was the only one.
    profile: Arc<Profile>,
    /// The rate that a live command set.
    rate: Option<BitRate>,
    /// The process time of the last command that set profile or rate.
    set: Option<SignedProcessTime>,
    spec: LinkSpec,
    /// The number of the run of its schedules, and the profiles that it had, the first one first.
    schedule_run: u64,
    runs: Vec<Run>,
}

/// A run of the schedules of a shared link.
#[derive(Debug)]
struct Run {
    number: u64,
    /// Of the session that has set it: its ordinal, and the number of the run there.
    picked: (u64, u64),
    profile: Arc<Profile>,
}

impl State {
    /// The number of the run of `profile` that was `picked`. A session that goes back to the profile that it started with
    /// goes on with the run of that profile.
    fn run_of(&mut self, picked: (u64, u64), profile: &Arc<Profile>) -> u64 {
        let known = self.runs.iter().find(|run| run.picked == picked);
        let started_with = || {
            let first = picked.1 == 0;
            self.runs.iter().rev().find(|run| first && is_same(&run.profile, profile))
        };
        if let Some(run) = known.or_else(started_with) {
            return run.number;
        }
        let number = self.runs.last().map_or(0, |run| run.number) + 1;
        if self.runs.len() >= MOST_RUNS {
            self.runs.remove(0);
        }
        self.runs.push(Run { number, picked, profile: Arc::clone(profile) });
        number
    }
}

/// Whether both are the same profile, also if one was read again.
fn is_same(one: &Arc<Profile>, other: &Arc<Profile>) -> bool {
    Arc::ptr_eq(one, other) || (one.name == other.name && one.link == other.link)
}

impl SharedLink {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// How its sessions share it.
    #[must_use]
    pub const fn sharing(&self) -> Sharing {
        self.sharing
    }

    /// Its time zero in process time: `now`, unless it has already begun.
    pub(super) fn begin(&self, now: ProcessTime) -> ProcessTime {
        *self.started.get_or_init(|| now)
    }

    /// The current link time; zero before it has begun.
    pub(super) fn now(&self) -> LinkTime {
        let since = |started: &ProcessTime| LinkTime::new(self.clock.now() - *started);
        self.started.get().map(since).unwrap_or_default()
    }

    /// The rate that a live command set, for all its sessions.
    #[must_use]
    pub fn rate_set(&self) -> Option<BitRate> {
        self.state.lock().rate
    }

    /// The process time of the last command that set its profile or its rate.
    pub(super) fn last_set(&self) -> Option<SignedProcessTime> {
        self.state.lock().set
    }

    pub(super) const fn bottleneck(&self) -> &Arc<Bottleneck> {
        &self.bottleneck
    }

    /// Changes the link to `spec` at link time `now`, unless it has that spec already.
    pub(super) fn change(&self, now: LinkTime, spec: &LinkSpec) {
        let mut state = self.state.lock();
        if state.spec.differs(spec).is_some() {
            state.spec = spec.clone();
            self.bottleneck.change(now, &spec.bottleneck(), state.schedule_run);
        }
    }

    /// Checks that a session may use `profile` on this link.
    ///
    /// # Errors
    /// When the profile needs another link.
    pub(super) fn would_admit(&self, profile: &Arc<Profile>, alone: bool) -> Result<(), LinkError> {
        if let Some(to) = profile.shared.name.as_ref().filter(|name| **name != self.name) {
            let from = format!("link `{}`", self.name);
            let (profile, to) = (profile.name.clone(), Arc::clone(to));
            return Err(LinkError::Elsewhere { from, profile, to });
        }
        check(&self.name, &self.state.lock().profile, self.sharing, profile, alone)
    }

    /// Checks that a session may use `profile` on this link, and stores `rate` for later sessions, as a command at process
    /// time `at` sets them. `alone`: no other session uses the link; the link then takes over the profile. `picked`: the
    /// session's ordinal, and the number of the run of its schedules.
    ///
    /// # Errors
    /// When the profile needs another link.
    pub(super) fn admit(
        &self,
        profile: &Arc<Profile>,
        rate: Option<BitRate>,
        alone: bool,
        at: SignedProcessTime,
        picked: (u64, u64),
    ) -> Result<(), LinkError> {
        self.would_admit(profile, alone)?;
        let mut state = self.state.lock();
        // A session that takes over the rate of another sets nothing.
        let new_profile = alone && !is_same(&state.profile, profile);
        if new_profile {
            state.profile = Arc::clone(profile);
            state.schedule_run = state.run_of(picked, profile);
        }
        if new_profile || state.rate != rate {
            state.rate = rate;
            state.set = Some(at);
        }
        Ok(())
    }
}

/// Checks that `profile` matches the link `name`, which has the profile `present` and the given `sharing`.
fn check(
    name: &Arc<str>,
    present: &Arc<Profile>,
    sharing: Sharing,
    profile: &Arc<Profile>,
    alone: bool,
) -> Result<(), LinkError> {
    if profile.link.resolve(&|_| None).is_some() {
        return Err(LinkError::Relative(profile.name.clone()));
    }
    let differs = (profile.sharing() != sharing).then_some("sharing");
    let network = || if alone { None } else { present.link.differs(&profile.link) };
    let differs = differs.or_else(network);
    match differs {
        None => Ok(()),
        Some(differs) => Err(LinkError::Differs(Box::new(Difference {
            name: Arc::clone(name),
            present: present.rate_in_short(),
            profile: present.name.clone(),
            other: profile.name.clone(),
            wanted: profile.rate_in_short(),
            differs,
        }))),
    }
}

/// The shared links in use, by namespace and name.
#[derive(Debug, Default)]
pub(super) struct SharedLinks {
    links: Mutex<HashMap<Arc<str>, Weak<SharedLink>, RandomState>>,
}

impl SharedLinks {
    /// The link `name` for a session with `profile`; a new link if no session of `namespace` uses it: sessions of other
    /// namespaces have links of their own with that name. `seed` is the seed of the process, so the link's random draws
    /// do not depend on which session is first.
    pub(super) fn join(
        &self,
        namespace: Option<&str>,
        name: &Arc<str>,
        profile: &Arc<Profile>,
        seed: Seed,
        clock: Clock,
    ) -> Result<Arc<SharedLink>, LinkError> {
        // No name has a slash.
        let key = namespace
            .map_or_else(|| Arc::clone(name), |namespace| format!("{namespace}/{name}").into());
        let mut links = self.links.lock();
        if let Some(link) = links.get(&key).and_then(Weak::upgrade) {
            let state = link.state.lock();
            check(name, &state.profile, link.sharing, profile, false)?;
            drop(state);
            return Ok(link);
        }
        check(name, profile, profile.sharing(), profile, true)?;
        if links.len() >= MOST_LINKS {
            links.retain(|_, link| link.strong_count() > 0);
        }
        if links.len() >= MOST_LINKS {
            return Err(LinkError::Full(MOST_LINKS));
        }
        let link = Arc::new(SharedLink {
            name: Arc::clone(name),
            sharing: profile.sharing(),
            clock,
            started: OnceLock::new(),
            bottleneck: Arc::new(Bottleneck::new(
                &profile.link.bottleneck(),
                seed.named("link").named(name),
            )),
            state: Mutex::new(State {
                profile: Arc::clone(profile),
                rate: None,
                set: None,
                spec: profile.link.clone(),
                schedule_run: 0,
                runs: vec![Run { number: 0, picked: (0, 0), profile: Arc::clone(profile) }],
            }),
        });
        links.insert(key, Arc::downgrade(&link));
        Ok(link)
    }
}
