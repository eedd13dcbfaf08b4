//! Reads an MPD element by element: a few levels of known elements; all others are skipped.
//!
//! A value that cannot be read counts as absent: one invalid attribute must not make the whole manifest
//! unreadable.

use super::super::{
    ManifestError, ManifestFormat, codecs,
    xml::{Tag, Token, Xml, unescape},
};
use super::{
    model::{About, Codecs, Form, Mpd, Period, Representation, Segments, Set, Text},
    segments,
    url_elements::{ROOTS, alternatives, is_chained, is_timed_by_url},
    value,
    version::{Reader, Version},
};
use crate::units::MediaTime;
use std::sync::Arc;

/// The most URLs of one kind other than media.
const REFERENCES: usize = 64;

/// Reads a document; entries that its timelines repeat from the version before are not read again.
pub(super) fn read<'a>(
    format: ManifestFormat,
    text: &'a str,
    old: Option<&Version>,
) -> Result<Mpd<'a>, ManifestError> {
    let mut reader = Reader::new(Xml::new(format, text, ROOTS)?, old);
    let mut mpd = Mpd { len: text.len(), remote: true, ..Mpd::default() };
    while let Some(token) = reader.xml.next()? {
        match token {
            Token::Start(tag) if tag.name == "MPD" => self::mpd(&mut reader, tag, &mut mpd)?,
            // An element that an MPD links to.
            Token::Start(tag) if tag.name == "Period" => {
                let period = period(&mut reader, tag, &mut mpd)?;
                mpd.periods.push(period);
            }
            Token::Start(tag) if tag.name == "AdaptationSet" => {
                let set = set(&mut reader, tag, &mut mpd)?;
                mpd.periods.push(Period { sets: vec![set], ..Period::default() });
            }
            Token::Start(_) => reader.xml.skip_element()?,
            Token::Empty(tag) if tag.name == "MPD" => attributes(tag, &mut mpd),
            _ => {}
        }
    }
    mpd.listings = reader.listings;
    Ok(mpd)
}

fn attributes(tag: Tag<'_>, mpd: &mut Mpd<'_>) {
    mpd.remote = false;
    for (key, value) in tag.attributes() {
        match key {
            "type" => mpd.dynamic = value == "dynamic",
            "availabilityStartTime" => mpd.available_from = value::date(value),
            "mediaPresentationDuration" => mpd.duration = value::duration(value),
            "minimumUpdatePeriod" => mpd.update = value::duration(value),
            "suggestedPresentationDelay" => mpd.delay = value::duration(value),
            _ => {}
        }
    }
}

fn mpd<'a>(
    reader: &mut Reader<'a, '_>,
    tag: Tag<'a>,
    mpd: &mut Mpd<'a>,
) -> Result<(), ManifestError> {
    attributes(tag, mpd);
    while let Some(token) = reader.xml.next()? {
        match token {
            Token::End(_) => break,
            Token::Start(tag) => match tag.name {
                "Period" => {
                    let period = period(reader, tag, mpd)?;
                    mpd.periods.push(period);
                }
                "UTCTiming" | "SupplementalProperty" | "EssentialProperty" => {
                    named(tag, mpd);
                    reader.xml.skip_element()?;
                }
                "EventStream" => events(&mut reader.xml, mpd)?,
                "BaseURL" => mpd.bases.extend(content(&mut reader.xml)?),
                "Location" => mpd.locations.extend(content(&mut reader.xml)?),
                "PatchLocation" => mpd.patches.extend(content(&mut reader.xml)?),
                "ContentSteering" => mpd.steering.extend(content(&mut reader.xml)?),
                "ServiceDescription" => service(&mut reader.xml, mpd)?,
                _ => reader.xml.skip_element()?,
            },
            Token::Empty(tag) if tag.name == "Period" => {
                let period = blank(tag, mpd);
                mpd.periods.push(period);
            }
            Token::Empty(tag) => named(tag, mpd),
            _ => {}
        }
    }
    for list in [&mut mpd.locations, &mut mpd.patches, &mut mpd.steering, &mut mpd.linked] {
        list.truncate(REFERENCES);
    }
    Ok(())
}

