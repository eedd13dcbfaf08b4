//! The URLs of a client manifest led elsewhere, byte for byte otherwise.
//!
//! There is one place for them, the template of a stream's fragments, and nearly always it is relative. What
//! Protection holds is the DRM system's own, encoded, and stays.

use super::super::{
    ManifestError, ManifestFormat, charset,
    uri::{Edits, Pathless, UriMap},
    xml::{Token, Xml},
};
use super::read::ROOTS;

/// Rewrites a client manifest; `None` when no URL of it is led elsewhere.
pub(in super::super) fn rewrite(
    body: &[u8],
    map: &dyn UriMap,
) -> Result<Option<Vec<u8>>, ManifestError> {
    let (text, charset) = charset::decode(ManifestFormat::Smooth, body)?;
    let mut xml = Xml::new(ManifestFormat::Smooth, &text, ROOTS)?;
    let mut edits = Edits::new(text.as_bytes());
    while let Some(token) = xml.next()? {
        if let Token::Start(tag) | Token::Empty(tag) = token
            && tag.name == "StreamIndex"
            && let Some(url) = tag.raw("Url")
        {
            edits.lead(url.trim(), map, Pathless::AddSlash);
        }
    }
    Ok(edits.finish().map(|out| charset.encode(out)))
}
