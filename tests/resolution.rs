//! Classification of requests: rendition, rung, index and time, for each form of addressing.

#![allow(clippy::unwrap_used, reason = "a test whose fixture cannot be read has failed")]

use std::time::Duration;
use url::Url;
use vsps::{
    media::{Kind, Ladder, ManifestFormat, MediaType, Protocol, Resource},
    units::{BitRate, MediaTime},
};

fn learn(ladder: &mut Ladder, url: &str, body: &str) -> Kind {
    let format = if body.starts_with('#') { ManifestFormat::Hls } else { ManifestFormat::Mpd };
    ladder.learn(&Url::parse(url).unwrap(), format, body.as_bytes()).unwrap()
}

fn ladder(manifests: &[(&str, &str)]) -> Ladder {
    let mut ladder = Ladder::default();
    for (url, body) in manifests {
        learn(&mut ladder, url, body);
    }
    ladder
}

/// `kind media rendition rung index number time duration`, with `-` for what is not known.
fn say(found: &Resource) -> String {
    fn or<T: ToString>(value: Option<T>) -> String {
        value.map_or_else(|| "-".to_owned(), |value| value.to_string())
    }
    let seconds = |span: Option<Duration>| or(span.map(|span| span.as_secs_f64()));
    format!(
        "{} {} {} {} {} {} {} {}",
        found.kind,
        found.media,
        or(found.rendition.as_deref()),
        or(found.rung),
        or(found.index),
        or(found.number),
        seconds(found.time.map(MediaTime::since_zero)),
        seconds(found.duration),
    )
}

fn asked(ladder: &Ladder, url: &str) -> String {
    say(&ladder.resolve(url, None))
}

const MAIN: &str = "#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"aac\",NAME=\"English\",URI=\"a/en.m3u8\"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"Suomi\",URI=\"s/fi.m3u8\"
#EXT-X-SESSION-KEY:METHOD=AES-128,URI=\"k\"
#EXT-X-STREAM-INF:BANDWIDTH=5000000,CODECS=\"avc1.640028,mp4a.40.2\",AUDIO=\"aac\",NAME=\"hi\"
v/hi.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=900000,CODECS=\"avc1.64001f,mp4a.40.2\",AUDIO=\"aac\",NAME=\"lo\"
v/lo.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=90000,URI=\"v/i.m3u8\"
";

/// A part and its segment both have the discontinuity before them; the segments next to them do not.
#[test]
fn discontinuities_of_hls() {
    let list = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n1.mp4\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"i.mp4\"\n\
        #EXT-X-PART:DURATION=2,URI=\"2.0.mp4\"\n#EXT-X-PART:DURATION=2,URI=\"2.1.mp4\"\n#EXTINF:4,\n2.mp4\n\
        #EXTINF:4,\n3.mp4\n#EXT-X-DISCONTINUITY\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"4.0.mp4\"\n";
    let ladder = ladder(&[("https://o/l.m3u8", list)]);
    let names = ["1", "i", "2.0", "2.1", "2", "3", "4.0"];
    let breaks = |name: &&str| {
        let found = ladder.resolve(&format!("https://o/{name}.mp4"), None);
        assert_ne!(found.protocol, Protocol::Unknown, "{name}");
        found.discontinuity
    };
    assert_eq!(names.into_iter().filter(breaks).collect::<Vec<_>>(), ["2.0", "2", "4.0"]);
}

