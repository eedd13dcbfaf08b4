//! What a request has taken from budgets, until it is known what came of it.

use super::budget_usage::Strike;
use parking_lot::Mutex;
use std::sync::Arc;

/// The strikes that one request has taken from the budgets of rules. A rule's strike is spent once
/// any of its effects comes about, and is given back if none has when the request is over: n asked
/// is n done, also when players leave before a fault is due. Dropped without a word, all stay spent.
#[derive(Debug, Default)]
pub struct Reservations(Mutex<Vec<(Arc<str>, Strike)>>);

impl Reservations {
    pub(super) fn add(&mut self, rule: &Arc<str>, strike: Strike) {
        self.0.get_mut().push((Arc::clone(rule), strike));
    }

    /// Whether no strike waits for what becomes of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }

    /// An effect of `rule` (the plan's own name of it, not one that reads alike) came about.
    pub fn struck(&self, rule: &Arc<str>) {
        let of_rule = |(name, _): &mut (Arc<str>, Strike)| Arc::ptr_eq(name, rule);
        self.0.lock().extract_if(.., of_rule).for_each(|(_, strike)| strike.keep());
    }

    /// An effect of the rule called `name` came about: for those who know the plan's words alone.
    pub fn struck_by_name(&self, name: &str) {
        let of_rule = |(rule, _): &mut (Arc<str>, Strike)| **rule == *name;
        self.0.lock().extract_if(.., of_rule).for_each(|(_, strike)| strike.keep());
    }

    /// Takes over what `other` holds, which then holds nothing.
    pub fn take_over(&mut self, other: &Self) {
        self.0.get_mut().append(&mut other.0.lock());
    }

    /// The request is over: what has not struck may strike another.
    pub fn give_back(&self) {
        self.0.lock().drain(..).for_each(|(_, strike)| strike.give_back());
    }
}
