//! Classification of requests of DASH, Smooth and progressive media, for each mode of addressing.

#![allow(clippy::unwrap_used, reason = "a test whose fixture cannot be read has failed")]

use std::{fmt::Write as _, time::Duration};
use url::Url;
use vsps::{
    media::{Head, Kind, Ladder, ManifestFormat, MediaType, Protocol, Resource},
    units::{MediaTime, SessionTime, UnixTime},
};

const MPD: &str = "https://o/m.mpd";

fn learn(ladder: &mut Ladder, format: ManifestFormat, url: &str, body: &str) {
    ladder.learn(&Url::parse(url).unwrap(), format, body.as_bytes()).unwrap();
}

fn learnt(mpd: &str) -> Ladder {
    let mut ladder = Ladder::default();
    learn(&mut ladder, ManifestFormat::Mpd, MPD, mpd);
    ladder
}

/// `kind rendition index number time duration behind`, with `-` for what is not known.
fn say(found: &Resource) -> String {
    fn or<T: ToString>(value: Option<T>) -> String {
        value.map_or_else(|| "-".to_owned(), |value| value.to_string())
    }
    let seconds = |span: Option<Duration>| or(span.map(|span| span.as_secs_f64()));
    format!(
        "{} {} {} {} {} {} {}",
        found.kind,
        or(found.rendition.as_deref()),
        or(found.index),
        or(found.number),
        seconds(found.time.map(MediaTime::since_zero)),
        seconds(found.duration),
        or(found.behind_live),
    )
}

fn asked(ladder: &Ladder, url: &str) -> String {
    say(&ladder.resolve(url, None))
}

fn ranged(ladder: &Ladder, url: &str, first: u64) -> String {
    say(&ladder.resolve(url, Some(first)))
}