#[test]
fn hls_vod() {
    let lo = "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:10\n#EXT-X-KEY:METHOD=AES-128,URI=\"/keys/1\"\n\
        #EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:6,\n1.m4s?t=a\n#EXTINF:5.5,\n2.m4s?t=a\n#EXT-X-ENDLIST\n";
    let subs = "#EXTM3U\n#EXT-X-TARGETDURATION:60\n#EXTINF:60,\nfi1.vtt\n#EXT-X-ENDLIST\n";
    let ladder = ladder(&[
        ("https://o/p/main.m3u8?token=1", MAIN),
        ("https://o/p/v/lo.m3u8?_HLS_skip=YES", lo),
        ("https://o/p/s/fi.m3u8", subs),
    ]);
    assert_eq!(
        asked(&ladder, "https://o/p/main.m3u8?token=2"),
        "multivariant-playlist unknown - - - - - -"
    );
    assert_eq!(
        asked(&ladder, "https://o/p/v/hi.m3u8?_HLS_msn=3"),
        "media-playlist video hi 2 - - - -"
    );
    assert_eq!(
        asked(&ladder, "https://o/p/a/en.m3u8"),
        "media-playlist audio aac/English - - - - -"
    );
    assert_eq!(asked(&ladder, "https://o/p/v/lo.m3u8"), "media-playlist video lo 1 - - - -");
    assert_eq!(asked(&ladder, "https://o/p/v/1.m4s?t=a"), "segment video lo 1 1 10 0 6");
    assert_eq!(
        asked(&ladder, "https://o/p/v/2.m4s?t=renewed&CMCD=bl%3D1"),
        "segment video lo 1 2 11 6 5.5"
    );
    assert_eq!(asked(&ladder, "https://o/p/v/init.mp4"), "init video lo 1 - - - -");
    assert_eq!(asked(&ladder, "https://o/keys/1"), "key unknown - - - - - -");
    assert_eq!(asked(&ladder, "https://o/p/k"), "key unknown - - - - - -");
    assert_eq!(asked(&ladder, "https://o/p/s/fi1.vtt"), "subtitle text s/Suomi - 1 0 0 60");
    assert_eq!(
        asked(&ladder, "https://o/p/v/9.m4s"),
        "segment unknown - - - - - -",
        "named by no manifest"
    );
    let found = ladder.resolve("https://o/p/v/1.m4s?t=a", None);
    assert_eq!(found.bandwidth, Some(BitRate::from_kilobits_per_second(900)));
    assert_eq!(found.protocol, Protocol::Hls);
    assert_eq!(ladder.renditions().count(), 5);
}

#[test]
fn hls_byte_ranges_of_one_file() {
    let text = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI=\"f.mp4\",BYTERANGE=\"100@0\"\n\
        #EXTINF:4,\n#EXT-X-BYTERANGE:1000@100\nf.mp4\n#EXTINF:4,\n#EXT-X-BYTERANGE:500\nf.mp4\n#EXT-X-ENDLIST\n";
    let ladder = ladder(&[("https://o/f.m3u8", text)]);
    let at = |first| say(&ladder.resolve("https://o/f.mp4", first));
    assert_eq!(at(Some(0)), "init unknown f.m3u8 - - - - -");
    assert_eq!(at(Some(100)), "segment unknown f.m3u8 - 1 0 0 4");
    assert_eq!(at(Some(1100)), "segment unknown f.m3u8 - 2 1 4 4");
    assert_eq!(at(Some(1300)), "segment unknown f.m3u8 - 2 1 4 4", "a resumed download");
    assert_eq!(at(None), "segment unknown f.m3u8 - - - - -");
}

/// One version of a live playlist: four segments of two seconds from `first`.
fn window(name: &str, first: u64) -> String {
    let mut text = format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:{first}\n");
    for number in first..first + 4 {
        text += &format!("#EXTINF:2,\n{name}{number}.ts\n");
    }
    text
}

#[test]
fn a_live_window_slides_under_stable_indices() {
    let mut ladder = ladder(&[("https://o/p/main.m3u8", MAIN)]);
    let lo = "https://o/p/v/lo.m3u8";
    for first in 100..110 {
        learn(&mut ladder, lo, &window("lo", first));
        assert_eq!(
            asked(&ladder, &format!("https://o/p/v/lo{first}.ts")).split(' ').nth(4),
            Some(&*(first - 99).to_string())
        );
    }
    assert_eq!(asked(&ladder, "https://o/p/v/lo112.ts"), "segment video lo 1 13 112 24 2");
    assert_eq!(
        asked(&ladder, "https://o/p/v/lo100.ts"),
        "segment video lo 1 1 100 0 2",
        "still in flight"
    );
    // The player switches: the other rendition continues the count of the first.
    learn(&mut ladder, "https://o/p/v/hi.m3u8", &window("hi", 110));
    assert_eq!(asked(&ladder, "https://o/p/v/hi110.ts"), "segment video hi 2 11 110 20 2");
    for first in 110..160 {
        learn(&mut ladder, lo, &window("lo", first));
    }
    assert_eq!(
        asked(&ladder, "https://o/p/v/lo100.ts"),
        "segment unknown - - - - - -",
        "long gone"
    );
    // A gap: versions were missed.
    learn(&mut ladder, lo, &window("lo", 200));
    assert_eq!(asked(&ladder, "https://o/p/v/lo200.ts"), "segment video lo 1 101 200 200 2");
    // The encoder begins again.
    learn(&mut ladder, lo, &window("again", 0));
    assert_eq!(asked(&ladder, "https://o/p/v/again1.ts"), "segment video lo 1 2 1 2 2");
}

