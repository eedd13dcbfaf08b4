//! Follows what other replicas change.

use super::{
    Registry,
    change::{applied, is_shared},
};
use crate::sessions::{Changed, Replica, Session, StateError, Updates, shared::Heartbeat};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::broadcast::error::RecvError,
    time::{MissedTickBehavior, interval},
};

/// How often it is checked whether a message was missed.
const HEARTBEAT: Duration = Duration::from_secs(1);

impl Registry {
    /// Keeps the sessions that are here like those of other replicas. Never returns if there is a store.
    pub async fn keep_shared(&self) {
        if self.replica.is_some() {
            tokio::join!(self.keep_following(), self.keep_writing());
        }
    }

    /// Takes over what the others have changed before this replica started.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn catch_up(&self) -> Result<(), StateError> {
        match &self.replica {
            Some(replica) => self.follow_rules(replica).await,
            None => Ok(()),
        }
    }

    async fn keep_following(&self) {
        let Some(replica) = &self.replica else { return };
        let mut changes = replica.store.changes();
        let mut heartbeats = interval(HEARTBEAT);
        heartbeats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = replica.position();
        // What was changed before is not known at the start, nor what a failed request was about.
        let mut behind = true;
        loop {
            let followed = tokio::select! {
                changed = changes.recv() => match changed {
                    Ok(changed) => self.follow(replica, changed).await,
                    Err(RecvError::Lagged(_)) => self.follow(replica, Changed::Unknown).await,
                    Err(RecvError::Closed) => return,
                },
                _ = heartbeats.tick() => self.beat(replica, &mut last, &mut behind).await,
            };
            if let Err(problem) = followed {
                // The next heartbeat tries again.
                behind = true;
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
        // Before the session is looked up: one that is being read from the store at this time is read again, see `locate`.
        let missed = replica.advance(position);
        match session {
            None => self.follow_rules(replica).await?,
            Some(ordinal) => {
                if let Some(session) = self.with_ordinal(ordinal) {
                    self.follow_sessions(replica, &[session]).await?;
                }
            }
        }
        if missed { self.follow_all(replica).await } else { Ok(()) }
    }

    /// Reports that this replica runs, and checks whether the store has lost what it had, or a message was missed: that
    /// of a change that was there at the `last` heartbeat.
    async fn beat(
        &self,
        replica: &Replica,
        last: &mut u64,
        behind: &mut bool,
    ) -> Result<(), StateError> {
        let Heartbeat { is_same_run, position } = replica.heartbeat().await?;
        if !is_same_run {
            self.restore_all(replica).await?;
            // Others write what they have, too, and no message is sent of it.
            *behind = true;
        } else if *behind || replica.position() < *last {
            self.follow_all(replica).await?;
            replica.advance(*last);
            *behind = false;
        }
        *last = position;
        Ok(())
    }

    async fn follow_all(&self, replica: &Replica) -> Result<(), StateError> {
        self.follow_rules(replica).await?;
        self.follow_sessions(replica, &self.list()).await
    }

    /// Takes over what is new of `sessions`. Those that were ended end here, too.
    pub(super) async fn follow_sessions(
        &self,
        replica: &Replica,
        sessions: &[Arc<Session>],
    ) -> Result<(), StateError> {
        let mut missing = Vec::new();
        for session in sessions.iter().filter(|session| is_shared(session)) {
            let from = applied(session);
            let updates = replica.store.updates(&replica.run(), session.tag.ordinal, from).await;
            match replica.noted(updates)? {
                Some(Updates { by, commands }) => {
                    self.apply_all(replica, session, from, commands);
                    if let Some(known) = session.shared.lock().as_deref_mut() {
                        known.set_served(&by, &replica.name);
                    }
                }
                None => missing.push(Arc::clone(session)),
            }
        }
        self.restore_missing(replica, &missing).await
    }
}
