//! The body of a POST that arms a fault, and its validation.

use super::{change::ttl, problem::Problem};
use crate::{
    document::{Document, Scope, Text},
    profiles::{FaultError, fault_named},
    rules::{RuleItem, RuleSet, misplaced_key, single_rule},
    sessions::Command,
};
use serde::Deserialize;
use serde_json::Value;

/// The largest accepted `times`.
const MOST_TIMES: u64 = 1_000_000;

/// The body of `POST /api/v1/sessions/{id}/faults`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "an object, as in {\"fault\": \"segment-404\"}")]
struct FaultEntry {
    fault: Option<Text>,
    rule: Option<RuleItem>,
    name: Option<Text>,
    times: Option<Text>,
    ttl: Option<Text>,
}

/// Parses and validates `body`.
pub(super) fn read(body: Value) -> Result<Command, Problem> {
    let command = Document::json("body", body)
        .with_key_hint(misplaced_key)
        .read(|entry: FaultEntry, scope| entry.validate(scope))?;
    Ok(command)
}

impl FaultEntry {
    fn validate(self, scope: &Scope<'_>) -> Option<Command> {
        const HINT: &str = "write `fault` (the name of a built-in fault) or `rule`, as in \
                            {\"rule\": {\"when\": {\"kind\": \"segment\"}, \"then\": {\"status\": 404}}}";
        let ttl = ttl(self.ttl.as_ref(), scope);
        let times = self.times.map_or(Some(1), |text| times(&text, &scope.at("times")));
        let name = self.name.map(|text| name(&text, &scope.at("name")));
        let (default, rules) = match (self.fault, self.rule) {
            (Some(named), None) => built_in(&named, &scope.at("fault"))?,
            (None, Some(rule)) => {
                let named = match &rule {
                    RuleItem::Full(rule) => rule.name.as_ref().map(Text::as_str),
                    RuleItem::Short(text) => Some(text.as_str()),
                };
                let default = named.filter(|name| fits(name)).unwrap_or("fault").to_owned();
                (default, single_rule(rule, &scope.at("rule")))
            }
            (Some(_), Some(_)) => {
                scope.fault("has both `fault` and `rule`", HINT);
                return None;
            }
            (None, None) => {
                scope.fault("names no fault", HINT);
                return None;
            }
        };
        let name = name.flatten().unwrap_or(default).into();
        Some(Command::ArmFault { name, rules, times: times?, ttl })
    }
}

/// The rules of a ready fault, and its name; or those of a short rule.
fn built_in(named: &Text, scope: &Scope<'_>) -> Option<(String, RuleSet)> {
    if named.as_str().contains(':') {
        return Some(("fault".to_owned(), single_rule(RuleItem::Short(named.clone()), scope)));
    }
    match fault_named(named.as_str()) {
        Ok(fault) => return Some((fault.name.to_owned(), fault.rules)),
        Err(FaultError::Unknown { name, nearest }) => {
            let hint = match nearest.first() {
                Some(near) => format!("did you mean `{near}`? `vsps rules list` lists all"),
                None => "`vsps rules list` lists all".to_owned(),
            };
            scope.fault(format!("there is no fault `{name}`"), hint);
        }
        Err(FaultError::Invalid(faults)) => scope.fault(faults.to_string(), "choose another fault"),
    }
    None
}

fn times(text: &Text, scope: &Scope<'_>) -> Option<u64> {
    let times = text.as_str().parse().ok().filter(|times| (1..=MOST_TIMES).contains(times));
    if times.is_none() {
        let hint = format!("write a whole number from 1 to {MOST_TIMES}");
        scope.fault(format!("`{text}` is not a valid number"), hint);
    }
    times
}

fn name(text: &Text, scope: &Scope<'_>) -> Option<String> {
    if !fits(text.as_str()) {
        scope.fault("is not a name", "write 1 to 64 letters, digits, `-` and `_`");
        return None;
    }
    Some(text.as_str().to_owned())
}

/// Whether `name` is valid in URLs, logs and headers.
fn fits(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=64).contains(&name.len()) && name.chars().all(plain)
}
