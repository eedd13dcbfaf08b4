//! The registry of sessions: starts, finds and expires them.

use super::{
    arming::ArmingRequest,
    command::{Applied, Command, CommandError},
    command_text,
    control::Control,
    label::namespace,
    named_profiles::NamedProfiles,
    registry_config::RegistryConfig,
    session::{NewSession, Session},
    session_clock::ProcessNanos,
    settings::Settings,
    shared::{Quota, Replica, StateError},
    shared_link::{LinkError, SharedLink, SharedLinks},
    viewer::Viewer,
};
use crate::{
    clock::Clock,
    event::{Bus, Event, SessionTag},
    profiles::Profile,
    rules::RuleSet,
    units::{ProcessTime, SessionTime},
};
use parking_lot::{Mutex, RwLock};
use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

mod change;
mod continued;
mod follow;
mod index;
mod locate;
mod quotas;
mod restore;
mod session_id;
mod write_behind;

pub use change::RulesError;
use index::Sessions;
pub use locate::{LocateError, Opened};
use quotas::Quotas;

/// Why no session could be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// There are too many sessions.
    #[error("all {0} sessions are in use; raise --max-sessions or wait until one is idle")]
    Full(usize),
    /// It cannot use the link it names.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The shared state does not take it.
    #[error(transparent)]
    State(#[from] StateError),
}

/// There is no session with this id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no session `{0}`; it may have expired (see --session-idle)")]
pub struct RegistryError(pub String);

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
    /// Locked while a session is started for a viewer without one.
    viewer_start: Mutex<()>,
}

