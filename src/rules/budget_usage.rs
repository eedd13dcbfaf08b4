//! What was used of a budget, by all who share it.

use super::budget::Limits;
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};

/// What was used of a budget so far. A copy is the same purse.
#[derive(Debug, Clone, Default)]
pub(super) struct BudgetUsage(Arc<Mutex<Spent>>);

#[derive(Debug, Default)]
struct Spent {
    /// Strikes taken.
    times: u64,
    /// Those among them of which nobody knows yet whether they come about.
    pending: u64,
    first: Option<Duration>,
    last: Option<Duration>,
    /// When the rule came into force.
    since: Option<Duration>,
}

/// One strike, taken from a purse: it comes about, or is given back.
#[derive(Debug)]
pub(super) struct Strike {
    budget_usage: BudgetUsage,
    at: Duration,
    /// The last strike before it.
    before: Option<Duration>,
}

impl BudgetUsage {
    /// The rule comes into force at `now`: its time to live begins, if it has not.
    pub(super) fn begin(&self, now: Duration) {
        self.0.lock().since.get_or_insert(now);
    }

    /// Whether a strike at `now` would be within `limits`.
    pub(super) fn allows(&self, limits: &Limits, now: Duration) -> bool {
        self.0.lock().allows(limits, now)
    }

    /// Takes one strike; `None` = another session was faster, and there is none left.
    pub(super) fn take(&self, limits: &Limits, now: Duration) -> Option<Strike> {
        // Question and answer under one lock: n asked is n done, however many ask at once.
        let mut spent = self.0.lock();
        if !spent.allows(limits, now) {
            return None;
        }
        spent.times += 1;
        spent.pending += 1;
        spent.first.get_or_insert(now);
        let before = spent.last.replace(now);
        Some(Strike { budget_usage: self.clone(), at: now, before })
    }

    /// Strikes that have come about.
    pub(super) fn struck(&self) -> u64 {
        let spent = self.0.lock();
        spent.times - spent.pending
    }
}

impl Strike {
    /// It came about.
    pub(super) fn keep(self) {
        self.budget_usage.0.lock().pending -= 1;
    }

    /// It never will: as if it had not been taken, as far as no other came after it.
    pub(super) fn give_back(self) {
        let mut spent = self.budget_usage.0.lock();
        spent.pending -= 1;
        spent.times -= 1;
        if spent.last == Some(self.at) {
            spent.last = self.before;
        }
        if spent.times == 0 {
            spent.first = None;
        }
    }
}

impl Spent {
    fn allows(&self, limits: &Limits, now: Duration) -> bool {
        let within = |start: Option<Duration>, most: Option<Duration>| match (start, most) {
            (Some(start), Some(most)) => now.saturating_sub(start) < most,
            _ => true,
        };
        limits.times.is_none_or(|times| self.times < times)
            && within(self.first, limits.lasts)
            && within(self.since, limits.ttl)
            && !matches!((self.last, limits.cooldown), (Some(last), Some(pause))
                if now.saturating_sub(last) < pause)
    }
}
