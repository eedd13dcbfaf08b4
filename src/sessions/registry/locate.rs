//! Starts sessions for all replicas, and finds those that other replicas started.

use super::{Registry, RegistryError, StartError};
use crate::sessions::{
    ArmingRequest, Command, Logged, NewRecord, Replica, Session, SessionRecord, StateError, Stored,
    label::namespace,
    shared::{Shared, Written},
};
use std::{net::IpAddr, sync::Arc};

/// A session that was started.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Its id.
    pub id: Arc<str>,
    /// The name of its profile.
    pub profile: Arc<str>,
    /// Its seed.
    pub seed: u64,
    /// Its version.
    pub version: u64,
}

/// Why a session cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocateError {
    /// There is none.
    #[error(transparent)]
    Missing(#[from] RegistryError),
    /// The id was not made by these replicas.
    #[error("`{0}` is no id of a session here: it was changed, or is of other replicas")]
    Forged(String),
    /// It cannot be made here.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The store cannot say.
    #[error(transparent)]
    State(#[from] StateError),
}

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
                let of = |session: &&Arc<Session>| {
                    session.tag.label.as_deref().and_then(namespace) == Some(space)
                };
                let sessions = self.list().iter().filter(of).count() as u64;
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

    /// The session with `id`, if need be from the store.
    ///
    /// # Errors
    /// When there is none, or it cannot be made here.
    pub async fn locate(&self, id: &str) -> Result<Arc<Session>, LocateError> {
        let missing = match self.find(id) {
            Ok(session) => return Ok(session),
            Err(missing) => missing,
        };
        let Some(replica) = &self.replica else { return Err(missing.into()) };
        let Some(ordinal) = replica.ids.read(id) else {
            return Err(LocateError::Forged(id.chars().take(80).collect()));
        };
        let stored = replica.noted(replica.store.load(ordinal).await)?;
        let stored = stored.ok_or(missing)?;
        self.continue_session(replica, ordinal, id, stored)
    }

    /// Makes a session that another replica has started, as it is now.
    fn continue_session(
        &self,
        replica: &Replica,
        ordinal: u64,
        id: &str,
        stored: Stored,
    ) -> Result<Arc<Session>, LocateError> {
        let unreadable = |problem: String| StateError::Unreadable(problem);
        let record: SessionRecord = serde_json::from_str(&stored.record)
            .map_err(|error| unreadable(format!("session {ordinal}: {error}")))?;
        if record.library != replica.library {
            let problem = "the session was started with other profiles, options or another version";
            return Err(StateError::Differs(problem.to_owned()).into());
        }
        let mut request = record.request(&self.config.catalog).map_err(unreadable)?;
        request.seed = Some(record.seed_of(ordinal));
        let times = (
            replica.process_nanos(stored.created),
            stored.started.map(|started| replica.process_nanos(started)),
        );
        replica.note_ordinal(ordinal);
        let session = self.make_continued(id, ordinal, request, times)?;
        for logged in &stored.commands {
            self.replay(replica, &session, logged);
        }
        if let Err(problem) = session.replay_reverts(self.now_nanos(), self.common()) {
            tracing::warn!(session = id, %problem, "a temporary change could not be reverted");
        }
        session
            .restore_hosts(&serde_json::from_str::<Vec<String>>(&stored.hosts).unwrap_or_default());
        session.restore_usage(&serde_json::from_str::<Vec<_>>(&stored.usage).unwrap_or_default());
        let Stored { record, created, started, hosts, usage, commands } = stored;
        let written = Written { started: started.is_some(), hosts, usage, ..Written::default() };
        *session.shared.lock() = Some(Box::new(Shared { record, created, commands, written }));
        Ok(self.insert_continued(session)?)
    }

    fn replay(&self, replica: &Replica, session: &Session, logged: &Logged) {
        let at = replica.process_nanos(logged.at);
        let replayed = match serde_json::from_str::<Command>(&logged.command) {
            Ok(command) => {
                let replayed = session.replay(&command, at, self.common());
                replayed.map_err(|problem| problem.to_string())
            }
            Err(problem) => Err(problem.to_string()),
        };
        if let Err(problem) = replayed {
            // It failed where it was given, too.
            tracing::debug!(session = &*session.tag.id, problem, "a command has no effect");
        }
    }

    /// The sessions of all replicas: id, and how each was started; oldest first. Empty without a store.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn list_all(&self) -> Result<Vec<(Arc<str>, SessionRecord)>, StateError> {
        let Some(replica) = &self.replica else { return Ok(Vec::new()) };
        let all = replica.noted(replica.store.list().await)?;
        let read = |(ordinal, text, _): (u64, String, u64)| {
            let record: SessionRecord = serde_json::from_str(&text).ok()?;
            Some((replica.ids.write(ordinal, record.link.as_deref()).into(), record))
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
        for (id, record) in self.list_all().await? {
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
