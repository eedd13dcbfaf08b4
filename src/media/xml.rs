//! An XML reader that yields tokens in place, and checks that the document is well-formed and within limits.
//!
//! A manifest for one day holds tens of thousands of elements: tokens are slices of it, entities are never
//! expanded, and a document type's own declarations are skipped.

use super::{
    ManifestError, ManifestFormat,
    error::{At, ManifestFault, alien},
};
use std::borrow::Cow;

/// The deepest nesting read: the schemas need about ten.
const DEPTH: usize = 64;
/// The same for documents that are read leniently, where each element without an end adds a level.
const LENIENT_DEPTH: usize = 1 << 16;
/// The most elements read.
const ELEMENTS: usize = 1 << 18;

/// A piece of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `<name …>`.
    Start(Tag<'a>),
    /// `<name …/>`.
    Empty(Tag<'a>),
    /// `</name>`; the name without its prefix.
    End(&'a str),
    /// Characters as written, entities and all; never only white space.
    Text(&'a str),
    /// What a CDATA section holds.
    CData(&'a str),
}

/// An element's tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    /// Without its prefix.
    pub(super) name: &'a str,
    /// The text between the name and the end of the tag.
    pub(super) inside: &'a str,
}

/// A reader over a document.
pub(super) struct Xml<'a> {
    format: ManifestFormat,
    text: &'a str,
    at: usize,
    open: Vec<&'a str>,
    elements: usize,
    lenient: bool,
}

/// A place in a document.
pub(super) struct Here {
    at: usize,
    elements: usize,
    open: usize,
}

impl<'a> Xml<'a> {
    /// A reader of `text`, which must begin as XML does and hold one of `roots`: `"<MPD"`, say.
    pub(super) fn new(
        format: ManifestFormat,
        text: &'a str,
        roots: &[&'static str],
    ) -> Result<Self, ManifestError> {
        let start = text.trim_start_matches('\u{feff}').trim_start();
        let find = |what: &str| memchr::memmem::find(start.as_bytes(), what.as_bytes()).is_some();
        // A root may have a prefix.
        let holds = |root: &&str| find(root) || find(&root.replace('<', ":"));
        if !start.starts_with('<') || !roots.iter().any(holds) {
            return Err(alien(format, start, roots.first().copied().unwrap_or("<")));
        }
        let at = text.len() - start.len();
        Ok(Self { format, text, at, open: Vec::new(), elements: 0, lenient: false })
    }

    /// The same, but reads as much as possible: a document that is not well-formed is read up to the fault, and
    /// the number of elements is not limited.
    pub(super) fn lenient(self) -> Self {
        Self { lenient: true, ..self }
    }

    /// The reader's position, in bytes.
    pub(super) const fn position(&self) -> usize {
        self.at
    }

    /// The text that is still to be read.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Skips `bytes` with `elements` whole elements, which were read elsewhere; false if that exceeds the
    /// limit.
    pub(super) fn pass_over(&mut self, bytes: usize, elements: usize) -> bool {
        let fits = self.elements + elements <= ELEMENTS;
        if fits {
            self.at += bytes;
            self.elements += elements;
        }
        fits
    }

    /// A position to return to, as long as no element is closed that is open here.
    pub(super) const fn here(&self) -> Here {
        Here { at: self.at, elements: self.elements, open: self.open.len() }
    }

    /// Returns there.
    pub(super) fn back(&mut self, to: &Here) {
        self.at = to.at;
        self.elements = to.elements;
        self.open.truncate(to.open);
    }

    /// How many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// The next token; `None` at the end of a complete document.
    pub(super) fn next(&mut self) -> Result<Option<Token<'a>>, ManifestError> {
        match self.token() {
            Err(_) if self.lenient => Ok(None),
            token => token,
        }
    }

    /// Skips the rest of the element that has just begun.
    pub(super) fn skip_element(&mut self) -> Result<(), ManifestError> {
        let depth = self.depth();
        while self.depth() >= depth && self.next()?.is_some() {}
        Ok(())
    }

    fn token(&mut self) -> Result<Option<Token<'a>>, ManifestError> {
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let space = rest.bytes().take_while(u8::is_ascii_whitespace).count();
            let token = match rest.as_bytes().get(space..).unwrap_or_default() {
                [] => return self.end(),
                [b'<', next, ..] => {
                    self.at += space;
                    let rest = rest.get(space..).unwrap_or_default();
                    match next {
                        b'/' => match self.closing(rest)? {
                            Some(token) => token,
                            None => continue,
                        },
                        b'?' => {
                            self.skip(rest, "?>", "a processing instruction")?;
                            continue;
                        }
                        b'!' => match self.marked(rest)? {
                            Some(token) => token,
                            None => continue,
                        },
                        _ => self.opening(rest)?,
                    }
                }
                _ => {
                    let bytes = rest.as_bytes();
                    // What is left may be a lone `<`.
                    let len = memchr::memchr(b'<', bytes.get(1..).unwrap_or_default());
                    let len = len.map_or(bytes.len(), |len| len + 1);
                    self.at += len;
                    Token::Text(rest.get(..len).unwrap_or_default())
                }
            };
            return Ok(Some(token));
        }
    }

    fn end(&self) -> Result<Option<Token<'a>>, ManifestError> {
        match self.open.last() {
            None => Ok(None),
            Some(name) => {
                Err(self.fault(ManifestFault::Truncated { inside: format!("<{}>", brief(name)) }))
            }
        }
    }

    fn opening(&mut self, rest: &'a str) -> Result<Token<'a>, ManifestError> {
        self.elements += 1;
        if self.elements > ELEMENTS && !self.lenient {
            return Err(self.fault(ManifestFault::Excess { what: "elements", limit: ELEMENTS }));
        }
        let Some(end) = tag_end(rest.as_bytes()) else {
            return Err(self.fault(ManifestFault::Truncated { inside: "a tag".to_owned() }));
        };
        let within = rest.get(1..end).unwrap_or_default();
        self.at += end + 1;
        let (within, empty) =
            within.strip_suffix('/').map_or((within, false), |within| (within, true));
        let len = within.bytes().position(|byte| byte.is_ascii_whitespace());
        let full = within.get(..len.unwrap_or(within.len())).unwrap_or_default();
        let tag = Tag { name: local(full), inside: within.get(full.len()..).unwrap_or_default() };
        if empty {
            return Ok(Token::Empty(tag));
        }
        self.open.push(full);
        if self.open.len() > if self.lenient { LENIENT_DEPTH } else { DEPTH } {
            let cause = ManifestFault::Excess { what: "levels of elements", limit: DEPTH };
            return Err(self.fault(cause));
        }
        Ok(Token::Start(tag))
    }

    /// An end tag; nothing if it ends no open element and is skipped.
    fn closing(&mut self, rest: &'a str) -> Result<Option<Token<'a>>, ManifestError> {
        let Some(end) = memchr::memchr(b'>', rest.as_bytes()) else {
            return Err(self.fault(ManifestFault::Truncated { inside: "a tag".to_owned() }));
        };
        let name = rest.get(2..end).unwrap_or_default().trim_ascii_end();
        match self.open.last() {
            Some(open) if *open == name => {
                self.open.pop();
            }
            _ if self.lenient => {
                self.at += end + 1;
                let near = self.open.iter().rev().take(DEPTH).position(|open| *open == name);
                let Some(inner) = near else { return Ok(None) };
                self.open.truncate(self.open.len() - inner - 1);
                return Ok(Some(Token::End(local(name))));
            }
            Some(open) => {
                let (open, name) = (brief(open), brief(name));
                let said = format!("expected `</{open}>`, but `</{name}>` was found");
                return Err(self.fault(ManifestFault::Syntax(said)));
            }
            None => {
                let said = "an element ends that never began".to_owned();
                return Err(self.fault(ManifestFault::Syntax(said)));
            }
        }
        self.at += end + 1;
        Ok(Some(Token::End(local(name))))
    }

    /// Markup that begins with `<!`: a comment, a CDATA section, or a document type.
    fn marked(&mut self, rest: &'a str) -> Result<Option<Token<'a>>, ManifestError> {
        if rest.starts_with("<!--") {
            self.skip(rest, "-->", "a comment")?;
        } else if let Some(data) = rest.strip_prefix("<![CDATA[") {
            let end = self.skip(rest, "]]>", "a CDATA section")?;
            let len = end - "]]>".len() - "<![CDATA[".len();
            return Ok(Some(Token::CData(data.get(..len).unwrap_or_default())));
        } else if rest.get(..rest.find('>').unwrap_or(rest.len())).is_some_and(|t| t.contains('['))
        {
            // Its own declarations are skipped: entities are not expanded here.
            self.skip(rest, "]", "a document type")?;
            let rest = self.text.get(self.at..).unwrap_or_default();
            self.skip(rest, ">", "a document type")?;
        } else {
            self.skip(rest, ">", "a document type")?;
        }
        Ok(None)
    }

    /// Skips to after `end`; returns the length.
    fn skip(&mut self, rest: &str, end: &str, what: &str) -> Result<usize, ManifestError> {
        let found = memchr::memmem::find(rest.as_bytes(), end.as_bytes());
        let Some(found) = found else {
            return Err(self.fault(ManifestFault::Truncated { inside: what.to_owned() }));
        };
        self.at += found + end.len();
        Ok(found + end.len())
    }

    /// An error at this place.
    pub(super) fn fault(&self, cause: ManifestFault) -> ManifestError {
        ManifestError::new(self.format, At::Byte(self.at as u64), cause)
    }
}

/// The first characters of a name, for an error.
fn brief(name: &str) -> String {
    name.chars().take(40).collect()
}

/// The end of a tag: the first `>` outside quotes.
fn tag_end(bytes: &[u8]) -> Option<usize> {
    let mut quote = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match *byte {
            b'>' if quote == 0 => return Some(at),
            b'"' | b'\'' if quote == 0 => quote = *byte,
            byte if byte == quote => quote = 0,
            _ => {}
        }
    }
    None
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.bytes().position(|byte| byte == b':').map_or(name, |at| name.get(at + 1..).unwrap_or(name))
}

impl<'a> Tag<'a> {
    /// The attributes in order, as written; a malformed one ends them.
    pub(super) const fn attributes(&self) -> Attributes<'a> {
        Attributes { rest: self.inside }
    }

    /// The value of an attribute, as written.
    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        self.attributes().find_map(|(key, value)| (key == name).then_some(value))
    }
}

