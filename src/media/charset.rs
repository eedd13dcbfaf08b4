//! The charset of an XML manifest: UTF-16, or a superset of ASCII; rewriting keeps it.

use super::{
    ManifestError, ManifestFormat,
    error::{bounded, masked},
};
use std::borrow::Cow;

/// The encoding of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    /// UTF-8, or another superset of ASCII.
    Ascii,
    Utf16Little,
    Utf16Big,
}

/// Charsets whose bytes are the first 256 characters of Unicode, but for a few.
const LATIN: &[&str] = &["iso-8859-1", "iso-8859-15", "latin1", "windows-1252", "cp1252"];

impl Charset {
    /// By a byte order mark, or by how `<?` or `<M` is written (XML 1.0, appendix F).
    fn of(body: &[u8]) -> Self {
        match body {
            [0xff, 0xfe, ..] => Self::Utf16Little,
            [0xfe, 0xff, ..] => Self::Utf16Big,
            [b'<', 0, second, 0, ..] if *second != 0 => Self::Utf16Little,
            [0, b'<', 0, second, ..] if *second != 0 => Self::Utf16Big,
            _ => Self::Ascii,
        }
    }

    const fn unit(self, pair: [u8; 2]) -> u16 {
        match self {
            Self::Utf16Big => u16::from_be_bytes(pair),
            Self::Ascii | Self::Utf16Little => u16::from_le_bytes(pair),
        }
    }

    /// The number of bytes of the document that encode `text`.
    pub(super) fn written(self, text: &str) -> usize {
        match self {
            Self::Ascii => text.len(),
            Self::Utf16Little | Self::Utf16Big => text.chars().map(|c| c.len_utf16() * 2).sum(),
        }
    }

    /// Writes `text` in this charset behind `out`.
    pub(super) fn write(self, text: &str, out: &mut Vec<u8>) {
        match self {
            Self::Ascii => out.extend_from_slice(text.as_bytes()),
            Self::Utf16Little => out.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
            Self::Utf16Big => out.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
        }
    }
}

/// The characters of a document; a byte sequence that cannot be read becomes a substitute of the same length. A
/// byte order mark stays as U+FEFF.
pub(super) fn decode(
    format: ManifestFormat,
    body: &[u8],
) -> Result<(Cow<'_, str>, Charset), ManifestError> {
    let charset = Charset::of(body);
    if charset == Charset::Ascii {
        return Ok((masked(format, body)?, charset));
    }
    bounded(format, body)?;
    let mut out = String::with_capacity(body.len() / 2);
    let (pairs, _) = body.as_chunks::<2>();
    let units = pairs.iter().map(|pair| charset.unit(*pair));
    // A lone surrogate takes as much room as its substitute.
    out.extend(char::decode_utf16(units).map(|read| read.unwrap_or(char::REPLACEMENT_CHARACTER)));
    Ok((Cow::Owned(out), charset))
}

/// The characters of a document, for reading.
pub(super) fn read(format: ManifestFormat, body: &[u8]) -> Result<Cow<'_, str>, ManifestError> {
    let (text, charset) = decode(format, body)?;
    let alien = charset == Charset::Ascii && matches!(text, Cow::Owned(_));
    Ok(if alien && is_latin(&text) { latin(body).into() } else { text })
}

/// Whether the XML declaration names a charset of which each byte is a character.
fn is_latin(text: &str) -> bool {
    let declaration = text.split("?>").next().unwrap_or_default();
    let named = declaration.split_once("encoding").and_then(|(_, value)| {
        let value = value.trim_start().strip_prefix('=')?.trim_start();
        value.get(1..)?.split(['"', '\'']).next()
    });
    named.is_some_and(|named| LATIN.iter().any(|latin| named.eq_ignore_ascii_case(latin)))
}

fn latin(body: &[u8]) -> String {
    body.iter().map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let said = "\u{feff}<a b='é𝄞'/>";
        for charset in [Charset::Utf16Little, Charset::Utf16Big, Charset::Ascii] {
            let mut written = Vec::new();
            charset.write(said, &mut written);
            let (read, found) = decode(ManifestFormat::Smooth, &written).unwrap();
            assert_eq!((&*read, found), (said, charset));
            assert_eq!(charset.written(said), written.len());
            // UTF-16 is also detected without a byte order mark.
            let (read, found) = decode(ManifestFormat::Mpd, written.get(2..).unwrap()).unwrap();
            if charset != Charset::Ascii {
                assert_eq!((&*read, found), (said.trim_start_matches('\u{feff}'), charset));
            }
        }
    }

    #[test]
    fn what_is_no_text_keeps_its_length() {
        for body in [&b"\xff\xfe\x00\xd8a\0"[..], b"<a>\xe9</a>", b"\xfe\xff\xd8\0\xd8\0"] {
            let (text, charset) = decode(ManifestFormat::Mpd, body).unwrap();
            assert_eq!(charset.written(&text), body.len(), "{body:?}");
        }
    }

    #[test]
    fn a_declared_latin_charset_is_read() {
        let body = b"<?xml version='1.0' encoding=\"Windows-1252\"?><a b='\xe9'/>";
        assert!(read(ManifestFormat::Mpd, body).unwrap().contains("b='é'"));
        let body = b"<?xml version='1.0' encoding=\"Shift_JIS\"?><a b='\xe9'/>";
        assert!(read(ManifestFormat::Mpd, body).unwrap().contains("b='\u{1a}'"));
    }
}
