//! What a PATCH changes of a session: the mirror of its body, and what becomes of it.

use super::{arming_entry::named, problem::Problem};
use crate::{
    profiles::{Catalog, Profile},
    rules::{Document, RuleEntry, RuleSet, Scope, Text, rule_set},
    sessions::Arming,
    units::BitRate,
};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::sync::Arc;

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
pub(super) struct ChangeEntry {
    profile: Member<Text>,
    rate: Member<Text>,
    rules: Member<Vec<RuleEntry>>,
}

/// A change that can be made: validated as a whole, so that it is made as a whole or not at all.
#[derive(Debug)]
pub(super) struct Change {
    profile: Option<Arc<Profile>>,
    /// `Some(None)`: back to the profile's.
    rate: Option<Option<BitRate>>,
    rules: Option<Arc<RuleSet>>,
}

impl Change {
    /// Reads `body`. A profile that is taken away becomes `default`: that of the command line.
    pub(super) fn read(
        body: Value,
        catalog: &Catalog,
        default: &Arc<Profile>,
    ) -> Result<Self, Problem> {
        let change = Document::json("body", body)
            .read(|entry: ChangeEntry, scope| Some(entry.validate(catalog, default, scope)))?;
        Ok(change)
    }

    /// What `present` becomes; `common` are the rules of all sessions.
    pub(super) fn apply(self, present: &Arming, common: &RuleSet) -> Arming {
        Arming::new(
            self.profile.unwrap_or_else(|| Arc::clone(&present.profile)),
            self.rate.unwrap_or(present.rate),
            self.rules.unwrap_or_else(|| Arc::clone(&present.own_rules)),
            common,
        )
    }
}

impl ChangeEntry {
    /// Whatever is at fault is left out here, and taken down in `scope`.
    fn validate(self, catalog: &Catalog, default: &Arc<Profile>, scope: &Scope<'_>) -> Change {
        Change {
            profile: match self.profile {
                Member::Absent => None,
                Member::Removed => Some(Arc::clone(default)),
                Member::Set(name) => named(&name, catalog, &scope.at("profile")),
            },
            // Zero is a rate here, unlike in a profile: the silence ends with the next PATCH.
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
        }
    }
}
