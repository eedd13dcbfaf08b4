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
/// How soon after a failure the next one comes: a server that was started again may be there soon.
const RETRY: Duration = Duration::from_millis(100);

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
            let changed = tokio::select! {
                changed = changes.recv() => match changed {
                    Ok(changed) => Some(changed),
                    Err(RecvError::Lagged(_)) => Some(Changed::Unknown),
                    Err(RecvError::Closed) => return,
                },
                // Another task has found out that the store had lost its data.
                () = replica.recovery.over() => Some(Changed::Unknown),
                _ = heartbeats.tick() => None,
            };
            behind |= changed == Some(Changed::Unknown);
            let followed = match changed {
                Some(changed) if changed != Changed::Unknown => self.follow(replica, changed).await,
                // A server that was started again may have lost its data.
                _ => self.beat(replica, &mut last, &mut behind).await,
            };
            if let Err(problem) = followed {
                // The next heartbeat tries again.
                behind = true;
                heartbeats.reset_after(RETRY);
                if problem == StateError::Lost {
                    replica.recovery.look_again();
                }
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
        let Heartbeat { lost, position } = replica.heartbeat().await?;
        if let Some(lost) = lost {
            self.restore_all(replica, lost).await?;
            // Others write what they have, too.
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
        let mut parts: [Vec<_>; 4] = Default::default();
        for (number, session) in self.list().into_iter().enumerate() {
            parts[number % 4].push(session);
        }
        let [first, second, third, fourth] = &parts;
        tokio::try_join!(
            self.follow_sessions(replica, first),
            self.follow_sessions(replica, second),
            self.follow_sessions(replica, third),
            self.follow_sessions(replica, fourth),
        )?;
        Ok(())
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
