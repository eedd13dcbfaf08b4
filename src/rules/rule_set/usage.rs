//! What was counted of rules, as data: it goes with a session to another process.

use super::{Count, Counters, Entry};
use crate::rules::{budget::Extent, budget_time::BudgetTime};
use serde::{Deserialize, Serialize};

/// What was counted of one rule of a session.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuleUsage {
    /// The key of the rule in its set.
    pub rule: String,
    /// Requests that matched.
    pub matched: u64,
    /// Uses of its budget that had an effect.
    #[serde(default)]
    pub times: u64,
    /// The session time of the first use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_ms: Option<u64>,
    /// The session time of the last use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_ms: Option<u64>,
}

impl Counters {
    /// What was counted of the rules for which it matters: those with `nth`, `every` or a budget.
    #[must_use]
    pub fn usage(&self) -> Vec<RuleUsage> {
        let entries = self.set.entries.iter().zip(&self.counts);
        let counted = |(entry, count): &(&Entry, &Count)| {
            let rule = &entry.rule;
            count.matched > 0 && (rule.nth.is_some() || rule.every > 1 || rule.budget.is_some())
        };
        let view = |(entry, count): (&Entry, &Count)| {
            let mut usage = RuleUsage {
                rule: entry.key.to_string(),
                matched: count.matched,
                ..RuleUsage::default()
            };
            if let (Some(budget), Some(spent)) = (&entry.rule.budget, &count.budget_usage) {
                let (times, first, last) = spent.applied_times();
                usage.times = times;
                if budget.extent == Extent::Session {
                    usage.first_ms = first.map(BudgetTime::millis);
                    usage.last_ms = last.map(BudgetTime::millis);
                }
            }
            usage
        };
        entries.filter(counted).map(view).collect()
    }

    /// Goes on with what was counted elsewhere, of the rules that are in this set.
    pub fn restore(&mut self, usage: &[RuleUsage]) {
        for (entry, count) in self.set.entries.iter().zip(&mut self.counts) {
            let Some(known) = usage.iter().find(|known| *known.rule == *entry.key) else {
                continue;
            };
            count.matched = count.matched.max(known.matched);
            if let Some(spent) = &count.budget_usage {
                let time = |ms: Option<u64>| ms.map(BudgetTime::from_millis);
                spent.restore(known.times, time(known.first_ms), time(known.last_ms));
            }
        }
    }
}
