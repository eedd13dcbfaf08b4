//! Edits of manifests on the wire that no built-in fault file has: which lines are removed and added.

use super::{
    origin::{Origin, ok},
    rig::Rig,
};
use serde_json::{Value, json};

const MASTER: &str = "#EXTM3U\n\
#EXT-X-STREAM-INF:BANDWIDTH=100,CODECS=\"avc1.42E01E\",RESOLUTION=320x180\nlow.m3u8\n\
#EXT-X-STREAM-INF:BANDWIDTH=200,CODECS=\"avc1.42E01E\",RESOLUTION=640x360\nhigh.m3u8\n";

const LIVE: &str = "#EXTM3U\n\
#EXT-X-VERSION:9\n\
#EXT-X-TARGETDURATION:4\n\
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=24,PART-HOLD-BACK=3\n\
#EXT-X-PART-INF:PART-TARGET=1\n\
#EXT-X-MEDIA-SEQUENCE:10\n\
#EXT-X-DISCONTINUITY-SEQUENCE:3\n\
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z\n\
#EXTINF:4,\n10.mp4\n\
#EXT-X-DISCONTINUITY\n\
#EXTINF:4,\n11.mp4\n\
#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"12.0.mp4\"\n\
#EXT-X-RENDITION-REPORT:URI=\"b.m3u8\",LAST-MSN=11,LAST-PART=3\n";

const DELTA: &str = "#EXTM3U\n\
#EXT-X-VERSION:9\n\
#EXT-X-TARGETDURATION:4\n\
#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=24\n\
#EXT-X-MEDIA-SEQUENCE:10\n\
#EXT-X-SKIP:SKIPPED-SEGMENTS=8\n\
#EXTINF:4,\n18.mp4\n";

const OVER: &str = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n1.ts\n#EXT-X-ENDLIST\n";

const MPD: &str = "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"dynamic\"\n\
  availabilityStartTime=\"2026-01-01T00:00:00Z\" publishTime=\"2026-01-01T00:00:00Z\">\n\
<Period id=\"p\" start=\"PT0S\">\n\
<AdaptationSet mimeType=\"video/mp4\">\n\
<SegmentTemplate timescale=\"1\" media=\"$RepresentationID$/$Number$.m4s\" startNumber=\"1\">\n\
<SegmentTimeline>\n\
<S t=\"0\" d=\"4\" r=\"9\"/>\n\
</SegmentTimeline>\n\
</SegmentTemplate>\n\
<Representation id=\"v1\" bandwidth=\"100\" codecs=\"avc1.42E01E\" width=\"320\" height=\"180\"/>\n\
<Representation id=\"v2\" bandwidth=\"200\" codecs=\"avc1.42E01E\" width=\"640\" height=\"360\"/>\n\
</AdaptationSet>\n\
</Period>\n\
<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:direct:2014\" value=\"2026-01-01T00:00:40Z\"/>\n\
<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-iso:2014\" value=\"time\"/>\n\
</MPD>\n";

/// The difference that an edit makes: the removed lines, then the added ones. One edit is one event.
async fn edited(path: &str, manifest: &str, edit: Value) -> String {
    let origin = Origin::saying(ok("", manifest.as_bytes())).await;
    let name = edit.as_object().unwrap().keys().next().unwrap().clone();
    let rig = Rig::with_rules(&origin, json!([{ "then": { "manifest": edit } }])).await;
    let inside = rig.session("").await;
    let got = rig.get(&format!("{inside}{path}")).await;
    assert_eq!(got.status(), 200);
    assert_eq!(got.header("content-length"), got.body.len().to_string());
    assert_eq!(rig.told("fault_injected", 1).await[0]["effect"], *name);
    let lines = |text: &'static str, a: &str, b: &str| {
        let gone = a.lines().filter(|line| !b.lines().any(|other| other == *line));
        gone.map(|line| format!("  {text} {line}\n")).collect::<String>()
    };
    let listen = rig.listen.to_string();
    let got = got.text().replace(&inside, "/SESSION").replace(&listen, "PROXY");
    format!("{}{}", lines("-", manifest, &got), lines("+", &got, manifest))
}

#[tokio::test]
async fn each_changes_what_it_says_and_nothing_else() {
    let mut told = String::new();
    for (path, manifest, edits) in [
        (
            "/master.m3u8",
            MASTER,
            json!([
                { "resolution": "1920x1080" },
                { "strip": ["RESOLUTION", "CODECS"] },
                { "drop-rungs": "lowest" },
            ]),
        ),
        (
            "/live.m3u8",
            LIVE,
            json!([
                { "endlist": "bare" },
                { "discontinuity": "drop" },
                { "discontinuity": { "shift": -2 } },
                { "durations": { "target": "9 s" } },
                { "durations": { "date-shift": "-5 s" } },
                { "preload-hint": "missing" },
                { "preload-hint": "wrong" },
                { "rendition-report": "missing" },
                { "rendition-report": { "ahead": 4 } },
            ]),
        ),
        ("/live.m3u8", DELTA, json!([{ "skip": 5 }])),
        (
            "/over.m3u8",
            OVER,
            json!([{ "endlist": "missing" }, { "truncate": "2 lines" }, { "truncate": "20 B" }]),
        ),
        (
            "/a.mpd",
            MPD,
            json!([
                { "utc-timing": "missing" },
                { "utc-timing": "unreachable" },
                { "lag": 3 },
                { "endlist": "early" },
                { "durations": { "scale": 1.5 } },
                { "drop-rungs": 2 },
                { "strip": ["CODECS", "RESOLUTION"] },
                { "bandwidth": "50 %" },
                { "resolution": "1920x1080" },
                { "host": "nowhere.invalid" },
            ]),
        ),
    ] {
        for edit in edits.as_array().unwrap() {
            told += &format!("{path} {edit}\n{}", edited(path, manifest, edit.clone()).await);
        }
    }
    insta::assert_snapshot!(told);
}
