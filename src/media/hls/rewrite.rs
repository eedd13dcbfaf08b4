//! Rewrites the URIs of a playlist; every other byte stays.

use super::super::{
    ManifestError,
    uri::{Edits, Pathless, UriMap, names_host, rewrite_uri},
};
use super::{
    define::named,
    line::{Line, attributes, lines, playlist},
};
use std::borrow::Cow;

/// Tags whose `URI` attribute is fetched.
const URI_TAGS: &[&str] = &[
    "#EXT-X-MEDIA",
    "#EXT-X-I-FRAME-STREAM-INF",
    "#EXT-X-IMAGE-STREAM-INF",
    "#EXT-X-KEY",
    "#EXT-X-SESSION-KEY",
    "#EXT-X-MAP",
    "#EXT-X-SESSION-DATA",
    "#EXT-X-PART",
    "#EXT-X-PRELOAD-HINT",
    "#EXT-X-RENDITION-REPORT",
];

/// Rewrites a playlist; `None` when no URI of it changes.
pub(in crate::media) fn rewrite(
    body: &[u8],
    map: &dyn UriMap,
) -> Result<Option<Vec<u8>>, ManifestError> {
    let text = playlist(body)?;
    let (edits, room) = (Edits::over(text.as_bytes(), body), GROWTH + 4 * body.len());
    let mut rewriter =
        UriRewriter { edits, map, variables: Vec::new(), any_rewritten: false, lookups: 0, room };
    for (_, line) in lines(&text) {
        match line {
            Line::Uri(uri) => rewriter.rewrite(uri),
            // A prefetch hint of community low latency: the value is the URI.
            Line::Tag("#EXT-X-PREFETCH", uri) => rewriter.rewrite(uri.trim()),
            Line::Tag("#EXTINF", _) => {}
            Line::Tag(tag, list) => rewriter.tag(tag, list),
        }
    }
    Ok(rewriter.edits.finish())
}

/// The beginning of a reference to a variable.
const REFERENCE: &str = "{$";
/// The most variables that are tracked, and the most values that are looked up.
const VARIABLES: usize = 256;
/// The most bytes of values, in addition to a few times the playlist's own length.
const GROWTH: usize = 1 << 20;

/// A variable, as the origin defines it.
struct Variable<'t> {
    name: &'t str,
    value: Cow<'t, str>,
    player: PlayerValue,
}

/// The value of a variable for the player.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PlayerValue {
    /// That of the origin.
    Original,
    /// One that leads into the session: it is rewritten where this document defines it.
    Rewritten,
    /// The same, where the document that it is imported from defines it.
    RewrittenElsewhere,
}

struct UriRewriter<'a, 't> {
    edits: Edits<'a>,
    map: &'a dyn UriMap,
    /// The variables defined so far.
    variables: Vec<Variable<'t>>,
    /// Whether one of them is rewritten.
    any_rewritten: bool,
    /// How many values were looked up.
    lookups: usize,
    /// How many bytes of values may still be inserted.
    room: usize,
}

