//! One Representation of an MPD: its media type and properties, and the times of its segments.

use super::super::{
    Kind, MediaType, Protocol, Rendition,
    budget::Budget,
    codecs,
    segments::{Addressing, Shape, Timeline},
};
use super::{levels::Levels, member::Member, model::Codecs, span::Span};
use crate::units::BitRate;
use std::sync::Arc;

/// The memory of an entry of a timeline, in bytes.
const ENTRY: usize = 128;

/// The rendition of a Representation. Texts that it inherits are shared, not copied.
pub(super) fn describe(member: &Member<'_>) -> Rendition {
    let (shared, own) = (&member.set.about, &member.representation.about);
    let codecs = own.codecs.as_ref().or(shared.codecs.as_ref());
    let mime = own.mime.as_deref().or(shared.mime.as_deref());
    let content = own.content.as_deref().or(shared.content.as_deref());
    let width = own.width.or(shared.width);
    let height = own.height.or(shared.height);
    let mut rendition = Rendition {
        name: Some(Arc::clone(&member.id)),
        bandwidth: member.representation.bandwidth.map(BitRate::from_bits_per_second),
        codecs: codecs.map(|codecs| Arc::clone(&codecs.text)),
        resolution: width.zip(height),
        language: own.language.as_ref().or(shared.language.as_ref()).cloned(),
        role: own.role.as_ref().or(shared.role.as_ref()).cloned(),
        ..Rendition::new(Protocol::Dash, media_of(codecs, mime, content))
    };
    let image = mime.is_some_and(|mime| mime.starts_with("image/")) || content == Some("image");
    if image || own.trick || shared.trick {
        rendition.kind = Kind::Image;
        rendition.media = MediaType::Video;
    }
    rendition
}

/// Codecs take precedence (subtitles come in `application/mp4`, and `video/mp4` may hold audio as well).
fn media_of(codecs: Option<&Codecs>, mime: Option<&str>, content: Option<&str>) -> MediaType {
    let known = |media: &MediaType| *media != MediaType::Unknown;
    codecs
        .map(|codecs| codecs.carries)
        .filter(known)
        .or_else(|| content.map(codecs::of_mime).filter(known))
        .or_else(|| mime.map(codecs::of_mime))
        .unwrap_or(MediaType::Unknown)
}

/// The times of a Representation's segments; the first one has `first_index`.
///
/// `left` is how many more timeline entries may be read; those past it, or past `budget`, have no known
/// position.
pub(super) fn shape(
    span: &Span,
    levels: Levels<'_>,
    first_index: i128,
    left: &mut usize,
    budget: &Budget,
) -> Addressing {
    let timescale = levels.pick(|level| level.timescale).unwrap_or(1).max(1);
    let offset = levels.pick(|level| level.offset).unwrap_or(0);
    let ticks = span.duration.map(|duration| duration.as_secs_f64() * timescale as f64);
    let mut first_number = levels.pick(|level| level.start_number).unwrap_or(1);
    let line = levels.timeline();
    let shape = if let Some(runs) = line.and_then(|line| line.runs.as_ref()) {
        Shape::Timeline(Timeline::of(Arc::clone(runs)))
    } else if let Some(line) = line {
        let end = ticks.map(|ticks| offset.saturating_add(ticks.round() as u64));
        let entries = line.entries.get(..*left).unwrap_or(&line.entries);
        let entries = if budget.take(entries.len() * ENTRY) { entries } else { &[] };
        *left -= entries.len();
        first_number = entries.first().and_then(|first| first.number).unwrap_or(first_number);
        Shape::Timeline(Timeline::read(entries, &line.patterns, first_number, end))
    } else if let Some(duration) =
        levels.pick(|level| level.duration).filter(|duration| *duration > 0.0)
    {
        // A last segment shorter than a hundredth is the rounding of the period's duration.
        let count = ticks.map(|ticks| (ticks / duration - 0.01).ceil().max(1.0) as u64);
        Shape::Fixed { ticks: duration, count }
    } else {
        Shape::Unknown
    };
    Addressing {
        timescale,
        offset,
        period_start: span.start,
        first_number: i128::from(first_number),
        end_number: levels.pick(|level| level.end_number),
        first_index,
        by_time: levels.media().is_some_and(|media| media.contains("$Time")),
        announced: false,
        shape,
    }
}
