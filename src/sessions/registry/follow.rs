//! Follows what other replicas change.

use super::{
    Registry,
    change::{applied, is_shared},
    write_behind::stored,
};
use crate::sessions::{Changed, Replica, Session, StateError};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::broadcast::error::RecvError,
    time::{MissedTickBehavior, interval},
};

/// How often the store is asked whether a message was missed.
const HEARTBEAT: Duration = Duration::from_secs(1);

impl Registry {
    /// Keeps the sessions that are here like those of other replicas. Never returns if there is a store.
    pub async fn keep_shared(&self) {
        if self.replica.is_some() {
            tokio::join!(self.keep_following(), self.keep_writing());
        }
    }

    async fn keep_following(&self) {
        let Some(replica) = &self.replica else { return };
        let mut changes = replica.store.changes();
        let mut heartbeats = interval(HEARTBEAT);
        heartbeats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = replica.position();
        loop {
            let followed = tokio::select! {
                changed = changes.recv() => match changed {
                    Ok(changed) => self.follow(replica, changed).await,
                    Err(RecvError::Lagged(_)) => self.follow(replica, Changed::Unknown).await,
                    Err(RecvError::Closed) => return,
                },
                _ = heartbeats.tick() => self.beat(replica, &mut last).await,
            };
            if let Err(problem) = followed {
                // The next heartbeat tries again.
                tracing::debug!(%problem, "the shared state could not be followed");
            }
        }
    }

    /// Applies one change; all that may have been missed, if one was.
    async fn follow(&self, replica: &Replica, changed: Changed) -> Result<(), StateError> {
        let (position, session) = match changed {
            Changed::Unknown => return self.follow_all(replica).await,
            Changed::Rules { position } => (position, None),
            Changed::Session { ordinal, position } => (position, Some(ordinal)),
        };
        match session {
            None => self.follow_rules(replica).await?,
            Some(ordinal) => {
                if let Some(session) = self.with_ordinal(ordinal) {
                    self.follow_session(replica, &session).await?;
                }
            }
        }
        if replica.advance(position) { self.follow_all(replica).await } else { Ok(()) }
    }

    /// Says that this replica is alive, and looks whether the store has lost what it had, or a message was missed: that
    /// of a change that was there at the `last` heartbeat.
    async fn beat(&self, replica: &Replica, last: &mut u64) -> Result<(), StateError> {
        let (same, position) = replica.heartbeat().await?;
        if !same {
            self.restore_all(replica).await?;
        } else if replica.position() < *last {
            self.follow_all(replica).await?;
            replica.advance(*last);
        }
        *last = position;
        Ok(())
    }

    async fn follow_all(&self, replica: &Replica) -> Result<(), StateError> {
        self.follow_rules(replica).await?;
        for session in self.list() {
            self.follow_session(replica, &session).await?;
        }
        Ok(())
    }

    /// Applies the commands that others have given `session`, or ends it as they did.
    async fn follow_session(
        &self,
        replica: &Replica,
        session: &Arc<Session>,
    ) -> Result<(), StateError> {
        if !is_shared(session) {
            return Ok(());
        }
        let from = applied(session);
        match replica.noted(replica.store.commands(session.tag.ordinal, from).await)? {
            Some(commands) => self.apply_all(session, from, commands),
            None if replica.heartbeat().await?.0 => self.forget(session),
            // It was lost with everything else.
            None => self.restore_all(replica).await?,
        }
        Ok(())
    }

    /// Writes the sessions that are here into a store that has lost what it had.
    async fn restore_all(&self, replica: &Replica) -> Result<(), StateError> {
        tracing::warn!("the shared state was lost: the sessions of this replica are written again");
        replica.join_again().await?;
        for session in self.list() {
            let Some(all) = stored(&session, |at| replica.store_ms(at)) else { continue };
            let restored = replica.store.restore(session.tag.ordinal, &all, self.config.idle).await;
            replica.noted(restored)?;
        }
        Ok(())
    }
}
