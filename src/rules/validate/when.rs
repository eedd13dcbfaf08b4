//! From `when` to a matcher.

use crate::{
    media::edit::RungSet,
    rules::{
        entry::WhenEntry,
        matcher::{self, Matcher, Set},
        numbers::{self, Numbers},
        scope::Scope,
        text::{Several, Text},
        window::Window,
    },
};

/// Validates `when`; `scope` is its table.
pub(super) fn matcher(when: &WhenEntry, scope: &Scope<'_>) -> Matcher {
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
        rungs: when.rung.as_ref().map(|written| rungs(written, &scope.at("rung"))),
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

/// Validates `every`.
pub(super) fn every(written: Option<&Text>, scope: &Scope<'_>) -> u64 {
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

/// Rungs by number, and `lowest`, `highest`, `all-but-lowest`, `all-but-highest`.
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
