//! Validates `when`.

use crate::{
    document::{Scope, Several, Text},
    media::edit::RungSet,
    rules::{
        cycle::{self, Cycle},
        entry::WhenEntry,
        glob::Glob,
        matcher::{self, Details, Matcher, Set},
        media_cycle::{self, MediaCycle},
        numbers::{self, Numbers},
        offsets::{self, Offsets},
        window::Window,
    },
    units::{BitRate, MediaTime, SessionTime},
};
use http::Method;
use std::time::Duration;

/// Validates `when`; `scope` is its table.
pub(super) fn matcher(when: &WhenEntry, scope: &Scope<'_>) -> Matcher {
    let during = window("during", when.during.as_ref(), SessionTime::new, scope);
    let set = |key, written, what, names| named(written, what, names, &scope.at(key));
    Matcher {
        kinds: set("kind", when.kind.as_ref(), "a kind", &matcher::kinds()),
        media: set("media", when.media.as_ref(), "a media type", &matcher::media()),
        protocols: set("protocol", when.protocol.as_ref(), "a protocol", &matcher::protocols()),
        rungs: when.rung.as_ref().map(|written| rungs(written, &scope.at("rung"))),
        indices: numbers(when.index.as_ref(), &scope.at("index")),
        during,
        details: details(when, scope),
    }
}

/// The less common conditions; `None` if there are none.
fn details(when: &WhenEntry, scope: &Scope<'_>) -> Option<Box<Details>> {
    let from_zero = |key, written: Option<&Several>| numbers_from(0, written, &scope.at(key));
    let connections = [("fresh", false), ("reused", true)];
    let reused = when.connection.as_ref();
    let details = Details {
        rendition: globs(when.rendition.as_ref(), &scope.at("rendition"), ""),
        bandwidth: list(when.bandwidth.as_ref(), &scope.at("bandwidth"), bandwidth),
        height: numbers(when.height.as_ref(), &scope.at("height")),
        codecs: words(when.codec.as_ref(), &scope.at("codec")),
        languages: words(when.language.as_ref(), &scope.at("language")),
        roles: words(when.role.as_ref(), &scope.at("role")),
        numbers: from_zero("number", when.number.as_ref()),
        behind_live: from_zero("behind-live", when.behind_live.as_ref()),
        after_join: offsets(when.after_join.as_ref(), &scope.at("after-join")),
        media_time: window("media-time", when.media_time.as_ref(), MediaTime::new, scope),
        media_cycle: scope.parsed(
            "media-cycle",
            when.media_cycle.as_ref(),
            "a position in a cycle",
            media_cycle::HINT,
            MediaCycle::parse,
        ),
        discontinuity: when.discontinuity,
        pattern: cycle("pattern", when.pattern.as_ref(), scope),
        epoch_pattern: cycle("epoch-pattern", when.epoch_pattern.as_ref(), scope),
        attempts: numbers(when.attempt.as_ref(), &scope.at("attempt")),
        hosts: globs(when.host.as_ref(), &scope.at("host"), ""),
        paths: globs(when.path.as_ref(), &scope.at("path"), "/*"),
        methods: list(when.method.as_ref(), &scope.at("method"), method),
        ranged: when.range,
        blocking: when.blocking,
        not: when.not.as_deref().map(|not| spared(not, &scope.at("not"))).unwrap_or_default(),
        reused: reused
            .and_then(|text| scope.at("connection").choose("a connection", text, &connections)),
    };
    (details != Details::default()).then(|| Box::new(details))
}

/// Reads `not`: conditions without counts and without another `not`.
fn spared(not: &[WhenEntry], scope: &Scope<'_>) -> Vec<Matcher> {
    if not.is_empty() {
        scope.fault("is an empty list", "write at least one table, or leave the key out");
    }
    let one = |(place, when): (usize, &WhenEntry)| {
        let at = scope.item(place);
        let counts = when.nth.is_some()
            || when.first.is_some()
            || when.every.is_some()
            || when.probability.is_some();
        if *when == WhenEntry::default() || when.not.is_some() || counts {
            let hint = "write plain conditions, as in `not = [{ index = 5 }]`; no counts, no `not`";
            at.fault("has a key that can't be used inside `not`", hint);
            return None;
        }
        Some(matcher(when, &at))
    };
    not.iter().enumerate().filter_map(one).collect()
}

fn cycle(key: &str, written: Option<&Text>, scope: &Scope<'_>) -> Option<Cycle> {
    scope.parsed(key, written, "a pattern of up and down phases", cycle::HINT, Cycle::parse)
}

