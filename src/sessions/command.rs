//! What can be asked of a running session, and why it may not be done.

use super::shared_link::LinkError;
use crate::{profiles::Profile, rules::RuleSet, units::BitRate};
use std::{sync::Arc, time::Duration};

/// New values for some settings; `None` leaves one as it is.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The network.
    pub profile: Option<Arc<Profile>>,
    /// The rate in place of the profile's; `Some(None)` = the profile's.
    pub rate: Option<Option<BitRate>>,
    /// The session's own rules.
    pub rules: Option<Arc<RuleSet>>,
    /// Whether nothing passes.
    pub paused: Option<bool>,
}

impl Change {
    /// Whether it changes nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.profile.is_none()
            && self.rate.is_none()
            && self.rules.is_none()
            && self.paused.is_none()
    }
}

/// What can be asked of a running session.
#[derive(Debug, Clone)]
pub enum Command {
    /// Set these, for good or for that long.
    Set(Change, Option<Duration>),
    /// Fire a fault.
    Fire {
        /// Its name; where it is taken, a number is added.
        name: Arc<str>,
        /// Its rules, which go before all others.
        rules: RuleSet,
        /// How often they strike in all.
        times: u64,
        /// It is gone after this, if it has not struck by then.
        lasts: Option<Duration>,
    },
    /// Take the fault of this name back.
    Unfire(String),
    /// Undo the last command.
    Undo,
    /// Make it as it was armed, with nothing counted.
    Reset,
}

/// Why a command was not obeyed; then nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// It was meant for another version.
    #[error("session `{session}` has changed since: it is at version {present}; read it again")]
    Stale {
        /// Whose.
        session: Arc<str>,
        /// The present version.
        present: u64,
    },
    /// The link is not for it.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// No command was given, or all are undone.
    #[error("session `{0}` has no command that could be undone")]
    NothingToUndo(Arc<str>),
    /// No such fault.
    #[error("session `{session}` has no fault `{fault}`")]
    NoFault {
        /// Whose.
        session: Arc<str>,
        /// Which.
        fault: String,
    },
    /// Too many faults that have not struck yet.
    #[error("session `{session}` has {most} faults that have yet to strike; take some back")]
    TooManyFaults {
        /// Whose.
        session: Arc<str>,
        /// How many it may have.
        most: usize,
    },
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The version that the session is now at.
    pub version: u64,
    /// The name of the fault that was fired, if one was.
    pub fault: Option<Arc<str>>,
}
