//! Starts sessions for all replicas, and finds those that other replicas started.

use super::{
    Registry,
    change::applied,
    errors::{LocateError, RegistryError, StartError},
    opened::Opened,
};
use crate::sessions::{
    ArmingRequest, Command, Logged, NewRecord, Replica, Session, SessionRecord, StateError, Stored,
    label::namespace,
    session_clock::Began,
    shared::{Counted, Served, Shared, Written},
    signed_process_time::SignedProcessTime,
};
use std::{net::IpAddr, sync::Arc};

impl Registry {
    /// Starts a session: here, or in the store of all replicas, in one round trip. Then it is made by the replica that
    /// gets its first request.
    ///
    /// # Errors
    /// When there are too many sessions, or the store cannot be reached.
    pub async fn open(
        &self,
        client: Option<IpAddr>,
        request: ArmingRequest,
    ) -> Result<Opened, StartError> {
        let Some(replica) = &self.replica else {
            if let Some(space) = request.label.as_deref().and_then(namespace) {
                let sessions = self.sessions.read().of_namespace(space);
                self.quotas.admit(space, sessions, self.clock.now().since_zero().as_secs())?;
            }
            let session = self.start(client, request)?;
            let profile = Arc::clone(&session.arming().profile_name);
            let (id, seed) = (Arc::clone(&session.tag.id), session.tag.seed);
            return Ok(Opened { id, profile, seed, version: session.version() });
        };
        let profile = request.profile.as_ref().unwrap_or(&self.config.profile);
        let profile = request.shaping.apply(profile);
        let link = self.link_name(&request, &profile);
        let (seed, default) = (self.config.seed, &self.config.profile);
        let record = SessionRecord::new(&request, &replica.library, seed, default, link);
        let text = serde_json::to_string(&record).unwrap_or_default();
        let space = request.label.as_deref().and_then(namespace);
        let new = NewRecord {
            record: &text,
            idle: self.config.idle,
            namespace: space.map(|space| (space, replica.quota())),
        };
        let created = replica.noted(replica.store.create(&replica.run(), new).await)?;
        replica.note_ordinal(created.ordinal);
        Ok(Opened {
            id: replica.ids.write(created.ordinal, record.link.as_deref()).into(),
            profile: profile.name.as_str().into(),
            seed: record.seed_of(created.ordinal).value(),
            version: 1,
        })
    }

    /// The session with `id`, if it is here and up to date: without a request to the store.
    #[must_use]
    pub fn find_current(&self, id: &str) -> Option<Arc<Session>> {
        self.find(id).ok().filter(|session| !is_outdated(session))
    }

    /// The session with `id`, if need be from the store: one that is not here, or whose last requests went to another
    /// replica.
    ///
    /// # Errors
    /// When there is none, or it cannot be made here.
    pub async fn locate(&self, id: &str) -> Result<Arc<Session>, LocateError> {
        let here = self.find(id);
        let Some(replica) = &self.replica else { return Ok(here?) };
        let (ordinal, here) = match here {
            Ok(session) if !is_outdated(&session) => return Ok(session),
            Ok(session) => (session.tag.ordinal, Some(session)),
            Err(_) => {
                let forged = || LocateError::Forged(id.chars().take(80).collect());
                let ordinal = replica.ids.read(id).ok_or_else(forged)?;
                // It may be here under an id with another signature.
                (ordinal, self.with_ordinal(ordinal))
            }
        };
        match here {
            Some(session) if !is_outdated(&session) => Ok(session),
            Some(session) => self.update(replica, session).await,
            None => self.load(replica, ordinal, id).await,
        }
    }

    /// `session`, as it is in the store.
    async fn update(
        &self,
        replica: &Replica,
        session: Arc<Session>,
    ) -> Result<Arc<Session>, LocateError> {
        let stored = match replica.reachable() {
            true => replica.noted(replica.store.load(&replica.run(), session.tag.ordinal).await),
            // The next heartbeat finds out whether it can be reached again.
            false => Err(StateError::Unreachable("it could not be reached before".to_owned())),
        };
        match stored {
            Ok(Some(stored)) => self.refresh(replica, &session, stored),
            Ok(None) | Err(StateError::Lost) => {
                match self.restore_missing(replica, std::slice::from_ref(&session)).await {
                    // It is still here if the store has it again.
                    Ok(()) => return Ok(self.find(&session.tag.id)?),
                    Err(problem) if problem.is_outage() => {}
                    Err(problem) => return Err(problem.into()),
                }
            }
            // Running sessions go on without the store.
            Err(problem) if problem.is_outage() => {}
            Err(problem) => return Err(problem.into()),
        }
        Ok(session)
    }

    /// The session with this ordinal, made from the store.
    async fn load(
        &self,
        replica: &Replica,
        ordinal: u64,
        id: &str,
    ) -> Result<Arc<Session>, LocateError> {
        let position = replica.position();
        let stored = replica.noted(replica.store.load(&replica.run(), ordinal).await)?;
        let stored = stored.ok_or_else(|| RegistryError(id.to_owned()))?;
        let session = self.continue_session(replica, ordinal, id, stored)?;
        if replica.position() != position {
            // What was changed after it was read, and before it was here, may be missing in it.
            self.follow_sessions(replica, std::slice::from_ref(&session)).await?;
        }
        Ok(session)
    }

    /// Brings `session` to what the store has.
    fn refresh(&self, replica: &Replica, session: &Session, mut stored: Stored) {
        let from = applied(session);
        let commands = stored.commands.split_off(from.min(stored.commands.len()));
        self.apply_all(replica, session, from, commands);
        if let Some(started) = stored.started {
            session.begin_at(replica.process_time(started));
        }
        let mut shared = session.shared.lock();
        let Some(known) = shared.as_deref_mut() else { return };
        known.set_served(&stored.by, &replica.name);
        restore_counted(session, known, &stored);
    }

