//! Reads a multivariant playlist into renditions, with m3u8-rs.

use super::super::{
    Kind, ManifestError, ManifestFormat, MediaType, Protocol, Rendition, codecs,
    error::{At, ManifestFault},
    rendition::number_rungs,
};
use super::{
    clean::clean,
    define::Variables,
    line::{Line, lines},
};
use crate::units::BitRate;
use m3u8_rs::{
    AlternativeMedia, AlternativeMediaType, MasterPlaylist, QuotedOrUnquoted, VariantStream,
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// The most renditions read from one playlist.
pub(super) const RENDITIONS: usize = 1024;

/// A rendition, and its media playlist's URI as written (variables expanded).
pub(super) struct Entry {
    pub(super) uri: String,
    /// STABLE-VARIANT-ID or STABLE-RENDITION-ID.
    pub(super) stable: Option<String>,
    pub(super) rendition: Rendition,
    /// The order in which a player considers entries of one media type: first those of the group of the first variant,
    /// and of them first the one to be played unless the viewer says otherwise (DEFAULT, AUTOSELECT).
    pub(super) rank: u8,
}

/// The contents of a multivariant playlist.
pub(super) struct Multivariant {
    pub(super) entries: Vec<Entry>,
    /// URIs other than those of renditions: keys, steering manifests.
    pub(super) others: Vec<(Kind, String)>,
    /// The first part that was left out, and why.
    pub(super) fault: Option<ManifestError>,
}

/// Whether a playlist is a multivariant one: it holds a tag that no media playlist may hold.
pub(super) fn is_multivariant(text: &str) -> bool {
    for (_, line) in lines(text) {
        match line {
            Line::Tag(
                "#EXT-X-STREAM-INF"
                | "#EXT-X-I-FRAME-STREAM-INF"
                | "#EXT-X-IMAGE-STREAM-INF"
                | "#EXT-X-MEDIA",
                _,
            ) => return true,
            Line::Tag("#EXTINF" | "#EXT-X-TARGETDURATION" | "#EXT-X-MEDIA-SEQUENCE", _) => {
                return false;
            }
            _ => {}
        }
    }
    false
}

/// Reads a multivariant playlist.
pub(super) fn read(text: &str, variables: &Variables) -> Result<Multivariant, ManifestError> {
    let clean = clean(text, variables, RENDITIONS);
    // m3u8-rs reports neither line nor reason.
    let playlist = m3u8_rs::parse_master_playlist_res(clean.text.as_bytes()).map_err(|_| {
        let cause =
            ManifestFault::Syntax("m3u8-rs finds no multivariant playlist in it".to_owned());
        ManifestError::new(ManifestFormat::Hls, At::Whole, cause)
    })?;
    Ok(Multivariant { entries: entries(&playlist), others: clean.others, fault: clean.fault })
}

/// One entry a media playlist, variants first. A playlist that several variants share (with one audio
/// group or another) counts once, at its lowest bandwidth.
fn entries(playlist: &MasterPlaylist) -> Vec<Entry> {
    let mut variants: Vec<&VariantStream> = playlist.variants.iter().collect();
    variants.sort_by_key(|variant| variant.bandwidth);
    let mut seen = HashSet::new();
    let kept: HashSet<*const VariantStream> = variants
        .into_iter()
        .filter(|variant| !variant.uri.is_empty() && seen.insert(variant.uri.as_str()))
        .map(std::ptr::from_ref)
        .collect();
    let variants =
        playlist.variants.iter().filter(|variant| kept.contains(&std::ptr::from_ref(*variant)));
    let mut renditions = Vec::new();
    let mut names = Vec::new();
    let groups = Groups::of(playlist);
    let first = playlist.variants.iter().find(|variant| !variant.is_i_frame);
    for variant in variants {
        renditions.push(of_variant(variant, &groups));
        let stable = attribute(variant.other_attributes.as_ref(), "STABLE-VARIANT-ID");
        names.push((variant.uri.clone(), stable.map(str::to_owned), 0));
    }
    for media in &playlist.alternatives {
        let Some(uri) = media.uri.as_deref().filter(|uri| seen.insert(uri)) else { continue };
        renditions.push(of_media(media, &groups));
        let stable = attribute(media.other_attributes.as_ref(), "STABLE-RENDITION-ID");
        names.push((uri.to_owned(), stable.map(str::to_owned), rank(media, first)));
    }
    number_rungs(&mut renditions);
    let entries = names.into_iter().zip(renditions);
    let entry = |((uri, stable, rank), rendition)| Entry { uri, stable, rendition, rank };
    entries.map(entry).collect()
}

/// See [`Entry::rank`].
fn rank(media: &AlternativeMedia, first: Option<&VariantStream>) -> u8 {
    let group = Some(&media.group_id);
    let of_first = first.is_some_and(|first| {
        [&first.audio, &first.video, &first.subtitles].iter().any(|held| held.as_ref() == group)
    });
    match (of_first, media.default, media.autoselect) {
        (true, true, _) => 0,
        (true, false, true) => 1,
        (true, false, false) => 2,
        (false, true, _) => 3,
        (false, false, _) => 4,
    }
}

fn of_variant(variant: &VariantStream, groups: &Groups<'_>) -> Rendition {
    let named = |key| attribute(variant.other_attributes.as_ref(), key);
    let name = named("NAME").or_else(|| named("STABLE-VARIANT-ID")).unwrap_or(&variant.uri);
    let side = |side: u64| u32::try_from(side).unwrap_or(u32::MAX);
    let resolution = variant.resolution.as_ref();
    let mut rendition = Rendition {
        name: Some(Arc::from(name)),
        bandwidth: (variant.bandwidth > 0)
            .then(|| BitRate::from_bits_per_second(variant.bandwidth)),
        codecs: codecs_of_variant(variant, groups),
        resolution: resolution.map(|found| (side(found.width), side(found.height))),
        ..Rendition::new(Protocol::Hls, media_of(variant, groups))
    };
    if variant.is_i_frame {
        rendition.kind = Kind::Image;
        rendition.media = MediaType::Video;
    }
    rendition
}

/// The media type of a variant's own playlist: its codecs include those of its groups, so it has no audio if
/// the group has playlists of its own.
fn media_of(variant: &VariantStream, groups: &Groups<'_>) -> MediaType {
    let group = variant.audio.as_deref();
    let apart = group.is_some_and(|group| groups.apart.get(group) == Some(&true));
    match variant.codecs.as_deref().map(codecs::of_codecs) {
        Some(MediaType::Audio) if variant.resolution.is_none() => MediaType::Audio,
        Some(MediaType::Text) => MediaType::Text,
        _ if apart => MediaType::Video,
        Some(MediaType::Video) => MediaType::Video,
        _ => MediaType::Muxed,
    }
}

/// The codecs of a variant's own playlist: those listed without those of groups that have playlists of their
/// own. An audio-only variant keeps its codecs: its group is an alternative.
fn codecs_of_variant(variant: &VariantStream, groups: &Groups<'_>) -> Option<Arc<str>> {
    let listed = variant.codecs.as_deref()?;
    let carries = media_of(variant, groups);
    let apart = |all: &HashMap<&str, bool>, group: &Option<String>| {
        group.as_deref().is_some_and(|group| all.get(group) == Some(&true))
    };
    let sound = apart(&groups.apart, &variant.audio) && carries != MediaType::Audio;
    let text = apart(&groups.text_apart, &variant.subtitles) && carries != MediaType::Text;
    if !sound && !text {
        return Some(Arc::from(listed));
    }
    let elsewhere = |codec: &&str| match codecs::of_codecs(codec) {
        MediaType::Audio => sound,
        MediaType::Text => text,
        _ => false,
    };
    let own = listed.split(',').map(str::trim).filter(|codec| !elsewhere(codec));
    let own = own.collect::<Vec<_>>().join(",");
    (!own.is_empty()).then(|| Arc::from(own))
}

fn of_media(media: &AlternativeMedia, groups: &Groups<'_>) -> Rendition {
    let carries = match media.media_type {
        AlternativeMediaType::Audio => MediaType::Audio,
        AlternativeMediaType::Video => MediaType::Video,
        AlternativeMediaType::Subtitles | AlternativeMediaType::ClosedCaptions => MediaType::Text,
        AlternativeMediaType::Other(_) => MediaType::Unknown,
    };
    Rendition {
        name: Some(Arc::from(format!("{}/{}", media.group_id, media.name))),
        codecs: (carries == MediaType::Audio)
            .then(|| groups.codecs.get(media.group_id.as_str()).cloned())
            .flatten(),
        language: media.language.as_deref().map(Arc::from),
        role: media.characteristics.as_deref().and_then(first_of),
        ..Rendition::new(Protocol::Hls, carries)
    }
}

/// The first of a list of characteristics.
fn first_of(characteristics: &str) -> Option<Arc<str>> {
    let first = characteristics.split(',').next().unwrap_or_default().trim();
    (!first.is_empty()).then(|| Arc::from(first))
}

/// The properties of groups, by GROUP-ID; read once, since each may have many members.
struct Groups<'a> {
    /// Whether each member has a playlist of its own.
    apart: HashMap<&'a str, bool>,
    /// The same of groups of subtitles.
    text_apart: HashMap<&'a str, bool>,
    /// The audio codecs in the list of the first variant with this group.
    codecs: HashMap<&'a str, Arc<str>>,
}

