//! One rule: which requests, and what becomes of them.

use super::{
    effects::Effects,
    entry::{RuleEntry, ThenEntry, WhenEntry},
    matcher::Matcher,
};
use crate::units::Ratio;
use serde::{Serialize, Serializer};
use std::{fmt, sync::Arc};

/// One rule: which requests (`when`), and what becomes of them (`then`).
///
/// # When
///
/// All conditions that are given must hold; a rule without any applies to every request. Where a
/// list is allowed, any of its values will do; an empty list is an error.
///
/// | condition | holds for |
/// |---|---|
/// | `kind` | requests of that [`Kind`](crate::media::Kind), or of the groups `manifest` (of any format) and `playlist` (HLS, both kinds). `segment` means media segments alone: `init` and `part` are kinds of their own |
/// | `media` | `video`, `audio`, `text`, `muxed`, `unknown`. A muxed segment is `muxed` and nothing else: `audio` does not match it, as whatever befell it would befall the pictures too |
/// | `protocol` | requests of that [`Protocol`](crate::media::Protocol) |
/// | `rung` | renditions at that place on their media type's ladder, 1 = lowest; a number, `2..4` (both ends included), `3..`, `..4`. No request whose rung is unknown |
/// | `index` | segments at that place in the presentation, 1 = first; written as `rung`. No request whose index is unknown |
/// | `during` | requests that arrive in that window of session time: `10 s..30 s` (start included, end excluded), `30 s..`, `..10 s` |
/// | `every` | the n-th, 2n-th, 3n-th, ... of the requests for which all conditions above hold, counted for each session and rule in order of arrival; 1 = all of them, 0 is an error |
/// | `probability` | that share of the requests for which all conditions above hold, `every` included; the draw belongs to the request, so it replays in any interleaving |
///
/// # Then
///
/// | effect | does |
/// |---|---|
/// | `delay` | waits before the headers, beside the link's latency. `0 s` exempts from the delays of later rules |
/// | `status` | answers with that status, 200 to 599, without asking the origin |
/// | `hang` | answers nothing for that long, then closes; `forever` leaves the closing to the player |
/// | `rate` | passes the body no faster; not zero |
/// | `reset` | passes that much of the body, then resets the connection; `0 B` = right after the headers |
/// | `truncate` | passes that much of the body, then closes cleanly, with fewer bytes than declared |
///
/// One rule may combine `delay`, `rate` and a cut (`reset` or `truncate`), or `delay` and `status`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub(super) name: Arc<str>,
    pub(super) matcher: Matcher,
    pub(super) every: u64,
    pub(super) probability: Option<Ratio>,
    pub(super) effects: Effects,
    /// As it was written, for showing and for JSON.
    pub(super) entry: RuleEntry,
}

impl Rule {
    /// Its name; `rule 3` for the third one of a file, when it was given none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The form that was read.
impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.entry.serialize(to)
    }
}

/// One line: `audio late: segment audio rung 3 → delay 2 s`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut conditions = self.entry.when.as_ref().map(conditions).unwrap_or_default();
        if self.every > 1 {
            conditions.push(ordinal(self.every));
        }
        if let Some(probability) = self.probability {
            conditions.push(format!("with probability {probability}"));
        }
        if conditions.is_empty() {
            conditions.push("every request".to_owned());
        }
        let effects = self.entry.then.as_ref().map(effects).unwrap_or_default();
        write!(f, "{}: {} → {}", self.name, conditions.join(" "), effects.join(", "))
    }
}

fn conditions(when: &WhenEntry) -> Vec<String> {
    let class = [&when.kind, &when.media, &when.protocol].into_iter().flatten();
    let places = [("rung", &when.rung), ("index", &when.index)];
    let places =
        places.into_iter().filter_map(|(name, at)| Some(format!("{name} {}", at.as_ref()?)));
    let during = when.during.iter().map(|window| format!("during {window}"));
    class.map(ToString::to_string).chain(places).chain(during).collect()
}

fn effects(then: &ThenEntry) -> Vec<String> {
    let ThenEntry { delay, hang, status, rate, reset, truncate } = then;
    let named = [
        ("delay", delay),
        ("hang", hang),
        ("status", status),
        ("rate", rate),
        ("reset after", reset),
        ("truncate after", truncate),
    ];
    named.iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?))).collect()
}

fn ordinal(n: u64) -> String {
    let ending = match (n % 100, n % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("every {n}{ending}")
}
