//! An MPD as a list of tracks and segments. Periods are joined: a Representation of a later period goes
//! on with the track of its media type and rank.

use super::super::{
    Kind, ManifestError, ManifestFormat, MediaType, Rendition,
    base::Base,
    budget::Budget,
    charset,
    listed_segment::{ListedSegment, Location},
    listing::{ListedTrack, Listing, SegmentList, TrackSource},
    rendition::number_rungs,
    segment_index::SegmentIndex,
    segments::Addressing,
};
use super::{
    describe::{describe, shape},
    levels::{Levels, bases},
    member::Member,
    model::{Form, Mpd, Part, Period},
    read::read,
    span::{Span, spans},
    value::instant,
};
use std::sync::Arc;

/// The most segments listed of one Representation.
const SEGMENTS: u64 = 1 << 15;
/// How many segments before the live edge are listed where only the clock says which there are.
const WINDOW: i128 = 64;
/// The most entries of timelines that are read.
const ENTRIES: usize = 1 << 18;

/// The tracks of an MPD.
pub(in crate::media) fn list(base: &Base, body: &[u8], now: f64) -> Result<Listing, ManifestError> {
    let (text, _) = charset::decode(ManifestFormat::Mpd, body)?;
    let mpd = read(ManifestFormat::Mpd, &text, None)?;
    let mut lister = Lister {
        mpd: &mpd,
        now,
        budget: Budget::of(mpd.len),
        entries_left: ENTRIES,
        tracks: Vec::new(),
    };
    let above = bases(&[Arc::new(Base::new(base.url()))], &mpd.bases, &lister.budget);
    for (span, period) in spans(&mpd).iter().zip(&mpd.periods) {
        let above = bases(&above, &period.bases, &lister.budget);
        lister.period(span, period, &above);
    }
    Ok(Listing { tracks: lister.tracks, update: mpd.update })
}

struct Lister<'a> {
    mpd: &'a Mpd<'a>,
    now: f64,
    budget: Budget,
    entries_left: usize,
    tracks: Vec<ListedTrack>,
}

/// One Representation of one period.
struct One<'a> {
    span: &'a Span,
    levels: Levels<'a>,
    addressing: Addressing,
    base: Arc<Base>,
    id: Arc<str>,
    bandwidth: u64,
    init: Option<Arc<Location>>,
}