#[test]
fn hls_low_latency_parts_and_delta_updates() {
    let whole = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:20\n#EXTINF:4,\n20.mp4\n#EXTINF:4,\n21.mp4\n\
        #EXT-X-PART:DURATION=1,URI=\"22.0.mp4\"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"22.1.mp4\"\n";
    let delta = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:20\n#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n#EXTINF:4,\n22.mp4\n";
    let mut ladder = ladder(&[("https://o/l.m3u8", whole)]);
    assert_eq!(asked(&ladder, "https://o/22.0.mp4"), "part unknown l.m3u8 - 3 22 8 1");
    assert_eq!(asked(&ladder, "https://o/22.1.mp4"), "part unknown l.m3u8 - 3 22 9 -");
    let later = whole.replace(
        "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"22.1.mp4\"",
        "#EXT-X-PART:DURATION=0.5,URI=\"22.1.mp4\"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"22.2.mp4\"",
    );
    learn(&mut ladder, "https://o/l.m3u8?_HLS_msn=22&_HLS_part=1", &later);
    assert_eq!(asked(&ladder, "https://o/22.1.mp4"), "part unknown l.m3u8 - 3 22 9 0.5", "it came");
    assert_eq!(asked(&ladder, "https://o/22.2.mp4"), "part unknown l.m3u8 - 3 22 9.5 -");
    learn(&mut ladder, "https://o/l.m3u8?_HLS_msn=22&_HLS_skip=YES", delta);
    assert_eq!(asked(&ladder, "https://o/22.mp4"), "segment unknown l.m3u8 - 3 22 8 4");
    assert_eq!(asked(&ladder, "https://o/20.mp4"), "segment unknown l.m3u8 - 1 20 0 4");
}

#[test]
fn hls_variables_and_shared_urls() {
    let text = "#EXTM3U\n#EXT-X-DEFINE:NAME=\"d\",VALUE=\"https://cdn/x\"\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{$d}/1.aac\n";
    let ladder = ladder(&[("https://o/l.m3u8", text)]);
    assert_eq!(asked(&ladder, "https://cdn/x/1.aac"), "segment audio l.m3u8 - 1 0 0 2");
}

