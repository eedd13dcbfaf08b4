//! Why a session cannot be started or found, and why rules cannot be replaced.

use crate::sessions::{shared::StateError, shared_link::LinkError};

/// Why no session could be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// There are too many sessions.
    #[error("all {0} sessions are in use; raise --max-sessions or wait until one is idle")]
    Full(usize),
    /// It cannot use the link it names.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The shared state does not take it.
    #[error(transparent)]
    State(#[from] StateError),
}

/// There is no session with this id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no session `{0}`; it may have expired (see --session-idle)")]
pub struct RegistryError(pub String);

/// Why a session cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocateError {
    /// There is none.
    #[error(transparent)]
    Missing(#[from] RegistryError),
    /// The id was not made by these replicas.
    #[error("`{0}` is not the id of a session here: it was changed, or other replicas made it")]
    Forged(String),
    /// It cannot be made here.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The store does not give it.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Why the rules of all sessions were not replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// They are at another version, this one.
    #[error("the rules have changed since: they are at version {0}")]
    Stale(u64),
    /// The store cannot be reached.
    #[error(transparent)]
    State(#[from] StateError),
}
