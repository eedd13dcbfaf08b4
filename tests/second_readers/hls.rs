//! HLS playlists compared with m3u8-rs.

use super::{Compared, Known, Manifest};
use m3u8_rs::{MasterPlaylist, MediaPlaylist, Playlist};
use url::Url;
use vsps::{
    media::{Kind, Ladder, ManifestFormat},
    units::BitRate,
};

pub(crate) const KNOWN: &[Known] = &[
    ("llhls-delta-byte-range", "number", SKIP),
    ("llhlsDelta", "number", SKIP),
    ("variables", "{$", VARIABLES),
    ("imports-and-query-parameters", "{$", VARIABLES),
    (
        "low-latency/origin",
        "#EXT-X-RENDITION",
        "RFC 8216bis 4.1: no tag is a URI, as m3u8-rs takes the last",
    ),
    ("bare-hosts", "cdn.example", "RFC 3986 6.2.3: an empty path is /, which is named twice there"),
    ("skipped", "number", "RFC 8216bis 4.4.5.2: EXT-X-SKIP counts; m3u8-rs does not read it"),
    ("delta-update", "number", "RFC 8216bis 4.4.5.2: EXT-X-SKIP counts; m3u8-rs does not read it"),
    (
        "",
        " 0 s, not ",
        "RFC 8216 4.3.2.1: EXTINF is required; without it we take the target duration",
    ),
    ("_template.m3u8", "{{#", "no playlist: a template of one, with braces to be filled in"),
    ("hls_noaudioonly", "* Connection", "no playlist: the protocol of a download stands in it"),
    (
        "hls11_index",
        "#EXT-X-CUE-IN",
        "RFC 8216 4.1: a line that begins with # after space is no URI",
    ),
    (
        "llhls-byte-range",
        "",
        "RFC 8216 4.3.2.2: a byte range is cut in two there; m3u8-rs makes a URI of the rest",
    ),
    (
        "multivariant_bandwidth",
        "audio_only",
        "RFC 8216 4.3.4.2: of a variant without BANDWIDTH m3u8-rs puts the URI to the one before",
    ),
];

const SKIP: &str = "RFC 8216bis 4.4.5.2: EXT-X-SKIP counts; m3u8-rs does not read it";
const VARIABLES: &str = "RFC 8216bis 4.3: variables are put in; m3u8-rs does not know them";

/// Compares the readings of a playlist.
pub(crate) fn compare(manifest: &Manifest) -> Result<Compared, String> {
    let url = Url::parse("https://origin.example/a/b/list.m3u8").unwrap();
    let text = manifest.text.trim_start_matches('\u{feff}');
    let other = m3u8_rs::parse_playlist_res(text.as_bytes());
    let mut ladder = Ladder::default();
    let own = ladder.learn(&url, ManifestFormat::Hls, manifest.text.as_bytes());
    match (own, other) {
        (Err(own), Err(_)) => Err(format!("neither reads it: {own}")),
        (Err(own), Ok(_)) => Err(format!("m3u8-rs reads it, we do not: {own}")),
        (Ok(_), Err(_)) => Err("we read it, m3u8-rs does not".to_owned()),
        (Ok(kind), Ok(Playlist::MasterPlaylist(other))) => {
            let mut compared = Compared::default();
            if kind != Kind::MultivariantPlaylist {
                compared.differ(format!("m3u8-rs: multivariant; we: {kind}"));
            }
            multivariant(&url, &ladder, &other, &mut compared);
            Ok(compared)
        }
        (Ok(kind), Ok(Playlist::MediaPlaylist(other))) => {
            let mut compared = Compared::default();
            if kind != Kind::MediaPlaylist {
                compared.differ(format!("m3u8-rs: media; we: {kind}"));
            }
            media(&url, &ladder, &other, &mut compared);
            Ok(compared)
        }
    }
}

