//! An ordered set of rules, and the decision that it makes for one request.

mod matched;

pub use matched::Matched;

use super::{
    budget::{Budget, Extent},
    budget_usage::BudgetUsage,
    effect::{Cors, Replacement},
    facts::Facts,
    plan::Plan,
    reservations::Reservations,
    rule::Rule,
};
use crate::{
    document::Diagnostics,
    units::{ProcessTime, SessionTime},
};
use http::Method;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use smallvec::SmallVec;
use std::{collections::HashMap, sync::Arc};

/// Positions of the rules that apply to one request. More than 16 are stored on the heap.
type Places = SmallVec<[usize; 16]>;

/// An ordered set of rules. Cheap to clone; the default is empty.
///
/// All rules are evaluated, in order. Each slot of the [`Plan`] is filled by the first rule that
/// applies and sets it. So a specific rule goes before a general one, and
/// [`concat`](Self::concat) takes the most specific set first: the session's own rules, then those
/// of the rule file, then those of the profile.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleSet {
    entries: Arc<[Entry]>,
}

/// A rule, and its key in the set.
#[derive(Debug, PartialEq)]
struct Entry {
    rule: Arc<Rule>,
    /// Names its random draws. It is the rule's name, with a number added if an earlier rule of the
    /// set has the same name, so that the two do not draw the same numbers.
    key: Arc<str>,
}

impl RuleSet {
    /// Makes a set of `rules`, in this order.
    pub(super) fn new(rules: Vec<Rule>) -> Self {
        Self::of(rules.into_iter().map(Arc::new))
    }

    fn of(rules: impl Iterator<Item = Arc<Rule>>) -> Self {
        let mut seen = HashMap::<Arc<str>, usize>::new();
        let entry = |rule: Arc<Rule>| {
            let times = seen.entry(Arc::clone(&rule.name)).or_default();
            *times += 1;
            let key = match *times {
                1 => Arc::clone(&rule.name),
                n => format!("{}#{n}", rule.name).into(),
            };
            Entry { rule, key }
        };
        Self { entries: rules.map(entry).collect() }
    }

