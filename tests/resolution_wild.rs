//! Classification of requests where origins, caches and players deviate from the examples.

#![allow(clippy::unwrap_used, reason = "a test whose fixture cannot be read has failed")]

use std::time::Duration;
use url::Url;
use vsps::{
    media::{Head, Kind, Ladder, ManifestFormat, MediaType, Protocol},
    units::MediaTime,
};

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn hls(ladder: &mut Ladder, at: &str, body: &str) {
    ladder.learn(&url(at), ManifestFormat::Hls, body.as_bytes()).unwrap();
}

fn mpd(ladder: &mut Ladder, at: &str, attributes: &str, inner: &str) {
    let body = format!("<MPD {attributes}>{inner}</MPD>");
    ladder.learn(&url(at), ManifestFormat::Mpd, body.as_bytes()).unwrap();
}

/// Index, sequence number and media time in seconds.
fn place(ladder: &Ladder, at: &str) -> (Option<u64>, Option<u64>, Option<f64>) {
    let found = ladder.resolve(at, None);
    (found.index, found.number, found.time.map(MediaTime::as_secs_f64))
}

/// One version of a live playlist: four segments of two seconds from `first`.
fn window(first: u64) -> String {
    let mut text = format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:{first}\n");
    for number in first..first + 4 {
        text += &format!("#EXTINF:2,\n{number}.ts?t={first}\n");
    }
    text
}

/// Edges of a cache have different ages: a playlist may go back by a version, with new tokens, and the count
/// stays.
#[test]
fn a_playlist_that_goes_back_counts_on() {
    let mut ladder = Ladder::default();
    for first in [100, 101, 103, 102, 101, 104, 103, 105] {
        hls(&mut ladder, "https://o/l.m3u8", &window(first));
        for number in first..first + 4 {
            let expected = (Some(number - 99), Some(number), Some((number - 100) as f64 * 2.0));
            let asked = format!("https://o/{number}.ts?t={first}");
            assert_eq!(place(&ladder, &asked), expected, "{asked}");
            assert_eq!(place(&ladder, &format!("https://o/{number}.ts?t=other")), expected);
        }
    }
}

/// A gap is also a segment: those after it keep their positions.
#[test]
fn gaps_are_counted() {
    let mut ladder = Ladder::default();
    let list = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n1.ts\n#EXT-X-GAP\n#EXTINF:4,\n2.ts\n#EXTINF:4,\n3.ts\n";
    hls(&mut ladder, "https://o/l.m3u8", list);
    assert_eq!(place(&ladder, "https://o/2.ts"), (Some(2), Some(1), Some(4.0)));
    assert_eq!(place(&ladder, "https://o/3.ts"), (Some(3), Some(2), Some(8.0)));
}

/// Variables from a multivariant playlist, and from the query of the media playlist's own URL.
#[test]
fn variables_from_elsewhere() {
    let mut ladder = Ladder::default();
    let main = "#EXTM3U\n#EXT-X-DEFINE:NAME=\"host\",VALUE=\"cdn\"\n#EXT-X-DEFINE:NAME=\"root\",VALUE=\"/r\"\n\
        #EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.4d401f\"\nhttps://{$host}/lo.m3u8?token=a%2Fb\n";
    hls(&mut ladder, "https://o/main.m3u8", main);
    assert_eq!(ladder.resolve("https://cdn/lo.m3u8?token=a%2Fb", None).rung, Some(1));
    let list = "#EXTM3U\n#EXT-X-DEFINE:IMPORT=\"host\"\n#EXT-X-DEFINE:IMPORT=\"root\"\n#EXT-X-DEFINE:QUERYPARAM=\"token\"\n\
        #EXT-X-TARGETDURATION:4\n#EXTINF:4,\nhttps://{$host}/1.ts\n#EXTINF:4,\n{$root}/2.ts\n#EXTINF:4,\n{$token}/3.ts\n";
    hls(&mut ladder, "https://cdn/lo.m3u8?token=a%2Fb", list);
    assert_eq!(place(&ladder, "https://cdn/1.ts").0, Some(1));
    assert_eq!(place(&ladder, "https://cdn/r/2.ts").0, Some(2));
    assert_eq!(place(&ladder, "https://cdn/a/b/3.ts").0, Some(3));
}

