//! The body of a POST that starts a session, and its validation.

use super::problem::Problem;
use crate::{
    document::{Document, Scope, Text},
    profiles::{Catalog, Profile, ProfileError, Shaping, Shared},
    rules::{RuleList, misplaced_key, rule_set},
    seed::Seed,
    sessions::{ArmingRequest, Origin},
};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// The longest label. It is part of log lines.
const LONGEST_LABEL: usize = 64;

/// The body of `POST /api/v1/sessions`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "an object, as in {\"profile\": \"3g\"}")]
pub(super) struct ArmingEntry {
    profile: Option<Text>,
    rate: Option<Text>,
    rtt: Option<Text>,
    loss: Option<Text>,
    seed: Option<Text>,
    rules: Option<RuleList>,
    origin: Option<Text>,
    // A number is no name: text alone is taken.
    link: Option<String>,
    label: Option<String>,
}

impl ArmingEntry {
    /// Parses and validates `body`.
    pub(super) fn read(body: Value, catalog: &Catalog) -> Result<ArmingRequest, Problem> {
        let request = Document::json("body", body)
            .with_key_hint(misplaced_key)
            .read(|entry: Self, scope| Some(entry.validate(catalog, scope)))?;
        Ok(request)
    }

    /// Invalid members are reported in `scope`, and left out of the result.
    fn validate(self, catalog: &Catalog, scope: &Scope<'_>) -> ArmingRequest {
        let Self { profile, rate, rtt, loss, seed, rules, origin, link, label } = self;
        ArmingRequest {
            profile: profile.and_then(|name| named(&name, catalog, &scope.at("profile"))),
            shaping: Shaping {
                rate: scope.read("rate", rate.as_ref()),
                rtt: scope.span("rtt", rtt.as_ref()),
                loss: scope.read("loss", loss.as_ref()),
            },
            seed: seed.and_then(|text| read_seed(&text, &scope.at("seed"))),
            rules: rules.map(|rules| Arc::new(rule_set(rules, &scope.at("rules")))),
            origin: origin.and_then(|text| read_origin(&text, &scope.at("origin"))),
            link: link.and_then(|text| read_link(&text, &scope.at("link"))),
            label: label.and_then(|text| read_label(&text, &scope.at("label"))),
            client: None,
        }
    }
}

/// The profile `name`. It must be a built-in one, since a request must not make the proxy read files.
pub(super) fn named(name: &Text, catalog: &Catalog, scope: &Scope<'_>) -> Option<Arc<Profile>> {
    match catalog.named(name.as_str()) {
        Ok(profile) => return Some(profile),
        Err(ProfileError::Unknown { name, nearest }) => {
            let hint = match nearest.first() {
                Some(near) => format!("did you mean `{near}`? GET /api/v1/profiles lists all"),
                None => "GET /api/v1/profiles lists all".to_owned(),
            };
            scope.fault(format!("there is no profile `{name}`"), hint);
        }
        Err(ProfileError::File(error)) => scope.fault(error.to_string(), "choose another profile"),
    }
    None
}

fn read_seed(text: &Text, scope: &Scope<'_>) -> Option<Seed> {
    let seed = text.as_str().parse().ok();
    if seed.is_none() {
        let hint = format!("write a whole number from 0 to {}", u64::MAX);
        scope.fault(format!("`{text}` is not a seed"), hint);
    }
    seed
}

/// Parses an origin without a path. A client of the API may open hosts, so the session may fetch from it without
/// `--allow-origin`.
fn read_origin(text: &Text, scope: &Scope<'_>) -> Option<Origin> {
    const HINT: &str = "write scheme and host, as in `https://cdn.example`";
    match Origin::split(text.as_str()) {
        Ok((origin, path)) if path == "/" && !text.as_str().contains(['?', '#']) => {
            return Some(origin);
        }
        Ok((origin, _)) => {
            let hint = format!("write `{origin}`, and append the path to the session's url");
            scope.fault(format!("`{text}` has a path"), hint);
        }
        Err(_) => scope.fault(format!("`{text}` is not an origin"), HINT),
    }
    None
}

fn read_link(text: &str, scope: &Scope<'_>) -> Option<Arc<str>> {
    let link = Shared::link(text);
    let hint = "write up to 64 letters, digits, `-` and `_`, as in `house`";
    link.map_err(|_| scope.fault(format!("`{text}` is not a link name"), hint)).ok()
}

fn read_label(label: &str, scope: &Scope<'_>) -> Option<Arc<str>> {
    if label.chars().count() > LONGEST_LABEL || label.chars().any(char::is_control) {
        let hint = format!("write at most {LONGEST_LABEL} characters on one line");
        scope.fault("is not a label", hint);
        return None;
    }
    Some(label.into())
}
