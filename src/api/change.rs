//! The body of a PATCH of a session, and its validation.

use super::{arming_entry::named, problem::Problem};
use crate::{
    document::{Document, Scope, Text},
    profiles::{Catalog, Profile},
    rules::{RuleList, misplaced_key, rule_set},
    sessions::{Change, Command},
};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// A member of a merge patch (RFC 7396). It has three states.
#[derive(Debug, Default)]
enum Member<T> {
    /// Not present: no change.
    #[default]
    Absent,
    /// `null`: the value is removed.
    Removed,
    /// A new value.
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Member<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(from)?.map_or(Self::Removed, Self::Set))
    }
}

/// The body of `PATCH /api/v1/sessions/{id}`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "an object, as in {\"rate\": \"5 Mbit/s\"}")]
struct ChangeEntry {
    profile: Member<Text>,
    rate: Member<Text>,
    rules: Member<RuleList>,
    paused: Member<bool>,
    ttl: Option<Text>,
}

/// Parses and validates `body` as a whole, so that it is applied as a whole or not at all. `null` for the profile
/// means `default`, the profile of the command line.
pub(super) fn read(
    body: Value,
    catalog: &Catalog,
    default: &Arc<Profile>,
) -> Result<Command, Problem> {
    let command = Document::json("body", body)
        .with_key_hint(misplaced_key)
        .read(|entry: ChangeEntry, scope| Some(entry.validate(catalog, default, scope)))?;
    Ok(command)
}

impl ChangeEntry {
    /// Invalid members are reported in `scope`, and left out of the result.
    fn validate(self, catalog: &Catalog, default: &Arc<Profile>, scope: &Scope<'_>) -> Command {
        let change = Change {
            profile: match self.profile {
                Member::Absent => None,
                Member::Removed => Some(Arc::clone(default)),
                Member::Set(name) => named(&name, catalog, &scope.at("profile")),
            },
            // Zero is a valid rate: nothing passes until the next PATCH.
            rate: match self.rate {
                Member::Absent => None,
                Member::Removed => Some(None),
                Member::Set(text) => Some(scope.read("rate", Some(&text))),
            },
            rules: match self.rules {
                Member::Absent => None,
                Member::Removed => Some(Arc::default()),
                Member::Set(rules) => Some(Arc::new(rule_set(rules, &scope.at("rules")))),
            },
            paused: match self.paused {
                Member::Absent => None,
                Member::Removed => Some(false),
                Member::Set(paused) => Some(paused),
            },
        };
        let lasts = ttl(self.ttl.as_ref(), scope);
        if lasts.is_some() && change.is_empty() {
            let hint = "add the setting to change for this time, as in {\"paused\": true, \"ttl\": \"30 s\"}";
            scope.at("ttl").fault("has nothing to revert", hint);
        }
        Command::Set(change, lasts)
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
