//! Commands that change a running session, and why a command can fail.

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
    /// Whether the network is paused.
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

/// A command that changes a running session.
#[derive(Debug, Clone)]
pub enum Command {
    /// Change settings, permanently or for a duration.
    Set(Change, Option<Duration>),
    /// Arm a fault.
    Fire {
        /// Its name. If the name is in use, a number is added.
        name: Arc<str>,
        /// Its rules, which go before all others.
        rules: RuleSet,
        /// How many times they apply in total.
        times: u64,
        /// The fault is removed after this time, even if it has not applied.
        lasts: Option<Duration>,
    },
    /// Remove the fault of this name.
    Unfire(String),
    /// Undo the last command.
    Undo,
    /// Restore the settings the session started with, and reset its counters.
    Reset,
}

/// Why a command failed. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The command was meant for another version.
    #[error("session `{session}` has changed since: it is at version {present}; read it again")]
    Stale {
        /// The session's id.
        session: Arc<str>,
        /// The current version.
        present: u64,
    },
    /// The session's link does not allow it.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// There was no command yet, or all are undone.
    #[error("session `{0}` has no command that could be undone")]
    NothingToUndo(Arc<str>),
    /// There is no such fault.
    #[error("session `{session}` has no fault `{fault}`")]
    NoFault {
        /// The session's id.
        session: Arc<str>,
        /// The name of the fault.
        fault: String,
    },
    /// There are too many faults that have not been used up.
    #[error(
        "session `{session}` has {most} faults that are not used up yet; remove some of them first"
    )]
    TooManyFaults {
        /// The session's id.
        session: Arc<str>,
        /// How many a session may have.
        most: usize,
    },
}

/// The result of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The session's version after the command.
    pub version: u64,
    /// The name of the armed fault, if the command armed one.
    pub fault: Option<Arc<str>>,
}
