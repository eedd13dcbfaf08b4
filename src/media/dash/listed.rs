//! Representations without a template: SegmentList, SegmentBase, or one file at a BaseURL.

use super::super::{
    Kind, Rendition,
    base::Base,
    place::{Place, Places, Range},
};
use super::compile::{Member, Span};
use dash_mpd_core::{Initialization, Period, SegmentBase, SegmentList};
use std::{sync::Arc, time::Duration};

/// Keeps the places of a Representation; `left` is how many more list entries may be read.
pub(super) fn places(
    exact: &mut Places,
    left: &mut usize,
    span: &Span,
    period: &Period,
    member: &Member<'_>,
    rendition: &Arc<Rendition>,
    bases: &[Arc<Base>],
) {
    let (set, own) = (member.set, member.representation);
    let lists = [own.SegmentList.as_ref(), set.SegmentList.as_ref(), period.SegmentList.as_ref()];
    let files = [own.SegmentBase.as_ref(), set.SegmentBase.as_ref(), period.SegmentBase.as_ref()];
    for base in bases {
        if lists.iter().any(Option::is_some) {
            list(exact, left, span, lists, rendition, base);
        } else {
            // Where in the file a segment lies is said by its index (`sidx`), which no manifest holds.
            exact.insert(base.url().as_str(), None, Place::of(rendition, rendition.kind));
            file(exact, files, rendition, base);
        }
    }
}

fn list(
    exact: &mut Places,
    left: &mut usize,
    span: &Span,
    levels: [Option<&SegmentList>; 3],
    rendition: &Arc<Rendition>,
    base: &Base,
) {
    let levels = levels.into_iter().flatten();
    let timescale = levels.clone().find_map(|list| list.timescale).unwrap_or(1).max(1);
    let duration = levels.clone().find_map(|list| list.duration);
    let duration = duration
        .and_then(|ticks| Duration::try_from_secs_f64(ticks as f64 / timescale as f64).ok());
    if let Some(init) = levels.clone().find_map(|list| list.Initialization.as_ref()) {
        initialization(exact, init, rendition, base);
    }
    let Some(urls) = levels.clone().map(|list| &list.segment_urls).find(|urls| !urls.is_empty())
    else {
        return;
    };
    let mut url = String::new();
    let urls = urls.get(..*left).unwrap_or(urls);
    *left -= urls.len();
    for (at, segment) in urls.iter().enumerate() {
        if !base.resolve(segment.media.as_deref().unwrap_or_default(), &mut url) {
            continue;
        }
        let number = at as u64 + 1;
        let before = duration.and_then(|duration| duration.checked_mul(u32::try_from(at).ok()?));
        let place = Place {
            index: Some(number),
            number: Some(number),
            time: before.and_then(|before| span.start.checked_add(before)),
            duration,
            ..Place::of(rendition, rendition.kind)
        };
        let range = segment.mediaRange.as_deref().and_then(byte_range);
        if exact.insert(&url, range, place).is_none() {
            return;
        }
    }
}

fn file(
    exact: &mut Places,
    levels: [Option<&SegmentBase>; 3],
    rendition: &Arc<Rendition>,
    base: &Base,
) {
    let levels = levels.into_iter().flatten();
    if let Some(init) = levels.clone().find_map(|file| file.Initialization.as_ref()) {
        initialization(exact, init, rendition, base);
    }
    // The index belongs to what is read before the first segment.
    if let Some(range) =
        levels.clone().find_map(|file| file.indexRange.as_deref()).and_then(byte_range)
    {
        exact.insert(base.url().as_str(), Some(range), Place::of(rendition, Kind::Init));
    }
}

fn initialization(
    exact: &mut Places,
    init: &Initialization,
    rendition: &Arc<Rendition>,
    base: &Base,
) {
    let mut url = String::new();
    if base.resolve(init.sourceURL.as_deref().unwrap_or_default(), &mut url) {
        let range = init.range.as_deref().and_then(byte_range);
        exact.insert(&url, range, Place::of(rendition, Kind::Init));
    }
}

/// `FIRST-LAST`, as in `@mediaRange`.
fn byte_range(text: &str) -> Option<Range> {
    let (first, last) = text.trim().split_once('-')?;
    let last = if last.is_empty() { u64::MAX } else { last.parse::<u64>().ok()?.saturating_add(1) };
    Some(first.parse().ok()?..last)
}
