//! The entry of one rule, as written in a file or in JSON; no logic.

use super::then_entry::ThenEntry;
use crate::document::{Several, Text, tables};

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
