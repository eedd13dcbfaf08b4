//! The limits of a rule.

use std::time::Duration;

/// The limits of a rule. All given limits hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Applies at most this many times.
    pub(super) times: Option<u64>,
    /// Applies only for this long after its first use (the end excluded).
    pub(super) lasts: Option<Duration>,
    /// After a use, does not apply for this long; at the end of this time it applies again.
    pub(super) cooldown: Option<Duration>,
    /// Applies only for this long after the rule came into force (the end excluded).
    pub(super) ttl: Option<Duration>,
}
