//! The charset of an XML manifest: UTF-8, or UTF-16 with a byte order mark; kept in what is rewritten.

use super::{
    ManifestError, ManifestFormat,
    error::{At, ManifestFault, text},
};
use std::borrow::Cow;

/// How a document's characters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8,
    Utf16Little,
    Utf16Big,
}

/// The characters of a document. A byte order mark stays as U+FEFF.
pub(super) fn decode(
    format: ManifestFormat,
    body: &[u8],
) -> Result<(Cow<'_, str>, Charset), ManifestError> {
    let (charset, unit): (_, fn([u8; 2]) -> u16) = match body.get(..2) {
        Some(b"\xff\xfe") => (Charset::Utf16Little, u16::from_le_bytes),
        Some(b"\xfe\xff") => (Charset::Utf16Big, u16::from_be_bytes),
        _ => return Ok((Cow::Borrowed(text(format, body)?), Charset::Utf8)),
    };
    let error = |at: usize, cause| ManifestError::new(format, At::Byte(at as u64), cause);
    if body.len() > super::MANIFEST_LIMIT {
        let cause = ManifestFault::TooLong { bytes: body.len(), limit: super::MANIFEST_LIMIT };
        return Err(error(0, cause));
    }
    let mut out = String::with_capacity(body.len() / 2);
    let (pairs, odd) = body.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    for (at, character) in char::decode_utf16(units).enumerate() {
        out.push(character.map_err(|_| error(at * 2, ManifestFault::Encoding))?);
    }
    if odd.is_empty() {
        Ok((Cow::Owned(out), charset))
    } else {
        Err(error(body.len(), ManifestFault::Encoding))
    }
}

impl Charset {
    /// A rewritten document, given in UTF-8, in this charset.
    pub(super) fn encode(self, text: Vec<u8>) -> Vec<u8> {
        let bytes: fn(u16) -> [u8; 2] = match self {
            Self::Utf8 => return text,
            Self::Utf16Little => u16::to_le_bytes,
            Self::Utf16Big => u16::to_be_bytes,
        };
        String::from_utf8_lossy(&text).encode_utf16().flat_map(bytes).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let said = "\u{feff}<a b='é𝄞'/>";
        for charset in [Charset::Utf16Little, Charset::Utf16Big] {
            let written = charset.encode(said.into());
            let (read, found) = decode(ManifestFormat::Smooth, &written).unwrap();
            assert_eq!((&*read, found), (said, charset));
        }
        let (read, charset) = decode(ManifestFormat::Mpd, said.as_bytes()).unwrap();
        assert_eq!((&*read, charset), (said, Charset::Utf8));
    }

    #[test]
    fn what_is_no_text() {
        for body in [&b"\xff\xfea"[..], b"\xff\xfe\x00\xd8", b"\xff\xfe\x00\xd8a\0", b"a\xff"] {
            let error = decode(ManifestFormat::Mpd, body).unwrap_err();
            assert_eq!(error.cause, ManifestFault::Encoding, "{body:?}");
        }
    }
}