/// Trick play, hints of maps, and the prefetch of community low latency.
#[test]
fn what_else_playlists_name() {
    let mut ladder = Ladder::default();
    let main = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=2,CODECS=\"avc1.4d401f\"\nv.m3u8\n\
        #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"i.m3u8\"\n";
    hls(&mut ladder, "https://o/main.m3u8", main);
    let frames = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-I-FRAMES-ONLY\n#EXTINF:4,\n#EXT-X-BYTERANGE:100@500\nall.ts\n\
        #EXTINF:4,\n#EXT-X-BYTERANGE:100@900\nall.ts\n#EXT-X-ENDLIST\n";
    hls(&mut ladder, "https://o/i.m3u8", frames);
    let found = ladder.resolve("https://o/all.ts", Some(900));
    assert_eq!((found.kind, found.media, found.index), (Kind::Image, MediaType::Video, Some(2)));
    let live = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:2,\n7.mp4\n\
        #EXT-X-PREFETCH:8.mp4\n#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"next.mp4\"\n";
    hls(&mut ladder, "https://o/v.m3u8", live);
    let found = ladder.resolve("https://o/8.mp4", None);
    assert_eq!((found.kind, found.rung), (Kind::Segment, Some(1)));
    assert_eq!(ladder.resolve("https://o/next.mp4", None).kind, Kind::Init);
}

/// Variants on two hosts are the rungs of one ladder.
#[test]
fn redundant_variants_are_one_rung() {
    let mut ladder = Ladder::default();
    let main = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9,CODECS=\"avc1.4d401f\"\nhttps://a/hi.m3u8\n\
        #EXT-X-STREAM-INF:BANDWIDTH=9,CODECS=\"avc1.4d401f\"\nhttps://b/hi.m3u8\n\
        #EXT-X-STREAM-INF:BANDWIDTH=2,CODECS=\"avc1.4d401f\"\nhttps://a/lo.m3u8\n";
    hls(&mut ladder, "https://o/main.m3u8", main);
    let rung = |at: &str| ladder.resolve(at, None).rung;
    assert_eq!(rung("https://a/lo.m3u8"), Some(1));
    assert_eq!((rung("https://a/hi.m3u8"), rung("https://b/hi.m3u8")), (Some(2), Some(2)));
}

const LIVE: &str = "<Period id=\"1\" start=\"PT0S\"><AdaptationSet mimeType=\"video/mp4\">\
    <SegmentTemplate timescale=\"10\" media=\"$RepresentationID$/$$t-$Time%08d$.m4s?e=9&amp;s=a%2Bb\">\
    <SegmentTimeline><S t=\"1000\" d=\"20\" r=\"3\"/></SegmentTimeline></SegmentTemplate>\
    <Representation id=\"v/1\" bandwidth=\"9\"/></AdaptationSet></Period>";

/// Widths, a literal `$`, ids that are folders, and queries that are part of the template or of the day.
#[test]
fn templates_as_they_are_found() {
    let mut ladder = Ladder::default();
    mpd(&mut ladder, "https://o/m.mpd?session=7", "type=\"dynamic\"", LIVE);
    let expected = (Some(2), Some(2), Some(102.0));
    for query in ["?e=9&s=a%2Bb", "?e=9&s=a%2Bb&CMCD=bl%3D1000", "?e=10&s=other", ""] {
        let asked = format!("https://o/v/1/$t-00001020.m4s{query}");
        assert_eq!(place(&ladder, &asked), expected, "{asked}");
    }
}

/// An MPD and its segments behind redirects to another host and another name.
#[test]
fn redirects_of_an_mpd_and_of_its_segments() {
    let mut ladder = Ladder::default();
    ladder.redirected(&url("https://o/m.mpd?s=7"), &url("https://edge/77/live.mpd"));
    mpd(&mut ladder, "https://edge/77/live.mpd", "type=\"dynamic\"", LIVE);
    let there = "https://edge/77/v/1/$t-00001060.m4s";
    assert_eq!(place(&ladder, there).0, Some(4));
    ladder.redirected(&url(there), &url("https://far/blob?id=9"));
    let found = ladder.resolve("https://far/blob?id=9", None);
    assert_eq!((found.protocol, found.kind, found.index), (Protocol::Dash, Kind::Segment, Some(4)));
}