fn multivariant(url: &Url, ladder: &Ladder, other: &MasterPlaylist, compared: &mut Compared) {
    let variants = other.variants.iter().filter(|variant| !variant.uri.is_empty());
    for variant in variants {
        // A playlist that several variants share counts at its lowest bandwidth.
        let sharing = other.variants.iter().filter(|held| held.uri == variant.uri);
        let lowest = sharing.min_by_key(|held| held.bandwidth).unwrap_or(variant);
        compared.renditions += 1;
        let Ok(address) = url.join(&variant.uri) else { continue };
        let found = ladder.resolve(address.as_str(), None);
        compared.addresses += 1;
        let bandwidth = found.bandwidth.map_or(0, BitRate::bits_per_second);
        if found.kind != Kind::MediaPlaylist || bandwidth != lowest.bandwidth {
            let expected = lowest.bandwidth;
            compared.differ(format!(
                "variant {}: bandwidth {expected}, not {bandwidth} ({})",
                variant.uri, found.kind
            ));
        }
        // RFC 8216bis 4.4.6.2: CODECS lists those of the variant's renditions, too; ours are what the
        // playlist itself holds.
        let listed = lowest.codecs.as_deref().filter(|codecs| !codecs.is_empty());
        let is_part = |codecs: &str| {
            let mut codecs = codecs.split(',').map(str::trim);
            codecs.all(|codec| {
                listed.is_some_and(|all| all.split(',').any(|held| held.trim() == codec))
            })
        };
        if !found.codecs.as_deref().map_or(listed.is_none(), is_part) {
            let (expected, codecs) = (&lowest.codecs, &found.codecs);
            compared
                .differ(format!("variant {}: codecs {expected:?}, not {codecs:?}", variant.uri));
        }
        let size = lowest.resolution.map(|size| (size.width as u32, size.height as u32));
        if found.resolution != size {
            let resolution = found.resolution;
            compared.differ(format!("variant {}: {size:?}, not {resolution:?}", variant.uri));
        }
    }
    for rendition in other.alternatives.iter().filter(|held| held.uri.is_some()) {
        let uri = rendition.uri.as_deref().unwrap_or_default();
        let Ok(address) = url.join(uri) else { continue };
        let found = ladder.resolve(address.as_str(), None);
        (compared.renditions, compared.addresses) =
            (compared.renditions + 1, compared.addresses + 1);
        let shared = other.variants.iter().any(|variant| variant.uri == uri)
            || other.alternatives.iter().filter(|held| held.uri.as_deref() == Some(uri)).count()
                > 1;
        let language = rendition.language.as_deref().filter(|language| !language.is_empty());
        if found.kind != Kind::MediaPlaylist || (!shared && found.language.as_deref() != language) {
            let held = found.language;
            compared
                .differ(format!("rendition {uri}: {language:?}, not {held:?} ({})", found.kind));
        }
    }
}

fn media(url: &Url, ladder: &Ladder, other: &MediaPlaylist, compared: &mut Compared) {
    compared.renditions += 1;
    let mut end = 0;
    let names = |segment: &m3u8_rs::MediaSegment| {
        let first = segment.byte_range.as_ref().map(|range| range.offset);
        (segment.uri.clone(), first)
    };
    let all: Vec<_> = other.segments.iter().map(names).collect();
    for (at, segment) in other.segments.iter().enumerate() {
        let Ok(mut address) = url.join(&segment.uri) else { continue };
        address.set_fragment(None);
        let number = other.media_sequence.saturating_add(at as u64);
        let first = segment.byte_range.as_ref().map(|range| {
            let start = range.offset.unwrap_or(end);
            end = start + range.length;
            start
        });
        // A repeated name refers to several segments.
        if first.is_none() && all.iter().filter(|(uri, _)| *uri == segment.uri).count() > 1 {
            continue;
        }
        compared.addresses += 1;
        let found = ladder.resolve(address.as_str(), first);
        if found.number != Some(number) {
            let (uri, held) = (&segment.uri, found.number);
            compared.differ(format!("segment {uri} {first:?}: number {number}, not {held:?}"));
            continue;
        }
        let held = found.duration.map_or(0.0, |duration| duration.as_secs_f64());
        let expected = f64::from(segment.duration);
        if (held - expected).abs() > 0.01 + expected * 1e-5 {
            compared.differ(format!("segment {}: {expected} s, not {held} s", segment.uri));
        }
        if found.discontinuity != segment.discontinuity {
            compared.differ(format!("segment {}: discontinuity", segment.uri));
        }
        let beside = [
            segment.map.as_ref().map(|map| (map.uri.as_str(), Kind::Init)),
            segment.key.as_ref().and_then(|key| Some((key.uri.as_deref()?, Kind::Key))),
        ];
        for (uri, kind) in beside.into_iter().flatten() {
            let Ok(address) = url.join(uri) else { continue };
            let first = segment.map.as_ref().and_then(|map| map.byte_range.as_ref());
            let first = first.filter(|_| kind == Kind::Init).and_then(|range| range.offset);
            compared.addresses += 1;
            let found = ladder.resolve(address.as_str(), first).kind;
            if found != kind {
                compared.differ(format!("{uri}: {kind}, not {found}"));
            }
        }
    }
}
