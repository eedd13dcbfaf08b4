//! Edits of an XML document: changes to its decoded text are applied to its bytes, and every other byte stays.

use super::{
    ManifestError, ManifestFormat,
    charset::{Charset, decode},
    entities::{Expansion, expanded},
    xml::reference,
};
use std::{borrow::Cow, ops::Range};

/// A document to be edited.
pub(super) struct Source<'a> {
    body: &'a [u8],
    charset: Charset,
    decoded: Cow<'a, str>,
    /// With its entities expanded, if it declares any.
    expanded: Option<String>,
    expansions: Vec<Expansion>,
}

/// A replacement of a part of a document's text.
pub(super) type Edit = (Range<usize>, String);

impl<'a> Source<'a> {
    pub(super) fn read(format: ManifestFormat, body: &'a [u8]) -> Result<Self, ManifestError> {
        let (decoded, charset) = decode(format, body)?;
        let (expanded, expansions) = expanded(Cow::Borrowed(&decoded));
        let expanded = (!expansions.is_empty()).then(|| expanded.into_owned());
        Ok(Self { body, charset, decoded, expanded, expansions })
    }

    /// The text.
    pub(super) fn text(&self) -> &str {
        self.expanded.as_deref().unwrap_or(&self.decoded)
    }

    /// The document with `edits` of its text; `None` when nothing changes.
    pub(super) fn edited(&self, mut edits: Vec<Edit>) -> Option<Vec<u8>> {
        if edits.is_empty() {
            return None;
        }
        edits.sort_by_key(|(part, _)| part.start);
        let mut writer = Writer {
            source: self,
            out: Vec::with_capacity(self.body.len() + self.body.len() / 4),
            decoded: 0,
            raw: 0,
        };
        // The positions in the text and in the decoded document, which differ by the expanded entities.
        let (mut text, mut decoded) = (0, 0);
        let mut left = edits.as_slice();
        for expansion in &self.expansions {
            left = writer.copied(text..expansion.at.start, decoded, left);
            decoded = expansion.from.end;
            left = writer.expansion(expansion, left);
            text = expansion.at.end;
        }
        left = writer.copied(text..self.text().len(), decoded, left);
        for (_, with) in left {
            self.charset.write(with, &mut writer.out);
        }
        writer.out.extend_from_slice(self.body.get(writer.raw..).unwrap_or_default());
        (writer.out != self.body).then_some(writer.out)
    }
}

/// A document being written again.
struct Writer<'s, 'a> {
    source: &'s Source<'a>,
    out: Vec<u8>,
    /// How much of the decoded document, and of its bytes, has been processed.
    decoded: usize,
    raw: usize,
}

impl Writer<'_, '_> {
    /// Advances to `to` in the decoded document, and keeps or omits the bytes up to there.
    fn go_on(&mut self, to: usize, keep: bool) {
        let passed = self.source.decoded.get(self.decoded..to).unwrap_or_default();
        let end = self.raw + self.source.charset.written(passed);
        if keep {
            self.out.extend_from_slice(self.source.body.get(self.raw..end).unwrap_or_default());
        }
        (self.decoded, self.raw) = (to.max(self.decoded), end);
    }

    /// Writes a part of the text that is in the document, from `decoded` on, with the edits in it; returns the
    /// edits that extend further.
    fn copied<'e>(&mut self, part: Range<usize>, decoded: usize, edits: &'e [Edit]) -> &'e [Edit] {
        let place = |text: usize| text - part.start + decoded;
        let mut left = edits;
        while let Some(((range, with), rest)) = left.split_first()
            && range.start < part.end
        {
            if range.start >= part.start {
                self.go_on(place(range.start), true);
                self.source.charset.write(with, &mut self.out);
            }
            self.go_on(place(range.end.min(part.end)), false);
            if range.end > part.end {
                break;
            }
            left = rest;
        }
        self.go_on(place(part.end), true);
        left
    }

    /// Writes a reference, or the remainder of its text.
    fn expansion<'e>(&mut self, part: &Expansion, edits: &'e [Edit]) -> &'e [Edit] {
        let at = &part.at;
        let mut left = edits;
        let mut copied = at.start;
        let mut whole = true;
        let text = self.source.text();
        let mut pieces = String::new();
        while let Some(((range, with), rest)) = left.split_first()
            && range.start < at.end
        {
            if range.start >= at.start {
                // An insertion before the reference leaves it whole.
                whole &= range.is_empty() && range.start == at.start;
                pieces.push_str(text.get(copied..range.start).unwrap_or_default());
                pieces.push_str(with);
            }
            whole &= range.end <= at.start || range.is_empty();
            copied = range.end.clamp(copied, at.end);
            if range.end > at.end {
                break;
            }
            left = rest;
        }
        if !whole {
            pieces.push_str(text.get(copied..at.end).unwrap_or_default());
        }
        self.source.charset.write(&pieces, &mut self.out);
        self.go_on(part.from.end, whole);
        left
    }
}

