//! How often and for how long a rule may strike.

use super::budget_usage::BudgetUsage;
use crate::units::span;
use std::{fmt, time::Duration};

/// A rule's bounds. All that are given hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Strikes no more than this often.
    pub(super) times: Option<u64>,
    /// Strikes no later than this after its first strike (the end excluded).
    pub(super) lasts: Option<Duration>,
    /// After a strike, leaves everything alone for this long (the end included in striking again).
    pub(super) cooldown: Option<Duration>,
    /// Strikes no later than this after the rule came into force (the end excluded).
    pub(super) ttl: Option<Duration>,
}

/// Who shares a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Each session has its own.
    Session,
    /// All sessions that have the rule from the same loading of it share one.
    Global,
}

impl Extent {
    /// The time by which it counts.
    pub(super) const fn now(self, session_time: Duration, process_time: Duration) -> Duration {
        match self {
            Self::Session => session_time,
            Self::Global => process_time,
        }
    }
}

/// Bounds, and for a global budget what all sessions used of it together.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    pub(super) limits: Limits,
    pub(super) extent: Extent,
    /// Of all copies of the rule.
    shared: BudgetUsage,
}

/// What was spent does not make it another budget.
impl PartialEq for Budget {
    fn eq(&self, other: &Self) -> bool {
        (self.limits, self.extent) == (other.limits, other.extent)
    }
}

impl Budget {
    pub(super) fn new(limits: Limits, extent: Extent) -> Self {
        Self { limits, extent, shared: BudgetUsage::default() }
    }

    /// Other bounds on the same spending: what one strikes, the other has spent.
    pub(super) fn sharing(&self, limits: Limits) -> Self {
        Self { limits, extent: Extent::Global, shared: self.shared.clone() }
    }

    /// What a session takes from: a purse of its own, or that of all.
    pub(super) fn budget_usage(&self) -> BudgetUsage {
        match self.extent {
            Extent::Session => BudgetUsage::default(),
            Extent::Global => self.shared.clone(),
        }
    }

    /// How often it struck in all sessions together, if it is global.
    pub(super) fn struck(&self) -> u64 {
        self.shared.struck()
    }
}

/// `3 times, for 20 s, globally`.
impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Limits { times, lasts, cooldown, ttl } = self.limits;
        let mut words = Vec::new();
        match times {
            Some(1) => words.push("once".to_owned()),
            Some(times) => words.push(format!("{times} times")),
            None => {}
        }
        let spans = [("for", lasts), ("cooldown", cooldown), ("ttl", ttl)];
        words.extend(
            spans
                .iter()
                .filter_map(|(name, span)| Some(format!("{name} {}", span::print((*span)?)))),
        );
        if self.extent == Extent::Global {
            words.push("for all sessions together".to_owned());
        }
        f.write_str(&words.join(", "))
    }
}
