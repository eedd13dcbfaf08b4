//! The entry of one rule, as written in a file or in JSON; no logic.

use super::{rule_list::RuleList, then_entry::ThenEntry};
use crate::document::{Several, Text, tables};
use serde::Deserialize;

tables! {
    /// A `[[rule]]`.
    RuleEntry "a rule, as in { when = { kind = \"segment\" }, then = { delay = \"2 s\" } }" {
        name: Text,
        when: WhenEntry,
        then: ThenEntry,
        budget: BudgetEntry,
    }

    /// A rule's `when`.
    WhenEntry "a table, as in { kind = \"segment\", media = \"audio\" }" {
        kind: Several,
        media: Several,
        protocol: Several,
        rung: Several,
        rendition: Several,
        bandwidth: Several,
        height: Several,
        codec: Several,
        language: Several,
        role: Several,
        index: Several,
        number: Several,
        behind_live: Several,
        after_join: Several,
        media_time: Text,
        media_cycle: Text,
        discontinuity: bool,
        during: Text,
        pattern: Text,
        epoch_pattern: Text,
        attempt: Several,
        host: Several,
        path: Several,
        method: Several,
        range: bool,
        blocking: bool,
        connection: Text,
        not: Vec<WhenEntry>,
        nth: Several,
        first: Text,
        every: Text,
        probability: Text,
    }

    /// A rule's `budget`.
    BudgetEntry "a table, as in { times = 3 }" {
        times: Text,
        #[serde(rename = "for")] lasts: Text,
        cooldown: Text,
        ttl: Text,
        scope: Text,
    }
}

/// A rule file: rules, a summary and a source. (The root of a TOML file is always a table.)
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "rules, each under its own [[rule]]")]
pub(super) struct RuleFileEntry {
    pub(super) summary: Option<Text>,
    pub(super) source: Option<Text>,
    pub(super) rule: Vec<RuleEntry>,
    pub(super) rules: RuleList,
}
