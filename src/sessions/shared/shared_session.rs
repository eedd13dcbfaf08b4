//! What the store has of a session that is here.

use super::store::Logged;
use crate::{
    rules::RuleUsage,
    sessions::command::{Applied, CommandError},
    units::ProcessTime,
};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The results of commands that are kept, for the requests that have given the commands.
const RESULTS: usize = 64;

/// What the store has of a session that is here.
#[derive(Debug, Default)]
pub(in crate::sessions) struct Shared {
    /// How it was started, as JSON.
    pub(in crate::sessions) record: String,
    /// When it was created, in ms on the clock of the store.
    pub(in crate::sessions) created: u64,
    /// The commands that are applied here.
    pub(in crate::sessions) commands: Vec<Logged>,
    /// How many of them were resets.
    pub(in crate::sessions) resets: u64,
    /// What the last commands did, with their numbers.
    pub(in crate::sessions) results: VecDeque<(usize, Result<Applied, CommandError>)>,
    /// Where its last requests went.
    pub(in crate::sessions) served: Served,
    /// How often that was read from the store.
    pub(in crate::sessions) served_reads: u64,
    /// What was written last.
    pub(in crate::sessions) written: Written,
}

/// The replica that got the last requests of a session, as the store has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::sessions) enum Served {
    /// None yet.
    #[default]
    Nowhere,
    /// This one.
    Here,
    /// Another one: what is here is out of date.
    Elsewhere,
}

#[derive(Debug, Default)]
pub(in crate::sessions) struct Written {
    pub(in crate::sessions) started: bool,
    pub(in crate::sessions) hosts: String,
    pub(in crate::sessions) usage: String,
    /// When it was kept last.
    pub(in crate::sessions) kept: Option<ProcessTime>,
}

/// The counters of the rules of a session, as they are stored.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::sessions) struct Counted {
    /// How many resets the session had had. Counters from before a reset are not used.
    pub(in crate::sessions) resets: u64,
    pub(in crate::sessions) rules: Vec<RuleUsage>,
}

impl Shared {
    /// Takes over from the store that the last requests went to the replica called `by`, at the replica called `name`. A
    /// store that has lost its data knows of none: a copy that was out of date before still is.
    pub(in crate::sessions) fn set_served(&mut self, by: &str, name: &str) {
        self.served_reads += 1;
        if !by.is_empty() || self.served != Served::Elsewhere {
            self.served = Served::by(by, name);
        }
    }

    /// Keeps what command number `index` did.
    pub(in crate::sessions) fn keep_result(
        &mut self,
        index: usize,
        result: Result<Applied, CommandError>,
    ) {
        if self.results.len() >= RESULTS {
            self.results.pop_front();
        }
        self.results.push_back((index, result));
    }

    /// What command number `index` did, if it was one of the last.
    pub(in crate::sessions) fn result(
        &self,
        index: usize,
    ) -> Option<Result<Applied, CommandError>> {
        self.results.iter().find(|(number, _)| *number == index).map(|(_, result)| result.clone())
    }
}

impl Served {
    /// By the replica called `by`, for the replica called `name`.
    pub(in crate::sessions) fn by(by: &str, name: &str) -> Self {
        match by {
            "" => Self::Nowhere,
            by if by == name => Self::Here,
            _ => Self::Elsewhere,
        }
    }
}
