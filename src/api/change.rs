//! What a PATCH changes of a session: the mirror of its body, and what becomes of it.

use super::{arming_entry::named, problem::Problem};
use crate::{
    profiles::{Catalog, Profile},
    rules::{Document, RuleList, Scope, Text, rule_set},
    sessions::{Change, Command},
};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// A member of a merge patch (RFC 7396): three things can be said of it.
#[derive(Debug, Default)]
enum Member<T> {
    /// Not a word: it stays as it is.
    #[default]
    Absent,
    /// `null`: it is taken away.
    Removed,
    /// It becomes this.
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Member<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(from)?.map_or(Self::Removed, Self::Set))
    }
}

/// The body of `PATCH /api/v1/sessions/{id}`; no logic.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "an object, as in {\"rate\": \"5 Mbit/s\"}")]
struct ChangeEntry {
    profile: Member<Text>,
    rate: Member<Text>,
    rules: Member<RuleList>,
    paused: Member<bool>,
    ttl: Option<Text>,
}

/// Reads `body`: a command that is validated as a whole, so that it is obeyed as a whole or not at
/// all. A profile that is taken away becomes `default`: that of the command line.
pub(super) fn read(
    body: Value,
    catalog: &Catalog,
    default: &Arc<Profile>,
) -> Result<Command, Problem> {
    let command = Document::json("body", body)
        .read(|entry: ChangeEntry, scope| Some(entry.validate(catalog, default, scope)))?;
    Ok(command)
}

impl ChangeEntry {
    /// Whatever is at fault is left out here, and taken down in `scope`.
    fn validate(self, catalog: &Catalog, default: &Arc<Profile>, scope: &Scope<'_>) -> Command {
        let change = Change {
            profile: match self.profile {
                Member::Absent => None,
                Member::Removed => Some(Arc::clone(default)),
                Member::Set(name) => named(&name, catalog, &scope.at("profile")),
            },
            // Zero is a rate too: silence until the next PATCH.
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
            let hint = "write what shall last so long, as in {\"paused\": true, \"ttl\": \"30 s\"}";
            scope.at("ttl").fault("has nothing to revert", hint);
        }
        Command::Set(change, lasts)
    }
}

/// For how long a change holds.
pub(super) fn ttl(written: Option<&Text>, scope: &Scope<'_>) -> Option<Duration> {
    let lasts = scope.span("ttl", written);
    if lasts.is_some_and(|lasts| lasts.is_zero()) {
        scope.at("ttl").fault("is over at once", "write how long it holds, as in `30 s`");
    }
    lasts
}