    /// Joins the rules of `sets`, in their order. Give the most specific set first.
    #[must_use]
    pub fn concat<'a>(sets: impl IntoIterator<Item = &'a Self>) -> Self {
        Self::of(sets.into_iter().flat_map(|set| set.entries.iter().map(|e| Arc::clone(&e.rule))))
    }

    /// Whether there are no rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether `other` is the same set in memory.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.entries, &other.entries)
    }

    /// The position in this set of the rule at position `place` in `old`; `None` if it is not here.
    pub(super) fn place_of(&self, old: &Self, place: usize) -> Option<usize> {
        let entry = old.entries.get(place)?;
        self.entries.iter().position(|own| own == entry)
    }

    /// How many rules there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The rules, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Rule> {
        self.entries.iter().map(|entry| &*entry.rule)
    }

    /// Records that the rules were loaded at process time `now`. Rules with a global budget come into
    /// force now. The others come into force when a session gets them.
    pub fn loaded(&self, now: ProcessTime) {
        let budgets = self.iter().filter_map(|rule| rule.budget.as_ref());
        for budget in budgets.filter(|budget| budget.extent == Extent::Global) {
            budget.budget_usage().begin(now.into());
        }
    }

    /// Whether any rule has a condition on rungs. Only then must [`Facts::highest_rung`] and
    /// [`Facts::beside_video`] be computed, which reads the whole ladder.
    #[must_use]
    pub fn needs_ladder(&self) -> bool {
        self.iter().any(|rule| rule.matcher.needs_ladder())
    }

    /// Whether any rule edits manifests. Then every manifest passes through the editor, which must
    /// have seen the older versions.
    #[must_use]
    pub fn edits_manifests(&self) -> bool {
        self.iter().any(|rule| !rule.effects.manifest.is_empty())
    }

    /// Whether any rule serves the previous segment. Then requested segments must be remembered.
    #[must_use]
    pub fn swaps_segments(&self) -> bool {
        self.iter().any(|rule| rule.effects.body == Some(Replacement::PreviousSegment))
    }

    /// Decides which effects apply to a request.
    ///
    /// `chance` returns a uniform random number from [0, 1) for a rule's key (its name, unless two
    /// rules share one). It is called once for each rule with a `probability` whose other conditions
    /// hold. The number must depend only on the request and the key: then a run can be replayed in
    /// any interleaving.
    ///
    /// Every rule is evaluated, even if its slots are already filled, so that the counters of one
    /// rule do not depend on other rules. Nothing is allocated, except for the counters if
    /// [`Counters::arm`] was not called before, and for filled slots and budget reservations.
    ///
    /// A rule that fills a slot of the plan counts as applied, even if its effect does not happen
    /// later.
    pub fn decide(
        &self,
        counters: &mut Counters,
        facts: &Facts<'_>,
        chance: &mut dyn FnMut(&str) -> f64,
    ) -> Plan {
        self.decide_after(Plan::default(), counters, facts, chance).0
    }

    /// As [`decide`](Self::decide), starting from the plan `first`: its slots are kept, and the rules
    /// fill the empty ones. Returns the plan and what it took from budgets.
    pub fn decide_after(
        &self,
        first: Plan,
        counters: &mut Counters,
        facts: &Facts<'_>,
        chance: &mut dyn FnMut(&str) -> f64,
    ) -> (Plan, Reservations) {
        self.decide_once(first, &mut Matched::default(), counters, facts, chance)
    }

    /// As [`decide_after`](Self::decide_after), for a request that may have been redirected. Rules
    /// that `matched` it at an earlier address neither count it nor apply again; their effects are
    /// already in `first`.
    pub fn decide_once(
        &self,
        mut first: Plan,
        matched: &mut Matched,
        counters: &mut Counters,
        facts: &Facts<'_>,
        chance: &mut dyn FnMut(&str) -> f64,
    ) -> (Plan, Reservations) {
        let mut reservations = Reservations::default();
        if self.is_empty() {
            first.settle();
            return (first, reservations);
        }
        counters.arm(self, facts.session_time, facts.process_time);
        matched.begin(self);
        let mut applying = Places::new();
        for (place, (entry, count)) in self.entries.iter().zip(&mut counters.counts).enumerate() {
            count.taken = false;
            if matched.has(place) || !entry.matches(facts) {
                continue;
            }
            matched.note(place);
            if entry.applies(count, facts, chance) {
                applying.push(place);
            }
        }
        loop {
            let plan = self.plan(first.clone(), &applying, chance);
            let exhausted = self.spend(&applying, &plan, counters, facts, &mut reservations);
            let Some(exhausted) = exhausted else { return (plan, reservations) };
            // Another session has taken the last of a global budget since `applies` looked.
            applying.retain(|place| *place != exhausted);
        }
    }

    /// Adds the effects of the rules at these positions to `plan`.
    fn plan(
        &self,
        mut plan: Plan,
        applying: &[usize],
        chance: &mut dyn FnMut(&str) -> f64,
    ) -> Plan {
        for entry in applying.iter().filter_map(|place| self.entries.get(*place)) {
            let mut draw = || chance(&format!("{} delay", entry.key));
            entry.rule.effects.fill(&mut plan, &entry.rule.name, &mut draw);
        }
        plan.settle();
        plan
    }

    /// Takes from the budgets of the rules that filled a slot of `plan`. Returns the position of a rule
    /// whose budget was exhausted.
    fn spend(
        &self,
        applying: &[usize],
        plan: &Plan,
        counters: &mut Counters,
        facts: &Facts<'_>,
        reservations: &mut Reservations,
    ) -> Option<usize> {
        applying.iter().copied().find(|place| {
            let entry = self.entries.get(*place).zip(counters.counts.get_mut(*place));
            let Some((Entry { rule, .. }, count)) = entry else { return false };
            let budget_usage = rule.budget.as_ref().zip(count.budget_usage.as_ref());
            let Some((budget, budget_usage)) =
                budget_usage.filter(|_| !count.taken && plan.has(&rule.name))
            else {
                return false;
            };
            let reservation = budget_usage
                .take(&budget.limits, budget.extent.now(facts.session_time, facts.process_time));
            count.taken = reservation.is_some();
            reservation.map(|reservation| reservations.add(&rule.name, reservation)).is_none()
        })
    }
}