/// Root-relative templates are at the host of the BaseURL above them, and alternatives at each host.
#[test]
fn roots_of_several_bases() {
    let mut ladder = Ladder::default();
    let inner = "<BaseURL serviceLocation=\"a\">https://a/x/</BaseURL><BaseURL serviceLocation=\"b\">https://b/y/</BaseURL>\
        <Period><AdaptationSet mimeType=\"video/mp4\"><SegmentTemplate media=\"/r/$Number$.m4s\" duration=\"2\"/>\
        <Representation id=\"v\" bandwidth=\"9\"/></AdaptationSet></Period>";
    mpd(
        &mut ladder,
        "https://o/m.mpd",
        "type=\"static\" mediaPresentationDuration=\"PT8S\"",
        inner,
    );
    for at in ["https://a/r/3.m4s", "https://b/r/3.m4s"] {
        assert_eq!(place(&ladder, at), (Some(3), Some(3), Some(4.0)), "{at}");
    }
    assert_eq!(ladder.resolve("https://o/r/3.m4s", None).rendition, None);
}

/// A clock without a host is requested at the first BaseURL's host, or at the MPD's.
#[test]
fn clocks_below_another_hosts_base() {
    let mut ladder = Ladder::default();
    let inner = "<BaseURL>https://a/x/</BaseURL>\
        <UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-iso:2014\" value=\"/tick?7\"/><Period/>";
    mpd(&mut ladder, "https://o/m.mpd", "type=\"dynamic\"", inner);
    for at in ["https://a/tick?7", "https://o/tick?7"] {
        assert_eq!(ladder.resolve(at, None).kind, Kind::Clock, "{at}");
    }
    assert_ne!(ladder.resolve("https://b/tick?7", None).kind, Kind::Clock);
}

/// Fragments of a stream whose URL has a query, under that query, another, and none.
#[test]
fn smooth_fragments_with_a_query() {
    let mut ladder = Ladder::default();
    let client = "<SmoothStreamingMedia><StreamIndex Type=\"video\" Url=\"https://o/v.ism/QualityLevels({Bitrate})/Fragments(video={start_time})?t=a%2Fb\">\
        <QualityLevel Bitrate=\"900\"/><c t=\"0\" d=\"20000000\" r=\"3\"/></StreamIndex></SmoothStreamingMedia>";
    ladder
        .learn(&url("https://o/v.ism/Manifest"), ManifestFormat::Smooth, client.as_bytes())
        .unwrap();
    for query in ["?t=a%2Fb", "?t=a%2Fb&CMCD=bl%3D1", "?t=c", ""] {
        let asked = format!("https://o/v.ism/QualityLevels(900)/Fragments(video=20000000){query}");
        assert_eq!(place(&ladder, &asked), (Some(2), Some(1), Some(2.0)), "{asked}");
    }
}

/// The last entry of a timeline extends to the end of its period.
#[test]
fn a_timeline_without_an_end() {
    let mut ladder = Ladder::default();
    let inner = "<Period duration=\"PT10S\"><AdaptationSet mimeType=\"video/mp4\"><SegmentTemplate media=\"$Time$.m4s\">\
        <SegmentTimeline><S t=\"0\" d=\"3\"/><S d=\"2\" r=\"-1\"/></SegmentTimeline></SegmentTemplate>\
        <Representation id=\"v\" bandwidth=\"9\"/></AdaptationSet></Period>";
    mpd(&mut ladder, "https://o/m.mpd", "type=\"static\"", inner);
    assert_eq!(place(&ladder, "https://o/5.m4s"), (Some(3), Some(3), Some(5.0)));
    assert_eq!(place(&ladder, "https://o/9.m4s").0, Some(5), "the last one");
    assert_eq!(place(&ladder, "https://o/11.m4s").0, None, "past the end");
}

/// An unreadable part of an MPD does not affect the rest.
#[test]
fn an_mpd_with_little_in_it() {
    let mut ladder = Ladder::default();
    let inner = "<BaseURL/><Period><AdaptationSet/><AdaptationSet><SegmentTemplate timescale=\"1\"/><Representation/>\
        <Representation id=\"b\" bandwidth=\"9\" mimeType=\"audio/mp4\"><BaseURL>a.mp4</BaseURL><SegmentBase/></Representation>\
        </AdaptationSet></Period>";
    mpd(&mut ladder, "https://o/m.mpd", "", inner);
    let found = ladder.resolve("https://o/a.mp4", Some(0));
    assert_eq!((found.protocol, found.rendition.as_deref()), (Protocol::Dash, Some("b")));
}

