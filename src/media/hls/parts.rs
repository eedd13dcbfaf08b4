//! Low latency (RFC 8216bis): parts of the segments near the live edge, in the place of the segments, and
//! what the server holds until it exists.

use super::super::{
    Kind,
    base::Base,
    listed_segment::{ListedSegment, Location},
    listing::{NextReload, SegmentList},
};
use super::{
    line::{Line, attribute, lines},
    playlist::{Extra, Playlist},
};
use std::time::Duration;

/// The distance between the positions of two parts: more parts than a segment ever has.
const STEP: f64 = 1.0 / 4096.0;

/// What a playlist says of low latency.
#[derive(Debug, Default)]
struct Control {
    /// PART-TARGET.
    target: Option<f64>,
    /// PART-HOLD-BACK.
    hold_back: Option<f64>,
    /// CAN-BLOCK-RELOAD.
    blocks: bool,
}

impl Control {
    fn of(text: &str) -> Self {
        let mut control = Self::default();
        let number = |list, name| {
            let number: f64 = attribute(list, name)?.parse().ok()?;
            (number > 0.0 && number.is_finite()).then_some(number)
        };
        for (_, line) in lines(text) {
            match line {
                Line::Tag("#EXT-X-PART-INF", list) => control.target = number(list, "PART-TARGET"),
                Line::Tag("#EXT-X-SERVER-CONTROL", list) => {
                    control.hold_back = number(list, "PART-HOLD-BACK");
                    control.blocks = attribute(list, "CAN-BLOCK-RELOAD") == Some("YES");
                }
                Line::Tag("#EXTINF", _) => break,
                _ => {}
            }
        }
        control
    }
}

/// Puts parts in the place of segments of which all parts are listed, and after the last segment.
pub(super) fn divide(base: &Base, text: &str, playlist: &Playlist<'_>, list: &mut SegmentList) {
    if list.ended {
        return;
    }
    let control = Control::of(text);
    let parts = || playlist.extras.iter().filter(|extra| extra.kind == Kind::Part);
    let last = playlist.count as u64;
    let listed = parts().filter(|part| part.after == last && part.duration.is_some()).count();
    list.next = control.blocks.then(|| NextReload {
        sequence: playlist.first() + last,
        part: control.target.map(|_| listed),
    });
    let Some(target) = control.target else { return };
    list.hold_back = control.hold_back.or(list.hold_back);
    let first = parts().map(|part| part.after).min().unwrap_or(last);
    for after in first..=last {
        let of_segment: Vec<&Extra<'_>> = parts().filter(|part| part.after == after).collect();
        replace(base, playlist.first() + after, &of_segment, target, list);
    }
}

/// A duration of so many seconds.
fn seconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number).unwrap_or_default()
}

/// Puts the parts of segment `sequence` into the list.
fn replace(base: &Base, sequence: u64, parts: &[&Extra<'_>], target: f64, list: &mut SegmentList) {
    let position = sequence as f64;
    let at = list.segments.iter().position(|segment| segment.position >= position);
    let whole = at.and_then(|at| list.segments.get(at)).cloned();
    let before = list.segments.last();
    let neighbour = whole.as_ref().or(before);
    let init = neighbour.and_then(|segment| segment.init.clone());
    let date = match &whole {
        Some(whole) => whole.date,
        None => before.and_then(|before| Some(before.date? + seconds(before.duration))),
    };
    let (mut passed, mut found) = (0.0, Vec::new());
    for (number, part) in parts.iter().enumerate() {
        let mut url = String::new();
        if !base.resolve(&part.uri, &mut url) {
            continue;
        }
        let duration = part.duration.map(|duration| duration.as_secs_f64());
        let segment = ListedSegment {
            location: Location { url, range: part.range.clone() },
            init: init.clone(),
            position: position + number as f64 * STEP,
            step: STEP,
            duration: duration.unwrap_or(target),
            date: date.map(|date| date + seconds(passed)),
        };
        match duration {
            Some(duration) => {
                passed += duration;
                found.push(segment);
            }
            None => list.hint = Some(segment),
        }
    }
    match (at, whole) {
        // Parts of older segments are removed one by one.
        (Some(at), Some(whole)) if passed > whole.duration - target / 2.0 => {
            list.segments.splice(at..=at, found);
        }
        (None, _) => list.segments.extend(found),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{
        ManifestFormat,
        listing::{Listing, TrackSource},
    };
    use super::*;
    use crate::units::UnixTime;
    use url::Url;

    fn list(text: &str) -> SegmentList {
        let url = Url::parse("http://a.example/x/m.m3u8").unwrap();
        let listing =
            Listing::read(&url, ManifestFormat::Hls, text.as_bytes(), UnixTime::ZERO).unwrap();
        match listing.tracks.into_iter().next().unwrap().source {
            TrackSource::Segments(list) => list,
            TrackSource::Playlist(url) => panic!("a playlist at {url}"),
        }
    }

    const PLAYLIST: &str = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:7\n\
        #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=3,HOLD-BACK=12\n\
        #EXT-X-PART-INF:PART-TARGET=2\n#EXT-X-MAP:URI=\"i.mp4\"\n\
        #EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:01:00Z\n#EXTINF:4,\n7.mp4\n\
        #EXT-X-PART:DURATION=2,URI=\"8.0.mp4\"\n#EXT-X-PART:DURATION=2,URI=\"8.1.mp4\"\n\
        #EXTINF:4,\n8.mp4\n#EXT-X-PART:DURATION=2,URI=\"9.0.mp4\"\n\
        #EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"9.1.mp4\"\n";

    #[test]
    fn parts_take_the_place_of_their_segments() {
        let list = list(PLAYLIST);
        let at = |seconds| Some(UnixTime::from_secs(seconds));
        let found: Vec<_> = list
            .segments
            .iter()
            .map(|part| (part.location.url.rsplit('/').next().unwrap(), part.position, part.date))
            .collect();
        assert_eq!(
            found,
            [
                ("7.mp4", 7.0, at(60)),
                ("8.0.mp4", 8.0, at(64)),
                ("8.1.mp4", 8.0 + STEP, at(66)),
                ("9.0.mp4", 9.0, at(68)),
            ]
        );
        assert!(list.segments.iter().all(|part| part.init.is_some()));
        let hint = list.hint.unwrap();
        assert_eq!((hint.position, hint.duration, hint.date), (9.0 + STEP, 2.0, at(70)));
        assert_eq!(list.hold_back, Some(3.0));
        assert_eq!(list.next, Some(NextReload { sequence: 9, part: Some(1) }));
    }

    #[test]
    fn a_segment_with_some_parts_gone_stays_whole() {
        let list = list(&PLAYLIST.replace("#EXT-X-PART:DURATION=2,URI=\"8.0.mp4\"\n", ""));
        let positions: Vec<_> = list.segments.iter().map(|segment| segment.position).collect();
        assert_eq!(positions, [7.0, 8.0, 9.0]);
    }

    #[test]
    fn without_low_latency_only_the_reload_is_held() {
        let text = PLAYLIST.replace("#EXT-X-PART-INF:PART-TARGET=2\n", "");
        let list = list(&text);
        assert_eq!((list.segments.len(), list.hold_back), (2, Some(12.0)));
        assert_eq!(list.next, Some(NextReload { sequence: 9, part: None }));
    }
}
