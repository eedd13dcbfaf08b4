//! Validates `budget`.

use super::values::positive;
use crate::{
    document::Scope,
    rules::{
        budget::{Budget, Extent},
        budget_limits::Limits,
        entry::BudgetEntry,
    },
};

/// Validates `budget`; `at` is its table.
pub(super) fn budget(written: Option<&BudgetEntry>, at: &Scope<'_>) -> Option<Budget> {
    let entry = written?;
    let bounds = BudgetEntry { scope: None, ..entry.clone() };
    if bounds == BudgetEntry::default() {
        let hint = "write `times`, `for`, `cooldown` or `ttl`, as in `budget = { times = 3 }`";
        at.fault("has no limit", hint);
    }
    let times = at.whole("times", entry.times.as_ref(), 1..=u64::MAX);
    let lasts = positive("for", entry.lasts.as_ref(), at);
    let cooldown = positive("cooldown", entry.cooldown.as_ref(), at);
    let ttl = positive("ttl", entry.ttl.as_ref(), at);
    let extents = [("session", Extent::Session), ("global", Extent::Global)];
    let extent = match &entry.scope {
        None => Some(Extent::Session),
        Some(written) => at.at("scope").choose("the scope of a budget", written, &extents),
    };
    Some(Budget::new(Limits { times, lasts, cooldown, ttl }, extent?))
}
