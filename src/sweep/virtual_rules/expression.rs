//! Which parts of rules a virtual session cannot express.

use crate::rules::{Rule, RuleSet};
use serde_json::Value;

/// A part of a rule that does not do in virtual time what it does in the proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unexpressed {
    /// It is left out, and the rest applies.
    LeftOut(String),
    /// No run with it would be what it says.
    Refused(String),
}

/// Conditions that a virtual session cannot evaluate: a rule with one of them matches nothing.
const UNKNOWN: &[&str] = &["after-join", "behind-live", "blocking", "epoch-pattern", "host"];
/// The same where the manifests of what is played are not known.
const OF_MANIFESTS: &[&str] =
    &["codec", "discontinuity", "height", "language", "number", "path", "rendition", "role"];
/// Effects that change no time of a virtual session, or that lead to what it does not have.
const WITHOUT_EFFECT: &[&str] = &[
    "body",
    "coalesce",
    "corrupt",
    "cors",
    "date-skew",
    "drip",
    "framing",
    "headers",
    "manifest",
    "range",
    "reload",
];

/// The parts of `rules` that virtual time cannot express, each with its rule. `manifests`: those of what is played are known.
#[must_use]
pub fn unexpressed(rules: &RuleSet, manifests: bool) -> Vec<Unexpressed> {
    rules.iter().flat_map(|rule| of_rule(rule, manifests)).collect()
}

fn of_rule(rule: &Rule, manifests: bool) -> Vec<Unexpressed> {
    let name = rule.name();
    let rule = serde_json::to_value(rule).unwrap_or_default();
    let left_out = |what: String| Unexpressed::LeftOut(format!("rule '{name}': {what}"));
    let mut found = Vec::new();
    if rule["budget"]["scope"] == "global" {
        let problem = format!(
            "rule '{name}' has a budget for all sessions together, but runs do not share a process's \
             clock; leave out `scope = \"global\"`"
        );
        found.push(Unexpressed::Refused(problem));
    }
    let of_manifests: &[&str] = if manifests { &[] } else { OF_MANIFESTS };
    let unknown = UNKNOWN.iter().chain(of_manifests);
    for key in unknown.filter(|key| asks_for(&rule["when"], key)) {
        found
            .push(left_out(format!("`{key}` is not known in virtual time, so it matches nothing")));
    }
    let then = &rule["then"];
    for key in WITHOUT_EFFECT.iter().filter(|key| !then[**key].is_null()) {
        found.push(left_out(format!("`{key}` has no effect in virtual time")));
    }
    let redirect = &then["redirect"];
    if redirect.is_string() || !redirect["to"].is_null() || !redirect["host"].is_null() {
        found.push(left_out("`redirect` to another address has no effect in virtual time".into()));
    }
    if times(&then["stall"]["at"]) {
        found.push(left_out("`stall` at a time has no effect in virtual time".into()));
    }
    found
}

/// Whether a table of conditions has this one. Without it, `not` excludes less; that is named too.
fn asks_for(when: &Value, key: &str) -> bool {
    let excluded = when["not"].as_array();
    !when[key].is_null() || excluded.is_some_and(|all| all.iter().any(|not| asks_for(not, key)))
}

/// Whether one of the points is a time.
fn times(points: &Value) -> bool {
    let time = |point: &Value| {
        point.as_str().is_some_and(|text| crate::units::span::parse(text.trim()).is_ok())
    };
    time(points) || points.as_array().is_some_and(|all| all.iter().any(time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Plan;

    /// Effects of virtual sessions.
    const WITH_EFFECT: &[&str] = &[
        "close",
        "cut",
        "delay",
        "hang",
        "keep-errors",
        "profile",
        "rate",
        "redirect",
        "refuse",
        "stall",
        "status",
    ];

    /// A new effect is listed as one or the other: nobody is left to guess what the bench does with it.
    #[test]
    fn every_effect_has_one_or_no_effect_in_virtual_time() {
        let mut listed: Vec<_> = WITH_EFFECT.iter().chain(WITHOUT_EFFECT).copied().collect();
        let mut slots = Plan::SLOTS.to_vec();
        listed.sort_unstable();
        slots.sort_unstable();
        assert_eq!(listed, slots);
    }
}