fn mpd(attributes: &str, inner: &str) -> String {
    format!("<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" {attributes}>{inner}</MPD>")
}

#[test]
fn dash_number_with_duration_and_inheritance() {
    let text = mpd("type=\"static\" mediaPresentationDuration=\"PT9S\"", "
        <BaseURL>dash/</BaseURL><BaseURL>https://b.example/</BaseURL>
        <Period><SegmentTemplate timescale=\"1000\" startNumber=\"5\" initialization=\"$RepresentationID$/i.mp4\"/>
        <AdaptationSet contentType=\"video\"><SegmentTemplate duration=\"2000\" media=\"$RepresentationID$/$Bandwidth$-$Number%04d$.m4s\"/>
          <Representation id=\"v2\" bandwidth=\"2000000\"/>
          <Representation id=\"v1\" bandwidth=\"400000\"><BaseURL>low/</BaseURL></Representation></AdaptationSet>
        <AdaptationSet mimeType=\"audio/mp4\" lang=\"en\"><SegmentTemplate duration=\"3000\" media=\"a-$Number$.m4s\"/>
          <Representation id=\"a1\" bandwidth=\"96000\"/></AdaptationSet>
        <AdaptationSet mimeType=\"application/mp4\" codecs=\"stpp\"><SegmentTemplate duration=\"9000\" media=\"t-$Number$.m4s\"/>
          <Representation id=\"t1\" bandwidth=\"1000\"/></AdaptationSet></Period>");
    let ladder = ladder(&[("https://o/x/m.mpd?auth=1", &text)]);
    assert_eq!(asked(&ladder, "https://o/x/m.mpd?auth=2"), "mpd unknown - - - - - -");
    assert_eq!(
        asked(&ladder, "https://o/x/dash/v2/2000000-0005.m4s"),
        "segment video v2 2 1 5 0 2"
    );
    assert_eq!(
        asked(&ladder, "https://o/x/dash/v2/2000000-0009.m4s?token=1"),
        "segment video v2 2 5 9 8 2"
    );
    assert_eq!(
        asked(&ladder, "https://o/x/dash/v2/2000000-0010.m4s"),
        "segment video v2 2 - 10 - -",
        "past the end"
    );
    assert_eq!(
        asked(&ladder, "https://o/x/dash/low/v1/400000-0006.m4s"),
        "segment video v1 1 2 6 2 2"
    );
    assert_eq!(
        asked(&ladder, "https://b.example/low/v1/400000-0006.m4s"),
        "segment video v1 1 2 6 2 2"
    );
    assert_eq!(asked(&ladder, "https://o/x/dash/v2/i.mp4"), "init video v2 2 - - - -");
    assert_eq!(asked(&ladder, "https://o/x/dash/a-7.m4s"), "segment audio a1 1 3 7 6 3");
    assert_eq!(asked(&ladder, "https://o/x/dash/t-5.m4s"), "subtitle text t1 1 1 5 0 9");
    assert_eq!(asked(&ladder, "https://o/x/dash/v3/2-0005.m4s"), "segment unknown - - - - - -");
}

#[test]
fn dash_time_with_a_sliding_timeline() {
    let version = |first: u64| {
        mpd("type=\"dynamic\"", &format!("<Period id=\"1\" start=\"PT10S\"><AdaptationSet mimeType=\"video/mp4\">
            <SegmentTemplate timescale=\"90000\" presentationTimeOffset=\"900000\" media=\"$RepresentationID$_t$Time$.m4s\">
            <SegmentTimeline><S t=\"{first}\" d=\"180000\" r=\"4\"/></SegmentTimeline></SegmentTemplate>
            <Representation id=\"v\" bandwidth=\"1\"/></AdaptationSet></Period>"))
    };
    let mut ladder = ladder(&[("https://o/m.mpd", &version(900_000))]);
    assert_eq!(asked(&ladder, "https://o/v_t1260000.m4s"), "segment video v 1 3 3 14 2");
    learn(&mut ladder, "https://o/m.mpd", &version(900_000 + 3 * 180_000));
    assert_eq!(asked(&ladder, "https://o/v_t1440000.m4s"), "segment video v 1 4 4 16 2");
    assert_eq!(
        asked(&ladder, "https://o/v_t1260000.m4s"),
        "segment video v 1 3 3 14 2",
        "still in flight"
    );
    assert_eq!(asked(&ladder, "https://o/v_t9999999.m4s").split(' ').nth(3), Some("1"));
}

#[test]
fn dash_periods_with_one_template() {
    let period = |id: &str, start: u64| {
        format!("<Period id=\"{id}\" duration=\"PT6S\"><AdaptationSet mimeType=\"video/mp4\"><SegmentTemplate duration=\"2\" startNumber=\"{start}\" media=\"s$Number$.m4s\"/>
            <Representation id=\"v\" bandwidth=\"1\"/></AdaptationSet></Period>")
    };
    let ladder = ladder(&[(
        "https://o/m.mpd",
        &mpd("type=\"static\"", &(period("a", 1) + period("b", 4).as_str())),
    )]);
    assert_eq!(asked(&ladder, "https://o/s3.m4s"), "segment video v 1 3 3 4 2");
    assert_eq!(asked(&ladder, "https://o/s4.m4s"), "segment video v 1 4 4 6 2");
    assert_eq!(asked(&ladder, "https://o/s6.m4s"), "segment video v 1 6 6 10 2");
}

#[test]
fn dash_lists_files_and_pictures() {
    let text = mpd("type=\"static\" mediaPresentationDuration=\"PT8S\"", "<Period>
        <AdaptationSet mimeType=\"video/mp4\"><Representation id=\"l\" bandwidth=\"2\"><SegmentList duration=\"4\"><Initialization sourceURL=\"i.mp4\"/>
          <SegmentURL media=\"1.m4s\"/><SegmentURL media=\"2.m4s\"/></SegmentList></Representation></AdaptationSet>
        <AdaptationSet mimeType=\"audio/mp4\"><Representation id=\"f\" bandwidth=\"3\"><BaseURL>a.mp4</BaseURL><SegmentBase indexRange=\"700-900\"><Initialization range=\"0-699\"/></SegmentBase></Representation></AdaptationSet>
        <AdaptationSet mimeType=\"text/vtt\" lang=\"fi\"><Representation id=\"s\" bandwidth=\"1\"><BaseURL>fi.vtt</BaseURL></Representation></AdaptationSet>
        <AdaptationSet mimeType=\"image/jpeg\" contentType=\"image\"><SegmentTemplate media=\"t$Number$.jpg\" duration=\"8\"/><Representation id=\"p\" bandwidth=\"1\"/></AdaptationSet></Period>");
    let ladder = ladder(&[("https://o/m.mpd", &text)]);
    assert_eq!(asked(&ladder, "https://o/2.m4s"), "segment video l 1 2 2 4 4");
    assert_eq!(asked(&ladder, "https://o/i.mp4"), "init video l 1 - - - -");
    let file = |first| say(&ladder.resolve("https://o/a.mp4", first));
    assert_eq!(file(Some(0)), "init audio f 1 - - - -");
    assert_eq!(file(Some(700)), "init audio f 1 - - - -");
    assert_eq!(file(Some(901)), "segment audio f 1 - - - -");
    assert_eq!(asked(&ladder, "https://o/fi.vtt"), "subtitle text s 1 - - - -");
    assert_eq!(asked(&ladder, "https://o/t1.jpg"), "image video p 1 1 1 0 8");
}

#[test]
fn dash_what_stands_beside_media() {
    let text = mpd(
        "type=\"dynamic\"",
        "<Location>https://edge.example/m.mpd?s=1</Location><PatchLocation>p.mpp</PatchLocation>
        <ContentSteering>https://st.example/d</ContentSteering><Period start=\"PT0S\"/>",
    );
    let ladder = ladder(&[("https://o/m.mpd", &text)]);
    assert_eq!(ladder.resolve("https://edge.example/m.mpd?s=1", None).kind, Kind::Mpd);
    assert_eq!(ladder.resolve("https://o/p.mpp", None).kind, Kind::MpdPatch);
    assert_eq!(ladder.resolve("https://st.example/d?_DASH_pathway=a", None).kind, Kind::Steering);
}

/// The distance of a request to the live edge.
fn behind(ladder: &Ladder, url: &str) -> Option<u64> {
    ladder.resolve(url, None).behind_live
}

#[test]
fn hls_the_live_edge() {
    let mut ladder = ladder(&[("https://o/p/main.m3u8", MAIN)]);
    let lo = "https://o/p/v/lo.m3u8";
    learn(&mut ladder, lo, &window("lo", 100));
    assert_eq!(behind(&ladder, "https://o/p/v/lo103.ts"), Some(0));
    assert_eq!(behind(&ladder, "https://o/p/v/lo100.ts"), Some(3));
    learn(&mut ladder, lo, &window("lo", 102));
    assert_eq!(behind(&ladder, "https://o/p/v/lo100.ts"), Some(5), "as the newest version tells");
    learn(&mut ladder, lo, &(window("lo", 102) + "#EXT-X-ENDLIST\n"));
    assert_eq!(behind(&ladder, "https://o/p/v/lo105.ts"), None, "it is over");
}

#[test]
fn hls_what_a_rendition_is() {
    let main = "#EXTM3U\n\
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"Described\",LANGUAGE=\"fi\",CHARACTERISTICS=\"public.accessibility.describes-video,public.easy-to-read\",URI=\"d.m3u8\"\n\
        #EXT-X-STREAM-INF:BANDWIDTH=2,CODECS=\"avc1.640028,mp4a.40.2\",RESOLUTION=1920x1080,AUDIO=\"a\"\nv.m3u8\n\
        #EXT-X-IMAGE-STREAM-INF:BANDWIDTH=1,RESOLUTION=320x180,CODECS=\"jpeg\",URI=\"i.m3u8\"\n";
    let pictures = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXT-X-IMAGES-ONLY\n#EXTINF:9,\nt1.jpg\n#EXT-X-ENDLIST\n";
    let ladder = ladder(&[("https://o/m.m3u8", main), ("https://o/i.m3u8", pictures)]);
    let found = ladder.resolve("https://o/d.m3u8", None);
    assert_eq!(found.role.as_deref(), Some("public.accessibility.describes-video"));
    assert_eq!(
        (found.codecs.as_deref(), found.language.as_deref()),
        (Some("mp4a.40.2"), Some("fi"))
    );
    assert_eq!(ladder.resolve("https://o/v.m3u8", None).resolution, Some((1920, 1080)));
    assert_eq!(asked(&ladder, "https://o/t1.jpg"), "image video i.m3u8 1 1 0 0 9");
}

#[test]
fn hls_delta_updates_keep_what_they_skip() {
    let whole = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXT-X-KEY:METHOD=AES-128,URI=\"k1\"\n#EXTINF:4,\n0.mp4\n#EXTINF:4,\n1.mp4\n";
    let mut ladder = ladder(&[("https://o/l.m3u8", whole)]);
    for first in 1..40 {
        let delta = format!(
            "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:{first}\n#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n#EXTINF:4,\n{}.mp4\n",
            first + 1
        );
        learn(&mut ladder, "https://o/l.m3u8?_HLS_skip=YES", &delta);
    }
    assert_eq!(ladder.resolve("https://o/init.mp4", None).kind, Kind::Init);
    assert_eq!(ladder.resolve("https://o/k1", None).kind, Kind::Key);
    assert_eq!(asked(&ladder, "https://o/40.mp4"), "segment unknown l.m3u8 - 41 40 160 4");
    // A whole version without them: some versions later they are removed.
    for first in 40..60 {
        learn(&mut ladder, "https://o/l.m3u8", &window("w", first));
    }
    assert_eq!(ladder.resolve("https://o/k1", None).kind, Kind::Other);
}

#[test]
fn hls_what_stands_beside_segments() {
    let text = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-DATERANGE:ID=\"1\",X-ASSET-URI=\"https://ads/1\"\n\
        #EXT-X-DATERANGE:ID=\"2\",X-ASSET-LIST=\"https://ads/list?c=1\"\n#EXTINF:4,\n1.ts\n#EXT-X-RENDITION-REPORT:URI=\"/hi\",LAST-MSN=1\n";
    let mut ladder = ladder(&[("https://o/p/l.m3u8", text)]);
    assert_eq!(
        ladder.resolve("https://ads/1?_HLS_primary_id=x", None).kind,
        Kind::MultivariantPlaylist
    );
    assert_eq!(
        ladder.resolve("https://ads/list?c=1&_HLS_start_offset=3", None).kind,
        Kind::AssetList
    );
    assert_eq!(ladder.resolve("https://o/hi", None).kind, Kind::MediaPlaylist);
    let list = br#"{"ASSETS":[{"URI":"https://ads/2","DURATION":5}]}"#;
    let url = Url::parse("https://ads/list?c=1").unwrap();
    assert_eq!(ladder.learn(&url, ManifestFormat::AssetList, list), Ok(Kind::AssetList));
    assert_eq!(ladder.resolve("https://ads/2", None).kind, Kind::MultivariantPlaylist);
}

#[test]
fn hls_pathway_clones_are_the_same_renditions() {
    let main = "#EXTM3U\n#EXT-X-CONTENT-STEERING:SERVER-URI=\"https://st/s\"\n\
        #EXT-X-STREAM-INF:BANDWIDTH=1,STABLE-VARIANT-ID=\"lo\",CODECS=\"avc1.4d401f\"\nhttps://a.example/lo.m3u8?t=1\n\
        #EXT-X-STREAM-INF:BANDWIDTH=2,STABLE-VARIANT-ID=\"hi\",CODECS=\"avc1.4d401f\"\nhttps://a.example/hi.m3u8\n";
    let steering = br#"{"VERSION":1,"RELOAD-URI":"https://st/next","PATHWAY-CLONES":[
        {"BASE-ID":"A","ID":"B","URI-REPLACEMENT":{"HOST":"b.example:8443"}},
        {"BASE-ID":"A","ID":"C","URI-REPLACEMENT":{"PER-VARIANT-URIS":{"hi":"https://c.example/x"}}}]}"#;
    let mut ladder = ladder(&[("https://o/m.m3u8", main)]);
    let url = Url::parse("https://st/s?_HLS_pathway=A&_HLS_throughput=1000").unwrap();
    assert_eq!(ladder.resolve(url.as_str(), None).kind, Kind::Steering);
    assert_eq!(ladder.learn(&url, ManifestFormat::Steering, steering), Ok(Kind::Steering));
    assert_eq!(ladder.resolve("https://st/next?_HLS_pathway=B", None).kind, Kind::Steering);
    let rung = |url: &str| ladder.resolve(url, None).rung;
    assert_eq!(rung("https://b.example:8443/lo.m3u8?t=1"), Some(1));
    assert_eq!(rung("https://b.example:8443/hi.m3u8"), Some(2));
    assert_eq!(rung("https://c.example/x"), Some(2));
    assert_eq!(rung("https://c.example/lo.m3u8"), None);
}