/// A run of characters in a value: its position in the value and in the document's text.
#[derive(Debug, Clone, Copy)]
struct Run {
    value: usize,
    text: usize,
    /// The length of the reference they are written as; 0 if they are written as themselves.
    reference: usize,
}

/// A decoded value, and the positions of its characters in the document.
pub(super) struct Value<'t> {
    said: Cow<'t, str>,
    runs: Vec<Run>,
}

impl<'t> Value<'t> {
    /// The value written as `raw`, a part of `text`.
    pub(super) fn attribute(text: &str, raw: &'t str) -> Option<Self> {
        let mut value = Self::empty();
        value.push(text, raw, false)?;
        Some(value)
    }

    /// Adds a piece of an element's text, or of a CDATA section.
    pub(super) fn push(&mut self, text: &str, raw: &'t str, literal: bool) -> Option<()> {
        let mut at = (raw.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
        if self.said.is_empty() && (literal || memchr::memchr(b'&', raw.as_bytes()).is_none()) {
            self.said = Cow::Borrowed(raw);
            self.runs = vec![Run { value: 0, text: at, reference: 0 }];
            return Some(());
        }
        let said = self.said.to_mut();
        let mut rest = raw;
        while !rest.is_empty() {
            let value = said.len();
            let len = match memchr::memchr(b'&', rest.as_bytes()).filter(|_| !literal) {
                Some(0) => match reference(rest) {
                    Some((character, len)) => {
                        said.push(character);
                        self.runs.push(Run { value, text: at, reference: len });
                        at += len;
                        rest = rest.get(len..)?;
                        continue;
                    }
                    None => 1,
                },
                next => next.unwrap_or(rest.len()),
            };
            said.push_str(rest.get(..len)?);
            self.runs.push(Run { value, text: at, reference: 0 });
            at += len;
            rest = rest.get(len..)?;
        }
        Some(())
    }

    /// The value of an element's text that has not begun yet.
    pub(super) const fn empty() -> Self {
        Self { said: Cow::Borrowed(""), runs: Vec::new() }
    }

    /// The decoded text.
    pub(super) fn decoded(&self) -> &str {
        &self.said
    }

    /// Replaces a part of the decoded text by `with`.
    pub(super) fn replace(&self, part: Range<usize>, with: String, edits: &mut Vec<Edit>) {
        let mut with = Some(with);
        for (at, run) in self.runs.iter().enumerate() {
            let next = self.runs.get(at + 1);
            let end = next.map_or(self.said.len(), |next| next.value);
            let (from, to) = (part.start.max(run.value), part.end.min(end));
            let begins = part.start >= run.value && part.start < end;
            if from >= to && !begins {
                continue;
            }
            let range = match run.reference {
                0 => run.text + from - run.value..run.text + to.max(from) - run.value,
                len if from < to => run.text..run.text + len,
                _ => run.text..run.text,
            };
            edits.push((range, with.take().unwrap_or_default()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_expanded_where_they_change() {
        let edited = |inner: &str, from: &str, to: &str| {
            let head = "<!DOCTYPE a [<!ENTITY e 'xyz'><!ENTITY f '<b>&e;</b>'>]>";
            let body = format!("{head}<a>{inner}</a>");
            let source = Source::read(ManifestFormat::Mpd, body.as_bytes()).unwrap();
            let at = source.text().rfind(from).unwrap();
            let out = source.edited(vec![(at..at + from.len(), to.to_owned())]).unwrap();
            String::from_utf8(out).unwrap().replace(head, "")
        };
        assert_eq!(edited("1&e;2&e;3", "2", "9"), "<a>1&e;9&e;3</a>");
        assert_eq!(edited("1&e;2&e;3", "2x", "9"), "<a>1&e;9yz3</a>");
        assert_eq!(edited("1&e;2&e;3", "z3", "9"), "<a>1&e;2xy9</a>");
        assert_eq!(edited("1&e;2&e;3", "y", ""), "<a>1&e;2xz3</a>");
        assert_eq!(edited("1&e;2&e;3", "z2x", "9"), "<a>1xy9yz3</a>");
        assert_eq!(edited("1&e;2", "xyz", "9"), "<a>192</a>");
        assert_eq!(edited("1&f;2", "xyz", "9"), "<a>1<b>9</b>2</a>");
    }

    #[test]
    fn every_charset_keeps_its_bytes() {
        for wide in [true, false] {
            let said = "<a>\u{e9}https</a>";
            let latin: Vec<u8> =
                said.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
            let utf16: Vec<u8> = said.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let body = if wide { utf16 } else { latin };
            let source = Source::read(ManifestFormat::Mpd, &body).unwrap();
            let at = source.text().find("https").unwrap();
            let out = source.edited(vec![(at..at + 5, "http".to_owned())]).unwrap();
            assert_eq!(out.len(), body.len() - if wide { 2 } else { 1 });
            assert_eq!(out.get(..8), body.get(..8));
        }
    }
}