impl<'t> UriRewriter<'_, 't> {
    fn rewrite(&mut self, uri: &str) {
        match self.with_values(uri) {
            Some(whole) => {
                self.edits.rewrite_expanded(uri, &whole, self.map, Pathless::AddSlash);
            }
            None => self.edits.rewrite(uri, self.map, Pathless::AddSlash),
        }
        let leading = uri.strip_prefix(REFERENCE).and_then(named);
        self.restore(leading.map_or(uri, |(_, behind)| behind));
    }

    /// A URI with the variables at its beginning expanded, because they decide where it points. `None` if it begins with a
    /// single one that is rewritten where it is defined.
    fn with_values(&mut self, uri: &str) -> Option<String> {
        if self.variables.is_empty() || uri.starts_with('/') || names_host(uri) {
            return None;
        }
        let end = memchr::memchr3(b'/', b'?', b'#', uri.as_bytes()).unwrap_or(uri.len());
        let (mut rest, behind) = uri.split_at_checked(end)?;
        let mut whole = String::new();
        let mut known = false;
        while let Some((before, after)) = rest.split_once(REFERENCE) {
            let (name, after) = named(after)?;
            let variable = self.variables.iter().rfind(|known| known.name == name)?;
            if variable.player == PlayerValue::Rewritten && !known && before.is_empty() {
                return None;
            }
            self.room = self.room.checked_sub(variable.value.len())?;
            whole.push_str(before);
            whole.push_str(&variable.value);
            (rest, known) = (after, true);
        }
        whole.push_str(rest);
        known.then(|| whole + &*self.restored(behind))
    }

    /// Replaces the references in `text` to rewritten variables by the origin's values: only at the beginning of a URI
    /// does the rewritten value mean the same.
    fn restore(&mut self, text: &str) {
        for (reference, value) in self.rewritten_values(text) {
            self.edits.put(reference, reference.len(), &[&value]);
        }
    }

    /// As [`restore`](Self::restore), in a copy.
    fn restored<'u>(&mut self, text: &'u str) -> Cow<'u, str> {
        let mut out = String::new();
        let mut rest = text;
        for (reference, value) in self.rewritten_values(text) {
            let Some((before, after)) = rest.split_once(reference) else { break };
            out.push_str(before);
            out.push_str(&value);
            rest = after;
        }
        if rest.len() == text.len() { Cow::Borrowed(text) } else { Cow::Owned(out + rest) }
    }

    /// The references in `text` to rewritten variables, with the origin's values.
    fn rewritten_values<'u>(&mut self, text: &'u str) -> Vec<(&'u str, Cow<'t, str>)> {
        let mut found = Vec::new();
        let mut rest = text;
        while self.any_rewritten
            && let Some(at) = memchr::memmem::find(rest.as_bytes(), REFERENCE.as_bytes())
        {
            let reference = rest.get(at..).unwrap_or_default();
            let inside = reference.get(REFERENCE.len()..).unwrap_or_default();
            let known = named(inside).and_then(|(name, after)| {
                let variable = self.variables.iter().rfind(|known| known.name == name)?;
                Some((variable, after))
            });
            let Some((variable, after)) = known else {
                rest = inside;
                continue;
            };
            rest = after;
            if variable.player == PlayerValue::Original {
                continue;
            }
            let Some(room) = self.room.checked_sub(variable.value.len()) else { break };
            self.room = room;
            let len = reference.len() - after.len();
            found.extend(reference.get(..len).map(|reference| (reference, variable.value.clone())));
        }
        found
    }

    /// Rewrites the URIs in one tag's attribute list. An invalid list is read up to the fault.
    fn tag(&mut self, tag: &str, list: &'t str) {
        let wanted: fn(&str) -> bool = match tag {
            "#EXT-X-DEFINE" => return self.define(list),
            "#EXT-X-CONTENT-STEERING" => |name| name == "SERVER-URI",
            "#EXT-X-DATERANGE" => is_client_uri,
            _ if URI_TAGS.contains(&tag) => |name| name == "URI",
            // Other attributes hold no URI, but may hold references to variables.
            _ if self.any_rewritten => |_| false,
            _ => return,
        };
        for attribute in attributes(list).map_while(Result::ok) {
            // Some players read values without quotes as well.
            if wanted(attribute.name) {
                self.rewrite(attribute.value);
            } else {
                self.restore(attribute.value);
            }
        }
    }

    /// A variable's value is rewritten when it names a host, which changes the uses at the beginning of a URI; in any other
    /// place the use is replaced by the origin's value. A value that names no host may be in the middle of a URI, and an
    /// imported value is not in this document: then the uses that begin with the variable are rewritten.
    fn define(&mut self, list: &'t str) {
        let mut name = None;
        for attribute in attributes(list).map_while(Result::ok).filter(|found| found.quoted) {
            let value = attribute.value;
            match attribute.name {
                "NAME" => name = Some(value),
                "VALUE" => self.define_value(name, value),
                "IMPORT" if self.look_up() => {
                    let found = self.map.imported(value).map(Cow::Owned);
                    let rewritten =
                        |value: &str| names_host(value) && rewrite_uri(value, self.map).is_some();
                    let player = match found.as_deref().is_some_and(rewritten) {
                        true => PlayerValue::RewrittenElsewhere,
                        false => PlayerValue::Original,
                    };
                    self.keep(Some(value), found, player);
                }
                "QUERYPARAM" if self.look_up() => {
                    let found = self.map.parameter(value).map(Cow::Owned);
                    self.keep(Some(value), found, PlayerValue::Original);
                }
                _ => {}
            }
        }
    }

    fn define_value(&mut self, name: Option<&'t str>, value: &'t str) {
        let before = self.edits.edited();
        // It may be made of another variable.
        let original = self.restored(value);
        if names_host(value) || self.map.replaced(value) > 0 {
            self.edits.rewrite(value, self.map, Pathless::Keep);
            self.restore(value);
        } else if names_host(&original) {
            self.edits.rewrite_expanded(value, &original, self.map, Pathless::Keep);
        } else {
            self.restore(value);
            return self.keep(name, Some(original), PlayerValue::Original);
        }
        let player = match self.edits.edited() == before {
            true => PlayerValue::Original,
            false => PlayerValue::Rewritten,
        };
        self.keep(name, Some(original), player);
    }

    /// Whether one more value may be looked up.
    const fn look_up(&mut self) -> bool {
        self.lookups += 1;
        self.lookups <= VARIABLES
    }

    fn keep(&mut self, name: Option<&'t str>, value: Option<Cow<'t, str>>, player: PlayerValue) {
        let Some((name, value)) = name.zip(value) else { return };
        if self.variables.len() < VARIABLES {
            self.any_rewritten |= player != PlayerValue::Original;
            self.variables.push(Variable { name, value, player });
        }
    }
}

/// `X-ASSET-URI`, `X-ASSET-LIST` and other client attributes whose name ends like that of a URI.
fn is_client_uri(name: &str) -> bool {
    name.starts_with("X-")
        && (name.ends_with("-URI") || name.ends_with("-URL") || name == "X-ASSET-LIST")
}

#[cfg(test)]
mod tests;
