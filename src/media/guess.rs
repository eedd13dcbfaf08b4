//! The class of a request that is in no manifest, from its URL alone; without allocating.

use super::{Kind, ManifestFormat, MediaType, Protocol, Resource, format};
use crate::units::{BitRate, MediaTime};
use std::time::Duration;

/// An extension, and the class of nearly all files with it.
type Extension = (&'static str, Protocol, Kind, MediaType);

/// Sorted by extension. A playlist that is in no manifest is most often the multivariant one, which lists the
/// others.
const EXTENSIONS: &[Extension] = &[
    ("aac", Protocol::Unknown, Kind::Segment, MediaType::Audio),
    ("ac3", Protocol::Unknown, Kind::Segment, MediaType::Audio),
    ("cmfa", Protocol::Unknown, Kind::Segment, MediaType::Audio),
    ("cmft", Protocol::Unknown, Kind::Subtitle, MediaType::Text),
    ("cmfv", Protocol::Unknown, Kind::Segment, MediaType::Video),
    ("dcsm", Protocol::Unknown, Kind::Steering, MediaType::Unknown),
    ("dfxp", Protocol::Unknown, Kind::Subtitle, MediaType::Text),
    ("ec3", Protocol::Unknown, Kind::Segment, MediaType::Audio),
    ("flv", Protocol::Progressive, Kind::Segment, MediaType::Unknown),
    ("ismc", Protocol::Smooth, Kind::ClientManifest, MediaType::Unknown),
    ("jpeg", Protocol::Unknown, Kind::Image, MediaType::Unknown),
    ("jpg", Protocol::Unknown, Kind::Image, MediaType::Unknown),
    ("key", Protocol::Hls, Kind::Key, MediaType::Unknown),
    ("m2ts", Protocol::Progressive, Kind::Segment, MediaType::Unknown),
    ("m3u", Protocol::Hls, Kind::MultivariantPlaylist, MediaType::Unknown),
    ("m3u8", Protocol::Hls, Kind::MultivariantPlaylist, MediaType::Unknown),
    ("m4a", Protocol::Unknown, Kind::Segment, MediaType::Audio),
    ("m4f", Protocol::Unknown, Kind::Segment, MediaType::Unknown),
    ("m4s", Protocol::Unknown, Kind::Segment, MediaType::Unknown),
    ("m4v", Protocol::Unknown, Kind::Segment, MediaType::Video),
    ("mkv", Protocol::Progressive, Kind::Segment, MediaType::Unknown),
    ("mov", Protocol::Progressive, Kind::Segment, MediaType::Unknown),
    ("mp3", Protocol::Progressive, Kind::Segment, MediaType::Audio),
    ("mp4", Protocol::Progressive, Kind::Segment, MediaType::Unknown),
    ("mpd", Protocol::Dash, Kind::Mpd, MediaType::Unknown),
    ("mpp", Protocol::Dash, Kind::MpdPatch, MediaType::Unknown),
    ("ogg", Protocol::Progressive, Kind::Segment, MediaType::Audio),
    ("png", Protocol::Unknown, Kind::Image, MediaType::Unknown),
    ("srt", Protocol::Unknown, Kind::Subtitle, MediaType::Text),
    ("ts", Protocol::Hls, Kind::Segment, MediaType::Unknown),
    ("ttml", Protocol::Unknown, Kind::Subtitle, MediaType::Text),
    ("vtt", Protocol::Unknown, Kind::Subtitle, MediaType::Text),
    ("webm", Protocol::Progressive, Kind::Segment, MediaType::Unknown),
    ("webp", Protocol::Unknown, Kind::Image, MediaType::Unknown),
    ("webvtt", Protocol::Unknown, Kind::Subtitle, MediaType::Text),
];

/// Last path segments that are endpoints rather than files.
const ENDPOINTS: &[(&str, Kind)] = &[
    ("license", Kind::License),
    ("licence", Kind::License),
    ("getlicense", Kind::License),
    ("acquirelicense", Kind::License),
    ("rightsmanager.asmx", Kind::License),
    ("widevine", Kind::License),
    ("playready", Kind::License),
    ("fairplay", Kind::License),
    ("steering", Kind::Steering),
    ("time", Kind::Clock),
];

/// Classifies a URL (or path) by its form.
pub(super) fn guess(url: &str) -> Resource {
    let path = format::without_query(url);
    if let Some(fragment) = smooth_fragment(path) {
        return fragment;
    }
    let file = format::last_segment(path);
    if let Some(known) = extension(file) {
        return by_extension(file, known);
    }
    match format::format_of_path(path) {
        Some(ManifestFormat::Hls) => {
            return Resource::new(Protocol::Hls, Kind::MultivariantPlaylist);
        }
        Some(ManifestFormat::Mpd) => return Resource::new(Protocol::Dash, Kind::Mpd),
        Some(ManifestFormat::MpdPatch) => return Resource::new(Protocol::Dash, Kind::MpdPatch),
        Some(ManifestFormat::Smooth) => {
            return Resource::new(Protocol::Smooth, Kind::ClientManifest);
        }
        _ => {}
    }
    let endpoint = ENDPOINTS.iter().find(|(name, _)| file.eq_ignore_ascii_case(name));
    Resource::new(Protocol::Unknown, endpoint.map_or(Kind::Other, |(_, kind)| *kind))
}

/// The class of a file extension.
fn extension(file: &str) -> Option<&'static Extension> {
    let dot = memchr::memrchr(b'.', file.as_bytes())?;
    let written = file.as_bytes().get(dot + 1..)?;
    let mut lower = [0; 8];
    let lower = lower.get_mut(..written.len())?;
    lower.copy_from_slice(written);
    lower.make_ascii_lowercase();
    let at = EXTENSIONS.binary_search_by(|(name, ..)| name.as_bytes().cmp(lower)).ok()?;
    EXTENSIONS.get(at)
}

