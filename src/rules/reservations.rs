//! Uses that a request has taken from budgets, until it is known whether its effects happen.

use super::budget_usage::Reservation;
use parking_lot::Mutex;
use std::sync::Arc;

/// The uses that one request has taken from the budgets of rules. A rule's use becomes final once one
/// of its effects happens. If none has happened when the request is over, it is given back, so that
/// `times = n` means n faults even if players leave before a fault is due. If this is dropped without
/// [`give_back`](Self::give_back), all uses stay taken.
#[derive(Debug, Default)]
pub struct Reservations(Mutex<Vec<(Arc<str>, Reservation)>>);

impl Reservations {
    pub(super) fn add(&mut self, rule: &Arc<str>, reservation: Reservation) {
        self.0.get_mut().push((Arc::clone(rule), reservation));
    }

    /// Whether there are no open uses.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }

    /// An effect of `rule` happened. The name must be the plan's own `Arc`; it is compared as a pointer.
    pub fn keep(&self, rule: &Arc<str>) {
        let of_rule = |(name, _): &mut (Arc<str>, Reservation)| Arc::ptr_eq(name, rule);
        self.0.lock().extract_if(.., of_rule).for_each(|(_, reservation)| reservation.keep());
    }

    /// An effect of the rule called `name` happened: for callers that have only the text of the plan.
    pub fn keep_by_name(&self, name: &str) {
        let of_rule = |(rule, _): &mut (Arc<str>, Reservation)| **rule == *name;
        self.0.lock().extract_if(.., of_rule).for_each(|(_, reservation)| reservation.keep());
    }

    /// Moves all uses of `other` into this.
    pub fn take_over(&mut self, other: &Self) {
        self.0.get_mut().append(&mut other.0.lock());
    }

    /// The request is over: gives back all uses whose effects did not happen.
    pub fn give_back(&self) {
        self.0.lock().drain(..).for_each(|(_, reservation)| reservation.give_back());
    }
}