fn mpd(attributes: &str, inner: &str) -> String {
    format!("<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" {attributes}>{inner}</MPD>")
}

/// One video set with one Representation `v`.
fn video(inner: &str) -> String {
    format!(
        "<AdaptationSet mimeType=\"video/mp4\" codecs=\"avc1.64001f\">{inner}\
         <Representation id=\"v\" bandwidth=\"1000\" width=\"640\" height=\"360\"/></AdaptationSet>"
    )
}

#[test]
fn roles_codecs_and_resolutions_are_told() {
    let text = mpd(
        "type=\"static\" mediaPresentationDuration=\"PT4S\"",
        "<Period><AdaptationSet mimeType=\"audio/mp4\" lang=\"de\" codecs=\"mp4a.40.2\">\
         <Accessibility schemeIdUri=\"x\" value=\"1\"/><Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"commentary\"/>\
         <SegmentTemplate media=\"$Number$\" duration=\"4\"/><Representation id=\"a\" bandwidth=\"9\"/></AdaptationSet></Period>",
    );
    let found = learnt(&text).resolve("https://o/1", None);
    assert_eq!(found.role.as_deref(), Some("commentary"));
    assert_eq!(found.codecs.as_deref(), Some("mp4a.40.2"));
    assert_eq!(found.language.as_deref(), Some("de"));
    assert_eq!(found.media, MediaType::Audio);
    assert_eq!(found.behind_live, None, "it is over");
}

#[test]
fn one_odd_attribute_spoils_nothing_else() {
    let text = mpd(
        "type=\"static\" mediaPresentationDuration=\"soon\" minBufferTime=\"PT\" foo='1'",
        &format!(
            "<Period start=\"\" duration=\"PT99999999999999H\">{}</Period>",
            video(
                "<SegmentTemplate media=\"$Number$.m4s\" duration=\"2\" startNumber=\"x\" timescale=\"0\"/>",
            )
        ),
    );
    assert_eq!(asked(&learnt(&text), "https://o/3.m4s"), "segment v 3 3 4 2 -");
}

#[test]
fn bases_of_four_levels() {
    let text = mpd(
        "type=\"static\" mediaPresentationDuration=\"PT8S\"",
        "<BaseURL serviceLocation=\"a\">https://a/x/</BaseURL><BaseURL serviceLocation=\"b\">https://b/</BaseURL>\
         <Period><BaseURL>p/</BaseURL><AdaptationSet mimeType=\"video/mp4\"><BaseURL>s/</BaseURL>\
         <SegmentTemplate media=\"$Number$\" duration=\"4\"/>\
         <Representation id=\"v\" bandwidth=\"1\"><BaseURL>r/?k=$1</BaseURL><BaseURL>https://c/</BaseURL></Representation></AdaptationSet></Period>",
    );
    let ladder = learnt(&text);
    for url in ["https://a/x/p/s/r/2", "https://b/p/s/r/2", "https://c/2", "https://c/2?token=x"] {
        assert_eq!(asked(&ladder, url), "segment v 2 2 4 4 -", "{url}");
    }
}

#[test]
fn by_number_at_a_live_edge_that_moves_by_the_clock() {
    let text = mpd(
        "type=\"dynamic\" availabilityStartTime=\"1970-01-01T00:16:40Z\"",
        &format!(
            "<Period start=\"PT0S\">{}</Period>",
            video(
                "<SegmentTemplate media=\"$Number$\" duration=\"2\" startNumber=\"0\" availabilityTimeOffset=\"1\"/>",
            )
        ),
    );
    let mut ladder = learnt(&text);
    let at = |ladder: &Ladder, session: u64| {
        say(&ladder.resolve_at("https://o/4", None, Some(SessionTime::from_secs(session))))
    };
    assert_eq!(at(&ladder, 5), "segment v 5 4 8 2 -", "nobody told the time");
    ladder.tell_time(SessionTime::from_secs(5), UnixTime::from_secs(1009));
    assert_eq!(
        at(&ladder, 5),
        "segment v 5 4 8 2 0",
        "its last second is not over, and may be asked for"
    );
    assert_eq!(at(&ladder, 11), "segment v 5 4 8 2 3");
}

/// A live version: ten segments of two seconds from number `first`, by `$Time$`.
fn window(first: u64, count: u64) -> String {
    mpd(
        "type=\"dynamic\"",
        &format!(
            "<Period id=\"p\" start=\"PT0S\">{}</Period>",
            video(&format!(
                "<SegmentTemplate timescale=\"10\" media=\"$Time$\"><SegmentTimeline>\
                 <S t=\"{}\" d=\"20\" r=\"{}\"/></SegmentTimeline></SegmentTemplate>",
                first * 20,
                count - 1,
            ))
        ),
    )
}

#[test]
fn by_time_while_the_window_slides() {
    let mut ladder = learnt(&window(50, 10));
    assert_eq!(asked(&ladder, "https://o/1180"), "segment v 10 10 118 2 0");
    for first in 51..60 {
        learn(&mut ladder, ManifestFormat::Mpd, MPD, &window(first, 10));
        // The same version again costs, and changes, nothing.
        learn(&mut ladder, ManifestFormat::Mpd, MPD, &window(first, 10));
    }
    assert_eq!(asked(&ladder, "https://o/1180"), "segment v 10 10 118 2 9");
    assert_eq!(asked(&ladder, "https://o/1000"), "segment v 1 1 100 2 18", "in flight since long");
    assert_eq!(asked(&ladder, "https://o/1360"), "segment v 19 19 136 2 0");
}

#[test]
fn a_period_that_went_is_still_known_for_a_while() {
    let period = |id: u64| {
        format!(
            "<Period id=\"{id}\" start=\"PT{}S\" duration=\"PT4S\">{}</Period>",
            id * 4,
            video(&format!(
                "<BaseURL>{id}/</BaseURL><SegmentTemplate media=\"$Number$\" duration=\"2\"/>"
            ))
        )
    };
    let version = |id: u64| mpd("type=\"dynamic\"", &(period(id) + period(id + 1).as_str()));
    let mut ladder = learnt(&version(0));
    for id in [0, 0, 1, 1, 1, 2] {
        learn(&mut ladder, ManifestFormat::Mpd, MPD, &(version(id) + "<!-- reloaded -->"));
    }
    assert_eq!(asked(&ladder, "https://o/0/2").split(' ').nth(2), Some("2"));
    assert_eq!(asked(&ladder, "https://o/3/1").split(' ').nth(4), Some("12"));
}

#[test]
fn patterns_parts_and_leaping_numbers() {
    let audio = "<AdaptationSet mimeType=\"audio/mp4\"><SegmentTemplate timescale=\"48000\" media=\"a$Time$\"><SegmentTimeline>\
        <Pattern id=\"1\"><P d=\"96256\" r=\"2\"/><P d=\"95232\"/></Pattern><S t=\"0\" d=\"384000\" r=\"1\" p=\"1\" pE=\"3\"/></SegmentTimeline>\
        </SegmentTemplate><Representation id=\"a\" bandwidth=\"1\"/></AdaptationSet>";
    let parts = video(
        "<SegmentTemplate timescale=\"1\" media=\"v$Number%03d$.$SubNumber$\"><SegmentTimeline>\
         <S t=\"100\" n=\"50\" d=\"8\" k=\"4\" r=\"1\"/><S n=\"60\" d=\"8\" k=\"4\"/></SegmentTimeline></SegmentTemplate>",
    );
    let ladder = learnt(&mpd(
        "type=\"dynamic\"",
        &format!("<Period start=\"PT0S\">{audio}{parts}</Period>"),
    ));
    assert_eq!(asked(&ladder, "https://o/a95232"), "segment a 2 2 1.984 2.005333333 6");
    assert_eq!(asked(&ladder, "https://o/a384000"), "segment a 5 5 8 1.984 3");
    assert_eq!(asked(&ladder, "https://o/v051.3"), "part v 2 51 112 2 1");
    assert_eq!(asked(&ladder, "https://o/v060.1"), "part v 3 60 116 2 0");
    assert_eq!(
        asked(&ladder, "https://o/v055.1"),
        "part v - 55 - - -",
        "a number that was leapt over"
    );
}

#[test]
fn lists_by_url_and_by_range_and_as_they_slide() {
    let list = |from: u64| {
        let mut urls = String::new();
        for n in from..from + 4 {
            let _ = write!(urls, "<SegmentURL media=\"{n}.m4s\" index=\"{n}.sidx\"/>");
        }
        mpd(
            "type=\"dynamic\"",
            &format!(
                "<Period start=\"PT0S\">{}</Period>",
                video(&format!(
                    "<SegmentList duration=\"4\"><Initialization sourceURL=\"i.mp4\"/>{urls}</SegmentList>"
                ))
            ),
        )
    };
    let mut ladder = learnt(&list(10));
    assert_eq!(asked(&ladder, "https://o/12.m4s"), "segment v 3 3 8 4 1");
    for from in [11, 12] {
        learn(&mut ladder, ManifestFormat::Mpd, MPD, &list(from));
    }
    assert_eq!(asked(&ladder, "https://o/12.m4s"), "segment v 3 3 8 4 3");
    assert_eq!(asked(&ladder, "https://o/15.m4s"), "segment v 6 6 20 4 0");
    assert_eq!(asked(&ladder, "https://o/10.m4s"), "segment v 1 1 0 4 5", "in flight");
    assert_eq!(asked(&ladder, "https://o/15.sidx"), "init v - - - - -");

    let text = mpd(
        "type=\"static\" mediaPresentationDuration=\"PT6S\"",
        &format!(
            "<Period>{}</Period>",
            video(
                "<BaseURL>all.mp4</BaseURL><SegmentList timescale=\"10\" startNumber=\"7\"><Initialization range=\"0-99\"/>\
         <SegmentTimeline><S t=\"0\" d=\"40\"/><S d=\"20\"/></SegmentTimeline>\
         <SegmentURL mediaRange=\"100-199\"/><SegmentURL mediaRange=\"200-\"/></SegmentList>",
            )
        ),
    );
    let ladder = learnt(&text);
    assert_eq!(ranged(&ladder, "https://o/all.mp4", 0), "init v - - - - -");
    assert_eq!(ranged(&ladder, "https://o/all.mp4", 100), "segment v 1 7 0 4 -");
    assert_eq!(ranged(&ladder, "https://o/all.mp4", 250), "segment v 2 8 4 2 -");
}

#[test]
fn patches_keep_the_ladder_up_to_date() {
    let first = window(50, 10)
        .replace("<MPD ", "<MPD publishTime=\"1\" ")
        .replace("<Period", "<PatchLocation>p.mpp?t=1</PatchLocation><Period");
    let mut ladder = learnt(&first);
    assert_eq!(ladder.resolve("https://o/p.mpp?t=1", None).kind, Kind::MpdPatch);
    let patch = "<Patch originalPublishTime=\"1\"><replace sel=\"/MPD/@publishTime\">2</replace>\
        <replace sel=\"/MPD/PatchLocation[1]\"><PatchLocation>p.mpp?t=2</PatchLocation></replace>\
        <remove sel=\"/MPD/Period[@id='p']/AdaptationSet/SegmentTemplate/SegmentTimeline/S[1]/@r\"/>\
        <add sel=\"/MPD/Period[@id='p']/AdaptationSet/SegmentTemplate/SegmentTimeline\"><S t=\"1020\" d=\"20\" r=\"9\"/></add></Patch>";
    for _ in 0..2 {
        // Once more from a cache: it was made for the version before, and changes nothing.
        learn(&mut ladder, ManifestFormat::MpdPatch, "https://o/p.mpp?t=1", patch);
        assert_eq!(asked(&ladder, "https://o/1200"), "segment v 11 11 120 2 0");
        assert_eq!(asked(&ladder, "https://o/1000"), "segment v 1 1 100 2 10");
    }
    assert_eq!(ladder.resolve("https://o/p.mpp?t=2", None).kind, Kind::MpdPatch);
    let next = "<Patch originalPublishTime=\"2\"><add sel=\"//nonsense\"/><remove sel=\"/MPD/Period[7]\"/></Patch>";
    learn(&mut ladder, ManifestFormat::MpdPatch, "https://o/p.mpp?t=2", next);
    assert_eq!(asked(&ladder, "https://o/1200"), "segment v 11 11 120 2 0");
}

/// Clocks over HTTP, not times in the MPD or NTP.
#[test]
fn clocks_are_known_by_the_mpd_that_names_them() {
    let ladder = learnt(&mpd(
        "type=\"dynamic\"",
        "<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-iso:2014\" value=\"../c?a=1&amp;b  https://t/x\"/>\
         <UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-head:2014\" value=\"/h\"></UTCTiming>\
         <UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:ntp:2014\" value=\"/n\"/><Period/>",
    ));
    for url in ["https://o/c?a=1&b", "https://t/x", "https://o/h"] {
        let found = ladder.resolve(url, None);
        assert_eq!((found.protocol, found.kind), (Protocol::Dash, Kind::Clock), "{url}");
    }
    assert_eq!(ladder.resolve("https://o/n", None).kind, Kind::Other);
}

/// The first segment of each period but the first, whatever names it.
#[test]
fn periods_are_discontinuities() {
    let numbered = |from| {
        let base = format!("<BaseURL>n{from}/</BaseURL>");
        base + &*video(&format!(
            "<SegmentTemplate media=\"$Number$\" duration=\"2\" startNumber=\"{from}\"/>"
        ))
    };
    let timeline = "<SegmentTemplate media=\"t$Time$\" presentationTimeOffset=\"99\"><SegmentTimeline>\
        <S t=\"99\" d=\"2\" r=\"1\"/></SegmentTimeline></SegmentTemplate>";
    let list = "<SegmentList duration=\"2\"><SegmentURL media=\"l1\"/><SegmentURL media=\"l2\"/></SegmentList>";
    let periods = [numbered(1), numbered(7), video(timeline), video(list)];
    let periods =
        periods.map(|inner| format!("<Period duration=\"PT4S\">{inner}</Period>")).concat();
    let ladder = learnt(&mpd("type=\"static\"", &periods));
    let names = ["n1/1", "n1/2", "n7/7", "n7/8", "t99", "t101", "l1", "l2"];
    let breaks = |name: &&str| {
        let found = ladder.resolve(&format!("https://o/{name}"), None);
        assert_eq!(found.protocol, Protocol::Dash, "{name}");
        found.discontinuity
    };
    assert_eq!(names.into_iter().filter(breaks).collect::<Vec<_>>(), ["n7/7", "t99", "l1"]);
}

#[test]
fn an_element_that_stands_elsewhere_belongs_to_its_mpd() {
    let linked = mpd(
        "xmlns:xlink=\"http://www.w3.org/1999/xlink\" type=\"static\"",
        &format!(
            "<Period duration=\"PT4S\">{}</Period><Period xlink:href=\"ad?x=1\"/><Period xlink:href=\"urn:mpeg:dash:resolve-to-zero:2013\"/>",
            video("<SegmentTemplate media=\"$Number$\" duration=\"2\"/>")
        ),
    );
    let mut ladder = learnt(&linked);
    assert_eq!(ladder.resolve("https://o/ad?x=1", None).kind, Kind::Mpd);
    let period = format!(
        "<Period duration=\"PT4S\">{}</Period>",
        video(
            "<BaseURL>ads/</BaseURL>\
        <SegmentTemplate media=\"$Number$\" duration=\"2\"/>"
        )
        .replace("\"v\"", "\"ad\"")
    );
    learn(&mut ladder, ManifestFormat::Mpd, "https://o/ad?x=1", &period);
    assert_eq!(asked(&ladder, "https://o/ads/2"), "segment ad 2 2 2 2 -");
    let names: Vec<_> = ladder.renditions().filter_map(|held| held.name.as_deref()).collect();
    assert_eq!(names, ["v"], "the presentation's ladder is its MPD's");
}

/// A remote element takes the place of its link: its references start where those of the MPD start,
/// wherever the element itself was fetched from.
#[test]
fn references_of_a_linked_period_start_from_its_mpd() {
    let linked = mpd(
        "xmlns:xlink=\"http://www.w3.org/1999/xlink\" type=\"static\"",
        "<BaseURL>one/</BaseURL><BaseURL>https://c/two/</BaseURL><Period xlink:href=\"https://ads/deep/ad?x=1\"/>",
    );
    let mut ladder = learnt(&linked);
    let period = format!(
        "<Period duration=\"PT4S\">{}</Period>",
        video("<SegmentTemplate media=\"$Number$.m4s\" duration=\"2\"/>")
    );
    learn(&mut ladder, ManifestFormat::Mpd, "https://ads/deep/ad?x=1", &period);
    for url in ["https://o/one/2.m4s", "https://c/two/2.m4s"] {
        assert_eq!(asked(&ladder, url), "segment v 2 2 2 2 -", "{url}");
    }
    assert_eq!(ladder.resolve("https://ads/deep/2.m4s", None).rendition, None);
    // After a redirect it has a URL that no MPD names; it still belongs to the newest one.
    let other = period.replace(".m4s", ".mp4");
    learn(&mut ladder, ManifestFormat::Mpd, "https://elsewhere/ad", &other);
    assert_eq!(asked(&ladder, "https://o/one/1.mp4"), "segment v 1 1 0 2 -");
}

/// However often it is fetched, it only takes the place of its link, below the current BaseURLs of its MPD.
#[test]
fn a_linked_period_fetched_again_still_belongs_to_its_mpd() {
    let linked = |host: &str| {
        mpd(
            "xmlns:xlink=\"http://www.w3.org/1999/xlink\" type=\"static\"",
            &format!(
                "<BaseURL>https://{host}/</BaseURL><Period duration=\"PT4S\">{}</Period><Period xlink:href=\"https://o/p.xml\"/>",
                video("<SegmentTemplate media=\"$Number$\" duration=\"2\"/>")
            ),
        )
    };
    let inner = video("<SegmentTemplate media=\"ad/$Number$\" duration=\"2\"/>");
    let period = format!("<Period duration=\"PT4S\">{}</Period>", inner.replace("\"v\"", "\"ad\""));
    let mut ladder = Ladder::default();
    for host in ["a", "b"] {
        learn(&mut ladder, ManifestFormat::Mpd, MPD, &linked(host));
        for time in 1..3 {
            learn(&mut ladder, ManifestFormat::Mpd, "https://o/p.xml", &period);
            let names: Vec<_> =
                ladder.renditions().filter_map(|held| held.name.as_deref()).collect();
            assert_eq!(names, ["v"], "fetched {time} times from {host}");
            let url = format!("https://{host}/ad/2");
            assert_eq!(asked(&ladder, &url), "segment ad 2 2 2 2 -", "{url}");
        }
    }
}

/// A segment index; each reference is (size, milliseconds, points to an index).
fn sidx(references: &[(u32, u32, bool)], start: u32) -> Vec<u8> {
    let mut out = (32 + 12 * references.len() as u32).to_be_bytes().to_vec();
    out.extend_from_slice(b"sidx");
    for word in [0, 1, 1000, start, 0, references.len() as u32] {
        out.extend_from_slice(&u32::to_be_bytes(word));
    }
    for (size, duration, to_index) in references {
        for word in [size | (u32::from(*to_index) << 31), *duration, 0] {
            out.extend_from_slice(&word.to_be_bytes());
        }
    }
    out
}

/// Passes a response of `body` at byte `first` of `url`, in pieces; returns whether it was probed.
fn pass(ladder: &mut Ladder, url: &str, first: u64, content_type: &str, body: &[u8]) -> bool {
    let resource = ladder.resolve(url, Some(first));
    let head = Head { content_type: Some(content_type), first, size: Some(100_000) };
    let Some(mut probe) = ladder.probe(&resource, url, head) else { return false };
    let mut pieces = body.chunks(7);
    while pieces.next().is_some_and(|piece| probe.feed(piece)) {}
    ladder.observe(probe);
    true
}

#[test]
fn files_by_the_index_that_passes() {
    let text = mpd(
        "type=\"static\" mediaPresentationDuration=\"PT60S\"",
        &format!(
            "<Period start=\"PT10S\">{}</Period>",
            video(
                "<BaseURL>f.mp4</BaseURL><SegmentBase indexRange=\"700-755\" timescale=\"1000\" presentationTimeOffset=\"500\"><Initialization range=\"0-699\"/></SegmentBase>"
            ),
        ),
    );
    let mut ladder = learnt(&text);
    let url = "https://o/f.mp4";
    assert_eq!(ranged(&ladder, url, 0), "init v - - - - -");
    assert_eq!(ranged(&ladder, url, 700), "init v - - - - -");
    assert_eq!(ranged(&ladder, url, 900), "segment v - - - - -", "nothing passed yet");
    assert!(pass(
        &mut ladder,
        url,
        700,
        "video/mp4",
        &sidx(&[(300, 4000, false), (200, 2000, false)], 500)
    ));
    assert_eq!(ranged(&ladder, url, 756), "segment v 1 - 10 4 -");
    assert_eq!(ranged(&ladder, url, 1100), "segment v 2 - 14 2 -");
    assert_eq!(ranged(&ladder, url, 1256), "segment v - - - - -", "past the end");
    assert!(!pass(&mut ladder, url, 756, "video/mp4", b"moof"), "all is known");
}

#[test]
fn files_by_indexes_of_indexes() {
    let text = mpd(
        "type=\"static\" mediaPresentationDuration=\"PT60S\"",
        &format!(
            "<Period>{}</Period>",
            video("<BaseURL>f.mp4</BaseURL><SegmentBase indexRange=\"100-155\"/>"),
        ),
    );
    let mut ladder = learnt(&text);
    let url = "https://o/f.mp4";
    assert!(pass(
        &mut ladder,
        url,
        100,
        "video/mp4",
        &sidx(&[(1000, 8000, true), (1000, 4000, true)], 0)
    ));
    // The first child lies at byte 156, the second at 1156.
    assert!(pass(&mut ladder, url, 1156, "video/mp4", &sidx(&[(956, 4000, false)], 8000)));
    assert_eq!(ranged(&ladder, url, 1300), "segment v - - 8 4 -", "which one, nobody can tell yet");
    assert!(pass(
        &mut ladder,
        url,
        156,
        "video/mp4",
        &sidx(&[(400, 4000, false), (544, 4000, false)], 0)
    ));
    assert_eq!(ranged(&ladder, url, 1300), "segment v 3 - 8 4 -");
    assert_eq!(ranged(&ladder, url, 700), "segment v 2 - 4 4 -");
}

#[test]
fn progressive_files_by_type_and_length() {
    let mut ladder = Ladder::default();
    let url = "https://o/play?id=7";
    assert_eq!(ladder.resolve(url, None).kind, Kind::Other);
    let boxed = |name: &[u8; 4], inside: &[u8]| {
        [(8 + inside.len() as u32).to_be_bytes().as_slice(), name, inside].concat()
    };
    let header = [[0; 12].as_slice(), &1000_u32.to_be_bytes(), &200_000_u32.to_be_bytes()].concat();
    let sound = boxed(b"hdlr", &[[0; 8].as_slice(), b"soun", &[0; 12]].concat());
    let sound = boxed(b"trak", &boxed(b"mdia", &sound));
    let body =
        [boxed(b"ftyp", b"mp42"), boxed(b"moov", &[boxed(b"mvhd", &header), sound].concat())]
            .concat();
    assert!(pass(&mut ladder, url, 0, "video/mp4", &body));
    let found = ladder.resolve(url, Some(25_000));
    assert_eq!((found.protocol, found.kind), (Protocol::Progressive, Kind::Segment));
    assert_eq!(found.media, MediaType::Audio);
    assert_eq!(
        found.time,
        Some(MediaTime::from_secs(50)),
        "a quarter of the bytes, a quarter of the time"
    );
    assert!(pass(&mut ladder, "https://o/radio", 0, "audio/mpeg", b"ID3"));
    assert_eq!(ladder.resolve("https://o/radio", None).media, MediaType::Audio);
    assert!(!pass(&mut ladder, "https://o/page", 0, "text/html", b"<html>"), "not worth a look");
}

#[test]
fn endless_transport_streams_by_their_clock() {
    let packet = |seconds: u64| {
        let time = seconds * 90_000;
        let mut out = vec![0x47, 0x40, 1, 0x30, 7, 0x10];
        out.extend_from_slice(&((time >> 1) as u32).to_be_bytes());
        out.extend_from_slice(&[(time as u8) << 7, 0, 0, 0, 1, 0xe0, 0, 0, 0x80, 0, 0]);
        out.resize(188, 0xff);
        out
    };
    let mut ladder = Ladder::default();
    let url = "https://o/live.ts";
    let head = Head { content_type: Some("video/mp2t"), first: 0, size: None };
    let mut probe = ladder.probe(&ladder.resolve("https://o/live", None), url, head).unwrap();
    for second in 0..100 {
        assert!(probe.feed(&packet(second)), "an endless stream is read as long as it lasts");
    }
    ladder.observe(probe);
    let found = ladder.resolve(url, None);
    assert_eq!((found.media, found.kind), (MediaType::Video, Kind::Segment));
    assert_eq!(found.time, Some(MediaTime::from_secs(99)), "where the last request left it");
}

const SMOOTH: &str = "https://o/v.isml/Manifest";

/// A client manifest of three two-second fragments from `first`.
fn client(first: u64, live: bool) -> String {
    format!(
        "<SmoothStreamingMedia MajorVersion=\"2\" IsLive=\"{live}\"><StreamIndex Type=\"video\" Name=\"video\" \
         Url=\"QualityLevels({{bitrate}})/Fragments(video={{start time}})\"><QualityLevel Bitrate=\"2000\" FourCC=\"H264\" MaxWidth=\"640\" MaxHeight=\"360\"/>\
         <QualityLevel Bitrate=\"900\" FourCC=\"H264\"/><c t=\"{}\" d=\"20000000\" r=\"3\"/></StreamIndex>\
         <StreamIndex Type=\"text\" Name=\"subs\" Language=\"fin\" Subtype=\"CAPT\" TimeScale=\"1000\" \
         Url=\"https://t/QualityLevels({{Bitrate}})/Fragments(subs={{start_time}})\"><QualityLevel Bitrate=\"100\"/><c t=\"0\" d=\"6000\"/></StreamIndex></SmoothStreamingMedia>",
        first * 20_000_000,
    )
}

#[test]
fn smooth_fragments_by_their_addresses() {
    let mut ladder = Ladder::default();
    learn(&mut ladder, ManifestFormat::Smooth, SMOOTH, &client(0, false));
    assert_eq!(ladder.resolve(SMOOTH, None).kind, Kind::ClientManifest);
    let video = |level: u64, time: &str| {
        format!("https://o/v.isml/QualityLevels({level})/Fragments(video={time})")
    };
    assert_eq!(asked(&ladder, &video(2000, "40000000")), "segment video/2000 3 2 4 2 -");
    assert_eq!(asked(&ladder, &video(900, "i")), "init video/900 - - - - -");
    let found = ladder.resolve(&video(2000, "0"), None);
    assert_eq!((found.rung, found.resolution), (Some(2), Some((640, 360))));
    let found = ladder.resolve("https://t/QualityLevels(100)/Fragments(subs=0)", None);
    assert_eq!(say(&found), "subtitle subs/100 1 0 0 6 -");
    assert_eq!((found.role.as_deref(), found.language.as_deref()), (Some("CAPT"), Some("fin")));
    // A fragment in no manifest is classified by its URL.
    assert_eq!(asked(&ladder, &video(2000, "990000000")), "segment video/2000 - - 99 - -");
    assert_eq!(asked(&ladder, &video(7, "990000000")), "segment - - - 99 - -");
}

#[test]
fn live_smooth_goes_beyond_its_manifest() {
    let mut ladder = Ladder::default();
    learn(&mut ladder, ManifestFormat::Smooth, SMOOTH, &client(10, true));
    let at =
        |n: u64| format!("https://o/v.isml/QualityLevels(900)/Fragments(video={})", n * 20_000_000);
    assert_eq!(asked(&ladder, &at(10)), "segment video/900 1 0 20 2 2");
    // Named by the fragment before it (tfrf), not by the manifest.
    assert_eq!(asked(&ladder, &at(14)), "segment video/900 5 4 28 2 0");
    learn(&mut ladder, ManifestFormat::Smooth, SMOOTH, &client(13, true));
    assert_eq!(asked(&ladder, &at(14)), "segment video/900 5 4 28 2 1");
    assert_eq!(asked(&ladder, &at(10)), "segment video/900 1 0 20 2 5", "in flight");
}

#[test]
fn bombs_cost_little() {
    let deep = format!("<MPD>{}", "<a>".repeat(100_000));
    let wide = format!("<MPD>{}</MPD>", "<S/>".repeat(1 << 19));
    let url = Url::parse(MPD).unwrap();
    let mut ladder = Ladder::default();
    for bomb in [deep, wide] {
        assert!(ladder.learn(&url, ManifestFormat::Mpd, bomb.as_bytes()).is_err());
    }
    let endless = "<S d=\"1\" r=\"1000000000\"/><S d=\"2\" r=\"-1\"/>".repeat(1000);
    let patterns =
        "<Pattern id=\"1\"><P d=\"1\" r=\"4000000000\"/></Pattern><S p=\"1\" r=\"1000000000\"/>";
    let sets = video(&format!(
        "<SegmentTemplate media=\"$Time$\"><SegmentTimeline>{patterns}{endless}</SegmentTimeline></SegmentTemplate>"
    ));
    let text =
        mpd("type=\"dynamic\"", &format!("<Period start=\"PT0S\">{}</Period>", sets.repeat(50)));
    for _ in 0..3 {
        learn(&mut ladder, ManifestFormat::Mpd, MPD, &(text.clone() + "<!-- again -->"));
    }
    assert_eq!(asked(&ladder, "https://o/4095").split(' ').nth(2), Some("4096"));
    // A patch that would search a large document a thousand times is not applied.
    let filler = "<!-- x -->".repeat(100_000);
    let text = mpd(
        "publishTime=\"1\"",
        &format!("<PatchLocation>p</PatchLocation>{filler}<Period id=\"p\"/>"),
    );
    learn(&mut ladder, ManifestFormat::Mpd, MPD, &text);
    let operation = "<add sel=\"/MPD/Period\" pos=\"after\"><Period/></add>";
    let patch = format!("<Patch originalPublishTime=\"1\">{}</Patch>", operation.repeat(2000));
    learn(&mut ladder, ManifestFormat::MpdPatch, "https://o/p", &patch);
}