    /// Makes a session that another replica has started, as it is now.
    fn continue_session(
        &self,
        replica: &Replica,
        ordinal: u64,
        id: &str,
        mut stored: Stored,
    ) -> Result<Arc<Session>, LocateError> {
        let unreadable = |problem: String| StateError::Unreadable(problem);
        let record: SessionRecord = serde_json::from_str(&stored.record)
            .map_err(|error| unreadable(format!("session {ordinal}: {error}")))?;
        if record.library != replica.library {
            let problem = "the session was started by a replica with other profiles, other options or another version \
                           of vsps: start all replicas with the same ones";
            return Err(StateError::Differs(problem.to_owned()).into());
        }
        let mut request = record.request(&self.config.catalog).map_err(unreadable)?;
        request.seed = Some(record.seed_of(ordinal));
        let began = Began {
            created: replica.process_time(stored.created),
            started: stored.started.map(|started| replica.process_time(started)),
        };
        replica.note_ordinal(ordinal);
        let session = self.make_continued(id, ordinal, request, began)?;
        let mut known = Shared {
            record: std::mem::take(&mut stored.record),
            created: stored.created,
            served: Served::by(&stored.by, &replica.name),
            written: Written { started: stored.started.is_some(), ..Written::default() },
            ..Shared::default()
        };
        let mut link_set = None;
        for logged in std::mem::take(&mut stored.commands) {
            let at = replica.process_time(logged.at);
            if let Some(command) = self.replay(&session, &logged, at) {
                known.resets += u64::from(command == Command::Reset);
                link_set = if command.sets_link() { Some(at) } else { link_set };
            }
            known.commands.push(logged);
        }
        if let Err(problem) = session.replay_reverts(self.process_time(), self.common()) {
            tracing::warn!(session = id, %problem, "a temporary change could not be reverted");
        }
        restore_counted(&session, &mut known, &stored);
        *session.shared.lock() = Some(Box::new(known));
        self.settle_link(&session, link_set);
        Ok(self.insert_continued(session)?)
    }

    /// Applies `logged` as it was applied at process time `at`. Returns the command, if it can be read.
    fn replay(&self, session: &Session, logged: &Logged, at: SignedProcessTime) -> Option<Command> {
        let command = serde_json::from_str::<Command>(&logged.command);
        let replayed = match &command {
            Ok(command) => {
                let replayed = session.replay(command, at, self.common());
                replayed.map_err(|problem| problem.to_string())
            }
            Err(problem) => Err(problem.to_string()),
        };
        if let Err(problem) = replayed {
            // It failed where it was given, too.
            tracing::debug!(session = &*session.tag.id, problem, "a command has no effect");
        }
        command.ok()
    }

    /// The sessions of all replicas: ordinal, id, and how each was started; oldest first. Empty without a store.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn list_all(&self) -> Result<Vec<(u64, Arc<str>, SessionRecord)>, StateError> {
        let Some(replica) = &self.replica else { return Ok(Vec::new()) };
        let all = replica.noted(replica.store.list().await)?;
        let read = |(ordinal, text, _): (u64, String, u64)| {
            let record: SessionRecord = serde_json::from_str(&text).ok()?;
            Some((ordinal, replica.ids.write(ordinal, record.link.as_deref()).into(), record))
        };
        Ok(all.into_iter().filter_map(read).collect())
    }

    /// The sessions of all replicas. They are made here if need be.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn all(&self) -> Result<Vec<Arc<Session>>, StateError> {
        if self.replica.is_none() {
            return Ok(self.list());
        }
        self.made_here(|_| true).await
    }

    /// The sessions of all replicas with a label. They are made here if need be.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn labelled(&self, label: &str) -> Result<Vec<Arc<Session>>, StateError> {
        if self.replica.is_none() {
            let mut sessions = self.list();
            sessions.retain(|session| session.tag.label.as_deref() == Some(label));
            return Ok(sessions);
        }
        self.made_here(|record| record.label.as_deref() == Some(label)).await
    }

    async fn made_here(
        &self,
        wanted: impl Fn(&SessionRecord) -> bool + Send,
    ) -> Result<Vec<Arc<Session>>, StateError> {
        let mut sessions = Vec::new();
        for (_, id, record) in self.list_all().await? {
            if !wanted(&record) {
                continue;
            }
            match self.locate(&id).await {
                Ok(session) => sessions.push(session),
                // It has ended meanwhile.
                Err(LocateError::Missing(_)) => {}
                Err(LocateError::State(error)) => return Err(error),
                Err(problem) => tracing::warn!(session = &*id, %problem, "left out"),
            }
        }
        Ok(sessions)
    }
}

/// Whether the store may have more of the session than is here: its last requests went to another replica, or none has
/// come here, as for a session that is here because of a request to the API.
fn is_outdated(session: &Session) -> bool {
    let shared = session.shared.lock();
    shared.as_deref().is_some_and(|known| match known.served {
        Served::Here => false,
        Served::Elsewhere => true,
        Served::Nowhere => !session.has_served(),
    })
}

/// Takes over the counters and the hosts that the store has of a session.
fn restore_counted(session: &Session, known: &mut Shared, stored: &Stored) {
    session.restore_hosts(&serde_json::from_str::<Vec<String>>(&stored.hosts).unwrap_or_default());
    let counted = serde_json::from_str::<Counted>(&stored.usage).unwrap_or_default();
    // Counters from before a reset are over.
    if counted.resets == known.resets {
        session.restore_usage(&counted.rules);
    }
    known.written.hosts.clone_from(&stored.hosts);
    known.written.usage.clone_from(&stored.usage);
}
