//! Writes sessions again that the store does not have any more.

use super::{Registry, write_behind::stored};
use crate::sessions::{Replica, Restored, Session, StateError, label::namespace, shared::Written};
use std::sync::Arc;

impl Registry {
    /// Writes those of `sessions` again that are missing in the store although nobody ended them. They are missing because
    /// the store has lost its data, or because they expired there while this replica served them and could not reach it.
    /// Sessions that were ended elsewhere end here as well.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub(super) async fn restore_missing(
        &self,
        replica: &Replica,
        sessions: &[Arc<Session>],
    ) -> Result<(), StateError> {
        if sessions.is_empty() {
            return Ok(());
        }
        if !replica.heartbeat().await?.is_same_run {
            return self.restore_all(replica).await;
        }
        for session in sessions {
            let restored =
                session.in_use(self.config.idle) && self.restore(replica, session).await?;
            if !restored {
                self.forget(session);
            }
        }
        Ok(())
    }

    /// Writes the sessions that are here into a store that has lost what it had.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub(super) async fn restore_all(&self, replica: &Replica) -> Result<(), StateError> {
        tracing::warn!("the shared state was lost: the sessions of this replica are written again");
        replica.join_again().await?;
        for session in self.list() {
            self.restore(replica, &session).await?;
        }
        Ok(())
    }

    /// Writes `session` again. `false` = it was ended, or is of this replica alone.
    async fn restore(&self, replica: &Replica, session: &Session) -> Result<bool, StateError> {
        let all = stored(session, &replica.name, |at| replica.store_ms(at));
        let Some(all) = all else { return Ok(false) };
        let space = session.tag.label.as_deref().and_then(namespace);
        let answer =
            replica.store.restore(session.tag.ordinal, &all, space, self.config.idle).await;
        let restored = replica.noted(answer)?;
        if restored == Restored::Taken {
            let id = &*session.tag.id;
            tracing::warn!(
                session = id,
                "another session has taken its number: it continues on this replica only"
            );
            *session.shared.lock() = None;
            self.sessions.write().forget_ordinal(session);
            return Ok(true);
        }
        // Another replica may have written it before: what is counted here is written once more.
        if let Some(known) = session.shared.lock().as_deref_mut() {
            known.written = Written::default();
        }
        session.mark_unsaved();
        Ok(restored == Restored::There)
    }
}