/// Stores the URLs of a UTCTiming, and the MPDs that a property of the MPD names, if their schemes have any.
fn named<'a>(tag: Tag<'a>, mpd: &mut Mpd<'a>) {
    let list = match tag.name {
        "UTCTiming" if is_timed_by_url(tag) => &mut mpd.clocks,
        "SupplementalProperty" | "EssentialProperty" if is_chained(tag) => &mut mpd.others,
        _ => return,
    };
    let Some(value) = tag.raw("value") else { return };
    let left = REFERENCES.saturating_sub(list.len());
    let value = unescape(value);
    list.extend(value.split_ascii_whitespace().take(left).map(|url| Text::Owned(url.to_owned())));
}

/// Stores the MPDs that the events of a stream name.
fn events<'a>(xml: &mut Xml<'a>, mpd: &mut Mpd<'a>) -> Result<(), ManifestError> {
    let depth = xml.depth();
    while xml.depth() >= depth {
        let Some(token) = xml.next()? else { break };
        let (Token::Start(tag) | Token::Empty(tag)) = token else { continue };
        let left = REFERENCES.saturating_sub(mpd.others.len());
        mpd.others.extend(alternatives(tag).take(left).map(|url| unescape(url.trim())));
    }
    Ok(())
}

/// A ServiceDescription, which may also contain ContentSteering.
fn service<'a>(xml: &mut Xml<'a>, mpd: &mut Mpd<'a>) -> Result<(), ManifestError> {
    while let Some(token) = xml.next()? {
        match token {
            Token::End(_) => break,
            Token::Start(tag) if tag.name == "ContentSteering" => {
                mpd.steering.extend(content(xml)?);
            }
            Token::Start(_) => xml.skip_element()?,
            _ => {}
        }
    }
    Ok(())
}

/// A Period without content.
fn blank<'a>(tag: Tag<'a>, mpd: &mut Mpd<'a>) -> Period<'a> {
    let mut period = Period::default();
    for (key, value) in tag.attributes() {
        match key {
            "id" => period.id = Some(unescape(value)),
            "start" => period.start = value::duration(value).map(MediaTime::new),
            "duration" => period.duration = value::duration(value),
            _ => {}
        }
    }
    link(tag, mpd);
    period
}

/// Stores the document that an element links to, if it has a link.
fn link<'a>(tag: Tag<'a>, mpd: &mut Mpd<'a>) {
    if mpd.linked.len() < REFERENCES && tag.inside.contains(":href") {
        let links = tag.attributes().filter(|(key, _)| key.ends_with(":href"));
        mpd.linked.extend(links.map(|(_, value)| unescape(value)));
    }
}

fn period<'a>(
    reader: &mut Reader<'a, '_>,
    tag: Tag<'a>,
    mpd: &mut Mpd<'a>,
) -> Result<Period<'a>, ManifestError> {
    let mut period = blank(tag, mpd);
    while let Some(token) = reader.xml.next()? {
        match token {
            Token::End(_) => break,
            Token::Start(tag) => match tag.name {
                "AdaptationSet" => period.sets.push(set(reader, tag, mpd)?),
                "BaseURL" => period.bases.extend(content(&mut reader.xml)?),
                "ImportedMPD" => mpd.linked.extend(content(&mut reader.xml)?),
                "EventStream" => {
                    link(tag, mpd);
                    events(&mut reader.xml, mpd)?;
                }
                name => match form(name) {
                    Some(form) => {
                        period.segments = Some(Box::new(segments::read(reader, tag, form)?));
                    }
                    None => reader.xml.skip_element()?,
                },
            },
            Token::Empty(tag) => match form(tag.name) {
                Some(form) => period.segments = Some(Box::new(segments::bare(tag, form))),
                None => link(tag, mpd),
            },
            _ => {}
        }
    }
    Ok(period)
}

