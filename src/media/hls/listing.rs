//! Playlists as lists of tracks and segments.

use super::super::{
    Kind, ManifestError, MediaType, Protocol, Rendition,
    base::Base,
    dash::{date, instant},
    listed_segment::{ListedSegment, Location},
    listing::{ListedTrack, Listing, SegmentList, TrackSource},
};
use super::{
    define::Variables,
    line::{self, Line, attribute, lines},
    multivariant::{self, is_multivariant},
    parts,
    playlist::{Listed, Playlist, Segment},
    read::read,
};
use crate::units::UnixTime;
use std::sync::Arc;

/// The tracks of a multivariant playlist, or the one track of a media playlist.
pub(in crate::media) fn list(base: &Base, body: &[u8]) -> Result<Listing, ManifestError> {
    let text = line::playlist(body)?;
    let variables = Variables::read(&text, base.url(), &Variables::default());
    let tracks = if is_multivariant(&text) {
        let mut entries = multivariant::read(&text, &variables)?.entries;
        entries.sort_by_key(|entry| entry.rank);
        let track = |entry: multivariant::Entry| {
            let mut url = String::new();
            let resolved = base.resolve(&entry.uri, &mut url);
            resolved.then_some(ListedTrack {
                rendition: entry.rendition,
                source: TrackSource::Playlist(url),
            })
        };
        entries.into_iter().filter_map(track).collect()
    } else {
        let rendition = Rendition::new(Protocol::Hls, MediaType::Muxed);
        let source = TrackSource::Segments(segments(base, &text, &variables)?);
        vec![ListedTrack { rendition, source }]
    };
    Ok(Listing { tracks, update: None })
}

/// The segments of a media playlist.
fn segments(base: &Base, text: &str, variables: &Variables) -> Result<SegmentList, ManifestError> {
    let playlist = read(text, variables, None)?;
    let mut dates = dates(text).into_iter().peekable();
    let mut inits = inits(base, &playlist).into_iter().peekable();
    let (mut init, mut date) = (None, None);
    let mut segments = Vec::with_capacity(playlist.count);
    let mut position = playlist.first() as f64;
    for (at, listed) in playlist.listed.iter().enumerate() {
        let Listed::Segment(segment) = listed else { continue };
        while let Some((_, next)) = inits.next_if(|(after, _)| *after <= at as u64) {
            init = Some(next);
        }
        while let Some((_, next)) = dates.next_if(|(before, _)| *before <= at) {
            date = Some(next);
        }
        if let Some(location) = location(base, segment) {
            let (init, duration) = (init.clone(), segment.duration.as_secs_f64());
            segments.push(ListedSegment { location, init, position, step: 1.0, duration, date });
        }
        date = date.map(|date: UnixTime| date + segment.duration);
        position += 1.0;
    }
    let mut list = SegmentList {
        segments,
        ended: playlist.ended,
        target: playlist.target.as_secs_f64(),
        hold_back: hold_back(text),
        ..SegmentList::default()
    };
    parts::divide(base, text, &playlist, &mut list);
    Ok(list)
}

fn location(base: &Base, segment: &Segment<'_>) -> Option<Location> {
    let mut url = String::new();
    base.resolve(&segment.uri, &mut url).then(|| Location { url, range: segment.range.clone() })
}

/// The maps, each with the number of segments before it.
fn inits(base: &Base, playlist: &Playlist<'_>) -> Vec<(u64, Arc<Location>)> {
    let maps = playlist.extras.iter().filter(|extra| extra.kind == Kind::Init);
    let found = maps.filter_map(|extra| {
        let mut url = String::new();
        let resolved = base.resolve(&extra.uri, &mut url);
        resolved.then(|| (extra.after, Arc::new(Location { url, range: extra.range.clone() })))
    });
    found.collect()
}

/// The wall-clock times, each with the number of segments before it.
fn dates(text: &str) -> Vec<(usize, UnixTime)> {
    let (mut before, mut found) = (0, Vec::new());
    for (_, line) in lines(text) {
        match line {
            Line::Uri(_) => before += 1,
            Line::Tag("#EXT-X-PROGRAM-DATE-TIME", value) => {
                found.extend(date(value).and_then(instant).map(|date| (before, date)));
            }
            Line::Tag(..) => {}
        }
    }
    found
}

