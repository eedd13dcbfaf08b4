//! Warnings about rules that are valid but useless: they never apply, or earlier rules leave them
//! nothing to do.

use super::{
    matcher::{Matcher, Set, kinds},
    rule::Rule,
    rule_set::RuleSet,
};
use crate::media::Kind;
use serde::Serialize;
use std::fmt;

/// A warning about one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The name of the rule.
    pub rule: String,
    /// Its line, from 1.
    pub line: Option<usize>,
    /// The problem, and what to do.
    pub problem: String,
    /// The line of the earlier rule that causes it, if there is one.
    pub other_line: Option<usize>,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        write!(f, "rule `{}` {}", self.rule, self.problem)
    }
}

/// The most pairs of rules compared; warnings about further pairs are left out.
const MOST_PAIRS: usize = 1 << 20;

/// All warnings; `lines` are the rules' lines.
pub(super) fn warnings(rules: &RuleSet, lines: &[usize]) -> Vec<Warning> {
    let rules: Vec<&Rule> = rules.iter().collect();
    let mut all = Vec::new();
    let mut pairs = 0;
    for (place, rule) in rules.iter().enumerate() {
        let line = lines.get(place).copied();
        let warn = |problem: String, other_line| Warning {
            rule: rule.name().to_owned(),
            line,
            problem,
            other_line,
        };
        if let Some(problem) = never(rule) {
            all.push(warn(problem.to_owned(), None));
            continue;
        }
        pairs += place;
        if pairs > MOST_PAIRS {
            break;
        }
        let earlier = rules.iter().enumerate().take(place);
        let mut shadow = earlier.filter(|(_, first)| {
            first.always()
                && first.matcher.covers(&rule.matcher)
                && first.effects.shadows(&rule.effects)
        });
        if let Some((first_place, first)) = shadow.next() {
            let at = lines.get(first_place).copied();
            let whose = at.map_or(String::new(), |line| format!(" (line {line})"));
            let problem = format!(
                "never has an effect: rule `{}`{whose} comes first and applies to every request that \
                 this rule matches; put the specific rule first",
                first.name()
            );
            all.push(warn(problem, at));
        }
    }
    all
}

/// Why a rule can never apply, or never has an effect.
fn never(rule: &Rule) -> Option<&'static str> {
    let Rule { matcher, effects, probability, .. } = rule;
    let manifests = group("manifest");
    let only_manifests = !matcher.kinds.meets(Set::ALL.without(manifests));
    let no_manifests = !matcher.kinds.meets(manifests);
    let details = matcher.details.as_deref();
    let of_segments = matcher.indices.is_some()
        || details.is_some_and(|details| {
            details.numbers.is_some()
                || details.behind_live.is_some()
                || details.after_join.is_some()
                || details.media_time.is_some()
                || details.media_cycle.is_some()
                || details.discontinuity == Some(true)
        });
    let dash = group("mpd").with(group("mpd-patch"));
    let hls_kinds = group("playlist");
    if probability.is_some_and(|share| share.get() == 0.0) {
        return Some("never applies: its `probability` is 0; remove the rule");
    }
    if only_manifests && of_segments {
        return Some("never applies: a manifest has no index, number or media time");
    }
    if !effects.manifest.is_empty() && no_manifests {
        return Some("never applies: it edits manifests, and its `kind` is not a manifest");
    }
    if !matcher.kinds.meets(Set::ALL.without(hls_kinds))
        && !matcher.protocols.meets(protocol("hls"))
        || !matcher.kinds.meets(Set::ALL.without(dash))
            && !matcher.protocols.meets(protocol("dash"))
    {
        return Some("never applies: its `protocol` does not have this `kind`");
    }
    if let Some(details) = details {
        if details.not.iter().any(|except| except.covers(matcher)) {
            return Some(
                "never applies: its `not` excludes everything that the other conditions match",
            );
        }
        if effects.range.is_some() && details.ranged == Some(false) {
            return Some(
                "never has an effect: `range` faults apply to range requests, and `when.range` is `false`",
            );
        }
        let lists = group(Kind::MediaPlaylist.as_str());
        if details.blocking == Some(true) && !matcher.kinds.meets(lists) {
            return Some("never applies: only media playlists can be requested with blocking");
        }
    }
    let every_nth = rule.nth.as_ref().is_some_and(|nth| !nth.has_multiple_of(rule.every));
    every_nth.then_some("never applies: no number in `nth` is a multiple of `every`")
}

