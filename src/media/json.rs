//! A JSON scanner that gives the position of each string value and object of a document, and its keys.
//!
//! serde_json validates and reads a document; this module finds the positions of its values, so that a URI can
//! be replaced and every other byte kept.

use super::{
    ManifestError, ManifestFormat, UriMap,
    error::{At, ManifestFault, text},
    uri::{Edits, Pathless, rewrite_uri},
};
use serde::{Deserialize, de::IgnoredAny};

/// A value, as far as it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A string, without its quotes and with its escapes.
    Text(&'a str),
    /// An object: the text after its brace.
    Object(&'a str),
    /// A number, `true`, `false`, `null`, or an array.
    Other,
}

/// A value and its path of keys (`*` for an array's elements).
#[derive(Debug)]
pub(super) struct Spot<'p, 'a> {
    pub(super) path: &'p [&'a str],
    pub(super) value: Value<'a>,
}

/// The text of a valid JSON document. A BOM is accepted, and is not part of it.
pub(super) fn valid_text(format: ManifestFormat, body: &[u8]) -> Result<&str, ManifestError> {
    let text = text(format, body)?;
    // Bounded by serde_json: it goes no deeper than 128 levels.
    read::<IgnoredAny>(format, text)?;
    Ok(text)
}

/// Deserialises a document.
pub(super) fn read<'a, T: Deserialize<'a>>(
    format: ManifestFormat,
    text: &'a str,
) -> Result<T, ManifestError> {
    serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
        let cause = ManifestFault::Syntax(error.to_string());
        let at = if error.line() > 0 { At::Line(error.line()) } else { At::Whole };
        ManifestError::new(format, at, cause)
    })
}

/// An open object or array.
struct Level<'a> {
    array: bool,
    /// The key whose value comes next.
    key: Option<&'a str>,
}

/// Visits the values of a document that serde_json found valid, in order.
pub(super) fn scan<'a>(text: &'a str, visit: &mut dyn FnMut(&Spot<'_, 'a>)) {
    let mut levels: Vec<Level<'a>> = Vec::new();
    let mut path: Vec<&'a str> = Vec::new();
    let mut rest = text.trim_start_matches('\u{feff}');
    while let Some(first) = rest.bytes().next() {
        let after = rest.get(1..).unwrap_or_default();
        rest = match first {
            b'"' => {
                let (string, after) = string(after);
                match levels.last_mut() {
                    Some(level) if !level.array && level.key.is_none() => {
                        level.key = Some(string);
                        path.push(string);
                    }
                    level => {
                        visit(&Spot { path: &path, value: Value::Text(string) });
                        settle(level, &mut path);
                    }
                }
                after
            }
            b'{' | b'[' => {
                let array = first == b'[';
                let value = if array { Value::Other } else { Value::Object(after) };
                visit(&Spot { path: &path, value });
                if array {
                    path.push("*");
                }
                levels.push(Level { array, key: None });
                after
            }
            b'}' | b']' => {
                if levels.pop().is_some_and(|level| level.array) {
                    path.pop();
                }
                settle(levels.last_mut(), &mut path);
                after
            }
            b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' => after,
            _ => {
                visit(&Spot { path: &path, value: Value::Other });
                settle(levels.last_mut(), &mut path);
                let end = rest.find([',', '}', ']', ' ', '\t', '\r', '\n']);
                rest.get(end.unwrap_or(rest.len()).max(1)..).unwrap_or_default()
            }
        };
    }
}

/// Ends a value: removes its key.
fn settle<'a>(level: Option<&mut Level<'a>>, path: &mut Vec<&'a str>) {
    if level.is_some_and(|level| level.key.take().is_some()) {
        path.pop();
    }
}

/// A string up to its closing quote, and what follows that.
fn string(text: &str) -> (&str, &str) {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(['"', '\\'])) {
        let at = from + at;
        if text.as_bytes().get(at) == Some(&b'"') {
            return (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
        }
        // The escaped character has one byte; of `\uXXXX` the rest is plain.
        from = at + 2;
    }
    (text, "")
}

/// The string that `raw` encodes.
pub(super) fn unescaped(raw: &str) -> Option<String> {
    serde_json::from_str(&format!("\"{raw}\"")).ok()
}

/// Rewrites a string value with `map`.
pub(super) fn rewrite_string(edits: &mut Edits<'_>, raw: &str, map: &dyn UriMap) {
    if !raw.contains('\\') {
        return edits.rewrite(raw, map, Pathless::AddSlash);
    }
    // `https:\/\/…`, as PHP writes it: the whole string is written again.
    let Some(rewritten) = unescaped(raw).and_then(|uri| rewrite_uri(&uri, map)) else { return };
    edits.put(raw, raw.len(), &[&escaped(rewritten)]);
}

/// `text` escaped, as between quotes.
pub(super) fn escaped(text: String) -> String {
    let mut quoted = serde_json::Value::from(text).to_string();
    quoted.pop();
    quoted.split_off(quoted.len().min(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spots(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        scan(text, &mut |spot| {
            if let Value::Text(value) = spot.value {
                found.push(format!("{} {value}", spot.path.join("/")));
            }
        });
        found
    }

    #[test]
    fn strings_are_found_under_their_keys() {
        let text = "\u{feff}{ \"a\" : \"1\\\"\" ,\"b\":[ {\"c\":\"2\", \"n\":-1.5e3},[\"3\"], {\"c\":\"4\"}],\"e\":{\"f\":null,\"g\":\"5\"} }";
        assert_eq!(spots(text), ["a 1\\\"", "b/*/c 2", "b/*/* 3", "b/*/c 4", "e/g 5"]);
    }

    #[test]
    fn what_is_no_json_is_refused() {
        let refused = |body: &str| valid_text(ManifestFormat::Steering, body.as_bytes()).is_err();
        assert!(refused("<html>") && refused("{") && refused("") && refused("{}x"));
        assert!(refused(&"[".repeat(100_000)));
        assert!(!refused("\u{feff}{}"));
    }

    proptest! {
        #[test]
        fn scanning_ends_whatever_comes(text in "[\\[\\]{}\",:\\\\a1é ]{0,64}") {
            scan(&text, &mut |_| {});
        }
    }
}
