//! The mirror of one rule, as it stands in a file or in JSON; no logic.

use super::{
    table::tables_only,
    text::{Several, Text},
};
use serde::{Deserialize, Serialize};

/// A `[[rule]]`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    remote = "Self",
    expecting = "a rule, as in { when = { kind = \"segment\" }, then = { delay = \"2 s\" } }"
)]
pub(crate) struct RuleEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) when: Option<WhenEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) then: Option<ThenEntry>,
}

/// A rule's `when`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    remote = "Self",
    expecting = "a table, as in { kind = \"segment\", media = \"audio\" }"
)]
pub(super) struct WhenEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<Several>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) media: Option<Several>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) protocol: Option<Several>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rung: Option<Several>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) index: Option<Several>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) during: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) every: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) probability: Option<Text>,
}

/// A rule's `then`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    remote = "Self",
    expecting = "a table, as in { delay = \"2 s\" }"
)]
pub(super) struct ThenEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delay: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hang: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rate: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reset: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) truncate: Option<Text>,
}

tables_only!(RuleEntry, WhenEntry, ThenEntry);

/// A rule file: nothing but rules. (A file's whole is always a table.)
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "rules, each under its own [[rule]]")]
pub(super) struct RuleFile {
    pub(super) rule: Vec<RuleEntry>,
}
