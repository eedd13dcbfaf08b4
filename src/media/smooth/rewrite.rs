//! Rewrites the URLs of a client manifest; every other byte stays.
//!
//! Only the template of a stream's fragments is a URL, and it is nearly always relative. The content of
//! Protection belongs to the DRM system, is encoded, and stays.

use super::super::{
    ManifestError, ManifestFormat,
    uri::UriMap,
    xml::{Token, Xml},
    xml_edits::{Source, Value},
    xml_uris::UriRewriter,
};
use super::read::ROOTS;

/// Rewrites a client manifest; `None` when no URL of it changes.
pub(in crate::media) fn rewrite(
    body: &[u8],
    map: &dyn UriMap,
) -> Result<Option<Vec<u8>>, ManifestError> {
    let source = Source::read(ManifestFormat::Smooth, body)?;
    let text = source.text();
    let mut xml = Xml::new(ManifestFormat::Smooth, text, ROOTS)?.lenient();
    let mut rewriter = UriRewriter::new(map);
    while let Some(token) = xml.next()? {
        if let Token::Start(tag) | Token::Empty(tag) = token
            && tag.name == "StreamIndex"
            && let Some(url) = tag.raw("Url").and_then(|url| Value::attribute(text, url))
        {
            rewriter.rewrite(&url, rewriter.document());
        }
    }
    Ok(source.edited(rewriter.finish()))
}
