//! The time that budgets are measured in.

use crate::units::{ProcessTime, SessionTime};
use std::time::Duration;

/// An instant on the clock of a budget: session time, or process time if all sessions share the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BudgetTime(Duration);

impl BudgetTime {
    /// The instant this many milliseconds after time zero of the clock.
    pub(super) const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// Milliseconds since time zero of the clock.
    pub(super) fn millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }

    /// The time since `earlier`; zero if that is later.
    pub(super) const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl From<SessionTime> for BudgetTime {
    fn from(time: SessionTime) -> Self {
        Self(time.since_zero())
    }
}

impl From<ProcessTime> for BudgetTime {
    fn from(time: ProcessTime) -> Self {
        Self(time.since_zero())
    }
}
