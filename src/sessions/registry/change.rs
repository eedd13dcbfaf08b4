//! Commands for sessions of all replicas.

use super::{
    Registry,
    errors::{LocateError, RegistryError, RulesError},
};
use crate::{
    rules::RuleSet,
    sessions::{Append, Applied, Command, CommandError, Logged, Replica, Session, StateError},
};
use std::sync::Arc;

/// How often a command is tried again behind those of others.
const TRIES: usize = 16;

impl Registry {
    /// Applies `command` to `session` at every replica that has it, unless `expected` rejects its current version.
    ///
    /// # Errors
    /// When the command fails, or the store cannot be reached. Nothing has changed then.
    pub async fn change(
        &self,
        session: &Session,
        command: &Command,
        expected: &(dyn Fn(u64) -> bool + Sync),
    ) -> Result<Applied, CommandError> {
        let Some(replica) = self.replica.as_ref().filter(|_| is_shared(session)) else {
            return self.command(session, command, expected);
        };
        let text = serde_json::to_string(command)
            .map_err(|error| CommandError::State(StateError::Unreadable(error.to_string())))?;
        for _ in 0..TRIES {
            session.can_apply(command)?;
            let (present, from) = version(session);
            if !expected(present) {
                return Err(CommandError::Stale { session: Arc::clone(&session.tag.id), present });
            }
            let ordinal = session.tag.ordinal;
            let appended = replica.store.append(&replica.run(), ordinal, from, &text).await;
            match replica.noted(appended)? {
                Append::Done(at) => {
                    let logged = Logged { at, command: text };
                    return self.apply_logged(replica, session, from, logged);
                }
                Append::Behind(others) => self.apply_all(replica, session, from, others),
                Append::Missing => {
                    let ended = || CommandError::Ended(Arc::clone(&session.tag.id));
                    let here = self.find(&session.tag.id).map_err(|_| ended())?;
                    self.restore_missing(replica, &[here]).await?;
                    // It is still here if the store has it again, or it goes on at this replica alone.
                    self.find(&session.tag.id).map_err(|_| ended())?;
                    if !is_shared(session) {
                        return self.command(session, command, expected);
                    }
                }
            }
        }
        let (session, present) = (Arc::clone(&session.tag.id), session.version());
        Err(CommandError::Stale { session, present })
    }

    /// Applies `command` to each of `sessions`, after a check that each can accept it.
    ///
    /// # Errors
    /// When the check fails for one of them. Nothing has changed then.
    pub async fn change_all(
        &self,
        sessions: &[Arc<Session>],
        command: &Command,
    ) -> Result<Vec<Result<Applied, CommandError>>, CommandError> {
        sessions.iter().try_for_each(|session| session.can_apply(command))?;
        let mut results = Vec::with_capacity(sessions.len());
        for session in sessions {
            results.push(self.change(session, command, &|_| true).await);
        }
        Ok(results)
    }

    /// Ends the session with `id` at every replica.
    ///
    /// # Errors
    /// When there is none, or the store cannot be reached.
    pub async fn close(&self, id: &str) -> Result<(), LocateError> {
        let Some(replica) = &self.replica else { return Ok(self.end(id)?) };
        let local = self.find(id).ok();
        if local.as_ref().is_some_and(|session| !is_shared(session)) {
            return Ok(self.end(id)?);
        }
        // The key that signed the id of a session here may be gone.
        let known = local.as_ref().map(|session| session.tag.ordinal);
        let Some(ordinal) = known.or_else(|| replica.ids.read(id)) else {
            return Err(LocateError::Forged(id.chars().take(80).collect()));
        };
        let ended = replica.noted(replica.store.end(&replica.run(), ordinal).await)?;
        if let Some(session) = local {
            self.forget(&session);
        }
        if ended { Ok(()) } else { Err(RegistryError(id.to_owned()).into()) }
    }