impl Lister<'_> {
    fn period(&mut self, span: &Span, period: &Period<'_>, above: &[Arc<Base>]) {
        let mut members = Vec::new();
        for (at, set) in period.sets.iter().enumerate() {
            let bases: Arc<[_]> = bases(above, &set.bases, &self.budget).into();
            for (nth, representation) in set.representations.iter().enumerate() {
                let id = representation.id.clone();
                let id = id.unwrap_or_else(|| format!("{at}.{nth}").into());
                let bases = Arc::clone(&bases);
                members.push(Member { period, set, representation, id, bases });
            }
        }
        let mut renditions: Vec<Rendition> = members.iter().map(describe).collect();
        number_rungs(&mut renditions);
        let joins = !self.tracks.is_empty();
        for (member, rendition) in members.iter().zip(renditions) {
            if rendition.kind != Kind::Segment || rendition.media == MediaType::Text {
                continue;
            }
            let list = self.member(span, member);
            match self.joined(&rendition).filter(|_| joins) {
                Some(held) => {
                    held.segments.extend(list.segments);
                    held.indexes.extend(list.indexes);
                }
                None if joins => {}
                None => {
                    let source = TrackSource::Segments(list);
                    self.tracks.push(ListedTrack { rendition, source });
                }
            }
        }
    }

    /// The list that a rendition of a later period goes on with.
    fn joined(&mut self, rendition: &Rendition) -> Option<&mut SegmentList> {
        let track = self.tracks.iter_mut().find(|track| {
            let held = &track.rendition;
            (held.media, held.rung) == (rendition.media, rendition.rung)
        });
        match &mut track?.source {
            TrackSource::Segments(list) => Some(list),
            TrackSource::Playlist(_) => None,
        }
    }

    fn member(&mut self, span: &Span, member: &Member<'_>) -> SegmentList {
        let own = bases(&member.bases, &member.representation.bases, &self.budget);
        let Some(base) = own.into_iter().next() else { return SegmentList::default() };
        let levels = member.levels();
        let addressing = shape(span, levels, 0, &mut self.entries_left, &self.budget);
        let mut one = One {
            span,
            levels,
            addressing,
            base,
            id: Arc::clone(&member.id),
            bandwidth: member.representation.bandwidth.unwrap_or_default(),
            init: None,
        };
        one.init = one.initialization().map(Arc::new);
        let index = one.index();
        let segments = match levels.form() {
            Some(Form::Template) => self.templated(&one),
            Some(Form::List) => self.listed(&one),
            Some(Form::Base) | None if index.is_some() => Vec::new(),
            Some(Form::Base) | None => self.whole(&one),
        };
        let longest = segments.iter().fold(0.0, |most: f64, segment| most.max(segment.duration));
        let hold_back = self.mpd.delay.map(|delay| delay.as_secs_f64());
        SegmentList {
            segments,
            ended: !self.mpd.dynamic,
            target: longest,
            hold_back,
            indexes: index.into_iter().collect(),
            ..SegmentList::default()
        }
    }

    /// The segments that a template names.
    fn templated(&self, one: &One<'_>) -> Vec<ListedSegment> {
        let Some(template) = one.levels.media() else { return Vec::new() };
        let (first, end) = self.positions(one);
        let listed = (first..end).map_while(|position| {
            let number = one.addressing.slot(position).number;
            let tick = one.addressing.tick(position);
            let url = fill(template, &one.id, one.bandwidth, number, tick)?;
            self.segment(one, position, one.locate(&url, None)?)
        });
        listed.collect()
    }

    /// The positions that exist now.
    fn positions(&self, one: &One<'_>) -> (u64, u64) {
        let known = one.addressing.next_index().and_then(|next| u64::try_from(next).ok());
        let by_clock = self.newest(one).filter(|_| self.mpd.dynamic);
        match (known, by_clock) {
            (Some(end), None) => (0, end.min(SEGMENTS)),
            // What a timeline lists is there.
            (Some(end), Some(_)) if one.levels.timeline().is_some() => {
                (end.saturating_sub(SEGMENTS), end)
            }
            (known, Some(newest)) => {
                let end = u64::try_from(newest + 1).unwrap_or(0).min(known.unwrap_or(u64::MAX));
                (u64::try_from(newest - WINDOW).unwrap_or(0).min(end), end)
            }
            (None, None) => (0, 0),
        }
    }

    /// The position of the newest segment that is complete now (ISO/IEC 23009-1, 5.3.9.5.3).
    fn newest(&self, one: &One<'_>) -> Option<i128> {
        let found = one.addressing.slot(0);
        let begins = self.mpd.available_from? + found.time?.as_secs_f64();
        let early = one.levels.pick(|level| level.early).filter(|early| early.is_finite());
        let passed = self.now - begins + early.unwrap_or_default();
        let complete = (passed / found.duration?.as_secs_f64()).floor();
        Some(complete.clamp(-1.0, 1e15) as i128 - 1)
    }

    fn listed(&self, one: &One<'_>) -> Vec<ListedSegment> {
        let urls = one.levels.pick(|level| (!level.urls.is_empty()).then_some(&level.urls));
        let parts = urls.map(Vec::as_slice).unwrap_or_default().iter().zip(0..SEGMENTS);
        let segment = |(part, at): (&Part<'_>, u64)| {
            self.segment(one, at, one.locate(&part.url, part.range.clone())?)
        };
        parts.filter_map(segment).collect()
    }

    /// A file that is one segment, unless its own index divides it.
    fn whole(&self, one: &One<'_>) -> Vec<ListedSegment> {
        let position = one.span.start.as_secs_f64();
        let duration = one.span.duration.map(|duration| duration.as_secs_f64());
        let duration = duration.filter(|duration| *duration > 0.0);
        let located = one.locate("", None);
        let whole = duration.zip(located).map(|(duration, location)| ListedSegment {
            location,
            init: None,
            position,
            step: duration,
            duration,
            date: self.mpd.available_from.and_then(|from| instant(from + position)),
        });
        whole.into_iter().collect()
    }

    fn segment(&self, one: &One<'_>, at: u64, location: Location) -> Option<ListedSegment> {
        let slot = one.addressing.slot(at);
        let (time, duration) = (slot.time?.as_secs_f64(), slot.duration?.as_secs_f64());
        let live_from = self.mpd.available_from.filter(|_| self.mpd.dynamic);
        Some(ListedSegment {
            location,
            init: one.init.clone(),
            position: time,
            step: duration,
            duration,
            date: live_from.and_then(|from| instant(from + time)),
        })
    }
}

impl One<'_> {
    fn locate(&self, reference: &str, range: Option<std::ops::Range<u64>>) -> Option<Location> {
        let mut url = String::new();
        if reference.is_empty() {
            self.base.url().as_str().clone_into(&mut url);
            return Some(Location { url, range });
        }
        self.base.resolve(reference, &mut url).then_some(Location { url, range })
    }

    /// The index of a file that lists its segments itself.
    fn index(&self) -> Option<SegmentIndex> {
        if !matches!(self.levels.form(), Some(Form::Base) | None) {
            return None;
        }
        let range = self.levels.pick(|level| level.index_range.clone())?;
        let timescale = self.levels.pick(|level| level.timescale).unwrap_or(1).max(1);
        let offset = self.levels.pick(|level| level.offset).unwrap_or(0);
        let zero = self.span.start.as_secs_f64() - offset as f64 / timescale as f64;
        // Without an Initialization, all before the index is one.
        let start = range.start;
        let init = self.init.clone().or_else(|| self.locate("", Some(0..start)).map(Arc::new));
        Some(SegmentIndex { location: self.locate("", Some(range))?, init, zero })
    }

    fn initialization(&self) -> Option<Location> {
        if let Some(template) = self.levels.pick(|level| level.initialization.as_deref()) {
            return self.locate(&fill(template, &self.id, self.bandwidth, None, None)?, None);
        }
        let part = self.levels.pick(|level| level.init_part.as_ref())?;
        self.locate(&part.url, part.range.clone())
    }
}