/// Names (with their prefix) and values.
pub(super) struct Attributes<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) =
            self.rest.split_at_checked(memchr::memchr(b'=', self.rest.as_bytes())?)?;
        let rest = rest.get(1..)?.trim_ascii_start();
        let quote = *rest.as_bytes().first()?;
        if !matches!(quote, b'"' | b'\'') {
            return None;
        }
        let rest = rest.get(1..)?;
        let (value, rest) = rest.split_at_checked(memchr::memchr(quote, rest.as_bytes())?)?;
        self.rest = rest.get(1..)?;
        Some((name.trim_ascii(), value))
    }
}

/// The decoded characters of a text or value: predefined entities and character references are replaced, all
/// others stay.
pub(super) fn unescape(written: &str) -> Cow<'_, str> {
    replaced(written, reference)
}

/// The same for character references alone, as in the declaration of an entity.
pub(super) fn unescape_characters(written: &str) -> Cow<'_, str> {
    replaced(written, numeric_reference)
}

fn replaced(written: &str, read: fn(&str) -> Option<(char, usize)>) -> Cow<'_, str> {
    if memchr::memchr(b'&', written.as_bytes()).is_none() {
        return Cow::Borrowed(written);
    }
    let mut out = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let (character, len) = read(from).unwrap_or(('&', 1));
        out.push(character);
        rest = from.get(len..).unwrap_or_default();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The character of the reference at the start of `text`, and the length of the reference.
