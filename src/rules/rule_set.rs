//! Rules in order, and the decision they come to for one request.

use super::{
    budget::{Budget, Extent},
    budget_usage::BudgetUsage,
    diagnostic::Diagnostics,
    effect::{Cors, Replacement},
    facts::Facts,
    matched::Matched,
    plan::Plan,
    reservations::Reservations,
    rule::Rule,
};
use http::Method;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use smallvec::SmallVec;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// Rules that apply to one request, by their place; more than these are kept on the heap.
type Places = SmallVec<[usize; 16]>;

/// Rules in order. Cheap to clone; the default has none.
///
/// All rules are asked, in order; for each slot of the [`Plan`] the first rule that applies and
/// names it wins. So the specific rule goes before the general one, and
/// [`concat`](Self::concat) takes the specific set first: the session's own, then the rule file's,
/// then the profile's.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleSet {
    entries: Arc<[Entry]>,
}

/// A rule in its place in a set.
#[derive(Debug, PartialEq)]
struct Entry {
    rule: Arc<Rule>,
    /// The name of its random draws: the rule's name, with a number where an earlier rule of the
    /// set has the same, lest the two draw alike.
    key: Arc<str>,
}

impl RuleSet {
    /// A set of `rules`, in this order.
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

    /// All rules of `sets`, those of the first set first. Give the most specific set first.
    #[must_use]
    pub fn concat<'a>(sets: impl IntoIterator<Item = &'a Self>) -> Self {
        Self::of(sets.into_iter().flat_map(|set| set.entries.iter().map(|e| Arc::clone(&e.rule))))
    }

    /// Whether there are no rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether `other` is this very set.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.entries, &other.entries)
    }

    /// The place of the rule that is at `place` in `old`, if it is in this set too.
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

    /// The rules were loaded at process time `now`: those whose budget all sessions share come into
    /// force. The others do when a session gets them.
    pub fn loaded(&self, now: Duration) {
        let budgets = self.iter().filter_map(|rule| rule.budget.as_ref());
        for budget in budgets.filter(|budget| budget.extent == Extent::Global) {
            budget.budget_usage().begin(now);
        }
    }

    /// Whether any rule asks for rungs: [`Facts::highest_rung`] and [`Facts::beside_video`] cost a look at
    /// the whole ladder.
    #[must_use]
    pub fn needs_ladder(&self) -> bool {
        self.iter().any(|rule| rule.matcher.needs_ladder())
    }

    /// Whether any rule edits manifests: then every manifest must go through the edits, so that they
    /// know older versions.
    #[must_use]
    pub fn edits_manifests(&self) -> bool {
        self.iter().any(|rule| !rule.effects.manifest.is_empty())
    }

    /// Whether any rule serves the segment before: those asked for must then be remembered.
    #[must_use]
    pub fn swaps_segments(&self) -> bool {
        self.iter().any(|rule| rule.effects.body == Some(Replacement::PreviousSegment))
    }

    /// What shall befall the request.
    ///
    /// `chance` is asked for a uniform draw from [0, 1) by a rule's key (its name, unless two share
    /// one), once for each rule with a probability whose other conditions hold. For a replay in any
    /// interleaving, the draws must depend on nothing but the request and the key.
    ///
    /// Every rule is asked, also when its slots are filled, so that what one rule counts does not
    /// depend on the others. Nothing is allocated, but for the counters where nobody has armed
    /// them, and what a filled slot or a charge needs to name its rule.
    ///
    /// What comes into the plan counts as a strike here, whatever becomes of it.
    pub fn decide(
        &self,
        counters: &mut Counters,
        facts: &Facts<'_>,
        chance: &mut dyn FnMut(&str) -> f64,
    ) -> Plan {
        self.decide_after(Plan::default(), counters, facts, chance).0
    }

    /// The same where somebody has decided before: what is in `first` stays, and the rules fill the
    /// slots that are left. With the plan, what it took from budgets.
    pub fn decide_after(
        &self,
        first: Plan,
        counters: &mut Counters,
        facts: &Facts<'_>,
        chance: &mut dyn FnMut(&str) -> f64,
    ) -> (Plan, Reservations) {
        self.decide_once(first, &mut Matched::default(), counters, facts, chance)
    }

    /// The same for a request that may have been redirected: rules that have `matched` it at an earlier address
    /// neither count it again nor apply again. What they asked for is in `first`.
    pub fn decide_once(
        &self,
        mut first: Plan,
        matched: &mut Matched,
        counters: &mut Counters,
        facts: &Facts<'_>,
        chance: &mut dyn FnMut(&str) -> f64,
    ) -> (Plan, Reservations) {
        let mut charges = Reservations::default();
        if self.is_empty() {
            first.settle();
            return (first, charges);
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
            let beaten = self.spend((&applying, &plan), counters, facts, &mut charges);
            let Some(beaten) = beaten else { return (plan, charges) };
            // Another session took the last of a global budget in between.
            applying.retain(|place| *place != beaten);
        }
    }

    /// The plan that the rules at these places come to, after what is in `plan`.
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

    /// Spends the budgets of the rules that came into `plan`; the place of one that had none left.
    fn spend(
        &self,
        (applying, plan): (&[usize], &Plan),
        counters: &mut Counters,
        facts: &Facts<'_>,
        charges: &mut Reservations,
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
            let strike = budget_usage
                .take(&budget.limits, budget.extent.now(facts.session_time, facts.process_time));
            count.taken = strike.is_some();
            strike.map(|strike| charges.add(&rule.name, strike)).is_none()
        })
    }
}

impl Entry {
    /// Whether the request is one that the rule is about.
    fn matches(&self, facts: &Facts<'_>) -> bool {
        // Whether a browser asks first depends on its caches: preflights are for rules about them alone.
        let about_preflights = self.rule.effects.cors == Some(Cors::Preflight);
        about_preflights == (*facts.method == Method::OPTIONS) && self.rule.matcher.matches(facts)
    }

    /// Of a request that matches: first how many came before, then `probability`, then whether the
    /// budget is open: see [`Rule`].
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

/// What one session has counted of one rule.
#[derive(Debug, Default)]
struct Count {
    /// Requests that matched.
    matched: u64,
    /// What was used of its budget, if it has one.
    budget_usage: Option<BudgetUsage>,
    /// Whether the present request has taken from the budget.
    taken: bool,
}

/// How many requests each rule has counted, for one session.
///
/// When the session gets another set of rules, those that are in both (same key, same rule) go on
/// counting; the others start at zero.
#[derive(Debug, Default)]
pub struct Counters {
    set: RuleSet,
    counts: Vec<Count>,
}

impl Counters {
    /// The session gets the rules of `set`, if it has not got them, at this session time, which is
    /// this process time: those that are new to it come into force. Those that nobody has armed come
    /// into force with their first request.
    pub fn arm(&mut self, set: &RuleSet, session_time: Duration, process_time: Duration) {
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

/// A list of rules, each in the form that was read.
impl Serialize for RuleSet {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter())
    }
}

/// The same as [`RuleSet::from_json`], which gives the faults one by one.
impl<'de> Deserialize<'de> for RuleSet {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let rules = serde_json::Value::deserialize(from)?;
        Self::from_json("rules", rules).map_err(|faults: Diagnostics| de::Error::custom(faults))
    }
}

#[cfg(test)]
mod tests;
