//! Validates rule entries into rules, and records every error.

use super::{
    budget::budget,
    then::effects,
    when::{every, matcher, nth},
};
use crate::{
    document::{Diagnostics, Document, Scope, Text},
    rules::{
        entry::RuleEntry,
        misplaced::misplaced_key,
        rule::Rule,
        rule_list::{RuleItem, RuleList},
        rule_set::RuleSet,
    },
};
use std::sync::Arc;

impl RuleSet {
    /// Reads rules from a JSON list; `origin` is its name in errors, as in `request body`.
    ///
    /// # Errors
    /// As [`RuleSet::from_toml`].
    pub fn from_json(origin: &str, rules: serde_json::Value) -> Result<Self, Diagnostics> {
        Document::json(origin, rules)
            .with_key_hint(misplaced_key)
            .read(|list: RuleList, scope| Some(rule_set(list, scope)))
    }
}

/// Validates the rules of a list; `scope` is the list.
pub(crate) fn rule_set(list: impl Into<RuleList>, scope: &Scope<'_>) -> RuleSet {
    let numbered = list.into().0.into_iter().enumerate();
    let sets: Vec<_> = numbered.map(|(i, item)| rules_of(item, i, &scope.item(i))).collect();
    RuleSet::concat(&sets)
}

/// Validates an item that stands alone at `scope`.
pub(crate) fn single_rule(item: RuleItem, scope: &Scope<'_>) -> RuleSet {
    rules_of(item, 0, scope)
}

fn rules_of(item: RuleItem, place: usize, scope: &Scope<'_>) -> RuleSet {
    match item {
        RuleItem::Full(entry) => RuleSet::new(vec![rule(*entry, place, scope)]),
        RuleItem::Short(text) => RuleSet::from_text(text.as_str()).unwrap_or_else(|problem| {
            let hint = "write the name of a ready fault or a short rule, as in \
                        `stuck-playlist` or `segment.audio:delay=2s`";
            scope.fault(problem, hint);
            RuleSet::default()
        }),
    }
}

fn rule(entry: RuleEntry, place: usize, scope: &Scope<'_>) -> Rule {
    let name = name(entry.name.as_ref(), place, &scope.at("name"));
    let when = entry.when.clone().unwrap_or_default();
    let at = scope.at("when");
    let matcher = matcher(&when, &at);
    let nth = nth(&when, &at);
    let every = every(when.every.as_ref(), &at.at("every"));
    let probability = at.read("probability", when.probability.as_ref());
    let then = entry.then.clone().unwrap_or_default();
    let effects = effects(&then, &scope.at("then"));
    let budget = budget(entry.budget.as_ref(), &scope.at("budget"));
    Rule { name, matcher, nth, every, probability, effects, budget, entry }
}

/// The given name, or `rule N`. It appears in logs and headers, so it must be short and printable.
fn name(written: Option<&Text>, place: usize, scope: &Scope<'_>) -> Arc<str> {
    let Some(name) = written.map(Text::as_str) else {
        return format!("rule {}", place + 1).into();
    };
    if name.is_empty() || name.len() > 80 || name.chars().any(char::is_control) {
        let hint = "write 1 to 80 bytes of text on one line, or leave it out";
        scope.fault("is not a valid name", hint);
    }
    name.into()
}
