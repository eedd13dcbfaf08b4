//! Classification of requests for MPDs that link to other MPDs, move, have other encodings, or contain several
//! ladders.

#![allow(clippy::unwrap_used, reason = "a test whose fixture cannot be read has failed")]

use std::fmt::Write as _;
use url::Url;
use vsps::media::{Kind, Ladder, ManifestFormat, MediaType, Protocol, Resource};

const MPD: &str = "https://o/m.mpd";

fn learn(ladder: &mut Ladder, url: &str, body: &[u8]) {
    ladder.learn(&Url::parse(url).unwrap(), ManifestFormat::Mpd, body).unwrap();
}

fn learnt(mpd: &str) -> Ladder {
    let mut ladder = Ladder::default();
    learn(&mut ladder, MPD, mpd.as_bytes());
    ladder
}

/// `kind rendition rung index`, with `-` for what is not known.
fn say(found: &Resource) -> String {
    fn or<T: ToString>(value: Option<T>) -> String {
        value.map_or_else(|| "-".to_owned(), |value| value.to_string())
    }
    let (rendition, rung) = (or(found.rendition.as_deref()), or(found.rung));
    format!("{} {rendition} {rung} {}", found.kind, or(found.index))
}

fn asked(ladder: &Ladder, url: &str) -> String {
    say(&ladder.resolve(url, None))
}

fn video(inner: &str) -> String {
    format!(
        "<AdaptationSet mimeType=\"video/mp4\" codecs=\"avc1.64001f\">{inner}\
         <Representation id=\"v\" bandwidth=\"1000\"/></AdaptationSet>"
    )
}

fn over(inner: &str) -> String {
    format!("<MPD type=\"static\" mediaPresentationDuration=\"PT20S\">{inner}</MPD>")
}

#[test]
fn mpds_that_follow_stand_in_or_take_the_place() {
    let ladder = learnt(&over(
        "<BaseURL>https://b/</BaseURL><Period><EventStream schemeIdUri=\"urn:mpeg:dash:event:alternativeMPD:insert:2025\">\
         <Event><InsertPresentation uri=\"https://ads/break?id=1&amp;k\"/></Event><Event><x:ReplacePresentation uri=\"/pre\"/></Event></EventStream></Period>\
         <SupplementalProperty schemeIdUri=\"urn:mpeg:dash:chaining:2016\" value=\"https://n/next\"/>\
         <EssentialProperty schemeIdUri=\"urn:mpeg:dash:fallback:2016\" value=\"https://n/spare /spare2\"/>\
         <SupplementalProperty schemeIdUri=\"urn:example:2016\" value=\"https://n/other\"/>",
    ));
    for url in [
        "https://ads/break?id=1&k",
        "https://b/pre",
        "https://n/next",
        "https://n/spare",
        "https://b/spare2",
        "https://o/spare2",
    ] {
        let found = ladder.resolve(url, None);
        assert_eq!((found.kind, found.protocol), (Kind::Mpd, Protocol::Dash), "{url}");
    }
    assert_eq!(ladder.resolve("https://n/other", None).kind, Kind::Other);
}

#[test]
fn references_pieces_entities_and_charsets_name_what_they_say() {
    let of = |base: &str| {
        over(&format!(
            "{base}<Period>{}</Period>",
            video(
                "<SegmentTemplate initialization=\"&#47;i.mp4\" media=\"$Number$.m4s\" duration=\"4\"/>"
            )
        ))
    };
    let entity = format!(
        "<!DOCTYPE MPD [<!ENTITY cdn \"https://c\"><!ENTITY all '<BaseURL>&cdn;/v/</BaseURL>'>]>{}",
        of("&all;")
    );
    for text in [
        of("<BaseURL>https:&#x2F;&#x2F;c&#x2F;v&#x2F;</BaseURL>"),
        of("<BaseURL>https:<!-- c -->//c/v/</BaseURL>"),
        of("<BaseURL>https:<![CDATA[//c]]><?pi?>/v/</BaseURL>"),
        format!(
            "<!DOCTYPE MPD [<!ENTITY cdn \"https://c\">]>{}",
            of("<BaseURL>&cdn;/v/</BaseURL>")
        ),
        entity,
    ] {
        let ladder = learnt(&text);
        assert_eq!(asked(&ladder, "https://c/v/2.m4s"), "segment v 1 2", "{text}");
        assert_eq!(asked(&ladder, "https://c/i.mp4"), "init v 1 -", "{text}");
    }
    let latin = |named: &str| {
        let text = format!(
            "<?xml version='1.0' encoding='{named}'?>{}",
            of("<BaseURL>https://c/v/</BaseURL><Label>Qu\u{e9}bec</Label>")
        );
        text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect::<Vec<u8>>()
    };
    for named in ["ISO-8859-1", "x-nobody"] {
        let mut ladder = Ladder::default();
        learn(&mut ladder, MPD, &latin(named));
        assert_eq!(asked(&ladder, "https://c/v/2.m4s"), "segment v 1 2", "{named}");
    }
}