impl<'a> Groups<'a> {
    fn of(playlist: &'a MasterPlaylist) -> Self {
        let (mut apart, mut text_apart) = (HashMap::new(), HashMap::new());
        for media in &playlist.alternatives {
            let groups = match media.media_type {
                AlternativeMediaType::Audio => &mut apart,
                AlternativeMediaType::Subtitles => &mut text_apart,
                _ => continue,
            };
            *groups.entry(media.group_id.as_str()).or_insert(true) &= media.uri.is_some();
        }
        let mut codecs: HashMap<&str, Arc<str>> = HashMap::new();
        for variant in &playlist.variants {
            let (Some(group), Some(listed)) = (&variant.audio, &variant.codecs) else { continue };
            codecs.entry(group).or_insert_with(|| sound_of(listed));
        }
        codecs.retain(|_, listed| !listed.is_empty());
        Self { apart, text_apart, codecs }
    }
}

/// The audio codecs in a list.
fn sound_of(listed: &str) -> Arc<str> {
    let codecs = listed.split(',').map(str::trim);
    let sound = codecs.filter(|codec| codecs::of_codecs(codec) == MediaType::Audio);
    sound.collect::<Vec<_>>().join(",").into()
}

fn attribute<'a>(
    others: Option<&'a HashMap<String, QuotedOrUnquoted>>,
    key: &str,
) -> Option<&'a str> {
    others?.get(key).map(QuotedOrUnquoted::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renditions(text: &str) -> Vec<(String, MediaType, Kind, Option<u16>)> {
        let read = read(text, &Variables::default()).unwrap();
        let of = |entry: Entry| {
            (entry.uri, entry.rendition.media, entry.rendition.kind, entry.rendition.rung)
        };
        read.entries.into_iter().map(of).collect()
    }

    #[test]
    fn variants_and_groups() {
        let text = "#EXTM3U\r\n\
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"English\",LANGUAGE=\"\",URI=\"a/en.m3u8\"\r\n\
            #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"Suomi\",URI=\"s/fi.m3u8\"\r\n\
            #EXT-X-STREAM-INF:BANDWIDTH=3000000,CODECS=\"avc1.64001f,mp4a.40.2\",AUDIO=\"a\"\r\nhi.m3u8\r\n\
            #EXT-X-STREAM-INF:BANDWIDTH=1000000,CODECS=\"avc1.64001f,mp4a.40.2\",AUDIO=\"a\"\r\nlo.m3u8\r\n\
            #EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS=\"mp4a.40.2\"\r\nsound.m3u8\r\n\
            #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=90000,URI=\"i.m3u8\"\r\n";
        assert_eq!(
            renditions(text),
            [
                ("hi.m3u8".into(), MediaType::Video, Kind::Segment, Some(2)),
                ("lo.m3u8".into(), MediaType::Video, Kind::Segment, Some(1)),
                ("sound.m3u8".into(), MediaType::Audio, Kind::Segment, Some(1)),
                ("i.m3u8".into(), MediaType::Video, Kind::Image, Some(1)),
                ("a/en.m3u8".into(), MediaType::Audio, Kind::Segment, None),
                ("s/fi.m3u8".into(), MediaType::Text, Kind::Subtitle, None),
            ]
        );
    }

    /// Notice that no variant takes the URI of the odd one after it, as m3u8-rs alone would have it.
    #[test]
    fn odd_attributes_cost_only_themselves() {
        let text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=wide,AUDIO=\"\"\na.m3u8\n\
            #EXT-X-STREAM-INF:PROGRAM-ID=1\nb.m3u8\n";
        assert_eq!(
            renditions(text),
            [
                ("a.m3u8".into(), MediaType::Muxed, Kind::Segment, Some(1)),
                ("b.m3u8".into(), MediaType::Muxed, Kind::Segment, None),
            ]
        );
    }

    #[test]
    fn a_playlist_shared_by_variants_counts_once() {
        let text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9\nx.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=5\nx.m3u8\n";
        assert_eq!(renditions(text), [("x.m3u8".into(), MediaType::Muxed, Kind::Segment, Some(1))]);
    }
}