/// An element of WebM.
fn element(id: &[u8], data: &[u8]) -> Vec<u8> {
    [id, &(data.len() as u64 | 1 << 56).to_be_bytes(), data].concat()
}

/// The index of a WebM file: clusters at 300 and 500 bytes of its segment, at 0 and 4,000 ticks.
fn cues() -> Vec<u8> {
    let point = |time: u16, at: u16| {
        let place = element(&[0xb7], &element(&[0xf1], &at.to_be_bytes()));
        element(&[0xbb], &[element(&[0xb3], &time.to_be_bytes()), place].concat())
    };
    element(&[0x1c, 0x53, 0xbb, 0x6b], &[point(0, 300), point(4000, 500)].concat())
}

/// Everything before the index: the segment's data begin at byte 31, and last for 6,000 ticks of so many
/// nanoseconds; of a millisecond, if it does not say.
fn webm(tick: Option<u32>) -> Vec<u8> {
    let scale = tick.map(|tick| element(&[0x2a, 0xd7, 0xb1], &tick.to_be_bytes()));
    let length = element(&[0x44, 0x89], &6000_f32.to_be_bytes());
    let info = [scale.unwrap_or_default(), length].concat();
    let header = element(&[0x1a, 0x45, 0xdf, 0xa3], &element(&[0x42, 0x82], b"webm"));
    [header, vec![0x18, 0x53, 0x80, 0x67, 0xff], element(&[0x15, 0x49, 0xa9, 0x66], &info)].concat()
}

/// A response of `body`, from byte `first` of a file of 1,000 bytes, passes.
fn pass(ladder: &mut Ladder, at: &str, first: u64, body: &[u8]) {
    let head = Head { content_type: Some("video/webm"), first, size: Some(1000) };
    let resource = ladder.resolve(at, Some(first));
    let mut probe = ladder.probe(&resource, at, head).unwrap();
    probe.feed(body);
    ladder.observe(probe);
}

/// WebM of DASH, header and index by ranges of their own; and a file played by itself, from its beginning.
#[test]
fn webm_by_its_cues() {
    let inner = "<Period><AdaptationSet mimeType=\"video/webm\"><Representation id=\"v\" bandwidth=\"9\">\
        <BaseURL>v.webm</BaseURL><SegmentBase indexRange=\"200-299\"><Initialization range=\"0-199\"/></SegmentBase>\
        </Representation></AdaptationSet></Period>";
    let attributes = "type=\"static\" mediaPresentationDuration=\"PT6S\"";
    let file = [webm(None), cues()].concat();
    for (at, played) in [("https://o/v.webm", true), ("https://o/alone.webm", false)] {
        let mut ladder = Ladder::default();
        mpd(&mut ladder, "https://o/m.mpd", attributes, inner);
        if played {
            pass(&mut ladder, at, 0, &webm(None));
            pass(&mut ladder, at, 200, &cues());
        } else {
            pass(&mut ladder, at, 0, &file);
        }
        let found = |first| {
            let found = ladder.resolve(at, Some(first));
            (found.index, found.time.map(|time| time.since_zero().as_secs()), found.duration)
        };
        assert_eq!(found(31 + 300), (Some(1), Some(0), Some(Duration::from_secs(4))), "{at}");
        assert_eq!(found(31 + 550), (Some(2), Some(4), Some(Duration::from_secs(2))), "{at}");
    }
}

/// Ticks need not go into a second, nor be shorter than one.
#[test]
fn webm_of_any_tick() {
    for (tick, start, length) in
        [(700_000_000, 2800, 1400), (2_000_000_000, 8000, 4000), (3_000, 0, 0), (1, 0, 0)]
    {
        let mut ladder = Ladder::default();
        pass(&mut ladder, "https://o/v.webm", 0, &[webm(Some(tick)), cues()].concat());
        let found = ladder.resolve("https://o/v.webm", Some(31 + 500));
        let start_read = found.time.map(MediaTime::since_zero);
        let told = [start_read, found.duration].map(|time| time.as_ref().map(Duration::as_secs));
        assert_eq!(told, [Some(start), Some(length)], "{tick} ns");
        let exact = Duration::from_nanos(4000 * u64::from(tick));
        let off = start_read.unwrap_or_default().abs_diff(exact);
        assert!(off < Duration::from_micros(1), "{tick} ns: off by {off:?}");
    }
}
