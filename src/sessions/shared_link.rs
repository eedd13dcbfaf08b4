//! Links with a name, each of which several sessions use.

use super::{bottleneck::Bottleneck, clock::Clock};
use crate::{
    model::{LinkSpec, Sharing},
    profiles::Profile,
    seed::Seed,
    units::BitRate,
};
use foldhash::fast::RandomState;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

/// The most shared links at a time.
const MOST_LINKS: usize = 1024;

/// Two networks that can't be behind one link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "link `{name}` runs at {present} (profile `{profile}`), and profile `{other}` at {wanted}: \
     sessions behind one link need the same {differs}; choose another link, or the same network"
)]
pub struct Difference {
    name: Arc<str>,
    /// Its rate, in words.
    present: String,
    /// The profile it runs on.
    profile: String,
    /// The profile that doesn't fit, and its rate in words.
    other: String,
    wanted: String,
    /// What is not the same.
    differs: &'static str,
}

/// Why a session can't use the link it names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The sessions that use it have another network.
    #[error(transparent)]
    Differs(Box<Difference>),
    /// Its rate depends on the ladder of one session.
    #[error(
        "profile `{0}` has shares of a session's ladder: no link of several sessions can follow it; \
         write plain rates"
    )]
    Relative(String),
    /// A session stays on its link.
    #[error(
        "the session is on {from}, and profile `{profile}` names link `{to}`; \
         a session stays on its link: start a new one"
    )]
    Elsewhere {
        /// Where it is.
        from: String,
        /// The profile.
        profile: String,
        /// The link it names.
        to: Arc<str>,
    },
    /// There are too many.
    #[error("all {0} shared links are in use; choose one of them, or end sessions")]
    Full(usize),
}

/// A link that several sessions use. Its time starts with the first request of any of them, and it ends with the
/// last session.
#[derive(Debug)]
pub struct SharedLink {
    name: Arc<str>,
    sharing: Sharing,
    clock: Clock,
    started: OnceLock<Duration>,
    bottleneck: Arc<Bottleneck>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Of the first session, or of the one that changed it while it was alone.
    profile: Arc<Profile>,
    /// The rate that a live command set.
    rate: Option<BitRate>,
    spec: LinkSpec,
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

    /// Its time zero, in process time: `now`, unless it has begun before.
    pub(super) fn begin(&self, now: Duration) -> Duration {
        *self.started.get_or_init(|| now)
    }

    /// Its time; zero before it has begun.
    pub(super) fn now(&self) -> Duration {
        let since = |started: &Duration| self.clock.now().saturating_sub(*started);
        self.started.get().map(since).unwrap_or_default()
    }

    /// The rate that a live command set, for all its sessions.
    #[must_use]
    pub fn rate_set(&self) -> Option<BitRate> {
        self.state.lock().rate
    }

    pub(super) const fn bottleneck(&self) -> &Arc<Bottleneck> {
        &self.bottleneck
    }

    /// Becomes a link of `spec` at link time `now`, unless it is one already.
    pub(super) fn change(&self, now: Duration, spec: &LinkSpec) {
        let mut state = self.state.lock();
        if state.spec.differs(spec).is_some() {
            state.spec = spec.clone();
            self.bottleneck.change(now, &spec.bottleneck());
        }
    }

    /// Checks that a session may be on `profile` here.
    ///
    /// # Errors
    /// When it needs another link.
    pub(super) fn would_admit(&self, profile: &Arc<Profile>, alone: bool) -> Result<(), LinkError> {
        if let Some(to) = profile.shared.name.as_ref().filter(|name| **name != self.name) {
            let from = format!("link `{}`", self.name);
            let (profile, to) = (profile.name.clone(), Arc::clone(to));
            return Err(LinkError::Elsewhere { from, profile, to });
        }
        check(&self.name, &self.state.lock().profile, self.sharing, profile, alone)
    }

    /// Checks that a session may be on `profile` here; notes `rate` for those who come. `alone` = no
    /// other session is here: then the link becomes what the profile says.
    ///
    /// # Errors
    /// When it needs another link.
    pub(super) fn admit(
        &self,
        profile: &Arc<Profile>,
        rate: Option<BitRate>,
        alone: bool,
    ) -> Result<(), LinkError> {
        self.would_admit(profile, alone)?;
        let mut state = self.state.lock();
        if alone {
            state.profile = Arc::clone(profile);
        }
        state.rate = rate;
        Ok(())
    }
}

/// Checks that `profile` fits the link `name`, which runs on `present` and is shared in that way.
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

/// The shared links in use, by name.
#[derive(Debug, Default)]
pub(super) struct SharedLinks {
    links: Mutex<HashMap<Arc<str>, Weak<SharedLink>, RandomState>>,
}

impl SharedLinks {
    /// The link `name` for a session on `profile`; a new one if nobody uses it. `seed` is
    /// that of the process: its chances don't depend on who comes first.
    pub(super) fn join(
        &self,
        name: &Arc<str>,
        profile: &Arc<Profile>,
        seed: Seed,
        clock: Clock,
    ) -> Result<Arc<SharedLink>, LinkError> {
        let mut links = self.links.lock();
        if let Some(link) = links.get(name).and_then(Weak::upgrade) {
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
                spec: profile.link.clone(),
            }),
        });
        links.insert(Arc::clone(name), Arc::downgrade(&link));
        Ok(link)
    }
}
