//! The body of a PATCH of a session, and its validation.

use super::{arming_entry::named, problem::Problem};
use crate::{
    document::{Document, Scope, Text},
    profiles::Catalog,
    rules::{RuleList, misplaced_key, rule_set},
    sessions::{Change, Command, Patch},
};
use serde::Deserialize;
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// The body of `PATCH /api/v1/sessions/{id}`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "an object, as in {\"rate\": \"5 Mbit/s\"}")]
struct ChangeEntry {
    profile: Patch<Text>,
    rate: Patch<Text>,
    rtt: Patch<Text>,
    loss: Patch<Text>,
    rules: Patch<RuleList>,
    paused: Patch<bool>,
    ttl: Option<Text>,
}

/// Parses and validates `body` as a whole, so that it is applied as a whole or not at all. `null` for the profile
/// means the profile of the command line.
pub(super) fn read(body: Value, catalog: &Catalog) -> Result<Command, Problem> {
    let command = Document::json("body", body)
        .with_key_hint(misplaced_key)
        .read(|entry: ChangeEntry, scope| entry.validate(catalog, scope))?;
    Ok(command)
}

impl ChangeEntry {
    /// Invalid members are reported in `scope`.
    fn validate(self, catalog: &Catalog, scope: &Scope<'_>) -> Option<Command> {
        let profile = |name: Text| {
            named(&name, catalog, &scope.at("profile")).map(|_| Arc::from(name.as_str()))
        };
        // All members are read before the first `?`, so that every error is reported.
        let profile = validated(self.profile, profile);
        // Zero is a valid rate: nothing passes until the next PATCH.
        let rate = validated(self.rate, |text| scope.read("rate", Some(&text)));
        let rtt = validated(self.rtt, |text| scope.span("rtt", Some(&text)));
        let loss = validated(self.loss, |text| scope.read("loss", Some(&text)));
        let rules = |rules| Arc::new(rule_set(rules, &scope.at("rules")));
        let (rules, paused) = (self.rules.map(rules), self.paused);
        let ttl = ttl(self.ttl.as_ref(), scope);
        let (profile, rate, rtt, loss) = (profile?, rate?, rtt?, loss?);
        let change = Change { profile, rate, rtt, loss, rules, paused };
        if ttl.is_some() && change.is_empty() {
            let hint = "add the setting to change for this time, as in {\"paused\": true, \"ttl\": \"30 s\"}";
            scope.at("ttl").fault("has nothing to revert", hint);
        }
        Some(Command::Set { change, ttl })
    }
}

/// The member with its value read; `None` = the value is invalid.
fn validated<T, U>(member: Patch<T>, read: impl FnOnce(T) -> Option<U>) -> Option<Patch<U>> {
    match member.map(read) {
        Patch::Keep => Some(Patch::Keep),
        Patch::Restore => Some(Patch::Restore),
        Patch::Set(value) => value.map(Patch::Set),
    }
}

/// Reads how long a change lasts.
pub(super) fn ttl(written: Option<&Text>, scope: &Scope<'_>) -> Option<Duration> {
    let lasts = scope.span("ttl", written);
    if lasts.is_some_and(|lasts| lasts.is_zero()) {
        scope.at("ttl").fault("must be longer than zero", "write how long it lasts, as in `30 s`");
    }
    lasts
}
