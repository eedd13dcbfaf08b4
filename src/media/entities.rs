//! Expansion of the internal entities of an XML document (XML 1.0, 4.2.1).
//!
//! The expanded length is bounded: a reference whose text is too long stays as written.

use super::{
    budget::{Budget, LONGEST_URL},
    xml::unescape_characters,
};
use std::{borrow::Cow, collections::HashMap, ops::Range};

/// The most entities of a document.
const ENTITIES: usize = 256;
/// The deepest references in the texts of entities.
const DEPTH: usize = 32;

/// A reference and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expansion {
    /// The position of the text in the expanded document.
    pub(super) at: Range<usize>,
    /// The position of the reference in the document.
    pub(super) from: Range<usize>,
}

/// The document with its entities expanded, and the positions; unchanged when it declares none.
pub(super) fn expanded(text: Cow<'_, str>) -> (Cow<'_, str>, Vec<Expansion>) {
    let Some(declared) = declarations(&text) else { return (text, Vec::new()) };
    let budget = Budget::of(text.len());
    let mut out = String::with_capacity(text.len() + 256);
    let mut expansions = Vec::new();
    let (mut copied, mut at) = (declared.end, declared.end);
    out.push_str(text.get(..copied).unwrap_or_default());
    while let Some(found) = next_reference(&text, at) {
        at = found.end;
        let name = text.get(found.start + 1..found.end - 1).unwrap_or_default();
        let Some(value) = declared.texts.get(name).filter(|value| budget.take(value.len())) else {
            continue;
        };
        out.push_str(text.get(copied..found.start).unwrap_or_default());
        let start = out.len();
        out.push_str(value);
        expansions.push(Expansion { at: start..out.len(), from: found.clone() });
        copied = found.end;
    }
    if expansions.is_empty() {
        return (text, expansions);
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    (Cow::Owned(out), expansions)
}

/// The entities of a document type.
struct Declarations {
    /// The text of each, with the entities in it expanded.
    texts: HashMap<String, String>,
    /// Where the document type ends.
    end: usize,
}

fn declarations(text: &str) -> Option<Declarations> {
    // The document type comes before the root element.
    let start = doctype(text)?;
    let inside = text.get(start..)?;
    let (open, close) = (inside.find('[')?, inside.find('>')?);
    if close < open {
        return None;
    }
    let mut rest = inside.get(open + 1..)?;
    let mut written: HashMap<&str, Cow<'_, str>> = HashMap::new();
    let mut order: Vec<&str> = Vec::new();
    loop {
        rest = rest.trim_ascii_start();
        if let Some(after) = rest.strip_prefix(']') {
            let end = text.len() - after.len() + after.find('>')? + 1;
            let mut known = HashMap::new();
            for name in order {
                expand(name, &written, DEPTH, &mut known);
            }
            let texts = known.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?)));
            let texts = texts.collect();
            return Some(Declarations { texts, end }).filter(|held| !held.texts.is_empty());
        } else if let Some(declaration) = rest.strip_prefix("<!ENTITY") {
            let (named, after) = entity(declaration)?;
            if let Some((name, value)) = named.filter(|_| written.len() < ENTITIES) {
                // The first declaration applies.
                if !written.contains_key(name) {
                    written.insert(name, unescape_characters(value));
                    order.push(name);
                }
            }
            rest = after;
        } else if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.split_once("-->")?.1;
        } else {
            rest = rest.split_once(['>', ';'])?.1;
        }
    }
}

/// Where the document type begins, if there is one.
fn doctype(text: &str) -> Option<usize> {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        if rest.starts_with("<!DOCTYPE") {
            return Some(text.len() - rest.len());
        }
        let end = if rest.starts_with("<?") {
            "?>"
        } else if rest.starts_with("<!--") {
            "-->"
        } else {
            return None;
        };
        rest = rest.split_once(end)?.1.trim_start();
    }
}

type Named<'a> = Option<(&'a str, &'a str)>;

/// The name and value of an internal entity, and the text after its declaration.
fn entity(declaration: &str) -> Option<(Named<'_>, &str)> {
    let declared = declaration.trim_ascii_start();
    let end = declared.find(|c: char| c.is_ascii_whitespace())?;
    let (name, rest) = declared.split_at(end);
    let rest = rest.trim_ascii_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let Some(quote) = quote else {
        // A parameter entity, or an external one.
        return Some((None, declared.split_once('>')?.1));
    };
    let (value, rest) = rest.get(1..)?.split_once(quote)?;
    Some((Some((name, value)), rest.split_once('>')?.1))
}

/// The expanded texts of entities by name; `None` is one that is too long or refers to itself.
type Texts<'a> = HashMap<&'a str, Option<String>>;

