//! Manifests rewritten in place: the one door to every format's rewriting.

use super::{
    ManifestError, ManifestFormat, UriMap, asset_list, dash, hls, smooth, steering,
    uri::{Edits, Pathless},
};

/// Leads the URIs of a manifest where `map` wants them, and keeps every other byte.
///
/// `None` means that nothing changes. Relative URIs are not touched: they follow the manifest.
///
/// # Errors
/// When the body is no such manifest; it should be passed on as it is.
pub fn rewrite(
    format: ManifestFormat,
    body: &[u8],
    map: &dyn UriMap,
) -> Result<Option<Vec<u8>>, ManifestError> {
    match format {
        ManifestFormat::Hls => hls::rewrite(body, map),
        ManifestFormat::Mpd | ManifestFormat::MpdPatch => dash::rewrite(format, body, map),
        ManifestFormat::Smooth => smooth::rewrite(body, map),
        ManifestFormat::Steering => steering::rewrite(body, map),
        ManifestFormat::AssetList => asset_list::rewrite(body, map),
    }
}

/// Leads one URI where `map` wants it: a redirect's `Location`, say. `None` means that it stays.
#[must_use]
pub fn rewrite_uri(uri: &str, map: &dyn UriMap) -> Option<String> {
    let mut edits = Edits::new(uri.as_bytes());
    edits.lead(uri, map, Pathless::AddSlash);
    String::from_utf8(edits.finish()?).ok()
}
