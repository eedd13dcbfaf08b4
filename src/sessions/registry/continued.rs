//! Sessions that other replicas started, and what they changed.

use super::{Registry, errors::StartError};
use crate::sessions::{
    ArmingRequest, control::Control, session::Session, session_clock::Began,
    signed_process_time::SignedProcessTime,
};
use std::sync::Arc;

impl Registry {
    /// A session that another replica began.
    pub(super) fn make_continued(
        &self,
        id: &str,
        ordinal: u64,
        mut request: ArmingRequest,
        began: Began,
    ) -> Result<Arc<Session>, StartError> {
        let shared = self.shared_link(&mut request)?;
        Ok(Arc::new(self.make(id.into(), ordinal, request, shared, true, Some(began))))
    }

    /// Adds a session that another replica started, unless it is here already. Returns the one that is here.
    pub(super) fn insert_continued(
        &self,
        session: Arc<Session>,
    ) -> Result<Arc<Session>, StartError> {
        self.make_room();
        let mut sessions = self.sessions.write();
        if let Some(known) = sessions.with_ordinal(session.tag.ordinal) {
            return Ok(Arc::clone(known));
        }
        if sessions.by_id.len() >= self.config.most_sessions {
            return Err(StartError::Full(self.config.most_sessions));
        }
        sessions.add(&session);
        drop(sessions);
        self.emit_started(&session);
        self.reverts.notify_one();
        Ok(session)
    }

    /// The session with this ordinal, if it is here.
    pub(super) fn with_ordinal(&self, ordinal: u64) -> Option<Arc<Session>> {
        self.sessions.read().with_ordinal(ordinal).cloned()
    }

    /// Ends `session` here: it has ended at another replica.
    pub(super) fn forget(&self, session: &Session) {
        if let Ok(session) = self.find(&session.tag.id) {
            self.remove(&[session]);
        }
    }

    /// Brings `session`, whose commands were applied again, and its shared link together: the last command that set the
    /// link counts. `last`: the process time of the session's last command that set profile or rate.
    pub(super) fn settle_link(&self, session: &Session, last: Option<SignedProcessTime>) {
        let (Some(link), Some(last)) = (session.downlink.shared(), last) else { return };
        let settled = if link.last_set().is_none_or(|set| set < last) {
            session.set_link(last).and_then(|()| self.share_rate(session))
        } else {
            let on_link = |other: &Arc<Session>| {
                other.downlink.shared().is_some_and(|shared| Arc::ptr_eq(shared, link))
            };
            let Some(other) = self.list().into_iter().find(on_link) else { return };
            let follow = |control: &mut Control, _| {
                control.follow(&other.settings());
                true
            };
            session.adjust(&self.rules, follow).map(|_| ())
        };
        if let Err(problem) = settled {
            tracing::warn!(session = &*session.tag.id, %problem, "the link could not be set as on the other replicas");
        }
    }

    /// The current process time.
    pub(super) fn process_time(&self) -> SignedProcessTime {
        self.clock.now().into()
    }
}
