//! Limits on how often and for how long a rule applies.

use super::{budget_limits::Limits, budget_time::BudgetTime, budget_usage::BudgetUsage};
use crate::units::{ProcessTime, SessionTime, span};
use std::fmt;

/// Which sessions share a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Each session has its own.
    Session,
    /// All sessions that have the rule from the same loading share one.
    Global,
}

impl Extent {
    /// The time on the clock of the budget.
    pub(super) fn now(self, session_time: SessionTime, process_time: ProcessTime) -> BudgetTime {
        match self {
            Self::Session => session_time.into(),
            Self::Global => process_time.into(),
        }
    }
}

/// Limits, and for a global budget the usage of all sessions together.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    pub(super) limits: Limits,
    pub(super) extent: Extent,
    /// The usage by all copies of the rule.
    shared: BudgetUsage,
}

/// Budgets are equal if their limits and extents are; usage does not count.
impl PartialEq for Budget {
    fn eq(&self, other: &Self) -> bool {
        (self.limits, self.extent) == (other.limits, other.extent)
    }
}

impl Budget {
    pub(super) fn new(limits: Limits, extent: Extent) -> Self {
        Self { limits, extent, shared: BudgetUsage::default() }
    }

    /// A budget with other limits that shares this one's usage: a use of either counts for both.
    pub(super) fn sharing(&self, limits: Limits) -> Self {
        Self { limits, extent: Extent::Global, shared: self.shared.clone() }
    }

    /// The usage for a session: its own, or the shared one.
    pub(super) fn budget_usage(&self) -> BudgetUsage {
        match self.extent {
            Extent::Session => BudgetUsage::default(),
            Extent::Global => self.shared.clone(),
        }
    }

    /// How often the rule applied in all sessions together, if the budget is global.
    pub(super) fn applied(&self) -> u64 {
        self.shared.applied()
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
