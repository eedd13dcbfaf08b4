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
        if sessions.is_empty() || self.recover(replica).await? {
            return Ok(());
        }
        // Another task may be writing them.
        drop(replica.recovery.begin().await);
        for session in sessions {
            let restored = match session.in_use(self.config.idle) {
                true => self.restore(replica, session).await?,
                false => self.is_stored(replica, session).await?,
            };
            if !restored {
                self.forget(session);
            }
        }
        Ok(())
    }

    async fn is_stored(&self, replica: &Replica, session: &Session) -> Result<bool, StateError> {
        let updates = replica.store.updates(&replica.run(), session.tag.ordinal, 0).await;
        Ok(replica.noted(updates)?.is_some())
    }

    /// Writes all again if the store has lost what it had. Whether it had.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub(super) async fn recover(&self, replica: &Replica) -> Result<bool, StateError> {
        let Some(lost) = replica.heartbeat().await?.lost else { return Ok(false) };
        self.restore_all(replica, lost).await?;
        Ok(true)
    }

    /// Writes the sessions that are here, and the rules of all, into a store that has `lost` a run, or has gone back to an
    /// earlier point of it. Then what others have written is followed again.
    ///
    /// # Errors
    /// When the store cannot be reached. The next heartbeat finds that the run is still lost.
    pub(super) async fn restore_all(
        &self,
        replica: &Replica,
        lost: String,
    ) -> Result<(), StateError> {
        let turn = replica.recovery.begin().await;
        if replica.run() != lost {
            // Another task has done it.
            return Ok(());
        }
        turn.found_loss();
        tracing::warn!(
            "the shared state was lost, or its server was started again: the sessions of this replica are written again"
        );
        replica.join_again().await?;
        let sessions = self.list();
        let part = |first| self.restore_part(replica, &sessions, first);
        let written =
            tokio::try_join!(self.restore_rules(replica), part(0), part(1), part(2), part(3));
        if let Err(problem) = written {
            replica.leave_for(lost);
            return Err(problem);
        }
        tracing::info!(
            sessions = sessions.len(),
            "the shared state has the sessions of this replica again"
        );
        turn.succeeded();
        Ok(())
    }

    /// Writes the rules of all sessions again, if they were replaced. If others have replaced them since, those count.
    async fn restore_rules(&self, replica: &Replica) -> Result<(), StateError> {
        let (rules, version) = self.rules();
        let replaced = !Arc::ptr_eq(&rules, &self.config.rules);
        let text = replaced.then(|| serde_json::to_string(&*rules)).transpose();
        let text = text.map_err(|error| StateError::Unreadable(error.to_string()))?;
        let answer = replica.store.restore_rules(version, text.as_deref()).await;
        let stored = replica.noted(answer)?;
        if stored == (version, text) { Ok(()) } else { self.take_rules(stored) }
    }

    /// Writes every fourth session again, from the `first` one on.
    async fn restore_part(
        &self,
        replica: &Replica,
        sessions: &[Arc<Session>],
        first: usize,
    ) -> Result<(), StateError> {
        for session in sessions.iter().skip(first).step_by(4) {
            self.restore(replica, session).await?;
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
        if restored == Restored::There {
            replica.recovery.count_restored();
        }
        Ok(restored == Restored::There)
    }
}