fn set<'a>(
    reader: &mut Reader<'a, '_>,
    tag: Tag<'a>,
    mpd: &mut Mpd<'a>,
) -> Result<Set<'a>, ManifestError> {
    link(tag, mpd);
    let mut set = Set { about: about(tag), ..Set::default() };
    while let Some(token) = reader.xml.next()? {
        let (tag, closed) = match token {
            Token::End(_) => break,
            Token::Start(tag) => (tag, false),
            Token::Empty(tag) => (tag, true),
            _ => continue,
        };
        if tag.name == "Representation" {
            let mut own = representation(tag);
            if !closed {
                inside(reader, &mut own)?;
            }
            set.representations.push(own);
        } else if tag.name == "ContentComponent" && set.about.content.is_none() {
            set.about.content = about(tag).content;
            if !closed {
                reader.xml.skip_element()?;
            }
        } else {
            level(reader, tag, closed, &mut set.about, &mut set.bases, &mut set.segments)?;
        }
    }
    Ok(set)
}

fn representation(tag: Tag<'_>) -> Representation<'_> {
    let mut own = Representation { about: about(tag), ..Representation::default() };
    for (key, value) in tag.attributes() {
        match key {
            "id" => own.id = Some(unescape(value).into()),
            "bandwidth" => own.bandwidth = value.trim().parse().ok(),
            _ => {}
        }
    }
    own
}

fn inside<'a>(
    reader: &mut Reader<'a, '_>,
    own: &mut Representation<'a>,
) -> Result<(), ManifestError> {
    while let Some(token) = reader.xml.next()? {
        let (tag, closed) = match token {
            Token::End(_) => break,
            Token::Start(tag) => (tag, false),
            Token::Empty(tag) => (tag, true),
            _ => continue,
        };
        level(reader, tag, closed, &mut own.about, &mut own.bases, &mut own.segments)?;
    }
    Ok(())
}

/// A child that AdaptationSets and Representations share.
fn level<'a>(
    reader: &mut Reader<'a, '_>,
    tag: Tag<'a>,
    closed: bool,
    about: &mut About<'a>,
    bases: &mut Vec<Text<'a>>,
    held: &mut Option<Box<Segments<'a>>>,
) -> Result<(), ManifestError> {
    match (form(tag.name), tag.name) {
        (Some(form), _) if closed => *held = Some(Box::new(segments::bare(tag, form))),
        (Some(form), _) => *held = Some(Box::new(segments::read(reader, tag, form)?)),
        (None, "BaseURL") if !closed => bases.extend(content(&mut reader.xml)?),
        (None, name) => {
            match name {
                "Role" if about.role.is_none() => {
                    about.role = tag.raw("value").map(|role| unescape(role).into());
                }
                "EssentialProperty" => {
                    let scheme = tag.raw("schemeIdUri").unwrap_or_default();
                    about.trick |= scheme.ends_with("trickmode");
                }
                _ => {}
            }
            if !closed {
                reader.xml.skip_element()?;
            }
        }
    }
    Ok(())
}

fn about(tag: Tag<'_>) -> About<'_> {
    let mut about = About::default();
    for (key, value) in tag.attributes() {
        match key {
            "mimeType" => about.mime = Some(unescape(value)),
            "codecs" => about.codecs = Some(codecs(value)),
            "contentType" => about.content = Some(unescape(value)),
            "lang" => about.language = Some(unescape(value).into()),
            "width" => about.width = value.trim().parse().ok(),
            "height" => about.height = value.trim().parse().ok(),
            _ => {}
        }
    }
    about
}

fn codecs(value: &str) -> Codecs {
    let text: Arc<str> = unescape(value).into();
    let carries = codecs::of_codecs(&text);
    Codecs { text, carries }
}

fn form(name: &str) -> Option<Form> {
    Some(match name {
        "SegmentTemplate" => Form::Template,
        "SegmentList" => Form::List,
        "SegmentBase" => Form::Base,
        _ => return None,
    })
}

/// The text of the element that has just begun, without the space around it; nothing if empty.
fn content<'a>(xml: &mut Xml<'a>) -> Result<Option<Text<'a>>, ManifestError> {
    let mut found: Option<Text<'a>> = None;
    while let Some(token) = xml.next()? {
        let piece = match token {
            Token::End(_) => break,
            Token::Start(_) => {
                xml.skip_element()?;
                continue;
            }
            Token::Empty(_) => continue,
            Token::Text(text) => unescape(text.trim()),
            Token::CData(text) => Text::Borrowed(text.trim()),
        };
        found = Some(match found {
            None => piece,
            Some(before) => Text::Owned(before.into_owned() + &*piece),
        });
    }
    Ok(found.filter(|text| !text.is_empty()))
}