/// Reads each value of a list with `read`.
fn list<T>(
    written: Option<&Several>,
    scope: &Scope<'_>,
    read: impl Fn(&Text, &Scope<'_>) -> Option<T>,
) -> Vec<T> {
    let Some(written) = written else { return Vec::new() };
    items(written, scope).filter_map(|(text, at)| read(text, &at)).collect()
}

/// Reads texts that are not empty.
fn words(written: Option<&Several>, scope: &Scope<'_>) -> Vec<Box<str>> {
    list(written, scope, |text, at| {
        if text.as_str().is_empty() {
            at.fault("is empty", "write a text, or leave the key out");
        }
        Some(text.as_str().into())
    })
}

/// Reads patterns. Each must begin with one of the characters in `starts`, if there are any.
fn globs(written: Option<&Several>, scope: &Scope<'_>, starts: &str) -> Vec<Glob> {
    list(written, scope, |text, at| {
        let glob = Glob::new(text.as_str());
        if glob.is_none() {
            at.fault(
                "is not a pattern",
                "write 1 to 256 bytes; `*` = anything, `?` = one character",
            );
        }
        let sound = starts.is_empty() || text.as_str().starts_with(|c| starts.contains(c));
        if !sound {
            let hint = format!("write `*{text}`, or the path from its first `/`");
            at.fault(format!("`{text}` matches no path, because paths begin with `/`"), hint);
        }
        glob
    })
}

/// Reads a rate, or a range such as `1 Mbit/s..3 Mbit/s` (both ends included, one may be missing).
fn bandwidth(text: &Text, at: &Scope<'_>) -> Option<(BitRate, BitRate)> {
    let most = BitRate::from_bits_per_second(u64::MAX);
    let read = |text: &str, open: BitRate| match text.trim() {
        "" => Some(open),
        text => text.parse().ok(),
    };
    let range = match text.as_str().split_once("..") {
        None => text.as_str().parse().ok().map(|rate| (rate, rate)),
        Some((low, high)) => read(low, BitRate::ZERO).zip(read(high, most)),
    };
    let range = range.filter(|(low, high)| low <= high && (*low, *high) != (BitRate::ZERO, most));
    if range.is_none() {
        let hint = "write a rate, or a range with both ends included, as in `1 Mbit/s..3 Mbit/s`";
        at.fault(format!("`{text}` is not a range of bandwidths"), hint);
    }
    range
}

fn method(text: &Text, at: &Scope<'_>) -> Option<Method> {
    const KNOWN: [Method; 4] = [Method::GET, Method::HEAD, Method::POST, Method::PUT];
    let names = KNOWN.each_ref().map(|method| (method.as_str(), method));
    at.choose("a method", text, &names).cloned()
}

/// Reads `nth`, or `first`, which is short for it: `first = 3` is `nth = "..3"`.
pub(super) fn nth(when: &WhenEntry, scope: &Scope<'_>) -> Option<Numbers> {
    if when.nth.is_some() && when.first.is_some() {
        scope
            .at("first")
            .fault("can't be combined with `nth`", "write `nth = \"..3\"` for the first 3");
    }
    let first = scope.whole("first", when.first.as_ref(), 1..=u64::MAX);
    let first = first.map(|first| Numbers::new(vec![(1, first)]));
    numbers(when.nth.as_ref(), &scope.at("nth")).or(first)
}

fn window<T: Copy + PartialOrd>(
    key: &str,
    written: Option<&Text>,
    instant: fn(Duration) -> T,
    scope: &Scope<'_>,
) -> Option<Window<T>> {
    let read = Window::parse(written?.as_str(), instant);
    read.map_err(|(problem, hint)| scope.at(key).fault(problem, hint)).ok()
}

/// The set of all named values; all values if the key is not set.
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
    numbers_from(1, written, scope)
}

/// Reads numbers from `lowest`, which is 0 or 1.
fn numbers_from(lowest: u64, written: Option<&Several>, scope: &Scope<'_>) -> Option<Numbers> {
    let hint = if lowest == 0 { numbers::HINT_FROM_0 } else { numbers::HINT };
    let read = |(text, at): (&Text, Scope<'_>)| {
        let range = numbers::range_from(lowest, text.as_str());
        range.map_err(|problem| at.fault(problem, hint)).ok()
    };
    Some(Numbers::new(items(written?, scope).filter_map(read).collect()))
}

fn offsets(written: Option<&Several>, scope: &Scope<'_>) -> Option<Offsets> {
    let read = |(text, at): (&Text, Scope<'_>)| {
        let range = offsets::range(text.as_str());
        if range.is_none() {
            at.fault(format!("`{text}` is not a number or a range"), offsets::HINT);
        }
        range
    };
    Some(Offsets::new(items(written?, scope).filter_map(read).collect()))
}

/// The values of a list, each with its scope. The scope of a single value is that of the key.
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

/// Validates `every`.
pub(super) fn every(written: Option<&Text>, scope: &Scope<'_>) -> u64 {
    let Some(written) = written else {
        return 1;
    };
    let hint = "write 1 for every request, or 3 for every third; to match none, remove the rule";
    match written.as_str().parse() {
        Ok(0) => scope.fault("0 matches no request", hint),
        Ok(every) => return every,
        Err(_) => scope.fault(format!("`{written}` is not a whole number"), hint),
    }
    1
}

/// Reads rungs by number, and `lowest`, `highest`, `all-but-lowest`, `all-but-highest`.
pub(super) fn rungs(written: &Several, scope: &Scope<'_>) -> RungSet {
    let mut rungs = RungSet::default();
    for (text, at) in items(written, scope) {
        match text.as_str() {
            "lowest" => rungs.lowest = true,
            "highest" => rungs.highest = true,
            "all-but-lowest" => rungs.all_but_lowest = true,
            "all-but-highest" => rungs.all_but_highest = true,
            number => match numbers::range(number) {
                Ok(range) => rungs.ranges.push(range),
                Err(problem) => at.fault(
                    problem,
                    format!(
                        "{}, or `lowest`, `highest`, `all-but-lowest`, `all-but-highest`",
                        numbers::HINT
                    ),
                ),
            },
        }
    }
    rungs
}
