//! The settings of a session as live commands changed them, with an undo history.

use super::{
    command::{Command, CommandError},
    settings::{Fault, Settings},
};
use crate::{rules::SharedBudget, units::ProcessTime};
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// The most commands that can be undone.
const LONGEST_HISTORY: usize = 64;
/// Faults of one session that are not used up: every request checks each of them.
const MOST_FAULTS: usize = 100;

/// The settings that live commands change, and the history needed to undo them.
#[derive(Debug, Clone)]
pub(super) struct Control {
    session: Arc<str>,
    pub(super) settings: Settings,
    armed: Settings,
    history: VecDeque<Settings>,
    version: u64,
    /// How many commands have set a profile. An undo does not reduce it.
    picks: u64,
}

impl Control {
    /// The control of a session that starts with the settings `armed`.
    pub(super) fn new(session: Arc<str>, armed: Settings) -> Self {
        Self {
            session,
            settings: armed.clone(),
            armed,
            history: VecDeque::new(),
            version: 1,
            picks: 0,
        }
    }

    /// A number that increases with every change.
    pub(super) const fn version(&self) -> u64 {
        self.version
    }

    /// How many commands can be undone.
    pub(super) fn undoable(&self) -> usize {
        self.history.len()
    }

    /// Applies `command` at process time `now`. Returns the name of the armed fault, if there is one.
    pub(super) fn apply_command(
        &mut self,
        command: &Command,
        now: ProcessTime,
    ) -> Result<Option<Arc<str>>, CommandError> {
        if matches!(command, Command::Set { change, .. } if change.is_empty()) {
            return Ok(None);
        }
        let before = self.settings.clone();
        let mut fault = None;
        match command {
            Command::Set { change, ttl } => {
                self.picks += u64::from(change.profile.new_value().is_some());
                self.settings.set(change, end(now, *ttl), self.picks)?;
            }
            Command::ArmFault { name, rules, times, ttl } => {
                let name = self.free_name(name);
                let shared_budget = SharedBudget::new(rules, &name, *times);
                let until = end(now, *ttl);
                self.arm(Fault { name: Arc::clone(&name), shared_budget, until })?;
                fault = Some(name);
            }
            Command::DisarmFault { name } => self.disarm(name)?,
            Command::Undo => {
                let last = self.history.pop_back();
                let error = || CommandError::NothingToUndo(Arc::clone(&self.session));
                self.settings = last.ok_or_else(error)?;
                // Temporary changes that expired in the meantime are not restored.
                self.settings.revert(now);
            }
            Command::Reset => self.settings = self.armed.clone(),
        }
        match command {
            Command::Undo => {}
            // A reset also clears the history.
            Command::Reset => self.history.clear(),
            _ => self.remember(before),
        }
        self.version += 1;
        Ok(fault)
    }

    /// Reverts what is due at process time `now`. Returns whether anything was reverted.
    pub(super) fn revert(&mut self, now: ProcessTime) -> bool {
        let reverted = self.settings.revert(now);
        self.version += u64::from(reverted);
        reverted
    }

    /// Takes over the rate that another session set on the shared link.
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

    fn arm(&mut self, fault: Fault) -> Result<(), CommandError> {
        // Drop faults that are used up.
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

/// The process time at which something ends that lasts for `ttl` from `now`.
fn end(now: ProcessTime, ttl: Option<Duration>) -> Option<ProcessTime> {
    ttl.map(|ttl| now.saturating_add(ttl))
}