fn ladder(name: &str, rates: &[u32]) -> String {
    let mut text = format!(
        "<Period id=\"{name}\" duration=\"PT8S\"><AdaptationSet mimeType=\"audio/mp4\" codecs=\"mp4a.40.2\">\
         <SegmentTemplate media=\"{name}/a/$Number$\" duration=\"4\"/><Representation id=\"a\" bandwidth=\"9\"/></AdaptationSet>\
         <AdaptationSet mimeType=\"video/mp4\" codecs=\"avc1.64001f\"><SegmentTemplate media=\"{name}/$RepresentationID$/$Number$\" duration=\"4\"/>"
    );
    for (at, rate) in rates.iter().enumerate() {
        let _ = write!(text, "<Representation id=\"r{}\" bandwidth=\"{rate}\"/>", at + 1);
    }
    text + "</AdaptationSet></Period>"
}

#[test]
fn the_highest_rung_is_that_of_the_period() {
    let known =
        learnt(&over(&[ladder("ad", &[1, 2, 3, 4, 5]), ladder("main", &[1, 2, 3])].concat()));
    for (url, highest) in [("ad/r5/1", 5), ("main/r3/1", 3), ("main/r1/1", 3), ("main/a/1", 1)] {
        let found = known.resolve(&format!("https://o/{url}"), None);
        assert_eq!(found.highest_rung(), Some(highest), "{url}");
    }
}

#[test]
fn the_ladder_that_plays_is_that_of_the_newest_video() {
    let mut known =
        learnt(&over(&[ladder("ad", &[1, 2, 3]), ladder("main", &[10, 20, 30])].concat()));
    assert!(known.playing().is_none());
    let mut plays = |path: &str| {
        let found = known.resolve(&format!("https://o/{path}"), None);
        let other = known.plays(&found);
        let rate = known.playing().and_then(|rungs| rungs.bandwidth(3));
        (other, rate.map(vsps::units::BitRate::bits_per_second))
    };
    assert_eq!(plays("ad/r1/1"), (true, Some(3)));
    // Audio is requested ahead of the video.
    assert_eq!(plays("main/a/3"), (false, Some(3)));
    assert_eq!(plays("ad/r3/2"), (false, Some(3)));
    assert_eq!(plays("main/r2/1"), (true, Some(30)));
    assert_eq!(plays("m.mpd"), (false, Some(30)));
}

#[test]
fn the_end_of_a_presentation_of_many_periods_is_known() {
    let mut text = String::new();
    for period in 0..600 {
        let _ = write!(
            text,
            "<Period id=\"p{period}\" duration=\"PT8S\"><AdaptationSet mimeType=\"video/mp4\" codecs=\"avc1.64001f\">\
            <SegmentTemplate media=\"p{period}/$RepresentationID$/$Number$.m4s\" duration=\"4\"/>"
        );
        for rung in 1..=8 {
            let _ = write!(text, "<Representation id=\"v{rung}\" bandwidth=\"{rung}00000\"/>");
        }
        text += "</AdaptationSet></Period>";
    }
    let known = learnt(&over(&text));
    let found = known.resolve("https://o/p599/v7/2.m4s", None);
    assert_eq!((say(&found), found.media), ("segment v7 7 1200".to_owned(), MediaType::Video));
    assert_eq!(asked(&known, "https://o/p300/v1/1.m4s"), "segment v1 1 601");
}

#[test]
fn an_index_inside_of_its_segment_is_no_place_of_its_own() {
    let known = learnt(&over(&format!("<Period>{}</Period>", video(
        "<SegmentList timescale=\"1000\" duration=\"10000\"><Initialization range=\"0-1391\"/>\
         <SegmentURL media=\"v.mp4\" mediaRange=\"1392-840737\" indexRange=\"1392-1663\"/>\
         <SegmentURL media=\"v.mp4\" mediaRange=\"840738-1763124\" index=\"v.mp4\" indexRange=\"840738-841009\"/>\
         <SegmentURL media=\"v.mp4\" mediaRange=\"1763125-1800000\" index=\"v.idx\" indexRange=\"0-9\"/></SegmentList>",
    ).replace("range=\"0-1391\"", "sourceURL=\"v.mp4\" range=\"0-1391\""))));
    for (first, is) in [
        (0, "init v 1 -"),
        (1392, "segment v 1 1"),
        (2000, "segment v 1 1"),
        (840_738, "segment v 1 2"),
        (1_763_125, "segment v 1 3"),
    ] {
        assert_eq!(say(&known.resolve("https://o/v.mp4", Some(first))), is, "{first}");
    }
    assert_eq!(say(&known.resolve("https://o/v.idx", Some(0))), "init v 1 -");
}