    /// Replaces the rules of all sessions at every replica, as [`Registry::replace_rules`] does it here.
    ///
    /// # Errors
    /// When `expected` rejects the version there is, or the store cannot be reached.
    pub async fn change_rules(
        &self,
        rules: Option<Arc<RuleSet>>,
        expected: &(dyn Fn(u64) -> bool + Sync),
    ) -> Result<u64, RulesError> {
        let Some(replica) = &self.replica else {
            return self.replace_rules(rules, expected).map_err(RulesError::Stale);
        };
        let text = rules.as_deref().map(serde_json::to_string).transpose();
        let text = text.map_err(|error| StateError::Unreadable(error.to_string()))?;
        self.recover(replica).await?;
        for _ in 0..TRIES {
            self.follow_rules(replica).await?;
            let present = self.rules().1;
            if !expected(present) {
                return Err(RulesError::Stale(present));
            }
            let answer =
                replica.store.replace_rules(&replica.run(), present, text.as_deref()).await;
            let (version, replaced) = replica.noted(answer)?;
            if replaced {
                self.set_rules(rules, version);
                return Ok(version);
            }
        }
        Err(RulesError::Stale(self.rules().1))
    }

    /// Takes over the rules of all sessions from the store.
    pub(super) async fn follow_rules(&self, replica: &Replica) -> Result<(), StateError> {
        let stored = replica.noted(replica.store.rules(&replica.run()).await)?;
        if stored.0 == self.rules().1 { Ok(()) } else { self.take_rules(stored) }
    }

    /// Takes over the rules of all sessions: their version and text.
    pub(super) fn take_rules(
        &self,
        (version, text): (u64, Option<String>),
    ) -> Result<(), StateError> {
        let rules = text.map(|text| serde_json::from_str::<RuleSet>(&text)).transpose();
        let rules = rules.map_err(|error| StateError::Unreadable(error.to_string()))?;
        self.set_rules(rules.map(Arc::new), version);
        Ok(())
    }

    /// Applies `logged`, the command number `index` of a session, unless another task has done it already. Returns what
    /// it did.
    fn apply_logged(
        &self,
        replica: &Replica,
        session: &Session,
        index: usize,
        logged: Logged,
    ) -> Result<Applied, CommandError> {
        let mut shared = session.shared.lock();
        let unknown = || Applied { version: session.version(), fault: None };
        let Some(known) = shared.as_deref_mut() else { return Ok(unknown()) };
        if known.commands.len() != index {
            return known.result(index).unwrap_or_else(|| Ok(unknown()));
        }
        let at = replica.process_time(logged.at);
        let command = serde_json::from_str::<Command>(&logged.command);
        known.commands.push(logged);
        known.resets += u64::from(matches!(command, Ok(Command::Reset)));
        let command =
            command.map_err(|error| CommandError::State(StateError::Unreadable(error.to_string())));
        let result =
            command.and_then(|command| self.command_given(session, &command, &|_| true, Some(at)));
        known.keep_result(index, result.clone());
        session.mark_unsaved();
        result
    }

    /// Applies commands of others from number `from` on.
    pub(super) fn apply_all(
        &self,
        replica: &Replica,
        session: &Session,
        from: usize,
        commands: Vec<Logged>,
    ) {
        for (index, logged) in (from..).zip(commands) {
            if let Err(problem) = self.apply_logged(replica, session, index, logged) {
                tracing::debug!(session = &*session.tag.id, %problem, "a command of another replica has no effect");
            }
        }
    }
}

/// Whether the store has the session.
pub(super) fn is_shared(session: &Session) -> bool {
    session.shared.lock().is_some()
}

/// How many commands are applied here.
pub(super) fn applied(session: &Session) -> usize {
    session.shared.lock().as_deref().map_or(0, |known| known.commands.len())
}

/// The version of the session, and the number of commands that are applied with it.
fn version(session: &Session) -> (u64, usize) {
    // Commands are applied under this lock.
    let shared = session.shared.lock();
    let applied = shared.as_deref().map_or(0, |known| known.commands.len());
    (session.version(), applied)
}
