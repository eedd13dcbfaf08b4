//! Representations without a template: SegmentList, SegmentBase, or one file at a BaseURL.

use super::super::super::{
    Kind, Rendition,
    base::Base,
    budget::LONGEST_URL,
    place::{Place, Range, hash},
    segments::{Addressing, Shape},
};
use super::super::{
    describe::shape,
    levels::Levels,
    model::{Form, Part, Text},
    span::Span,
};
use super::{Compiler, REPRESENTATIONS};
use std::sync::Arc;

/// The bytes that a place takes in addition to its URL.
const PLACE: usize = 128;

/// Stores the places of a Representation.
pub(super) fn places(
    compiler: &mut Compiler<'_>,
    span: &Span,
    levels: Levels<'_>,
    rendition: &Arc<Rendition>,
    bases: &[Arc<Base>],
) {
    if levels.form() == Some(Form::List) {
        return list(compiler, span, levels, rendition, bases);
    }
    let timescale = levels.pick(|level| level.timescale).unwrap_or(1).max(1);
    let offset = levels.pick(|level| level.offset).unwrap_or(0) as f64 / timescale as f64;
    for base in bases {
        let url = base.url().as_str();
        if !compiler.budget.take(url.len() + PLACE) {
            return;
        }
        // The position of a segment in the file is in its index (`sidx`), not in the manifest.
        compiler.out.exact.insert(url, None, Place::of(rendition, rendition.kind));
        initialization(compiler, levels, rendition, base);
        // The index belongs to what is read before the first segment.
        if let Some(range) = levels.pick(|level| level.index_range.clone()) {
            compiler.out.exact.insert(url, Some(range), Place::of(rendition, Kind::Init));
        }
        if compiler.out.files.len() < REPRESENTATIONS {
            compiler.out.files.insert(hash(url), offset - span.start.as_secs_f64());
        }
    }
}

fn list(
    compiler: &mut Compiler<'_>,
    span: &Span,
    levels: Levels<'_>,
    rendition: &Arc<Rendition>,
    bases: &[Arc<Base>],
) {
    let stream = (rendition.media, rendition.kind);
    let urls = levels.pick(|level| (!level.urls.is_empty()).then_some(&level.urls));
    let urls = urls.map(Vec::as_slice).unwrap_or_default();
    let mut addressing = {
        let first = compiler.first_index(stream);
        shape(span, levels, first, &mut compiler.entries_left, &compiler.budget)
    };
    if let (Some(first), Some(base)) = (urls.first(), bases.first()) {
        go_on(compiler, &mut addressing, first, base);
    }
    let urls = urls.get(..compiler.entries_left).unwrap_or(urls);
    compiler.entries_left -= urls.len();
    compiler.out.lists |= !urls.is_empty();
    for base in bases {
        initialization(compiler, levels, rendition, base);
        for (at, part) in urls.iter().enumerate() {
            let place = placed(&addressing, at as u64, rendition);
            let kept = keep(compiler, base, &part.url, part.range.clone(), place);
            if kept.is_none() {
                break;
            }
            // An index inside its segment is requested with it, or is a part of the same file: the place there
            // is the segment's.
            if let Some((url, range)) = part.index.as_ref().filter(|index| !is_within(index, part))
            {
                let place = Place::of(rendition, Kind::Init);
                keep(compiler, base, url, range.clone(), place);
            }
        }
    }
    compiler.list_ends(stream, addressing.first_index + urls.len() as i128);
}

/// Whether the index of a segment lies within the segment.
fn is_within((url, range): &(Text<'_>, Option<Range>), part: &Part<'_>) -> bool {
    let inside = |range: &Range| {
        part.range.as_ref().is_none_or(|own| own.start <= range.start && range.end <= own.end)
    };
    *url == part.url && range.as_ref().is_none_or(inside)
}

/// Continues the count from where the version before had the first of a list's segments.
fn go_on(compiler: &Compiler<'_>, addressing: &mut Addressing, first: &Part<'_>, base: &Base) {
    let mut url = String::new();
    if first.url.len() > LONGEST_URL || !base.resolve(&first.url, &mut url) {
        return;
    }
    let start = first.range.as_ref().map(|range| range.start);
    let held = compiler.old.and_then(|old| old.exact.get(&url, start));
    let Some((index, number)) = held.and_then(|held| held.index.zip(held.number)) else { return };
    let slid = i128::from(index) - addressing.first_index;
    addressing.first_index = i128::from(index);
    // A list without numbers, or without a start number, has no other way to continue.
    if addressing.first_number == 1 {
        addressing.first_number = i128::from(number);
    }
    if matches!(addressing.shape, Shape::Fixed { .. }) {
        let passed = u32::try_from(slid).ok().zip(addressing.slot(0).duration);
        let passed = passed.and_then(|(slid, one)| one.checked_mul(slid)).unwrap_or_default();
        addressing.period_start += passed;
    }
}

/// The place of segment `at` of a list.
fn placed(addressing: &Addressing, at: u64, rendition: &Arc<Rendition>) -> Place {
    let slot = addressing.slot(at);
    Place {
        index: slot.index,
        number: slot.number,
        time: slot.time,
        duration: slot.duration,
        discontinuity: slot.discontinuity,
        ..Place::of(rendition, rendition.kind)
    }
}

/// Stores the place of a reference or a range of it; `None` when there is no room for more.
fn keep(
    compiler: &mut Compiler<'_>,
    base: &Base,
    reference: &str,
    range: Option<Range>,
    place: Place,
) -> Option<()> {
    if reference.len() > LONGEST_URL {
        return Some(());
    }
    let len = base.url().as_str().len() + reference.len();
    compiler.budget.take(len + PLACE).then_some(())?;
    let mut url = String::new();
    if base.resolve(reference, &mut url) {
        compiler.out.exact.insert(&url, range, place)?;
    }
    Some(())
}

/// Stores the places that the elements Initialization, RepresentationIndex and BitstreamSwitching name.
pub(super) fn initialization(
    compiler: &mut Compiler<'_>,
    levels: Levels<'_>,
    rendition: &Arc<Rendition>,
    base: &Base,
) {
    let parts = [
        levels.pick(|level| level.init_part.as_ref()),
        levels.pick(|level| level.index_part.as_ref()),
        levels.pick(|level| level.switching_part.as_ref()),
    ];
    for part in parts.into_iter().flatten() {
        // A whole base cannot be its own init: that is the file with all its segments.
        if !part.url.is_empty() || part.range.is_some() {
            let place = Place::of(rendition, Kind::Init);
            keep(compiler, base, &part.url, part.range.clone(), place);
        }
    }
}