impl Registry {
    /// A registry without sessions.
    #[must_use]
    pub fn new(config: RegistryConfig, clock: Clock, bus: Arc<Bus>) -> Self {
        config.rules.loaded(clock.now().since_zero());
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
            viewer_start: Mutex::default(),
        }
    }

    /// The same with bounds for each namespace.
    #[must_use]
    pub fn with_quota(self, quota: Quota) -> Self {
        Self { quotas: Quotas::new(quota), ..self }
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
    pub fn unix_time(&self) -> Duration {
        self.clock.epoch(self.clock.now())
    }

    /// The defaults for new sessions.
    #[must_use]
    pub fn config(&self) -> &RegistryConfig {
        &self.config
    }

    /// Starts a session whose id is part of its addresses. If a request of `client` started it, it begins at once and
    /// gets later requests from that address that name no session. Otherwise its time starts with its first request.
    ///
    /// # Errors
    /// When there are too many sessions.
    pub fn start(
        &self,
        client: Option<IpAddr>,
        request: ArmingRequest,
    ) -> Result<Arc<Session>, StartError> {
        self.create(request, true, |sessions, session| {
            if let Some(client) = client {
                session.begin();
                sessions.newest.insert(client, Arc::clone(session));
            }
        })
    }

    /// The session of `viewer`, or a new one if there is none.
    ///
    /// # Errors
    /// When there are too many sessions.
    pub fn of_viewer(
        &self,
        viewer: Viewer,
        request: ArmingRequest,
    ) -> Result<Arc<Session>, StartError> {
        if let Some(session) = self.sessions.read().by_viewer.get(&viewer) {
            return Ok(Arc::clone(session));
        }
        let _one_at_a_time = self.viewer_start.lock();
        // Another request of the same viewer may have been first.
        if let Some(session) = self.sessions.read().by_viewer.get(&viewer) {
            return Ok(Arc::clone(session));
        }
        self.create(request, false, |sessions, session| {
            session.begin();
            sessions.by_viewer.insert(viewer, Arc::clone(session));
        })
    }

    /// The session with `id`.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(&self, id: &str) -> Result<Arc<Session>, RegistryError> {
        let session = self.sessions.read().by_id.get(id).cloned();
        session.ok_or_else(|| RegistryError(id.to_owned()))
    }

    /// The newest session of `client`, or else the anonymous session, which serves all other requests.
    #[must_use]
    pub fn fallback(&self, client: IpAddr) -> Arc<Session> {
        let sessions = self.sessions.read();
        if let Some(session) = sessions.newest.get(&client).or(sessions.anonymous.as_ref()) {
            return Arc::clone(session);
        }
        drop(sessions);
        let mut sessions = self.sessions.write();
        if let Some(anonymous) = &sessions.anonymous {
            return Arc::clone(anonymous);
        }
        // Ordinal 0: a stray request must not shift the seeds of the sessions that follow.
        let mut request = ArmingRequest::default();
        // If it can't use the shared link, it has its own.
        let shared = self.shared_link(&mut request).ok().flatten();
        let anonymous = self.make("anonymous".into(), 0, request, shared, false, None);
        anonymous.begin();
        let anonymous = Arc::new(anonymous);
        sessions.anonymous = Some(Arc::clone(&anonymous));
        sessions.add(&anonymous);
        drop(sessions);
        self.emit_started(&anonymous);
        anonymous
    }

    /// All sessions, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Session>> {
        let mut list: Vec<_> = self.sessions.read().by_id.values().cloned().collect();
        list.sort_by_key(|session| session.tag.ordinal);
        list
    }

    /// Applies `command` to `session`, unless `expected` rejects its current version. Emits an event when the network
    /// changes. On a shared link, a new rate applies to all sessions of the link.
    ///
    /// # Errors
    /// When the command fails. Nothing has changed then.
    pub fn command(
        &self,
        session: &Session,
        command: &Command,
        expected: &dyn Fn(u64) -> bool,
    ) -> Result<Applied, CommandError> {
        self.command_given(session, command, expected, None)
    }

    /// The same for a command that was given at process time `given`.
    fn command_given(
        &self,
        session: &Session,
        command: &Command,
        expected: &dyn Fn(u64) -> bool,
        given: Option<ProcessNanos>,
    ) -> Result<Applied, CommandError> {
        let (applied, network) = session.apply_command(command, expected, given, &self.rules)?;
        self.emit_command(session, command_text::kind(command), command_text::text(command));
        if network {
            self.emit_link_changed(session);
        }
        self.share_rate(session)?;
        self.reverts.notify_one();
        Ok(applied)
    }

    /// The rules of all sessions, and their version.
    #[must_use]
    pub fn rules(&self) -> (Arc<RuleSet>, u64) {
        let version = self.rules_version.lock();
        (Arc::clone(&self.rules.read()), *version)
    }

    /// Replaces the rules of all present and future sessions, unless `expected` rejects the current version. `None`
    /// restores the rules of the command line. Returns the new version.
    ///
    /// # Errors
    /// The current version, if it was rejected.
    pub fn replace_rules(
        &self,
        rules: Option<Arc<RuleSet>>,
        expected: &dyn Fn(u64) -> bool,
    ) -> Result<u64, u64> {
        let mut version = self.rules_version.lock();
        if !expected(*version) {
            return Err(*version);
        }
        let next = *version + 1;
        self.put_rules(rules, &mut version, next);
        Ok(next)
    }

    /// Puts `rules` and the number `next` in place of the present ones, whose `version` is locked.
    fn put_rules(&self, rules: Option<Arc<RuleSet>>, version: &mut u64, next: u64) {
        // A new session reads the rules under the lock of the list: it either has the new rules or is in the list.
        let rules = rules.unwrap_or_else(|| Arc::clone(&self.config.rules));
        rules.loaded(self.clock.now().since_zero());
        *self.rules.write() = rules;
        *version = next;
        for session in self.list() {
            if let Err(problem) = session.adjust(&self.rules, |_, _| true) {
                tracing::warn!(session = &*session.tag.id, %problem, "the rules could not be replaced");
            }
        }
    }

    /// Reverts every temporary change that is due.
    pub fn revert_due(&self) {
        for session in self.list() {
            match session.adjust(&self.rules, Control::revert) {
                Ok(true) => {
                    let text = "end of a temporary change".to_owned();
                    self.emit_command(&session, command_text::REVERT, text);
                    self.emit_link_changed(&session);
                }
                Ok(false) => continue,
                Err(problem) => {
                    let id = &*session.tag.id;
                    tracing::warn!(session = id, %problem, "a temporary change could not be reverted: the link has changed");
                    continue;
                }
            }
            // The other sessions take over the rate of the one that was reverted; that can't fail.
            let _ = self.share_rate(&session);
        }
    }

    /// The process time at which the next temporary change is due.
    pub(super) fn next_revert(&self) -> Option<ProcessTime> {
        let all = self.list();
        all.iter().filter_map(|session| session.next_revert()).min()
    }

    /// Gives all sessions on the shared link of `session` the link's rate.
    fn share_rate(&self, session: &Session) -> Result<(), LinkError> {
        let Some(shared) = session.downlink.shared() else { return Ok(()) };
        let (rate, settings) = (shared.rate_set(), session.settings());
        let others = self.list().into_iter().filter(|other| {
            let same = other.downlink.shared().is_some_and(|link| Arc::ptr_eq(link, shared));
            same && other.tag != session.tag && other.arming().shaping.rate != rate
        });
        for other in others {
            let follow = |control: &mut Control, _| {
                control.follow(&settings);
                true
            };
            if other.adjust(&self.rules, follow)? {
                self.emit_link_changed(&other);
            }
        }
        Ok(())
    }

    fn emit_command(&self, session: &Session, kind: &'static str, text: String) {
        let (session, command) = (Arc::clone(&session.tag), text.into());
        self.bus.emit(&Event::CommandApplied { session, kind, command });
    }

    /// Emits a sample of the link of every session in which something happens.
    pub fn sample_links(&self) {
        for session in self.list() {
            if let Some(sample) = session.sample() {
                self.bus.emit(&sample);
            }
        }
    }

    fn emit_link_changed(&self, session: &Session) {
        let profile = Arc::clone(&session.arming().profile_name);
        let (session, rate) = (Arc::clone(&session.tag), session.rate());
        self.bus.emit(&Event::LinkChanged { session, profile, rate });
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

    /// Ends every session.
    pub fn end_all(&self) {
        self.remove(&self.list());
    }

    /// Starts a session; `note` adds it to the index that finds it.
    fn create(
        &self,
        request: ArmingRequest,
        addressed: bool,
        note: impl FnOnce(&mut Sessions, &Arc<Session>),
    ) -> Result<Arc<Session>, StartError> {
        if self.sessions.read().by_id.len() >= self.config.most_sessions {
            self.expire();
        }
        let mut sessions = self.sessions.write();
        if sessions.by_id.len() >= self.config.most_sessions {
            return Err(StartError::Full(self.config.most_sessions));
        }
        let mut request = request;
        let shared = self.shared_link(&mut request)?;
        let ordinal = self.ordinal.fetch_add(1, Ordering::Relaxed) + 1;
        let RegistryConfig { id_key, seed, .. } = &self.config;
        let id =
            session_id::draw(id_key.as_ref(), *seed, ordinal, |id| sessions.by_id.contains_key(id));
        let session = Arc::new(self.make(id, ordinal, request, shared, addressed, None));
        sessions.add(&session);
        note(&mut sessions, &session);
        drop(sessions);
        self.emit_started(&session);
        Ok(session)
    }

    /// The shared link for a session started with `request`, if it uses one. Fills in the default profile.
    fn shared_link(
        &self,
        request: &mut ArmingRequest,
    ) -> Result<Option<Arc<SharedLink>>, LinkError> {
        let profile = request.profile.get_or_insert_with(|| Arc::clone(&self.config.profile));
        *profile = request.shaping.apply(profile);
        let profile = Arc::clone(profile);
        let Some(name) = self.link_name(request, &profile) else { return Ok(None) };
        // The link of the command line is for the sessions of all namespaces.
        let own = self.config.link.as_ref() != Some(&name);
        let space = request.label.as_deref().and_then(namespace).filter(|_| own);
        self.links.join(space, &name, &profile, self.config.seed, self.clock).map(Some)
    }

    /// The name of the shared link for a session with `profile`.
    fn link_name(&self, request: &ArmingRequest, profile: &Profile) -> Option<Arc<str>> {
        let named = [&request.link, &self.config.link, &profile.shared.name];
        named.into_iter().flatten().next().cloned()
    }

    fn make(
        &self,
        id: Arc<str>,
        ordinal: u64,
        request: ArmingRequest,
        shared: Option<Arc<SharedLink>>,
        addressed: bool,
        before: Option<(ProcessNanos, Option<ProcessNanos>)>,
    ) -> Session {
        let seed =
            request.seed.unwrap_or_else(|| self.config.seed.named("session").numbered(ordinal));
        let settings = Settings::new(
            Arc::clone(&self.profiles),
            request.profile.unwrap_or_else(|| Arc::clone(&self.config.profile)),
            shared.as_ref().and_then(|link| link.rate_set()),
            request.rules.unwrap_or_default(),
        );
        let common = Arc::clone(&self.rules.read());
        let tag = SessionTag { id, ordinal, seed: seed.value(), label: request.label };
        let origin = request.origin.unwrap_or_else(|| self.config.origin.clone());
        let tag = Arc::new(tag);
        let new = NewSession { tag, seed, origin, settings, shared, addressed, before };
        Session::new(new, &common, self.clock)
    }

    fn emit_started(&self, session: &Session) {
        let profile = Arc::clone(&session.arming().profile_name);
        // The rate at time zero, not at the current time: events must be the same in a replay.
        let rate = session.downlink.rate(SessionTime::ZERO);
        self.bus.emit(&Event::SessionStarted { session: Arc::clone(&session.tag), profile, rate });
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