fn group(name: &str) -> Set {
    kinds().into_iter().find(|(known, _)| *known == name).map_or(Set::NONE, |(_, set)| set)
}

fn protocol(name: &str) -> Set {
    let mut all = super::matcher::protocols().into_iter();
    all.find(|(known, _)| *known == name).map_or(Set::NONE, |(_, set)| set)
}

impl Rule {
    /// Whether it applies to every request that it matches.
    fn always(&self) -> bool {
        self.nth.is_none()
            && self.every == 1
            && self.probability.is_none_or(|share| share.get() == 1.0)
            && self.budget.is_none()
    }
}

impl Matcher {
    /// Whether it certainly matches every request that `other` matches.
    fn covers(&self, other: &Self) -> bool {
        fn wider<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
            one.is_none() || one == other
        }
        self.kinds.holds(other.kinds)
            && self.media.holds(other.media)
            && self.protocols.holds(other.protocols)
            && wider(self.rungs.as_ref(), other.rungs.as_ref())
            && wider(self.indices.as_ref(), other.indices.as_ref())
            && wider(self.during.as_ref(), other.during.as_ref())
            && wider(self.details.as_ref(), other.details.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::RuleFile;

    #[test]
    fn what_can_not_be_meant() {
        let book = RuleFile::from_toml(
            "r",
            r#"
            [[rule]]
            name = "all audio"
            when = { kind = ["segment", "init"], media = "audio" }
            then = { status = 503 }

            [[rule]]
            name = "late audio"
            when = { kind = "segment", media = "audio", rung = 3 }
            then = { rate = "1 Mbit/s" }

            [[rule]]
            name = "other status"
            when = { kind = "segment", media = "audio", index = 4 }
            then = { status = 404 }

            [[rule]]
            name = "delayed audio"
            when = { kind = "segment", media = "audio" }
            then = { delay = "1 s", status = 404 }

            [[rule]]
            name = "some video"
            when = { kind = "segment", media = "video", probability = 0.5 }
            then = { status = 503 }

            [[rule]]
            name = "video"
            when = { kind = "segment", media = "video" }
            then = { status = 404 }

            [[rule]]
            name = "never"
            when = { probability = 0 }
            then = { status = 404 }

            [[rule]]
            name = "no place"
            when = { kind = "manifest", index = 3 }
            then = { status = 404 }

            [[rule]]
            name = "no manifest"
            when = { kind = "segment" }
            then = { manifest = { freeze = "1 s" } }

            [[rule]]
            name = "no such playlist"
            when = { kind = "mpd", protocol = "hls" }
            then = { status = 404 }

            [[rule]]
            name = "no multiple"
            when = { nth = "4..5", every = 3 }
            then = { status = 404 }

            [[rule]]
            name = "no block"
            when = { kind = "segment", blocking = true }
            then = { status = 404 }

            [[rule]]
            name = "nothing left"
            when = { kind = "segment", media = "audio", not = [{ number = 1 }, { media = "audio" }] }
            then = { status = 404 }

            [[rule]]
            name = "no range"
            when = { range = false }
            then = { range = "ignored" }
            "#,
        )
        .unwrap();
        let warnings = book.warnings();
        let said: Vec<_> = warnings.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(said.join("\n"));
        assert_eq!(warnings[0].other_line, Some(2));
    }

    /// Two rules that share a request and fill different slots are meant.
    #[test]
    fn what_is_meant_is_not_warned_of() {
        let book = RuleFile::from_toml(
            "r",
            r#"
            [[rule]]
            when = { kind = "segment", rung = 3 }
            then = { delay = "1 s" }
            [[rule]]
            when = { kind = "segment" }
            then = { delay = "2 s", rate = "1 Mbit/s" }
            [[rule]]
            then = { status = 404 }
            budget = { times = 1 }
            [[rule]]
            then = { status = 503 }
            "#,
        )
        .unwrap();
        assert_eq!(book.warnings(), []);
    }
}
