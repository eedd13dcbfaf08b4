//! From the mirror of rules to rules that can run, with every fault on the way.

use super::{
    diagnostic::Diagnostics,
    document::Document,
    effects::Effects,
    entry::{RuleEntry, RuleFile, ThenEntry, WhenEntry},
    matcher::{self, Matcher, Set},
    numbers::{self, Numbers},
    plan::{Cut, Ending, Hang},
    rule::Rule,
    rule_set::RuleSet,
    scope::Scope,
    text::{Several, Text},
    window::Window,
};
use crate::units::{BitRate, ByteSize, UnitError, span};
use std::sync::Arc;

impl RuleSet {
    /// Reads a rule file: TOML with nothing but `[[rule]]` entries. `file` is named in the faults.
    ///
    /// # Errors
    /// All faults of the first stage (keys, types), or else all of the second (values).
    pub fn from_toml(file: &str, text: &str) -> Result<Self, Diagnostics> {
        Document::toml(file, text)?
            .read(|RuleFile { rule }, scope| Some(rule_set(rule, &scope.at("rule"))))
    }

    /// Reads rules from a JSON list; `origin` names it in the faults, as in `request body`.
    ///
    /// # Errors
    /// As [`RuleSet::from_toml`].
    pub fn from_json(origin: &str, rules: serde_json::Value) -> Result<Self, Diagnostics> {
        Document::json(origin, rules)
            .read(|entries: Vec<RuleEntry>, scope| Some(rule_set(entries, scope)))
    }
}

/// Validates the rules of a list; `scope` is the list.
pub(crate) fn rule_set(entries: Vec<RuleEntry>, scope: &Scope<'_>) -> RuleSet {
    let numbered = entries.into_iter().enumerate();
    RuleSet::new(numbered.map(|(i, entry)| rule(entry, i, &scope.item(i))).collect())
}

fn rule(entry: RuleEntry, place: usize, scope: &Scope<'_>) -> Rule {
    let name = name(entry.name.as_ref(), place, &scope.at("name"));
    let when = entry.when.clone().unwrap_or_default();
    let at = scope.at("when");
    let matcher = matcher(&when, &at);
    let every = every(when.every.as_ref(), &at.at("every"));
    let probability = at.read("probability", when.probability.as_ref());
    let then = entry.then.clone().unwrap_or_default();
    if then == ThenEntry::default() {
        let hint = "write at least one effect, as in `then = { delay = \"2 s\" }`";
        scope.at("then").fault("asks for nothing", hint);
    }
    let effects = effects(&then, &scope.at("then"));
    Rule { name, matcher, every, probability, effects, entry }
}

/// The name given, or `rule N`. It goes into logs and headers, so it is short and prints.
fn name(written: Option<&Text>, place: usize, scope: &Scope<'_>) -> Arc<str> {
    let Some(name) = written.map(Text::as_str) else {
        return format!("rule {}", place + 1).into();
    };
    if name.is_empty() || name.len() > 80 || name.chars().any(char::is_control) {
        let hint = "write 1 to 80 bytes of text on one line, or leave it out";
        scope.fault("is no name", hint);
    }
    name.into()
}

fn matcher(when: &WhenEntry, scope: &Scope<'_>) -> Matcher {
    let during = when.during.as_ref().and_then(|text| match Window::parse(text.as_str()) {
        Ok(window) => Some(window),
        Err((problem, hint)) => {
            scope.at("during").fault(problem, hint);
            None
        }
    });
    let set = |key, written, what, names| named(written, what, names, &scope.at(key));
    Matcher {
        kinds: set("kind", when.kind.as_ref(), "a kind", &matcher::kinds()),
        media: set("media", when.media.as_ref(), "a media type", &matcher::media()),
        protocols: set("protocol", when.protocol.as_ref(), "a protocol", &matcher::protocols()),
        rungs: numbers(when.rung.as_ref(), &scope.at("rung")),
        indices: numbers(when.index.as_ref(), &scope.at("index")),
        during,
    }
}