/// Puts values in the place of a template's identifiers; `None` where one has no value.
fn fill(
    template: &str,
    id: &str,
    bandwidth: u64,
    number: Option<u64>,
    time: Option<u64>,
) -> Option<String> {
    let mut out = String::with_capacity(template.len() + id.len());
    for (at, text) in template.split('$').enumerate() {
        if at % 2 == 0 {
            out.push_str(text);
            continue;
        }
        let (name, format) = text.split_once('%').unwrap_or((text, "1d"));
        let width = format.strip_suffix('d')?.parse::<usize>().ok()?.min(32);
        let value = match name {
            "" => {
                out.push('$');
                continue;
            }
            "RepresentationID" => {
                out.push_str(id);
                continue;
            }
            "Bandwidth" => bandwidth,
            "Number" => number?,
            "Time" => time?,
            _ => return None,
        };
        out.push_str(&format!("{value:0width$}"));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use url::Url;

    fn read_it(text: &str, now: f64) -> Listing {
        let base = Base::new(&Url::parse("http://a.example/x/m.mpd").unwrap());
        list(&base, text.as_bytes(), now).unwrap()
    }

    fn segments(listing: &Listing, track: usize) -> &SegmentList {
        match &listing.tracks[track].source {
            TrackSource::Segments(list) => list,
            TrackSource::Playlist(url) => panic!("a playlist at {url}"),
        }
    }

    #[test]
    fn templates_are_filled_for_every_segment() {
        let listing = read_it(
            "<MPD type=\"static\" mediaPresentationDuration=\"PT9S\"><Period>\
             <AdaptationSet mimeType=\"video/mp4\"><SegmentTemplate timescale=\"1000\" duration=\"4000\" \
             startNumber=\"5\" initialization=\"$RepresentationID$/i.mp4\" media=\"$RepresentationID$/$Number%03d$.m4s\"/>\
             <Representation id=\"v1\" bandwidth=\"300000\"/><Representation id=\"v2\" bandwidth=\"900000\"/>\
             </AdaptationSet></Period></MPD>",
            0.0,
        );
        let list = segments(&listing, 1);
        let urls: Vec<_> = list.segments.iter().map(|found| found.location.url.as_str()).collect();
        assert_eq!(
            urls,
            [
                "http://a.example/x/v2/005.m4s",
                "http://a.example/x/v2/006.m4s",
                "http://a.example/x/v2/007.m4s"
            ]
        );
        let init = list.segments[0].init.as_ref().unwrap();
        assert_eq!(init.url, "http://a.example/x/v2/i.mp4");
        assert_eq!((list.segments[1].position, list.ended), (4.0, true));
    }

    #[test]
    fn times_name_segments_of_a_timeline_across_periods() {
        let period = |start, offset| {
            format!(
                "<Period start=\"PT{start}S\"><AdaptationSet mimeType=\"video/mp4\">\
                 <SegmentTemplate timescale=\"10\" presentationTimeOffset=\"{offset}\" media=\"$Time$.m4s\">\
                 <SegmentTimeline><S t=\"{offset}\" d=\"20\" r=\"1\"/></SegmentTimeline></SegmentTemplate>\
                 <Representation id=\"v\" bandwidth=\"1\"/></AdaptationSet></Period>"
            )
        };
        let text = format!("<MPD type=\"static\">{}{}</MPD>", period(0, 0), period(4, 700));
        let listing = read_it(&text, 0.0);
        assert_eq!(listing.tracks.len(), 1);
        let list = segments(&listing, 0);
        let found: Vec<_> = list
            .segments
            .iter()
            .map(|found| (found.location.url.rsplit('/').next().unwrap(), found.position))
            .collect();
        assert_eq!(found, [("0.m4s", 0.0), ("20.m4s", 2.0), ("700.m4s", 4.0), ("720.m4s", 6.0)]);
    }

    #[test]
    fn the_clock_says_which_segments_a_live_template_has() {
        let text = "<MPD type=\"dynamic\" availabilityStartTime=\"1970-01-01T00:00:00Z\" \
             minimumUpdatePeriod=\"PT4S\" suggestedPresentationDelay=\"PT6S\"><Period start=\"PT0S\">\
             <AdaptationSet mimeType=\"video/mp4\"><SegmentTemplate duration=\"2\" startNumber=\"0\" media=\"$Number$.m4s\"/>\
             <Representation id=\"v\" bandwidth=\"1\"/></AdaptationSet></Period></MPD>";
        let listing = read_it(text, 1009.0);
        let list = segments(&listing, 0);
        let last = list.segments.last().unwrap();
        // Segment 503 lasts from 1006 s to 1008 s; the next one is complete at 1010 s.
        assert_eq!(last.location.url, "http://a.example/x/503.m4s");
        assert_eq!(
            (last.date, list.hold_back, list.ended),
            (Some(crate::units::UnixTime::from_secs(1006)), Some(6.0), false)
        );
        assert_eq!(listing.update.unwrap().as_secs(), 4);
    }
}