#[test]
fn redirects_lead_to_what_was_asked_for() {
    let mut ladder = ladder(&[("https://o/p/main.m3u8", MAIN)]);
    let url = |text: &str| Url::parse(text).unwrap();
    ladder.redirected(&url("https://o/p/v/lo.m3u8?CMCD=x"), &url("https://edge/77/lo?sig=1"));
    assert_eq!(asked(&ladder, "https://edge/77/lo?sig=1"), "media-playlist video lo 1 - - - -");
    learn(&mut ladder, "https://edge/77/lo?sig=1", &window("s", 5));
    assert_eq!(asked(&ladder, "https://edge/77/s6.ts"), "segment video lo 1 2 6 2 2");
    ladder.redirected(&url("https://edge/77/s6.ts"), &url("https://far/blob?id=9"));
    assert_eq!(asked(&ladder, "https://far/blob?id=9"), "segment video lo 1 2 6 2 2");
}

#[test]
fn memory_is_bounded_whatever_is_learnt() {
    let mut ladder = Ladder::default();
    let mut text = String::from("#EXTM3U\n#EXT-X-TARGETDURATION:1\n");
    for number in 0..20_000 {
        text += &format!("#EXTINF:1,\n{number}.ts\n");
    }
    for rendition in 0..8 {
        learn(&mut ladder, &format!("https://o/{rendition}/v.m3u8"), &text);
    }
    assert_eq!(ladder.resolve("https://o/7/19999.ts", None).index, Some(20_000));
    assert_eq!(ladder.resolve("https://o/6/0.ts", None).index, Some(1));
    assert_eq!(ladder.resolve("https://o/0/0.ts", None).index, None, "the least recent one went");
    let long = format!("#EXTM3U\n{}", "#EXTINF:1,\na.ts\n".repeat(100_001));
    let url = Url::parse("https://o/long.m3u8").unwrap();
    let error = ladder.learn(&url, ManifestFormat::Hls, long.as_bytes()).unwrap_err();
    insta::assert_snapshot!(error, @"HLS manifest, line 200003: more than 100000 segments");
}