/// HOLD-BACK of EXT-X-SERVER-CONTROL.
fn hold_back(text: &str) -> Option<f64> {
    lines(text).find_map(|(_, line)| match line {
        Line::Tag("#EXT-X-SERVER-CONTROL", list) => attribute(list, "HOLD-BACK")?.parse().ok(),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use url::Url;

    fn read_it(text: &str) -> Listing {
        let base = Base::new(&Url::parse("http://a.example/x/m.m3u8?t=1").unwrap());
        list(&base, text.as_bytes()).unwrap()
    }

    fn segments_of(listing: Listing) -> SegmentList {
        match listing.tracks.into_iter().next().unwrap().source {
            TrackSource::Segments(list) => list,
            TrackSource::Playlist(url) => panic!("a playlist at {url}"),
        }
    }

    #[test]
    fn a_multivariant_playlist_lists_playlists() {
        let listing = read_it(
            "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=900000\nhi/p.m3u8\n\
             #EXT-X-STREAM-INF:BANDWIDTH=300000\n/lo.m3u8\n",
        );
        let urls: Vec<_> = listing.tracks.iter().map(|track| track.source.clone()).collect();
        let playlist = |url: &str| TrackSource::Playlist(url.to_owned());
        assert_eq!(
            urls,
            [playlist("http://a.example/x/hi/p.m3u8"), playlist("http://a.example/lo.m3u8")]
        );
    }

    /// Of the audio group of the first variant, the member that is played by default comes first.
    #[test]
    fn the_default_audio_comes_first() {
        let audio = |group: &str, name: &str, default: &str| {
            format!(
                "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"{group}\",NAME=\"{name}\",DEFAULT={default},\
                 AUTOSELECT=YES,URI=\"{group}-{name}.m3u8\"\n"
            )
        };
        let text = format!(
            "#EXTM3U\n{}{}{}{}#EXT-X-STREAM-INF:BANDWIDTH=900000,CODECS=\"avc1.640015,mp4a.40.2\",\
             AUDIO=\"low\"\nv.m3u8\n",
            audio("high", "de", "NO"),
            audio("high", "en", "YES"),
            audio("low", "de", "NO"),
            audio("low", "en", "YES"),
        );
        let listing = read_it(&text);
        let names: Vec<_> =
            listing.tracks.iter().map(|track| track.rendition.name.as_deref().unwrap()).collect();
        assert_eq!(names, ["v.m3u8", "low/en", "low/de", "high/en", "high/de"]);
    }

    #[test]
    fn maps_ranges_and_dates_belong_to_the_segments_that_follow() {
        let list = segments_of(read_it(
            "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:7\n\
             #EXT-X-SERVER-CONTROL:HOLD-BACK=9.5\n\
             #EXTINF:4,\na.ts\n#EXT-X-MAP:URI=\"i.mp4\",BYTERANGE=\"10@0\"\n\
             #EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:01:00Z\n\
             #EXTINF:2.5,\n#EXT-X-BYTERANGE:100@10\nf.mp4\n#EXTINF:1,\nb.ts\n#EXT-X-ENDLIST\n",
        ));
        assert!(list.ended);
        assert_eq!((list.target, list.hold_back), (4.0, Some(9.5)));
        let positions: Vec<_> = list.segments.iter().map(|segment| segment.position).collect();
        assert_eq!(positions, [7.0, 8.0, 9.0]);
        let dates: Vec<_> = list.segments.iter().map(|segment| segment.date).collect();
        assert_eq!(
            dates,
            [None, Some(UnixTime::from_secs(60)), Some(UnixTime::from_millis(62_500))]
        );
        assert_eq!(list.segments[0].init, None);
        let second = &list.segments[1];
        assert_eq!(second.location.range, Some(10..110));
        assert_eq!(second.init.as_ref().unwrap().range, Some(0..10));
    }
}
