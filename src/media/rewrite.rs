//! Rewriting of manifests in place: the entry point for all formats.

use super::{ManifestError, ManifestFormat, UriMap, asset_list, dash, hls, smooth, steering};

/// Rewrites the URIs of a manifest with `map`, and keeps every other byte.
///
/// `None` means that nothing changes. Relative URIs stay: they are resolved against the manifest's URL.
///
/// # Errors
/// When the body is not such a manifest; it should be passed on unchanged.
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
