//! A playlist line by line: tags, URIs, and the attribute lists of tags.
//!
//! The scanner for both reading and rewriting. Linear, borrowing, and lenient: a violation of the grammar is
//! reported to the caller, which decides whether it matters.

use super::super::{
    ManifestError, ManifestFormat,
    error::{alien, masked},
};
use std::borrow::Cow;

/// A tag or URI line: comments and blank lines are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// `#EXT…`, up to the colon, and what follows it.
    Tag(&'a str, &'a str),
    /// A URI, without surrounding white space.
    Uri(&'a str),
}

/// The text of a playlist, if it is one; of the same length, with bytes that are not UTF-8 masked.
pub(super) fn playlist(body: &[u8]) -> Result<Cow<'_, str>, ManifestError> {
    let text = masked(ManifestFormat::Hls, body)?;
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with("#EXTM3U") {
        Ok(text)
    } else {
        Err(alien(ManifestFormat::Hls, start, "#EXTM3U"))
    }
}

/// The lines of a playlist with their numbers, from 1. Lines end with LF, CR LF or a lone CR.
pub(super) fn lines(text: &str) -> Lines<'_> {
    Lines { rest: text.trim_start_matches('\u{feff}'), number: 1 }
}

/// See [`lines`].
pub(super) struct Lines<'a> {
    rest: &'a str,
    number: usize,
}

impl<'a> Lines<'a> {
    /// The text after the lines so far.
    pub(super) const fn rest(&self) -> &'a str {
        self.rest
    }

    /// Skips bytes that end with a line. The numbers of the lines after them are then wrong.
    pub(super) fn pass_over(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, Line<'a>);

    // Every byte of every playlist passes here, twice: one search a line, and no decoding of characters.
    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let bytes = self.rest.as_bytes();
            let end = memchr::memchr2(b'\n', b'\r', bytes).unwrap_or(bytes.len());
            let feed = bytes.get(end) == Some(&b'\n');
            let (line, rest) = self.rest.split_at(end);
            self.rest = rest.get(1..).unwrap_or_default();
            let number = self.number;
            self.number += usize::from(feed);
            if let Some(line) = parse_line(line.trim_ascii()) {
                return Some((number, line));
            }
        }
        None
    }
}

fn parse_line(line: &str) -> Option<Line<'_>> {
    if !line.starts_with('#') {
        return (!line.is_empty()).then_some(Line::Uri(line));
    }
    if !line.starts_with("#EXT") {
        return None;
    }
    let colon = memchr::memchr(b':', line.as_bytes());
    let (tag, value) = colon.map_or((line, ""), |at| (&line[..at], &line[at + 1..]));
    Some(Line::Tag(tag, value))
}

/// An attribute: `NAME=VALUE` or `NAME="VALUE"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attribute<'a> {
    pub(super) name: &'a str,
    /// Without the quotes.
    pub(super) value: &'a str,
    pub(super) quoted: bool,
}

/// The attributes of a list. An attribute that violates the grammar ends it, with the rest as error.
pub(super) struct Attributes<'a> {
    rest: &'a str,
}

pub(super) const fn attributes(list: &str) -> Attributes<'_> {
    Attributes { rest: list }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<Attribute<'a>, &'a str>;

    fn next(&mut self) -> Option<Self::Item> {
        let list = self.rest.trim_start_matches([',', ' ', '\t']);
        self.rest = "";
        if list.is_empty() {
            return None;
        }
        let Some((name, after)) = list.split_once('=') else { return Some(Err(list)) };
        let (value, quoted, rest) = match after.strip_prefix('"') {
            Some(inner) => match inner.split_once('"') {
                Some((value, rest)) => (value, true, rest),
                None => return Some(Err(list)),
            },
            None => {
                let (value, rest) = after.split_once(',').unwrap_or((after, ""));
                (value.trim_end(), false, rest)
            }
        };
        self.rest = rest;
        Some(Ok(Attribute { name: name.trim(), value, quoted }))
    }
}

/// The value of the attribute `name`.
pub(super) fn attribute<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    attributes(list)
        .map_while(Result::ok)
        .find(|attribute| attribute.name == name)
        .map(|found| found.value)
}

/// `LENGTH[@OFFSET]`, as in EXT-X-BYTERANGE and BYTERANGE.
pub(super) fn byte_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (length, offset) = match value.trim().split_once('@') {
        Some((length, offset)) => (length, Some(offset.trim().parse().ok()?)),
        None => (value.trim(), None),
    };
    Some((length.parse().ok()?, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_any_ending() {
        let text =
            "\u{feff}#EXTM3U\r\n# a comment\r\n\r\n#EXTINF:4,a:b\r\n  a.ts \rb.ts\n#EXT-X-ENDLIST";
        let found: Vec<_> = lines(text).collect();
        assert_eq!(
            found,
            [
                (1, Line::Tag("#EXTM3U", "")),
                (4, Line::Tag("#EXTINF", "4,a:b")),
                (5, Line::Uri("a.ts")),
                (5, Line::Uri("b.ts")),
                (6, Line::Tag("#EXT-X-ENDLIST", "")),
            ]
        );
    }

    #[test]
    fn attribute_lists() {
        let list = r#"A=1, B="x,y=z",C="",D=1x2"#;
        let found: Vec<_> =
            attributes(list).map(|found| found.map(|a| (a.name, a.value, a.quoted))).collect();
        assert_eq!(
            found,
            [
                Ok(("A", "1", false)),
                Ok(("B", "x,y=z", true)),
                Ok(("C", "", true)),
                Ok(("D", "1x2", false)),
            ]
        );
        assert_eq!(attribute(list, "D"), Some("1x2"));
        assert_eq!(attributes("A=1,B=\"x").nth(1), Some(Err("B=\"x")));
        assert_eq!(attributes("A").next(), Some(Err("A")));
    }

    #[test]
    fn byte_ranges() {
        assert_eq!(byte_range("100@5"), Some((100, Some(5))));
        assert_eq!(byte_range("100"), Some((100, None)));
        assert_eq!(byte_range("x@5"), None);
    }
}
