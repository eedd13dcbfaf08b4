//! The URLs of a playlist are rewritten to the session even if the playlist cannot be fully read.

use super::{
    origin::{Origin, ok},
    rig::Rig,
};

const URI: &str = "#EXTINF:4,\nhttp://cdn.test/1.ts\n/2.ts\n";

fn playlist(head: &str, rest: &str) -> String {
    format!("#EXTM3U\n#EXT-X-TARGETDURATION:4\n{head}{URI}{rest}")
}

#[tokio::test]
async fn urls_are_led_whatever_is_not_learnt() {
    let keys: String = (0..40_000)
        .map(|n| format!("#EXT-X-KEY:METHOD=AES-128,URI=\"http://cdn.test/k{n}\"\n"))
        .collect();
    let variant = "#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://cdn.test/v.m3u8\n";
    let declared = "Content-Type: application/vnd.apple.mpegurl\r\n";
    for (sort, declared, body) in [
        ("segments", declared, playlist("", &"#EXTINF:4,\nhttp://cdn.test/1.ts\n".repeat(100_001))),
        ("keys", declared, playlist(&keys, "")),
        ("negative", declared, playlist("#EXT-X-MEDIA-SEQUENCE:-11\n", "")),
        ("empty", declared, playlist("#EXT-X-MEDIA-SEQUENCE:\n", "")),
        ("a word", declared, playlist("#EXT-X-MEDIA-SEQUENCE:abc\n", "")),
        ("too large", declared, playlist("#EXT-X-MEDIA-SEQUENCE:99999999999999999999\n", "")),
        ("a fraction", declared, playlist("#EXT-X-MEDIA-SEQUENCE:1.5\n", "")),
        ("skipped", declared, playlist("#EXT-X-SKIP:SKIPPED-SEGMENTS=many\n", "")),
        ("nothing skipped", declared, playlist("#EXT-X-SKIP:X=1\n", "")),
        ("variants", declared, format!("#EXTM3U\n{}", variant.repeat(1100))),
        ("broken off", declared, format!("#EXTM3U\n#EXT-X-STREAM-INF:CODECS=\"a\n{variant}")),
        ("no segments", declared, "#EXTM3U\n#EXT-X-MAP:URI=\"http://cdn.test/i\"\n".to_owned()),
    ] {
        let origin = Origin::saying(ok(declared, body.as_bytes())).await;
        let rig = Rig::before(&origin).await;
        let inside = rig.session("").await;
        let got = rig.get(&format!("{inside}/a.m3u8")).await;
        let led = body.replace("http://cdn.test/", &format!("{inside}/-/o/http/cdn.test/"));
        let led = led.replace("\n/2.ts", &format!("\n{inside}/2.ts"));
        assert!(got.body == led.as_bytes(), "{sort}: {:.300}", got.text());
        rig.told("manifest_unread", 1).await;
        assert_eq!(rig.counted("vsps_manifest_errors_total").await, 1.0, "{sort}");
    }
}

/// Where the first bytes and the declared type differ, the first bytes decide.
#[tokio::test]
async fn a_manifest_that_is_declared_as_another_format() {
    let mpd = "<MPD><BaseURL>http://cdn.test/</BaseURL></MPD>".to_owned();
    for (path, declared, body) in [
        ("/a.mpd", "application/dash+xml", playlist("", "")),
        ("/a.m3u8", "application/dash+xml", playlist("", "")),
        ("/a.mpd", "application/vnd.apple.mpegurl", mpd),
    ] {
        let declared = format!("Content-Type: {declared}\r\n");
        let origin = Origin::saying(ok(&declared, body.as_bytes())).await;
        let rig = Rig::before(&origin).await;
        let inside = rig.session("").await;
        let got = rig.get(&format!("{inside}{path}")).await;
        assert!(!got.text().contains("http://cdn.test"), "{path}: {}", got.text());
        assert!(
            got.text().contains(&format!("{inside}/-/o/http/cdn.test/")),
            "{path}: {}",
            got.text()
        );
    }
}
