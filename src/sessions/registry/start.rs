//! Starts sessions at this replica.

use super::{Registry, errors::StartError, index::Sessions, session_id};
use crate::{
    event::{Event, SessionTag},
    profiles::Profile,
    sessions::{
        arming::ArmingRequest,
        label::namespace,
        registry_config::RegistryConfig,
        session::{NewSession, Session},
        session_clock::Began,
        settings::Settings,
        shared_link::{LinkError, SharedLink},
        viewer::Viewer,
    },
    units::SessionTime,
};
use std::{
    net::IpAddr,
    sync::{Arc, atomic::Ordering},
};

impl Registry {
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
        let request = ArmingRequest { client, ..request };
        self.create(request, true, |sessions, session| {
            if let Some(client) = client {
                session.begin();
                sessions.newest.insert(client, Arc::clone(session));
            }
        })
    }

    /// The session of `viewer`, or a new one for `client` if there is none.
    ///
    /// # Errors
    /// When there are too many sessions.
    pub fn of_viewer(
        &self,
        viewer: Viewer,
        client: IpAddr,
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
        let request = ArmingRequest { client: Some(client), ..request };
        self.create(request, false, |sessions, session| {
            session.begin();
            sessions.by_viewer.insert(viewer, Arc::clone(session));
        })
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

    /// The session for reports that `client` posts without naming one: that whose player began to request media last,
    /// or else as for other requests.
    #[must_use]
    pub fn fallback_for_reports(&self, client: IpAddr) -> Arc<Session> {
        let playing = self.sessions.read().playing.get(&client).cloned();
        playing.unwrap_or_else(|| self.fallback(client))
    }

    /// Records that the player of `session` at `client` begins to request media.
    pub fn note_playing(&self, client: IpAddr, session: &Arc<Session>) {
        let mut sessions = self.sessions.write();
        // It may have ended meanwhile. The anonymous session is no player's.
        if session.tag.ordinal > 0 && sessions.by_id.contains_key(&session.tag.id) {
            sessions.playing.insert(client, Arc::clone(session));
        }
    }

    /// The newest session beside `known` with requests whose CMCD data had the `sid` `id`: in the namespace of `known`, and of
    /// its client or of one that is not known. Ids of other clients may be the same.
    #[must_use]
    pub fn with_cmcd_id(&self, id: &str, known: &Session) -> Option<Arc<Session>> {
        let space =
            |session: &Session| session.tag.label.as_deref().and_then(namespace).map(str::to_owned);
        let (client, own) = (known.memory().number(), space(known));
        let sessions = self.sessions.read();
        let of_client = sessions.by_id.values().filter(|session| {
            let number = session.memory().number();
            (number == 0 || number == client) && space(session) == own
        });
        let with_id = of_client.filter(|session| session.has_cmcd_id(id));
        with_id.max_by_key(|session| session.tag.ordinal).cloned()
    }

    /// Starts a session; `note` adds it to the index that finds it.
    fn create(
        &self,
        request: ArmingRequest,
        addressed: bool,
        note: impl FnOnce(&mut Sessions, &Arc<Session>),
    ) -> Result<Arc<Session>, StartError> {
        self.make_room();
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
    pub(super) fn shared_link(
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
    pub(super) fn link_name(&self, request: &ArmingRequest, profile: &Profile) -> Option<Arc<str>> {
        let named = [&request.link, &self.config.link, &profile.shared.name];
        named.into_iter().flatten().next().cloned()
    }

    pub(super) fn make(
        &self,
        id: Arc<str>,
        ordinal: u64,
        request: ArmingRequest,
        shared: Option<Arc<SharedLink>>,
        addressed: bool,
        began: Option<Began>,
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
        let memory = self.memory.client(request.client);
        let new = NewSession { tag, seed, origin, settings, shared, addressed, began, memory };
        Session::new(new, &common, self.clock)
    }

    pub(super) fn emit_started(&self, session: &Session) {
        let profile = Arc::clone(&session.arming().profile_name);
        // The rate at time zero, not at the current time: events must be the same in a replay.
        let rate = session.downlink.rate(SessionTime::ZERO);
        self.bus.emit(&Event::SessionStarted { session: Arc::clone(&session.tag), profile, rate });
    }
}
