//! Rules that strike a given number of times, all together, and then never again.

use super::{
    budget::{Budget, Extent, Limits},
    rule::Rule,
    rule_set::RuleSet,
};

/// Rules that strike so often in all, whichever of them it is and wherever copies of them go: what
/// was spent stays spent when the rules leave a session's set and come back.
#[derive(Debug, Clone)]
pub struct SharedBudget {
    rules: RuleSet,
    budget: Budget,
    times: u64,
}

impl SharedBudget {
    /// `rules`, to strike `times` in all, with nothing spent. Their other bounds stay; `name` goes
    /// before the names of several, and in place of one.
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

    /// The rules, as they go into a set.
    #[must_use]
    pub const fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// How often they may strike.
    #[must_use]
    pub const fn times(&self) -> u64 {
        self.times
    }

    /// How often they have struck.
    #[must_use]
    pub fn struck(&self) -> u64 {
        self.budget.struck()
    }

    /// Whether they never strike again.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.struck() >= self.times
    }
}
