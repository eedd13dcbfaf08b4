//! Detection of manifests by the media type, the path, and the first bytes.

use super::Kind;
use std::fmt;

/// The syntax of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ManifestFormat {
    /// An HLS playlist, multivariant or media.
    Hls,
    /// A DASH MPD, or an element of one in its own document (xlink).
    Mpd,
    /// A patch to a DASH MPD.
    MpdPatch,
    /// A Smooth Streaming client manifest.
    Smooth,
    /// A content steering manifest (JSON; RFC 8216bis §7, ETSI TS 103 998).
    Steering,
    /// A list of interstitial assets (JSON; RFC 8216bis appendix D).
    AssetList,
}

impl ManifestFormat {
    /// The JSON format of a resource of `kind`, if there is one.
    #[must_use]
    pub const fn of_json(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Steering => Some(Self::Steering),
            Kind::AssetList => Some(Self::AssetList),
            _ => None,
        }
    }
}

impl fmt::Display for ManifestFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Hls => "HLS",
            Self::Mpd => "DASH",
            Self::MpdPatch => "DASH patch",
            Self::Smooth => "Smooth",
            Self::Steering => "steering",
            Self::AssetList => "asset list",
        })
    }
}

/// Media types that name a manifest format.
const DECLARED: &[(&str, ManifestFormat)] = &[
    ("application/vnd.apple.mpegurl", ManifestFormat::Hls),
    ("application/x-mpegurl", ManifestFormat::Hls),
    ("application/mpegurl", ManifestFormat::Hls),
    ("audio/mpegurl", ManifestFormat::Hls),
    ("audio/x-mpegurl", ManifestFormat::Hls),
    ("application/dash+xml", ManifestFormat::Mpd),
    ("video/vnd.mpeg.dash.mpd", ManifestFormat::Mpd),
    ("application/dash-patch+xml", ManifestFormat::MpdPatch),
    ("application/vnd.ms-sstr+xml", ManifestFormat::Smooth),
    ("application/vnd.apple.steering-list", ManifestFormat::Steering),
];

/// Generic media types, which servers send for files they do not know.
const GENERIC: &[&str] = &[
    "",
    "application/octet-stream",
    "binary/octet-stream",
    "application/binary",
    "application/unknown",
    "application/xml",
    "application/force-download",
    "application/x-download",
];

/// Whether a response is a manifest, and of which format.
///
/// A media type that names a format is used. With a generic one (or none) the first bytes decide, and, while
/// there are none, the path. Any other media type is used too, unless the path names a manifest and the first
/// bytes agree.
#[must_use]
pub fn sniff(content_type: Option<&str>, path: &str, head: &[u8]) -> Option<ManifestFormat> {
    let essence = essence(content_type);
    let known = |(name, format): &(&str, ManifestFormat)| {
        essence.eq_ignore_ascii_case(name).then_some(*format)
    };
    if let Some(format) = DECLARED.iter().find_map(known) {
        return Some(format);
    }
    let generic = is_generic(essence);
    if head.is_empty() {
        return if generic { format_of_path(path) } else { None };
    }
    if !generic && format_of_path(path).is_none() {
        return None;
    }
    sniff_body(head)
}

/// Whether a path (with or without its query) looks like that of a manifest; without allocating.
///
/// Used to decide whether to start a session, before anything was fetched.
#[must_use]
pub fn looks_like_manifest(path: &str) -> bool {
    format_of_path(path).is_some_and(|format| format != ManifestFormat::MpdPatch)
}

/// Whether a media type does not determine what the body is. An event stream is never inspected.
#[must_use]
pub fn says_nothing(content_type: Option<&str>) -> bool {
    let essence = essence(content_type);
    is_generic(essence) && !essence.eq_ignore_ascii_case("text/event-stream")
}

/// A media type without its parameters.
fn essence(content_type: Option<&str>) -> &str {
    let declared = content_type.unwrap_or_default();
    let end = memchr::memchr(b';', declared.as_bytes()).unwrap_or(declared.len());
    declared.get(..end).unwrap_or(declared).trim()
}

fn is_generic(essence: &str) -> bool {
    let text = essence.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("text/"));
    text || GENERIC.iter().any(|name| essence.eq_ignore_ascii_case(name))
}

