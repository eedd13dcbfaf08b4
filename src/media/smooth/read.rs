//! Reads a client manifest (MS-SSTR 2.2.2): streams, their quality levels, and their fragments.

use super::super::{
    ManifestError, ManifestFormat,
    segments::Entry,
    xml::{Tag, Token, Xml, unescape},
};
use std::{borrow::Cow, sync::Arc};

/// The root element of a client manifest.
pub(super) const ROOTS: &[&str] = &["<SmoothStreamingMedia"];
/// Ticks per second by default.
const TIMESCALE: u64 = 10_000_000;
/// The most streams, and the most quality levels of all.
const STREAMS: usize = 256;
const LEVELS: usize = 4096;
/// The most of a level's custom attributes, in bytes.
const CUSTOM: usize = 4096;

/// A client manifest.
#[derive(Debug, Default)]
pub(super) struct Manifest<'a> {
    /// The length of the document, in bytes.
    pub(super) len: usize,
    pub(super) live: bool,
    /// In ticks of `timescale`.
    pub(super) duration: Option<u64>,
    pub(super) timescale: Option<u64>,
    pub(super) streams: Vec<Stream<'a>>,
}

/// A StreamIndex.
#[derive(Debug, Default)]
pub(super) struct Stream<'a> {
    pub(super) kind: Cow<'a, str>,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) subtype: Option<Arc<str>>,
    pub(super) language: Option<Arc<str>>,
    /// The template of fragments' URLs.
    pub(super) url: Option<Cow<'a, str>>,
    pub(super) timescale: Option<u64>,
    pub(super) levels: Vec<Level>,
    pub(super) fragments: Vec<Entry>,
}

/// A QualityLevel.
#[derive(Debug, Default)]
pub(super) struct Level {
    pub(super) bitrate: u64,
    pub(super) codecs: Option<Arc<str>>,
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    /// `NAME=VALUE,…`, as URLs carry it.
    pub(super) custom: String,
}

impl Manifest<'_> {
    /// Ticks of a second in a stream.
    pub(super) fn timescale(&self, stream: &Stream<'_>) -> u64 {
        stream.timescale.or(self.timescale).unwrap_or(TIMESCALE).max(1)
    }
}

/// Reads a manifest.
pub(super) fn read(text: &str) -> Result<Manifest<'_>, ManifestError> {
    let mut xml = Xml::new(ManifestFormat::Smooth, text, ROOTS)?;
    let mut manifest = Manifest { len: text.len(), ..Manifest::default() };
    let mut levels = 0;
    while let Some(token) = xml.next()? {
        let (tag, closed) = match token {
            Token::Start(tag) => (tag, false),
            Token::Empty(tag) => (tag, true),
            _ => continue,
        };
        match tag.name {
            "SmoothStreamingMedia" => root(tag, &mut manifest),
            "StreamIndex" if manifest.streams.len() < STREAMS => manifest.streams.push(stream(tag)),
            "StreamIndex" if !closed => skip(&mut xml)?,
            name => {
                let Some(stream) = manifest.streams.last_mut() else { continue };
                match name {
                    "c" => stream.fragments.push(fragment(tag)),
                    "QualityLevel" if levels < LEVELS => {
                        levels += 1;
                        stream.levels.push(level(tag));
                    }
                    "Attribute" => {
                        stream.levels.last_mut().into_iter().for_each(|l| custom(tag, l));
                    }
                    _ => {}
                }
            }
        }
    }
    let whole = manifest.duration;
    for stream in &mut manifest.streams {
        // For a stream with its own time scale the end is not known in its ticks.
        fill(&mut stream.fragments, whole.filter(|_| stream.timescale.is_none()));
    }
    Ok(manifest)
}

fn skip(xml: &mut Xml<'_>) -> Result<(), ManifestError> {
    let depth = xml.depth();
    while xml.depth() >= depth && xml.next()?.is_some() {}
    Ok(())
}

