//! The usage of a budget, by all sessions that share it.

use super::{budget_limits::Limits, budget_time::BudgetTime};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};

/// The usage of a budget so far. Clones share the same counters.
#[derive(Debug, Clone, Default)]
pub(super) struct BudgetUsage(Arc<Mutex<Spent>>);

#[derive(Debug, Default)]
struct Spent {
    /// Uses taken.
    times: u64,
    /// The uses among them whose effects have not happened yet.
    pending: u64,
    first: Option<BudgetTime>,
    last: Option<BudgetTime>,
    /// When the rule came into force.
    since: Option<BudgetTime>,
}

/// One use, taken from a budget. It is kept once an effect happens, or given back.
#[derive(Debug)]
pub(super) struct Reservation {
    budget_usage: BudgetUsage,
    at: BudgetTime,
    /// The time of the use before it.
    before: Option<BudgetTime>,
}

impl BudgetUsage {
    /// Records that the rule came into force at `now`, unless it did before: its `ttl` starts.
    pub(super) fn begin(&self, now: BudgetTime) {
        self.0.lock().since.get_or_insert(now);
    }

    /// Whether a use at `now` is within `limits`.
    pub(super) fn allows(&self, limits: &Limits, now: BudgetTime) -> bool {
        self.0.lock().allows(limits, now)
    }

    /// Takes one use; `None` if the budget does not allow it (any more).
    pub(super) fn take(&self, limits: &Limits, now: BudgetTime) -> Option<Reservation> {
        // Check and update under one lock: concurrent sessions can't exceed the limit.
        let mut spent = self.0.lock();
        if !spent.allows(limits, now) {
            return None;
        }
        spent.times += 1;
        spent.pending += 1;
        spent.first.get_or_insert(now);
        let before = spent.last.replace(now);
        Some(Reservation { budget_usage: self.clone(), at: now, before })
    }

    /// Uses of which an effect has happened.
    pub(super) fn applied(&self) -> u64 {
        let spent = self.0.lock();
        spent.times - spent.pending
    }

    /// Uses of which an effect has happened, and the times of the first and of the last use.
    pub(super) fn applied_times(&self) -> (u64, Option<BudgetTime>, Option<BudgetTime>) {
        let spent = self.0.lock();
        (spent.times - spent.pending, spent.first, spent.last)
    }

    /// Goes on with what was used elsewhere. Never lowers what was used here.
    pub(super) fn restore(&self, times: u64, first: Option<BudgetTime>, last: Option<BudgetTime>) {
        let mut spent = self.0.lock();
        spent.times = spent.times.max(times.saturating_add(spent.pending));
        spent.first = spent.first.or(first);
        spent.last = spent.last.max(last);
    }
}

impl Reservation {
    /// An effect happened: the use is final.
    pub(super) fn keep(self) {
        self.budget_usage.0.lock().pending -= 1;
    }

    /// No effect will happen: undoes the use. The time of the last use is restored unless there was a
    /// later use.
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
    fn allows(&self, limits: &Limits, now: BudgetTime) -> bool {
        let within = |start: Option<BudgetTime>, most: Option<Duration>| match (start, most) {
            (Some(start), Some(most)) => now.since(start) < most,
            _ => true,
        };
        limits.times.is_none_or(|times| self.times < times)
            && within(self.first, limits.lasts)
            && within(self.since, limits.ttl)
            && !matches!((self.last, limits.cooldown), (Some(last), Some(pause))
                if now.since(last) < pause)
    }
}