/// The format a path's last segment names: its extension, or a packager's `format=` in brackets.
pub(super) fn format_of_path(path: &str) -> Option<ManifestFormat> {
    let file = last_segment(path);
    let dot = memchr::memrchr(b'.', file.as_bytes());
    let extension = dot.and_then(|dot| file.get(dot + 1..)).unwrap_or_default();
    if extension.eq_ignore_ascii_case("m3u8") || extension.eq_ignore_ascii_case("m3u") {
        return Some(ManifestFormat::Hls);
    }
    if extension.eq_ignore_ascii_case("mpd") {
        return Some(ManifestFormat::Mpd);
    }
    if extension.eq_ignore_ascii_case("mpp") {
        return Some(ManifestFormat::MpdPatch);
    }
    if extension.eq_ignore_ascii_case("ismc")
        || (file.eq_ignore_ascii_case("manifest") && is_smooth_manifest(path))
    {
        return Some(ManifestFormat::Smooth);
    }
    let choices = choices(file)?;
    let format = choices.split(',').find_map(|choice| {
        let (name, format) = choice.trim().split_once('=')?;
        name.eq_ignore_ascii_case("format").then(|| format.as_bytes().get(..3)).flatten()
    });
    match format {
        Some(format) if format.eq_ignore_ascii_case(b"m3u") => Some(ManifestFormat::Hls),
        Some(format) if format.eq_ignore_ascii_case(b"mpd") => Some(ManifestFormat::Mpd),
        _ if is_smooth_manifest(without_choices(path)) => Some(ManifestFormat::Smooth),
        _ => None,
    }
}

/// The text in the brackets of `manifest(…)`, in which some servers take filters and formats.
fn choices(file: &str) -> Option<&str> {
    memchr::memchr2(b'(', b'%', file.as_bytes())?;
    let (name, choices) = file.split_once('(').or_else(|| {
        let at = file.to_ascii_lowercase().find("%28")?;
        Some((file.get(..at)?, file.get(at + 3..)?))
    })?;
    let closed = choices.ends_with(')') || choices.to_ascii_lowercase().ends_with("%29");
    (name.eq_ignore_ascii_case("manifest") && closed).then_some(choices)
}

/// A path up to the brackets in its file name.
fn without_choices(path: &str) -> &str {
    let file = path.len() - path.rsplit('/').next().unwrap_or_default().len();
    let end = file + "manifest".len();
    path.get(..end).unwrap_or(path)
}

/// `…/NAME.ism/Manifest` or `…/NAME.isml/Manifest`.
pub(super) fn is_smooth_manifest(path: &str) -> bool {
    // Nearly all paths end otherwise.
    if !last_segment(path).eq_ignore_ascii_case("manifest") {
        return false;
    }
    let Some((folder, _)) = without_query(path).rsplit_once('/') else { return false };
    let folder = folder.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    folder.eq_ignore_ascii_case("ism") || folder.eq_ignore_ascii_case("isml")
}

/// The path's last segment, without its query.
pub(super) fn last_segment(path: &str) -> &str {
    let path = without_query(path);
    let start = memchr::memrchr(b'/', path.as_bytes()).map_or(0, |slash| slash + 1);
    path.get(start..).unwrap_or(path)
}

/// A URL or path up to its query or fragment.
pub(super) fn without_query(url: &str) -> &str {
    let end = memchr::memchr2(b'?', b'#', url.as_bytes()).unwrap_or(url.len());
    url.get(..end).unwrap_or(url)
}

