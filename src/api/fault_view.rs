//! The JSON form of a fault that is armed on a session.

use crate::{
    rules::RuleSet,
    sessions::{Fault, Session},
};
use serde::Serialize;
use std::sync::Arc;

/// The JSON form of a fault.
#[derive(Debug, Serialize)]
pub(super) struct FaultView {
    name: Arc<str>,
    /// How many times it applies in total.
    times: u64,
    /// How many times it has applied.
    applied: u64,
    rules: RuleSet,
}

impl FaultView {
    /// The faults of `session`, oldest first.
    pub(super) fn all(session: &Session) -> Vec<Self> {
        session.faults().iter().map(Self::new).collect()
    }

    pub(super) fn new(fault: &Fault) -> Self {
        Self {
            name: Arc::clone(&fault.name),
            times: fault.shared_budget.times(),
            applied: fault.shared_budget.applied(),
            rules: fault.shared_budget.rules().clone(),
        }
    }
}
