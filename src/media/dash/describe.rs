//! What an MPD says of one Representation: what it carries, and how its segments lie in time.

use super::super::{Kind, MediaType, Protocol, Rendition, codecs};
use super::{
    addressing::{Addressing, Shape},
    compile::{Member, Span},
    levels::Templates,
    timeline::Timeline,
};
use crate::units::BitRate;
use dash_mpd_core::EssentialProperty;
use std::sync::Arc;

/// The rendition a Representation is.
pub(super) fn describe(member: &Member<'_>) -> Rendition {
    let Member { set, representation, id } = member;
    let codecs = representation.codecs.as_deref().or(set.codecs.as_deref());
    let mime = representation.mimeType.as_deref().or(set.mimeType.as_deref());
    let content = representation.contentType.as_deref().or(set.contentType.as_deref());
    let side = |own: Option<u64>, shared: Option<u64>| {
        own.or(shared).and_then(|side| u32::try_from(side).ok())
    };
    let width = side(representation.width, set.width);
    let height = side(representation.height, set.height);
    let language = representation.lang.as_deref().or(set.lang.as_deref());
    let mut rendition = Rendition {
        name: Some(Arc::from(id.as_str())),
        bandwidth: representation.bandwidth.map(BitRate::from_bits_per_second),
        codecs: codecs.map(Arc::from),
        resolution: width.zip(height),
        language: language.map(Arc::from),
        ..Rendition::new(Protocol::Dash, media_of(codecs, mime, content))
    };
    let image = mime.is_some_and(|mime| mime.starts_with("image/")) || content == Some("image");
    let trick = |property: &EssentialProperty| property.schemeIdUri.ends_with("trickmode");
    if image || set.essential_property.iter().chain(&representation.essential_property).any(trick) {
        rendition.kind = Kind::Image;
        rendition.media = MediaType::Video;
    }
    rendition
}

/// Codecs know best (subtitles come in `application/mp4`, and `video/mp4` may hold sound as well).
fn media_of(codecs: Option<&str>, mime: Option<&str>, content: Option<&str>) -> MediaType {
    let by_codecs = codecs.map_or(MediaType::Unknown, codecs::of_codecs);
    let known = |media: &MediaType| *media != MediaType::Unknown;
    Some(by_codecs)
        .filter(known)
        .or_else(|| content.map(codecs::of_mime).filter(known))
        .or_else(|| mime.map(codecs::of_mime))
        .unwrap_or(MediaType::Unknown)
}

/// How the segments of a template lie in time; the first one has `first_index`.
///
/// `left` is how many more timeline entries may be read; those past it are in no known place.
pub(super) fn shape(
    span: &Span,
    templates: Templates<'_>,
    first_index: i128,
    left: &mut usize,
) -> Addressing {
    let timescale = templates.pick(|template| template.timescale).unwrap_or(1).max(1);
    let offset = templates.pick(|template| template.presentationTimeOffset).unwrap_or(0);
    let ticks = span.duration.map(|duration| duration.as_secs_f64() * timescale as f64);
    let shape = if let Some(timeline) = templates.timeline() {
        let end = ticks.map(|ticks| offset.saturating_add(ticks.round() as u64));
        let entries = timeline.segments.get(..*left).unwrap_or(&timeline.segments);
        *left -= entries.len();
        Shape::Timeline(Timeline::read(entries, end))
    } else if let Some(duration) =
        templates.pick(|template| template.duration).filter(|duration| *duration > 0.0)
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
        first_number: i128::from(templates.pick(|template| template.startNumber).unwrap_or(1)),
        end_number: templates.pick(|template| template.endNumber),
        first_index,
        by_time: templates.media().is_some_and(|media| media.contains("$Time")),
        shape,
    }
}