fn sniff_body(head: &[u8]) -> Option<ManifestFormat> {
    // In UTF-16 every other byte of a root's name is zero: without them it reads the same.
    let narrow: Vec<u8>;
    let wide = [b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<"].iter().any(|it| head.starts_with(*it));
    let head = if wide {
        let mark = if head.iter().take(2).all(|byte| *byte >= 0xfe) { 2 } else { 0 };
        narrow = head.iter().skip(mark).copied().filter(|byte| *byte != 0).take(NARROWED).collect();
        &narrow
    } else {
        head
    };
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if head.starts_with(b"#EXTM3U") {
        return Some(ManifestFormat::Hls);
    }
    if !head.starts_with(b"<") {
        return None;
    }
    let markup = [b"<?xml".as_slice(), b"<!--", b"<!DOCTYPE"].iter().any(|it| head.starts_with(it));
    ROOTS.iter().find_map(|(root, format)| {
        let at = root_at(head, root)?;
        (markup || at == 0).then_some(*format)
    })
}

/// Where the first element of this name begins, with or without a prefix.
fn root_at(head: &[u8], name: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(head, name).find_map(|at| {
        let (before, after) = (head.get(..at)?, head.get(at + name.len()..)?);
        // The name ends there: `<MPDX` is another document.
        let ends = after.first().is_none_or(|byte| !byte.is_ascii_alphanumeric());
        let prefixed = before.strip_suffix(b":").map_or(before, |before| {
            let named = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            let len = before.iter().rev().take_while(|byte| named(byte)).count();
            before.get(..before.len() - len).unwrap_or_default()
        });
        prefixed.strip_suffix(b"<").filter(|_| ends).map(<[u8]>::len)
    })
}

/// How many bytes of a document in UTF-16 are inspected.
const NARROWED: usize = 4096;

/// The root elements of XML documents.
const ROOTS: &[(&[u8], ManifestFormat)] = &[
    (b"MPD", ManifestFormat::Mpd),
    (b"SmoothStreamingMedia", ManifestFormat::Smooth),
    (b"Patch", ManifestFormat::MpdPatch),
];

#[cfg(test)]
mod tests {
    use super::*;
    use ManifestFormat::{Hls, Mpd};

    #[test]
    fn a_declared_type_is_believed() {
        assert_eq!(
            sniff(Some("Application/VND.apple.mpegURL; charset=utf-8"), "/x", b""),
            Some(Hls)
        );
        assert_eq!(sniff(Some("application/dash+xml"), "/x", b"<html>"), Some(Mpd));
        assert_eq!(sniff(Some("video/vnd.mpeg.dash.mpd"), "/x", b""), Some(Mpd));
    }

    #[test]
    fn a_generic_type_leaves_the_word_to_body_and_path() {
        assert_eq!(sniff(Some("text/plain"), "/a/b.m3u8?x=1", b""), Some(Hls));
        assert_eq!(sniff(Some("binary/octet-stream"), "/a/b.mpd", b""), Some(Mpd));
        assert_eq!(sniff(None, "/play", b"\xef\xbb\xbf#EXTM3U\n"), Some(Hls));
        assert_eq!(
            sniff(Some("text/xml"), "/play", b"<?xml version=\"1.0\"?>\n<MPD xmlns"),
            Some(Mpd)
        );
        assert_eq!(sniff(Some("text/html"), "/b.m3u8", b"<html><MPD"), None);
        assert_eq!(sniff(Some("text/plain"), "/b.m3u8", b"404 not found"), None);
    }

    #[test]
    fn media_bodies_are_never_looked_into() {
        assert_eq!(sniff(Some("video/mp4"), "/seg1.m4s", b"#EXTM3U"), None);
        assert_eq!(sniff(Some("video/mp2t"), "/list.m3u8", b"#EXTM3U"), Some(Hls));
    }

    #[test]
    fn paths_that_start_a_session() {
        for path in [
            "/a.m3u8",
            "/a.M3U8?t=1",
            "/a.mpd#x",
            "/v.ism/Manifest",
            "/v.isml/manifest",
            "/v.ism/manifest(format=m3u8-aapl)",
            "/v.ism/manifest(format=mpd-time-csf).mpd",
            "/a/x.ism/manifest(filter=no)",
            "/a/x.ism/manifest(encryption=cbc,format=m3u8-aapl)",
            "/a/x.isml/Manifest(video,format=m3u8-aapl)?t=1",
            "/a/x.ism/Manifest(Format=MPD-time-cmaf,filter=no)",
            "/a/x.ism/manifest%28format%3Dm3u8-aapl%29",
            "/a/x.ism/manifest%28filter=no%29",
            "/a/x.ism/QualityLevels(128000)/Manifest(audio,format=m3u8-aapl)",
        ] {
            assert!(looks_like_manifest(path), "{path}");
        }
        for path in [
            "/x/manifest(filter=no)",
            "/x.ism/manifest2(format=m3u8)",
            "/",
            "/a.ts",
            "/a.m3u8/b",
            "/manifest",
            "/x?u=a.mpd",
            "/a.mpd.html",
        ] {
            assert!(!looks_like_manifest(path), "{path}");
        }
    }
}
