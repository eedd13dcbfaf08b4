//! SegmentTemplate, SegmentList and SegmentBase as written, with their timelines.

use super::super::{
    ManifestError,
    segments::{Entry, Pattern},
    xml::{Tag, Token, Xml, unescape},
};
use super::{
    model::{Form, Line, Part, Segments},
    value,
    version::{Reader, Reading},
};

/// The most patterns of one timeline.
const PATTERNS: usize = 64;

/// An element without content.
pub(super) fn bare(tag: Tag<'_>, form: Form) -> Segments<'_> {
    let mut held = Segments::new(form);
    for (key, value) in tag.attributes() {
        match key {
            "timescale" => held.timescale = number(value),
            "presentationTimeOffset" => held.offset = number(value),
            "duration" => held.duration = value.trim().parse().ok(),
            "startNumber" => held.start_number = number(value),
            "endNumber" => held.end_number = number(value),
            "availabilityTimeOffset" => {
                held.early = match value.trim() {
                    "INF" => Some(f64::INFINITY),
                    seconds => seconds.parse().ok(),
                }
            }
            "media" => held.media = Some(unescape(value)),
            "initialization" => held.initialization = Some(unescape(value)),
            "index" => held.index = Some(unescape(value)),
            "bitstreamSwitching" => held.switching = Some(unescape(value)),
            "indexRange" => held.index_range = value::range(value),
            _ => {}
        }
    }
    held
}

/// An element with its content.
pub(super) fn read<'a>(
    reader: &mut Reader<'a, '_>,
    tag: Tag<'a>,
    form: Form,
) -> Result<Segments<'a>, ManifestError> {
    let mut held = bare(tag, form);
    while let Some(token) = reader.xml.next()? {
        let (tag, closed) = match token {
            Token::End(_) => break,
            Token::Start(tag) => (tag, false),
            Token::Empty(tag) => (tag, true),
            _ => continue,
        };
        match tag.name {
            "SegmentTimeline" if !closed => {
                held.timeline = Some(timeline(reader)?);
                continue;
            }
            "SegmentURL" => held.urls.push(part(tag, "media", "mediaRange")),
            "Initialization" => held.init_part = Some(part(tag, "sourceURL", "range")),
            "RepresentationIndex" => held.index_part = Some(part(tag, "sourceURL", "range")),
            "BitstreamSwitching" => held.switching_part = Some(part(tag, "sourceURL", "range")),
            _ => {}
        }
        if !closed {
            reader.xml.skip_element()?;
        }
    }
    Ok(held)
}

fn part<'a>(tag: Tag<'a>, url: &str, range: &str) -> Part<'a> {
    let mut part = Part::default();
    let mut index = (None, None);
    for (key, value) in tag.attributes() {
        match key {
            _ if key == url => part.url = unescape(value.trim()),
            _ if key == range => part.range = value::range(value),
            "index" => index.0 = Some(unescape(value.trim())),
            "indexRange" => index.1 = value::range(value),
            _ => {}
        }
    }
    if index.0.is_some() || index.1.is_some() {
        part.index = Some((index.0.unwrap_or_else(|| part.url.clone()), index.1));
    }
    part
}

fn timeline(reader: &mut Reader<'_, '_>) -> Result<Line, ManifestError> {
    let (start, mut reading) = (reader.xml.here(), reader.begin());
    if simple(reader, &mut reading)? {
        return Ok(Line { runs: Some(reader.end(reading)), ..Line::default() });
    }
    reader.xml.back(&start);
    entries(&mut reader.xml)
}

/// Reads a timeline in which each `S` needs nothing but the end of the one before; false if it is not one.
fn simple(reader: &mut Reader<'_, '_>, reading: &mut Reading) -> Result<bool, ManifestError> {
    while let Some(token) = reader.xml.next()? {
        let simple = match token {
            Token::End(_) => break,
            Token::Empty(tag) if tag.name == "S" => {
                reading.runs().add(&entry(tag, &[])) && reader.behind_entry(reading)
            }
            _ => false,
        };
        if !simple {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads any timeline.
fn entries(xml: &mut Xml<'_>) -> Result<Line, ManifestError> {
    let mut line = Line::default();
    let mut ids = Vec::new();
    while let Some(token) = xml.next()? {
        let (tag, closed) = match token {
            Token::End(_) => break,
            Token::Start(tag) => (tag, false),
            Token::Empty(tag) => (tag, true),
            _ => continue,
        };
        match tag.name {
            "S" => line.entries.push(entry(tag, &ids)),
            "Pattern" if !closed && ids.len() < PATTERNS => {
                ids.push(tag.raw("id").unwrap_or_default());
                line.patterns.push(pattern(xml)?);
                continue;
            }
            _ => {}
        }
        if !closed {
            xml.skip_element()?;
        }
    }
    Ok(line)
}

pub(super) fn entry(tag: Tag<'_>, patterns: &[&str]) -> Entry {
    let mut entry = Entry::default();
    let mut pattern = None;
    let mut from = 0;
    for (key, value) in tag.attributes() {
        match key {
            "t" => entry.start = number(value),
            "d" => entry.duration = number(value).unwrap_or_default(),
            "r" => entry.repeat = value.trim().parse().unwrap_or_default(),
            "n" => entry.number = number(value),
            "k" => entry.parts = value.trim().parse().unwrap_or_default(),
            "p" => pattern = patterns.iter().position(|id| *id == value),
            "pE" => from = value.trim().parse().unwrap_or_default(),
            _ => {}
        }
    }
    entry.pattern = pattern.map(|pattern| (pattern, from));
    entry
}

fn pattern(xml: &mut Xml<'_>) -> Result<Pattern, ManifestError> {
    let mut pattern = Pattern::default();
    while let Some(token) = xml.next()? {
        let (tag, closed) = match token {
            Token::End(_) => break,
            Token::Start(tag) => (tag, false),
            Token::Empty(tag) => (tag, true),
            _ => continue,
        };
        if let Some(duration) = tag.raw("d").and_then(number).filter(|_| tag.name == "P") {
            pattern.add(duration, tag.raw("r").and_then(number).unwrap_or_default());
        }
        if !closed {
            xml.skip_element()?;
        }
    }
    Ok(pattern)
}

fn number(value: &str) -> Option<u64> {
    value.trim().parse().ok()
}
