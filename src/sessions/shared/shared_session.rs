//! What the store has of a session that is here.

use super::store::Logged;
use crate::units::ProcessTime;

/// What the store has of a session that is here.
#[derive(Debug, Default)]
pub(in crate::sessions) struct Shared {
    /// How it was started, as JSON.
    pub(in crate::sessions) record: String,
    /// When it was created, in ms on the clock of the store.
    pub(in crate::sessions) created: u64,
    /// The commands that are applied here.
    pub(in crate::sessions) commands: Vec<Logged>,
    /// What was written last.
    pub(in crate::sessions) written: Written,
}

#[derive(Debug, Default)]
pub(in crate::sessions) struct Written {
    pub(in crate::sessions) started: bool,
    pub(in crate::sessions) hosts: String,
    pub(in crate::sessions) usage: String,
    /// When it was kept last.
    pub(in crate::sessions) kept: ProcessTime,
}
