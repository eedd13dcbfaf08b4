//! Rules that together apply a given number of times, and then never again.

use super::{
    budget::{Budget, Extent},
    budget_limits::Limits,
    rule::Rule,
    rule_set::RuleSet,
};

/// Rules that share one number of uses, together with all their copies. The usage is kept when the
/// rules are removed from a session's set and added again.
#[derive(Debug, Clone)]
pub struct SharedBudget {
    rules: RuleSet,
    budget: Budget,
    times: u64,
}

impl SharedBudget {
    /// Makes `rules` apply `times` times in total. Their other limits stay. `name` replaces the name
    /// of a single rule and is put before the names of several rules.
    #[must_use]
    pub fn new(rules: &RuleSet, name: &str, times: u64) -> Self {
        let times = times.max(1);
        let limits = Limits { times: Some(times), lasts: None, cooldown: None, ttl: None };
        let budget = Budget::new(limits, Extent::Global);
        let alone = rules.len() == 1;
        let rationed = |rule: &Rule| {
            let own = rule.budget.as_ref().map_or(limits, |own| own.limits);
            let name = if alone { name.to_owned() } else { format!("{name}: {}", rule.name) };
            Rule {
                name: name.into(),
                budget: Some(budget.sharing(Limits { times: Some(times), ..own })),
                ..rule.clone()
            }
        };
        Self { rules: RuleSet::new(rules.iter().map(rationed).collect()), budget, times }
    }

    /// The rules, to be added to a set.
    #[must_use]
    pub const fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// How often they may apply.
    #[must_use]
    pub const fn times(&self) -> u64 {
        self.times
    }

    /// How often they have applied.
    #[must_use]
    pub fn applied(&self) -> u64 {
        self.budget.applied()
    }

    /// Whether their uses are exhausted.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.applied() >= self.times
    }
}