#[test]
fn bitstream_switching_segments_are_init() {
    let known = learnt(&over(&format!(
        "<Period>{}{}</Period>",
        video(
            "<SegmentTemplate duration=\"4\" media=\"$RepresentationID$_$Number$.ts\" bitstreamSwitching=\"$RepresentationID$-bssw.ts\"/>"
        ),
        video(
            "<SegmentList duration=\"4\"><BitstreamSwitching sourceURL=\"l-bssw.ts\"/><SegmentURL media=\"1.ts\"/></SegmentList>"
        ),
    )));
    assert_eq!(asked(&known, "https://o/v-bssw.ts"), "init v 1 -");
    assert_eq!(asked(&known, "https://o/l-bssw.ts"), "init v 1 -");
    assert_eq!(asked(&known, "https://o/v_2.ts"), "segment v 1 2");
}

/// A live MPD whose window begins with `first`, and whose Location is `location`.
fn live(first: u64, location: &str) -> String {
    let time = (first - 1) * 4;
    format!(
        "<MPD type=\"dynamic\" availabilityStartTime=\"2024-01-01T00:00:00Z\" minimumUpdatePeriod=\"PT2S\">{location}\
         <BaseURL>https://o/v/</BaseURL><Period id=\"p\" start=\"PT0S\">{}</Period></MPD>",
        video(&format!(
            "<SegmentTemplate startNumber=\"{first}\" media=\"$Number$.m4s\"><SegmentTimeline><S t=\"{time}\" d=\"4\" r=\"4\"/></SegmentTimeline></SegmentTemplate>"
        ))
    )
}

#[test]
fn an_mpd_that_moves_counts_on() {
    let fifth = |known: &Ladder| asked(known, "https://o/v/5.m4s");
    let url = |text: &str| Url::parse(text).unwrap();
    // By its Location.
    let mut known = Ladder::default();
    learn(&mut known, "https://o/go", live(1, "<Location>/s/abc/m</Location>").as_bytes());
    assert_eq!(fifth(&known), "segment v 1 5");
    learn(&mut known, "https://o/s/abc/m?t=2", live(3, "").as_bytes());
    assert_eq!(fifth(&known), "segment v 1 5");
    assert_eq!(known.resolve("https://o/go", None).kind, Kind::Mpd, "it may be asked for again");
    // By redirects: of the refresh, and of every request.
    let mut known = Ladder::default();
    learn(&mut known, "https://o/go", live(1, "").as_bytes());
    known.redirected(&url("https://o/go"), &url("https://e2/m"));
    learn(&mut known, "https://e2/m", live(3, "").as_bytes());
    assert_eq!(fifth(&known), "segment v 1 5");
    known.redirected(&url("https://o/go"), &url("https://e3/hop"));
    known.redirected(&url("https://e3/hop"), &url("https://e3/m"));
    learn(&mut known, "https://e3/m", live(4, "").as_bytes());
    assert_eq!(fifth(&known), "segment v 1 5");
    // Another MPD starts a new count.
    learn(&mut known, "https://e9/m", live(5, "").replace("o/v/", "o/w/").as_bytes());
    assert_eq!(asked(&known, "https://o/w/5.m4s"), "segment v 1 1");
}

#[test]
fn a_patch_starts_from_the_bases_of_its_mpd() {
    let mpd =
        live(1, "<PatchLocation>p.mpp</PatchLocation>").replace("type=", "publishTime=\"1\" type=");
    let mut known = Ladder::default();
    learn(&mut known, MPD, mpd.replace("https://o/v/", "https://c/v/").as_bytes());
    let bases =
        |url: &str| known.bases_of_part(&Url::parse(url).unwrap(), ManifestFormat::MpdPatch);
    assert_eq!(bases("https://o/p.mpp"), ["https://c/v/"]);
    let two = mpd.replace("<BaseURL>", "<BaseURL>https://d/</BaseURL><BaseURL>");
    let mut known = Ladder::default();
    learn(&mut known, MPD, two.as_bytes());
    let bases =
        known.bases_of_part(&Url::parse("https://o/p.mpp").unwrap(), ManifestFormat::MpdPatch);
    assert_eq!(bases, ["https://d/", "https://o/v/"]);
}