/// Expands the text of an entity, once; false if it has none.
fn expand<'a>(
    name: &'a str,
    written: &'a HashMap<&'a str, Cow<'_, str>>,
    depth: usize,
    known: &mut Texts<'a>,
) -> bool {
    if let Some(text) = known.get(name) {
        return text.is_some();
    }
    // An entity that refers to itself finds no text.
    known.insert(name, None);
    let text = written.get(name).and_then(|value| filled(value, written, depth, known));
    let found = text.is_some();
    known.insert(name, text);
    found
}

/// A text with the entities in it.
fn filled<'a>(
    value: &'a str,
    written: &'a HashMap<&'a str, Cow<'_, str>>,
    depth: usize,
    known: &mut Texts<'a>,
) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    let mut out = String::new();
    let mut copied = 0;
    while let Some(found) = next_reference(value, copied) {
        out.push_str(value.get(copied..found.start)?);
        copied = found.end;
        let inner = value.get(found.start + 1..found.end - 1)?;
        if written.contains_key(inner) {
            expand(inner, written, depth, known).then_some(())?;
            out.push_str(known.get(inner)?.as_ref()?);
        } else {
            out.push_str(value.get(found)?);
        }
        if out.len() > LONGEST_URL {
            return None;
        }
    }
    out.push_str(value.get(copied..)?);
    // In an attribute a quote must not end it.
    let out = if out.contains('<') { out } else { quoted(out) };
    (out.len() <= LONGEST_URL).then_some(out)
}

fn quoted(text: String) -> String {
    if text.contains(['"', '\'']) {
        return text.replace('"', "&quot;").replace('\'', "&apos;");
    }
    text
}

/// The next `&name;` from `at` on that is neither in a comment nor in a CDATA section.
fn next_reference(text: &str, mut at: usize) -> Option<Range<usize>> {
    loop {
        let rest = text.get(at..)?;
        let found = memchr::memchr2(b'&', b'<', rest.as_bytes())?;
        let rest = rest.get(found..)?;
        at += found;
        if let Some(reference) = rest.strip_prefix('&') {
            let name = reference.bytes().take_while(|byte| is_name(*byte)).count();
            if name > 0 && reference.as_bytes().get(name) == Some(&b';') {
                return Some(at..at + name + 2);
            }
            at += 1;
            continue;
        }
        let end = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")]
            .into_iter()
            .find(|(open, _)| rest.starts_with(open));
        at += match end {
            Some((_, close)) => memchr::memmem::find(rest.as_bytes(), close.as_bytes())?,
            None => 1,
        };
    }
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':') || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        expanded(Cow::Borrowed(text)).0.into_owned()
    }

    #[test]
    fn references_become_their_texts() {
        let document = |inner: &str| {
            format!(
                "<?xml version='1.0'?><!-- <!DOCTYPE x> --><!DOCTYPE a [<!-- ]> --><!ENTITY b \"https:&#47;/c\">\
                 <!ENTITY b 'second'><!ENTITY d '&b;/\"d'><!ENTITY % p 'q'><!ENTITY e SYSTEM 'f'>\
                 <!ELEMENT a ANY>]><a>{inner}</a>"
            )
        };
        let changes = |inner: &str, expected: &str| {
            assert_eq!(of(&document(inner)), document(expected), "{inner}");
        };
        changes("&b;", "https://c");
        changes("x &d;&amp;&e;&q;&#65;", "x https://c/&quot;d&amp;&e;&q;&#65;");
        changes(
            "<!--&b;--><![CDATA[&b;]]><c d='&b;'/>",
            "<!--&b;--><![CDATA[&b;]]><c d='https://c'/>",
        );
    }

    #[test]
    fn places_of_texts_and_references() {
        let text = "<!DOCTYPE a [<!ENTITY b 'xyz'>]><a>&b;.&b;</a>";
        let (out, expansions) = expanded(Cow::Borrowed(text));
        assert_eq!(expansions.len(), 2);
        for found in expansions {
            assert_eq!((&out[found.at], &text[found.from]), ("xyz", "&b;"));
        }
    }

    #[test]
    fn what_multiplies_or_turns_in_circles_stays() {
        let mut text = "<!DOCTYPE a [<!ENTITY e0 'aaaaaaaaaa'>".to_owned();
        for level in 1..8 {
            let before = level - 1;
            text += &format!("<!ENTITY e{level} '{}'>", format!("&e{before};").repeat(10));
        }
        text += "<!ENTITY c '&d;'><!ENTITY d '&c;'>]><a>&e7;&c;</a>";
        assert_eq!(of(&text), text);
        // Nothing, ten thousand times in eight entities, one in the other.
        let mut text = "<!DOCTYPE a [<!ENTITY e0 ''>".to_owned();
        for level in 1..8 {
            text += &format!("<!ENTITY e{level} '{}'>", format!("&e{};", level - 1).repeat(10_000));
        }
        assert!(of(&(text + "]><a>&e7;</a>")).ends_with("<a></a>"));
        for text in ["<!DOCTYPE", "<!DOCTYPE a [", "<!DOCTYPE a [<!ENTITY b", "<!DOCTYPE a []><a/>"]
        {
            assert_eq!(of(text), text);
        }
    }
}
