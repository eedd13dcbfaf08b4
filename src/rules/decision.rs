//! The decision for one request: its plan, and what the next request of a redirect chain needs of it.

use super::{
    plan::Plan,
    reservations::Reservations,
    rule_set::Matched,
    rule_set::RuleSet,
    script::{Script, ScriptFailure},
};
use std::sync::Arc;

/// What decides about the requests of a session: the script, and then the rules.
#[derive(Debug, Clone, Copy)]
pub struct Policy<'a> {
    /// The script; `None` = there is none.
    pub script: Option<&'a Script>,
    /// The rules, in order.
    pub rules: &'a RuleSet,
}

impl Policy<'_> {
    /// Whether it has no effect on any request.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.script.is_none() && self.rules.is_empty()
    }
}

/// The decision for one request.
#[derive(Debug, Default)]
pub struct Decision {
    /// The effects; `None` = no effects. (A plan is large, and most requests have none.)
    pub plan: Option<Arc<Plan>>,
    /// The uses that the plan has reserved from budgets; `None` = none.
    pub reservations: Option<Arc<Reservations>>,
    /// The rules that have counted the request.
    pub matched: Matched,
    /// The failure of the script, if it failed. It has no effect then.
    pub failure: Option<ScriptFailure>,
}

/// The part of a decision that applies to the next request of a redirect chain. A chain counts as one
/// request of the player.
#[derive(Debug, Clone, Default)]
pub struct CarriedDecision {
    /// The effects that are still to be applied.
    pub plan: Plan,
    /// The uses reserved from budgets that are still open.
    pub reservations: Option<Arc<Reservations>>,
    /// The rules that have counted the request.
    pub matched: Matched,
}

impl CarriedDecision {
    /// No request follows: gives back what was reserved from budgets.
    pub fn give_back(&self) {
        self.reservations.iter().for_each(|reservations| reservations.give_back());
    }
}

impl Decision {
    /// What applies to the request that follows a redirect. `held`: the origin may hold back its
    /// response there, see [`Plan::after_redirect`].
    #[must_use]
    pub fn after_redirect(&self, held: bool) -> CarriedDecision {
        CarriedDecision {
            plan: self.plan.as_deref().map(|plan| plan.after_redirect(held)).unwrap_or_default(),
            reservations: self.reservations.clone(),
            matched: self.matched.clone(),
        }
    }
}
