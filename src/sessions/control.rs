//! What live commands have made of a session, and the way back.

use super::{
    command::{Command, CommandError},
    settings::{Fault, Settings},
};
use crate::rules::SharedBudget;
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// Commands that can be undone.
const LONGEST_HISTORY: usize = 64;
/// Faults of one session that have yet to strike: each costs every request a look.
const MOST_FAULTS: usize = 100;

/// The state that live commands change, and all they need to be undone.
#[derive(Debug, Clone)]
pub(super) struct Control {
    session: Arc<str>,
    pub(super) settings: Settings,
    armed: Settings,
    history: VecDeque<Settings>,
    version: u64,
}

impl Control {
    /// The control of a session that was armed so.
    pub(super) fn new(session: Arc<str>, armed: Settings) -> Self {
        Self { session, settings: armed.clone(), armed, history: VecDeque::new(), version: 1 }
    }

    /// Goes up whenever anything has changed.
    pub(super) const fn version(&self) -> u64 {
        self.version
    }

    /// How many commands can be undone.
    pub(super) fn undoable(&self) -> usize {
        self.history.len()
    }

    /// Obeys `command` at process time `now`; the name of the fault that was fired, if one was.
    pub(super) fn apply_command(
        &mut self,
        command: &Command,
        now: Duration,
    ) -> Result<Option<Arc<str>>, CommandError> {
        if matches!(command, Command::Set(change, _) if change.is_empty()) {
            return Ok(None);
        }
        let before = self.settings.clone();
        let mut fault = None;
        match command {
            Command::Set(change, lasts) => self.settings.set(change, lasts.map(|span| now + span)),
            Command::Fire { name, rules, times, lasts } => {
                let name = self.free_name(name);
                let shared_budget = SharedBudget::new(rules, &name, *times);
                let until = lasts.map(|span| now + span);
                self.fire(Fault { name: Arc::clone(&name), shared_budget, until })?;
                fault = Some(name);
            }
            Command::Unfire(name) => self.disarm(name)?,
            Command::Undo => {
                let last = self.history.pop_back();
                let error = || CommandError::NothingToUndo(Arc::clone(&self.session));
                self.settings = last.ok_or_else(error)?;
                // What ran out in the meantime does not come back.
                self.settings.revert(now);
            }
            Command::Reset => self.settings = self.armed.clone(),
        }
        match command {
            Command::Undo => {}
            // Nothing remains, a past to go back to neither.
            Command::Reset => self.history.clear(),
            _ => self.remember(before),
        }
        self.version += 1;
        Ok(fault)
    }

    /// Reverts what is due at process time `now`. Tells whether anything was.
    pub(super) fn revert(&mut self, now: Duration) -> bool {
        let reverted = self.settings.revert(now);
        self.version += u64::from(reverted);
        reverted
    }

    /// The rate of the link that it shares was changed by another session.
    pub(super) fn follow(&mut self, other: &Settings) {
        self.settings.rate = other.rate.clone();
        self.version += 1;
    }

    fn remember(&mut self, before: Settings) {
        if self.history.len() >= LONGEST_HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(before);
    }

    fn fire(&mut self, fault: Fault) -> Result<(), CommandError> {
        // Those that never strike again make room.
        let mut faults: Vec<_> = self
            .settings
            .faults
            .iter()
            .filter(|fault| !fault.shared_budget.is_spent())
            .cloned()
            .collect();
        if faults.len() >= MOST_FAULTS {
            let session = Arc::clone(&self.session);
            return Err(CommandError::TooManyFaults { session, most: MOST_FAULTS });
        }
        faults.push(fault);
        self.settings.faults = faults.into();
        Ok(())
    }

    fn disarm(&mut self, name: &str) -> Result<(), CommandError> {
        let faults = &self.settings.faults;
        let rest: Arc<[_]> = faults.iter().filter(|fault| &*fault.name != name).cloned().collect();
        if rest.len() == faults.len() {
            let (session, fault) = (Arc::clone(&self.session), name.to_owned());
            return Err(CommandError::NoFault { session, fault });
        }
        self.settings.faults = rest;
        Ok(())
    }

    fn free_name(&self, wanted: &Arc<str>) -> Arc<str> {
        let taken = |name: &str| self.settings.faults.iter().any(|fault| &*fault.name == name);
        if !taken(wanted) {
            return Arc::clone(wanted);
        }
        let mut numbered = (2_u64..).map(|number| format!("{wanted}-{number}"));
        numbered.find(|name| !taken(name)).map_or_else(|| Arc::clone(wanted), Into::into)
    }
}