impl Entry {
    /// Whether the rule matches the request, apart from counts, probability and budget.
    fn matches(&self, facts: &Facts<'_>) -> bool {
        // Browsers cache preflights, so their number varies. Only rules about preflights count them.
        let about_preflights = self.rule.effects.cors == Some(Cors::Preflight);
        about_preflights == (*facts.method == Method::OPTIONS) && self.rule.matcher.matches(facts)
    }

    /// Whether the rule applies to a request that matches. Checks `every` and `nth` first, then
    /// `probability`, then the budget: see [`Rule`].
    fn applies(
        &self,
        count: &mut Count,
        facts: &Facts<'_>,
        chance: &mut dyn FnMut(&str) -> f64,
    ) -> bool {
        let Rule { nth, every, probability, budget, .. } = &*self.rule;
        let budget_usage = budget.as_ref().zip(count.budget_usage.as_ref());
        count.matched += 1;
        count.matched.is_multiple_of(*every)
            && nth.as_ref().is_none_or(|nth| nth.contains(count.matched))
            && probability.is_none_or(|share| chance(&self.key) < share.get())
            && budget_usage.is_none_or(|(budget, budget_usage)| {
                budget_usage.allows(
                    &budget.limits,
                    budget.extent.now(facts.session_time, facts.process_time),
                )
            })
    }
}

/// The counters of one rule in one session.
#[derive(Debug, Default)]
struct Count {
    /// Requests that matched.
    matched: u64,
    /// The usage of its budget, if it has one.
    budget_usage: Option<BudgetUsage>,
    /// Whether the current request has taken from the budget.
    taken: bool,
}

/// The counters of all rules, for one session.
///
/// When the session gets another set of rules, rules that are in both sets (same key, same rule)
/// keep their counts; the others start at zero.
#[derive(Debug, Default)]
pub struct Counters {
    set: RuleSet,
    counts: Vec<Count>,
}

impl Counters {
    /// Gives the session the rules of `set`, unless it has them already. New rules come into force at
    /// this time, given as session time and as process time. If this is not called, rules come into
    /// force with their first request.
    pub fn arm(&mut self, set: &RuleSet, session_time: SessionTime, process_time: ProcessTime) {
        if Arc::ptr_eq(&self.set.entries, &set.entries) {
            return;
        }
        let old = self.set.entries.iter().zip(self.counts.drain(..));
        let mut old: HashMap<_, _> =
            old.map(|(entry, count)| (&*entry.key, (entry, count))).collect();
        let count = |entry: &Entry| match old.remove(&*entry.key) {
            Some((known, count)) if known == entry => count,
            _ => Count {
                budget_usage: entry.rule.budget.as_ref().map(Budget::budget_usage),
                ..Count::default()
            },
        };
        self.counts = set.entries.iter().map(count).collect();
        self.set = set.clone();
        for (entry, count) in set.entries.iter().zip(&mut self.counts) {
            if let (Some(budget), Some(budget_usage)) = (&entry.rule.budget, &count.budget_usage) {
                budget_usage.begin(budget.extent.now(session_time, process_time));
            }
        }
    }
}

/// A list of rules, each in the form in which it was read.
impl Serialize for RuleSet {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter())
    }
}

/// As [`RuleSet::from_json`], which returns the errors as a list.
impl<'de> Deserialize<'de> for RuleSet {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let rules = serde_json::Value::deserialize(from)?;
        Self::from_json("rules", rules).map_err(|faults: Diagnostics| de::Error::custom(faults))
    }
}

mod usage;

pub use usage::RuleUsage;

#[cfg(test)]
mod tests;