fn root(tag: Tag<'_>, manifest: &mut Manifest<'_>) {
    for (key, value) in tag.attributes() {
        match key {
            "IsLive" => manifest.live = value.trim().eq_ignore_ascii_case("true"),
            "Duration" => manifest.duration = number(value).filter(|ticks| *ticks > 0),
            "TimeScale" => manifest.timescale = number(value),
            _ => {}
        }
    }
}

fn stream(tag: Tag<'_>) -> Stream<'_> {
    let mut stream = Stream::default();
    for (key, value) in tag.attributes() {
        match key {
            "Type" => stream.kind = unescape(value),
            "Name" => stream.name = Some(unescape(value)).filter(|name| !name.is_empty()),
            "Subtype" => stream.subtype = shared(value),
            "Language" => stream.language = shared(value),
            "Url" => stream.url = Some(unescape(value)),
            "TimeScale" => stream.timescale = number(value),
            _ => {}
        }
    }
    stream
}

/// A text that many renditions may have, if there is any.
fn shared(value: &str) -> Option<Arc<str>> {
    (!value.is_empty()).then(|| unescape(value).into())
}

fn level(tag: Tag<'_>) -> Level {
    let mut level = Level::default();
    for (key, value) in tag.attributes() {
        match key {
            "Bitrate" => level.bitrate = number(value).unwrap_or_default(),
            "FourCC" => level.codecs = shared(value),
            "MaxWidth" | "Width" => level.width = value.trim().parse().ok(),
            "MaxHeight" | "Height" => level.height = value.trim().parse().ok(),
            _ => {}
        }
    }
    level
}

fn custom(tag: Tag<'_>, level: &mut Level) {
    let (Some(name), Some(value)) = (tag.raw("Name"), tag.raw("Value")) else { return };
    if level.custom.len() + name.len() + value.len() < CUSTOM {
        let comma = if level.custom.is_empty() { "" } else { "," };
        level.custom += &format!("{comma}{}={}", unescape(name), unescape(value));
    }
}

/// A `c`: `@r` counts the fragment itself, other than in DASH.
fn fragment(tag: Tag<'_>) -> Entry {
    let mut entry = Entry::default();
    for (key, value) in tag.attributes() {
        match key {
            "t" => entry.start = number(value),
            "d" => entry.duration = number(value).unwrap_or_default(),
            "r" => entry.repeat = value.trim().parse::<i64>().unwrap_or(1).max(1) - 1,
            "n" => entry.number = number(value),
            _ => {}
        }
    }
    entry
}

/// Gives fragments without a duration the time up to the next one's start, or the end.
fn fill(fragments: &mut [Entry], end: Option<u64>) {
    let mut clock = 0_u64;
    for at in 0..fragments.len() {
        let next = fragments.get(at + 1).map_or(end, |next| next.start);
        let before = at.checked_sub(1).and_then(|at| fragments.get(at)).map(|held| held.duration);
        let Some(entry) = fragments.get_mut(at) else { return };
        let start = entry.start.unwrap_or(clock);
        if entry.duration == 0 {
            let left = next.and_then(|next| next.checked_sub(start)).filter(|left| *left > 0);
            entry.duration = left.or(before).unwrap_or_default();
        }
        let count = entry.repeat.unsigned_abs().saturating_add(1);
        clock = start.saturating_add(entry.duration.saturating_mul(count));
    }
}

fn number(value: &str) -> Option<u64> {
    value.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_without_durations_last_to_the_next() {
        let text = "<SmoothStreamingMedia Duration='90'><StreamIndex Type='text'>\
            <c t='10'/><c t='30' d='5' r='2'/><c t='50'/></StreamIndex></SmoothStreamingMedia>";
        let manifest = read(text).unwrap();
        let stream = manifest.streams.first().unwrap();
        let said: Vec<_> = stream.fragments.iter().map(|c| (c.duration, c.repeat)).collect();
        assert_eq!(said, [(20, 0), (5, 1), (40, 0)]);
        assert_eq!(manifest.timescale(stream), 10_000_000);
    }
}
