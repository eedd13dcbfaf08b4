//! The elements of an MPD and the positions of their attributes, so that edits keep every other byte.

use super::super::{
    ManifestFormat,
    xml::{Token, Xml},
};
use std::ops::Range;

/// An element.
#[derive(Debug)]
pub(super) struct Element<'a> {
    /// Its local name.
    pub(super) name: &'a str,
    /// Its start tag.
    pub(super) tag: Range<usize>,
    /// All of it, to the end of its end tag.
    pub(super) whole: Range<usize>,
    /// The index of the parent element.
    pub(super) parent: Option<usize>,
    attributes: Vec<Attribute<'a>>,
}

#[derive(Debug)]
struct Attribute<'a> {
    name: &'a str,
    /// With the white space before it.
    whole: Range<usize>,
    value: Range<usize>,
}

/// The elements of a document, in order; `None` when it is not a well-formed MPD, or too large.
pub(super) fn elements(text: &str) -> Option<Vec<Element<'_>>> {
    let mut reader = Xml::new(ManifestFormat::Mpd, text, &["<MPD"]).ok()?;
    let mut elements: Vec<Element<'_>> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    while let Some(token) = reader.next().ok()? {
        let end = reader.position();
        match token {
            Token::Start(_) | Token::Empty(_) => {
                // Between this token and the one before there is no tag, but perhaps a comment.
                let start = text.get(..end.checked_sub(1)?)?.rfind('<')?;
                elements.push(element(text, start..end, open.last().copied())?);
                if matches!(token, Token::Start(_)) {
                    open.push(elements.len() - 1);
                }
            }
            Token::End(_) => {
                let closed = open.pop()?;
                elements.get_mut(closed)?.whole.end = end;
            }
            Token::Text(_) | Token::CData(_) => {}
        }
    }
    open.is_empty().then_some(elements)
}

/// Reads a start tag, which the reader has found well-formed.
fn element(text: &str, tag: Range<usize>, parent: Option<usize>) -> Option<Element<'_>> {
    let inside = text.get(tag.clone())?.strip_prefix('<')?;
    let name_end = inside.find(|c: char| c.is_whitespace() || matches!(c, '/' | '>'))?;
    let name = inside.get(..name_end)?;
    let name = name.rsplit(':').next().unwrap_or(name);
    let mut attributes = Vec::new();
    let mut at = tag.start + 1 + name_end;
    while let Some(attribute) = attribute(text, at, tag.end) {
        at = attribute.whole.end;
        attributes.push(attribute);
    }
    Some(Element { name, whole: tag.clone(), tag, parent, attributes })
}

/// The attribute that begins after the white space at `at`.
fn attribute(text: &str, at: usize, end: usize) -> Option<Attribute<'_>> {
    let rest = text.get(at..end)?;
    let name_at = rest.len() - rest.trim_start().len();
    let equals = rest.find('=')?;
    let name = rest.get(name_at..equals)?.trim_end();
    let value = rest.get(equals + 1..)?;
    let quote_at = equals + 1 + (value.len() - value.trim_start().len());
    let quote = rest.get(quote_at..)?.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let length = rest.get(quote_at + 1..)?.find(quote)?;
    let value = at + quote_at + 1..at + quote_at + 1 + length;
    Some(Attribute { name, whole: at..value.end + 1, value })
}

impl<'a> Element<'a> {
    /// The value of an attribute as written, and its position.
    pub(super) fn get(&self, text: &'a str, name: &str) -> Option<(&'a str, Range<usize>)> {
        let found = self.attributes.iter().find(|attribute| attribute.name == name)?;
        Some((text.get(found.value.clone())?, found.value.clone()))
    }

    /// The value of an attribute as a number.
    pub(super) fn number(&self, text: &'a str, name: &str) -> Option<u64> {
        self.get(text, name)?.0.trim().parse().ok()
    }

    /// The positions of the attributes that `which` selects, with the space before each.
    pub(super) fn spans(&self, which: impl Fn(&str) -> bool) -> Vec<Range<usize>> {
        let named = self.attributes.iter().filter(|attribute| which(attribute.name));
        named.map(|attribute| attribute.whole.clone()).collect()
    }
}

/// Replaces parts by texts; a part within an earlier one is left out.
pub(super) fn replace(text: &str, mut edits: Vec<(Range<usize>, String)>) -> Option<String> {
    if edits.is_empty() {
        return None;
    }
    edits.sort_by_key(|(part, _)| (part.start, std::cmp::Reverse(part.end)));
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (part, new) in edits {
        if part.start < copied {
            continue;
        }
        out.push_str(text.get(copied..part.start)?);
        out.push_str(&new);
        copied = part.end;
    }
    out.push_str(text.get(copied..)?);
    Some(out)
}