fn by_extension(file: &str, &(_, protocol, kind, media): &Extension) -> Resource {
    let init = kind == Kind::Segment && says_init(file);
    let (protocol, kind) = match (protocol, kind) {
        (Protocol::Progressive, _) if init => (Protocol::Unknown, Kind::Init),
        (protocol, _) if init => (protocol, Kind::Init),
        known => known,
    };
    Resource { media, ..Resource::new(protocol, kind) }
}

/// Whether a file name begins or ends with a word that packagers use for initialisation segments.
fn says_init(file: &str) -> bool {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem).as_bytes();
    let starts = stem.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"init"));
    let ends = stem.len().checked_sub(4).and_then(|at| stem.get(at..));
    starts || ends.is_some_and(|end| end.eq_ignore_ascii_case(b"init"))
}

/// `…/QualityLevels(BITRATE)/Fragments(NAME=TIME)`: the URL of a Smooth request contains everything needed.
fn smooth_fragment(path: &str) -> Option<Resource> {
    const LEVELS: &[u8] = b"/QualityLevels(";
    // Almost no other URL ends like this, so the search is skipped for them.
    if !path.ends_with(')') {
        return None;
    }
    let at = memchr::memmem::find(path.as_bytes(), LEVELS)?;
    let (level, rest) = path.get(at + LEVELS.len()..)?.split_once(")/")?;
    let bitrate = level.split(',').next().unwrap_or_default().parse().ok()?;
    let (kind, rest) = rest.split_once('(')?;
    if !matches!(kind, "Fragments" | "FragmentInfo" | "KeyFrames" | "RawFragments") {
        return None;
    }
    let (name, time) = rest.strip_suffix(')')?.split_once('=')?;
    let mut fragment = Resource::new(Protocol::Smooth, Kind::Segment);
    fragment.bandwidth = Some(BitRate::from_bits_per_second(bitrate));
    fragment.media = smooth_media(name);
    if fragment.media == MediaType::Text {
        fragment.kind = Kind::Subtitle;
    }
    if time == "i" {
        fragment.kind = Kind::Init;
    } else {
        // The format's default time scale; a manifest with another one takes precedence.
        let ticks: u64 = time.parse().ok()?;
        fragment.time = Some(MediaTime::new(Duration::from_micros(ticks / 10)));
    }
    Some(fragment)
}

fn smooth_media(name: &str) -> MediaType {
    let starts =
        |with: &str| name.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    match name {
        _ if starts("video") => MediaType::Video,
        _ if starts("audio") => MediaType::Audio,
        _ if starts("text") || starts("subtitle") || starts("caption") => MediaType::Text,
        _ => MediaType::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(url: &str) -> (Protocol, Kind, MediaType) {
        let guess = guess(url);
        (guess.protocol, guess.kind, guess.media)
    }

    #[test]
    fn by_extension_alone() {
        use {Kind as K, MediaType as M, Protocol as P};
        assert_eq!(class("https://a/x.m3u8?y"), (P::Hls, K::MultivariantPlaylist, M::Unknown));
        assert_eq!(class("/x.MPD"), (P::Dash, K::Mpd, M::Unknown));
        assert_eq!(class("/v/seg_1.TS?a=b.mp4"), (P::Hls, K::Segment, M::Unknown));
        assert_eq!(class("/v/video.cmfv"), (P::Unknown, K::Segment, M::Video));
        assert_eq!(class("/v/init-v1.m4s"), (P::Unknown, K::Init, M::Unknown));
        assert_eq!(class("/v/v1_init.mp4"), (P::Unknown, K::Init, M::Unknown));
        assert_eq!(class("/film.mp4"), (P::Progressive, K::Segment, M::Unknown));
        assert_eq!(class("/s/en.vtt"), (P::Unknown, K::Subtitle, M::Text));
        assert_eq!(class("/drm/License"), (P::Unknown, K::License, M::Unknown));
        assert_eq!(class("/demo/time?ms"), (P::Unknown, K::Clock, M::Unknown));
        assert_eq!(class("/é.ї"), (P::Unknown, K::Other, M::Unknown));
        assert_eq!(class(""), (P::Unknown, K::Other, M::Unknown));
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(EXTENSIONS.is_sorted_by_key(|(name, ..)| *name));
    }

    #[test]
    fn smooth_requests_say_all() {
        let fragment = guess("/v.ism/QualityLevels(1500000,x=y)/Fragments(video_eng=20000000)");
        assert_eq!(fragment.protocol, Protocol::Smooth);
        assert_eq!(fragment.kind, Kind::Segment);
        assert_eq!(fragment.media, MediaType::Video);
        assert_eq!(fragment.bandwidth, Some(BitRate::from_bits_per_second(1_500_000)));
        assert_eq!(fragment.time, Some(MediaTime::from_secs(2)));
        assert_eq!(guess("/v.ism/QualityLevels(1)/Fragments(audio=i)").kind, Kind::Init);
        assert_eq!(class("/v.ism/Manifest").1, Kind::ClientManifest);
        assert_eq!(
            class("/QualityLevels(/Fragments("),
            (Protocol::Unknown, Kind::Other, MediaType::Unknown)
        );
    }
}
