//! The registry of sessions: starts, finds and expires them.

use super::{
    named_profiles::NamedProfiles,
    registry_config::RegistryConfig,
    session::Session,
    shared::{Quota, Replica},
    shared_link::SharedLinks,
};
use crate::{
    clock::Clock,
    event::{Bus, Event},
    memory::MemoryBudget,
    rules::RuleSet,
    units::{ProcessTime, UnixTime},
};
use parking_lot::{Mutex, RwLock};
use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};
use tokio::sync::Notify;

mod change;
mod commands;
mod common_rules;
mod continued;
mod errors;
mod follow;
mod index;
mod locate;
mod opened;
mod quotas;
mod reclaim;
mod restore;
mod session_id;
mod start;
mod write_behind;

/// A player that is redirected to its session requests something of it sooner.
const UNUSED: Duration = Duration::from_secs(10);

pub use errors::{LocateError, RegistryError, RulesError, StartError};
use index::Sessions;
pub use opened::Opened;
use quotas::Quotas;

/// All sessions of a process.
pub struct Registry {
    config: RegistryConfig,
    /// This process as one of several; `None` = it is alone.
    replica: Option<Arc<Replica>>,
    /// The bounds of each namespace, if there is no store that has them.
    quotas: Quotas,
    profiles: Arc<NamedProfiles>,
    pub(super) clock: Clock,
    bus: Arc<Bus>,
    ordinal: AtomicU64,
    /// The rules of all sessions.
    rules: RwLock<Arc<RuleSet>>,
    /// Their version. Locked while the rules are replaced.
    rules_version: Mutex<u64>,
    /// Notified when a temporary change may be due earlier than the next known one.
    pub(super) reverts: Notify,
    sessions: RwLock<Sessions>,
    links: SharedLinks,
    /// What sessions hold.
    memory: Arc<MemoryBudget>,
    /// When memory was last freed, in milliseconds.
    reclaimed: AtomicU64,
    /// Locked while a session is started for a viewer without one.
    viewer_start: Mutex<()>,
}

impl Registry {
    /// A registry without sessions.
    #[must_use]
    pub fn new(config: RegistryConfig, clock: Clock, bus: Arc<Bus>) -> Self {
        config.rules.loaded(clock.now());
        let (catalog, default) = (Arc::clone(&config.catalog), Arc::clone(&config.profile));
        Self {
            profiles: Arc::new(NamedProfiles { catalog, default }),
            rules: RwLock::new(Arc::clone(&config.rules)),
            rules_version: Mutex::new(1),
            reverts: Notify::new(),
            config,
            replica: None,
            quotas: Quotas::default(),
            clock,
            bus,
            ordinal: AtomicU64::new(0),
            sessions: RwLock::default(),
            links: SharedLinks::default(),
            memory: Arc::default(),
            reclaimed: AtomicU64::new(0),
            viewer_start: Mutex::default(),
        }
    }

    /// The same with bounds for each namespace.
    #[must_use]
    pub fn with_quota(self, quota: Quota) -> Self {
        Self { quotas: Quotas::new(quota), ..self }
    }

    /// The same whose sessions are charged to `memory`.
    #[must_use]
    pub fn with_memory(self, memory: Arc<MemoryBudget>) -> Self {
        Self { memory, ..self }
    }

    /// What sessions are charged to.
    #[must_use]
    pub const fn memory(&self) -> &Arc<MemoryBudget> {
        &self.memory
    }

    /// The same as one of several replicas.
    #[must_use]
    pub fn with_replica(self, replica: Option<Arc<Replica>>) -> Self {
        Self { replica, ..self }
    }

    /// This process as one of several replicas, if it is one.
    #[must_use]
    pub const fn replica(&self) -> Option<&Arc<Replica>> {
        self.replica.as_ref()
    }

    /// The event bus.
    #[must_use]
    pub fn bus(&self) -> &Arc<Bus> {
        &self.bus
    }

    /// The current Unix time.
    #[must_use]
    pub fn unix_time(&self) -> UnixTime {
        self.clock.unix_time(self.clock.now())
    }

    /// The current process time.
    #[must_use]
    pub fn now(&self) -> ProcessTime {
        self.clock.now()
    }

    /// The defaults for new sessions.
    #[must_use]
    pub fn config(&self) -> &RegistryConfig {
        &self.config
    }

    /// The session with `id`.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(&self, id: &str) -> Result<Arc<Session>, RegistryError> {
        let session = self.sessions.read().by_id.get(id).cloned();
        session.ok_or_else(|| RegistryError(id.to_owned()))
    }

    /// All sessions, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Session>> {
        let mut list: Vec<_> = self.sessions.read().by_id.values().cloned().collect();
        list.sort_by_key(|session| session.tag.ordinal);
        list
    }

    /// Emits a sample of the link of every session in which something happens.
    pub fn sample_links(&self) {
        for session in self.list() {
            if let Some(sample) = session.sample() {
                self.bus.emit(&sample);
            }
        }
    }

    /// Ends the session with `id`. Its responses in flight continue.
    ///
    /// # Errors
    /// When there is none.
    pub fn end(&self, id: &str) -> Result<(), RegistryError> {
        let session = self.find(id)?;
        self.remove(&[session]);
        Ok(())
    }

    /// Ends every session whose idle time has reached the limit.
    pub fn expire(&self) {
        let over = |session: &Arc<Session>| session.idle() >= self.config.idle;
        let idle: Vec<_> =
            self.sessions.read().by_id.values().filter(|s| over(s)).cloned().collect();
        self.remove(&idle);
    }

    /// Makes room when there are as many sessions as there may be: ends those that are idle, or else those that a player was
    /// redirected to and has not requested anything of for a while.
    pub(super) fn make_room(&self) {
        let is_full = || self.sessions.read().by_id.len() >= self.config.most_sessions;
        if !is_full() {
            return;
        }
        self.expire();
        if is_full() {
            let unused = self.list().into_iter().filter(|session| {
                // Those that the API has started wait for their player.
                let redirected = session.memory().number() != 0;
                redirected && !session.has_served() && session.age() >= UNUSED
            });
            self.remove(&unused.collect::<Vec<_>>());
        }
    }

    /// Ends every session.
    pub fn end_all(&self) {
        self.remove(&self.list());
    }

    fn remove(&self, sessions_to_end: &[Arc<Session>]) {
        let removed = self.sessions.write().remove(sessions_to_end);
        for session in removed {
            self.bus.emit(&Event::SessionEnded {
                session: Arc::clone(&session.tag),
                profile: Arc::clone(&session.arming().profile_name),
                lasted: session.age(),
            });
        }
    }
}