#[test]
fn errors_say_what_and_where() {
    let mut ladder = Ladder::default();
    let url = Url::parse("https://o/x").unwrap();
    let mut error = |format, body: &[u8]| ladder.learn(&url, format, body).unwrap_err().to_string();
    insta::assert_snapshot!(error(ManifestFormat::Hls, b"<!DOCTYPE html><title>404"), @r#"HLS manifest: not a manifest: it begins with "<!DOCTYPE html><", not with #EXTM3U"#);
    insta::assert_snapshot!(error(ManifestFormat::Hls, b""), @r#"HLS manifest: not a manifest: it begins with "", not with #EXTM3U"#);
    insta::assert_snapshot!(error(ManifestFormat::Hls, b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc"), @r#"HLS manifest, line 2: it ends inside the attribute list of #EXT-X-STREAM-INF, at "CODECS=\"avc""#);
    insta::assert_snapshot!(error(ManifestFormat::Mpd, &b"<MPD>".repeat(100)), @"DASH manifest, byte 325: more than 64 levels of elements");
    insta::assert_snapshot!(error(ManifestFormat::Hls, &vec![b'#'; 17 << 20]), @"HLS manifest: 17825792 bytes, of which at most 16777216 are read");
    assert_eq!(MediaType::Unknown, ladder.resolve("https://o/x", None).media);
}