/// The set of all that is named; everything when nothing was written.
fn named(
    written: Option<&Several>,
    what: &str,
    names: &[(&'static str, Set)],
    scope: &Scope<'_>,
) -> Set {
    let Some(written) = written else {
        return Set::ALL;
    };
    items(written, scope)
        .filter_map(|(text, at)| at.choose(what, text, names))
        .fold(Set::NONE, Set::with)
}

fn numbers(written: Option<&Several>, scope: &Scope<'_>) -> Option<Numbers> {
    let read = |(text, at): (&Text, Scope<'_>)| {
        let range = numbers::range(text.as_str());
        range.map_err(|problem| at.fault(problem, numbers::HINT)).ok()
    };
    Some(Numbers::new(items(written?, scope).filter_map(read).collect()))
}

/// The values of a list, each with its place; the place of a single value is the key itself.
fn items<'w, 'f>(
    written: &'w Several,
    scope: &'w Scope<'f>,
) -> impl Iterator<Item = (&'w Text, Scope<'f>)> + use<'w, 'f> {
    let texts = written.as_slice();
    if texts.is_empty() {
        scope.fault("is an empty list", "write at least one value, or leave the key out");
    }
    let single = texts.len() == 1;
    let place = move |i| if single { scope.same() } else { scope.item(i) };
    texts.iter().enumerate().map(move |(i, text)| (text, place(i)))
}

fn every(written: Option<&Text>, scope: &Scope<'_>) -> u64 {
    let Some(written) = written else {
        return 1;
    };
    let hint = "write 1 for every request, 3 for every third; leave out the rule for none";
    match written.as_str().parse() {
        Ok(0) => scope.fault("0 names no request", hint),
        Ok(every) => return every,
        Err(_) => scope.fault(format!("`{written}` is not a whole number"), hint),
    }
    1
}

fn effects(then: &ThenEntry, scope: &Scope<'_>) -> Effects {
    contradictions(then, scope);
    let cut = |key, written, ending| {
        let at: ByteSize = scope.read(key, written)?;
        Some(Cut { at, ending })
    };
    let rate: Option<BitRate> = scope.read("rate", then.rate.as_ref());
    if rate == Some(BitRate::ZERO) {
        let hint = "write a rate above zero, or `hang = \"forever\"` for silence";
        scope.at("rate").fault("passes nothing", hint);
    }
    Effects {
        delay: scope.span("delay", then.delay.as_ref()),
        hang: hang(then.hang.as_ref(), scope),
        status: status(then.status.as_ref(), &scope.at("status")),
        rate,
        cut: cut("reset", then.reset.as_ref(), Ending::Reset)
            .or_else(|| cut("truncate", then.truncate.as_ref(), Ending::Truncate)),
    }
}

/// Takes down every effect that another one rules out.
fn contradictions(then: &ThenEntry, scope: &Scope<'_>) {
    let ThenEntry { delay, hang, status, rate, reset, truncate } = then;
    let body = [("rate", rate), ("reset", reset), ("truncate", truncate)];
    let beside = |first: &str, why: &str, others: &[(&str, &Option<Text>)]| {
        for (key, _) in others.iter().filter(|(_, written)| written.is_some()) {
            let problem = format!("can't go with `{first}`: {why}");
            scope.at(key).fault(problem, "write one of them");
        }
    };
    if hang.is_some() {
        let others = [[("delay", delay), ("status", status)].as_slice(), &body].concat();
        beside("hang", "a request that hangs is not answered", &others);
    }
    if status.is_some() {
        beside("status", "the origin's body does not flow then", &body);
    }
    if reset.is_some() {
        beside("reset", "a body is cut in one way", &[("truncate", truncate)]);
    }
}

fn hang(written: Option<&Text>, scope: &Scope<'_>) -> Option<Hang> {
    let written = written?.as_str();
    if written == "forever" {
        return Some(Hang::Forever);
    }
    let faulty = |error: UnitError| {
        let problem = format!("`{written}` is not {}", error.wanted);
        scope.at("hang").fault(problem, error.hint + ", or `forever`");
    };
    span::parse(written).map_err(faulty).ok().map(Hang::For)
}

fn status(written: Option<&Text>, scope: &Scope<'_>) -> Option<u16> {
    let written = written?;
    match written.as_str().parse() {
        Ok(status @ 200..=599) => Some(status),
        _ => {
            let problem = format!("`{written}` is not a status to end a request with");
            scope.fault(problem, "write 200 to 599, as in `status = 503`");
            None
        }
    }
}