pub(super) fn reference(text: &str) -> Option<(char, usize)> {
    let named = match name(text)? {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return numeric_reference(text),
    };
    Some((named, name(text)?.len() + 2))
}

/// The same for `&#47;` and `&#x2F;` alone.
fn numeric_reference(text: &str) -> Option<(char, usize)> {
    let name = name(text)?;
    let number = name.strip_prefix('#')?;
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    Some((char::from_u32(code)?, name.len() + 2))
}

/// The name between the `&` at the start of `text` and its `;`.
fn name(text: &str) -> Option<&str> {
    let name = text.strip_prefix('&')?;
    // Names are not longer: a `;` further away belongs to something else.
    let end = name.bytes().take(16).position(|byte| byte == b';')?;
    name.get(..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tokens(text: &str) -> Result<Vec<Token<'_>>, ManifestError> {
        let mut xml = Xml::new(ManifestFormat::Mpd, text, &["<a"])?;
        std::iter::from_fn(|| xml.next().transpose()).collect()
    }

    #[test]
    fn all_kinds_of_tokens() {
        let text = "\u{feff}<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b \"c\">]><!-- <x> -->\n\
            <n:a b='>' c = \"'\" ><!--x--> y &amp; <![CDATA[<z>]]></n:a >\n<!-- end -->";
        let tag = Tag { name: "a", inside: " b='>' c = \"'\" " };
        assert_eq!(
            tokens(text).unwrap(),
            [Token::Start(tag), Token::Text(" y &amp; "), Token::CData("<z>"), Token::End("a"),]
        );
        assert_eq!(tag.attributes().collect::<Vec<_>>(), [("b", ">"), ("c", "'")]);
        let tag = Tag { name: "a", inside: "b=1 c='2'" };
        assert_eq!(tag.attributes().count(), 0, "an attribute without quotes ends the list");
    }

    #[test]
    fn references_to_characters() {
        assert_eq!(unescape("a&amp;b&#65;&#x42;&lt;&gt;&quot;&apos;"), "a&bAB<>\"'");
        assert_eq!(unescape("&b; & &#xffffffff; &amp"), "&b; & &#xffffffff; &amp");
        assert!(matches!(unescape("plain"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn no_document_is_read_for_ever(inner in "[<>/!?a\\[\\]'\"= &;-]{0,40}") {
            let _ = tokens(&format!("<a{inner}"));
            let _ = unescape(&inner).len();
        }
    }
}
