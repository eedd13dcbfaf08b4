//! The URLs of a client manifest led elsewhere, byte for byte otherwise.
//!
//! There is one place for them, the template of a stream's fragments, and nearly always it is relative. What
//! Protection holds is the DRM system's own, encoded, and stays.

use super::super::{
    ManifestError, ManifestFormat,
    uri::UriMap,
    xml::{Token, Xml},
    xml_edits::{Leader, Root, Source, Value},
};
use super::read::ROOTS;

/// Rewrites a client manifest; `None` when no URL of it is led elsewhere.
pub(in super::super) fn rewrite(
    body: &[u8],
    map: &dyn UriMap,
) -> Result<Option<Vec<u8>>, ManifestError> {
    let source = Source::read(ManifestFormat::Smooth, body)?;
    let text = source.text();
    let mut xml = Xml::new(ManifestFormat::Smooth, text, ROOTS)?.lenient();
    let mut leader = Leader::new(map);
    while let Some(token) = xml.next()? {
        if let Token::Start(tag) | Token::Empty(tag) = token
            && tag.name == "StreamIndex"
            && let Some(url) = tag.raw("Url").and_then(|url| Value::attribute(text, url))
        {
            leader.lead(&url, Root::Document);
        }
    }
    Ok(source.edited(leader.finish()))
}
