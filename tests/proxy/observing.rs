//! What is read from passing bodies: segment indexes, patches, Smooth manifests, and the origin's time.

use super::{
    origin::{Asked, Origin, Step, ok},
    rig::Rig,
};
use serde_json::Value;
use std::time::Duration;

const MPD: &str = "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" \
    mediaPresentationDuration=\"PT6S\"><Period><AdaptationSet mimeType=\"video/mp4\">\
    <Representation id=\"f\" bandwidth=\"1\"><BaseURL>f.mp4</BaseURL>\
    <SegmentBase indexRange=\"100-155\"/></Representation></AdaptationSet></Period></MPD>";

const LIVE: &str = "<MPD type=\"dynamic\" availabilityStartTime=\"2026-01-01T00:00:00Z\">\
    <Period start=\"PT0S\"><AdaptationSet mimeType=\"video/mp4\">\
    <SegmentTemplate media=\"live$Number$.m4s\" duration=\"2\" startNumber=\"0\"/>\
    <Representation id=\"l\" bandwidth=\"1\"/></AdaptationSet></Period></MPD>";

const PATCH: &str = "<Patch originalPublishTime=\"1\">\
    <replace sel=\"/MPD/Location/text()\">https://edge.example/m.mpd</replace></Patch>";

const CLIENT: &str = "<SmoothStreamingMedia MajorVersion=\"2\"><StreamIndex Type=\"audio\" \
    Url=\"https://cdn.example/QualityLevels({bitrate})/Fragments(audio={start time})\">\
    <QualityLevel Bitrate=\"96000\"/><c t=\"0\" d=\"20000000\"/></StreamIndex></SmoothStreamingMedia>";

/// An index of two segments, of 4 s and 300 bytes, and of 2 s and 200 bytes.
fn index() -> Vec<u8> {
    let mut out = 56_u32.to_be_bytes().to_vec();
    out.extend_from_slice(b"sidx");
    for word in [0, 1, 1000, 0, 0, 2, 300, 4000, 0, 200, 2000, 0] {
        out.extend_from_slice(&u32::to_be_bytes(word));
    }
    out
}

fn part(first: usize, body: &[u8]) -> Vec<Step> {
    let last = first + body.len() - 1;
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Type: video/mp4\r\nContent-Range: bytes {first}-{last}/656\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // In two pieces, with a pause between them: the proxy does not hold the body until it is complete.
    let (one, two) = body.split_at(body.len() / 2);
    let rest = Step::Pause(Duration::from_millis(20));
    vec![Step::Send([head.as_bytes(), one].concat()), rest, Step::Send(two.to_vec())]
}

fn answer(asked: &Asked) -> Vec<Step> {
    let xml = |body: &str, more: &str| {
        vec![Step::Send(ok(&format!("Content-Type: text/xml\r\n{more}"), body.as_bytes()))]
    };
    match asked.path() {
        "/m.mpd" => xml(MPD, ""),
        // Ten seconds after it began; five segments are whole.
        "/live.mpd" => xml(LIVE, "Date: Thu, 01 Jan 2026 00:00:10 GMT\r\n"),
        "/p.mpp" => xml(PATCH, ""),
        "/v.ism/Manifest" => xml(CLIENT, ""),
        "/f.mp4" if asked.header("range") == ["bytes=100-155"] => part(100, &index()),
        "/f.mp4" => part(456, &[7; 200]),
        _ => vec![Step::Send(ok("", b"x"))],
    }
}

/// The classes of the requests, by path, each once it has ended.
async fn classes(rig: &Rig, count: usize) -> Vec<Value> {
    rig.told("request_finished", count).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_passes_places_the_segments_of_its_file() {
    let origin = Origin::start(answer).await;
    let rig = Rig::before(&origin).await;
    let inside = rig.session("").await;
    rig.get(&format!("{inside}/m.mpd")).await;
    let file = format!("{inside}/f.mp4");
    let got = rig.ask("GET", &file, "Range: bytes=100-155\r\n").await;
    assert_eq!(got.body, index(), "not a byte is changed");
    rig.ask("GET", &file, "Range: bytes=456-655\r\n").await;
    let events = classes(&rig, 3).await;
    let last = &events[2];
    let resource = last.get("resource").unwrap_or(last);
    assert_eq!((&resource["kind"], &resource["index"]), (&"segment".into(), &2.into()), "{last:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_origins_time_tells_how_far_behind_live_a_segment_is() {
    let origin = Origin::start(answer).await;
    let rig = Rig::before(&origin).await;
    let inside = rig.session("").await;
    rig.get(&format!("{inside}/live.mpd")).await;
    rig.get(&format!("{inside}/live1.m4s")).await;
    let events = classes(&rig, 2).await;
    let resource = events[1].get("resource").unwrap_or(&events[1]);
    // A slow machine may be some seconds late; time does not run backwards.
    assert!(
        resource["behind_live"].as_u64().is_some_and(|behind| (3..30).contains(&behind)),
        "{resource:#}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn patches_and_client_manifests_stay_in_the_session() {
    let origin = Origin::start(answer).await;
    let rig = Rig::before(&origin).await;
    let inside = rig.session("").await;
    let got = rig.get(&format!("{inside}/p.mpp")).await;
    assert!(
        got.text()
            .contains(&format!(">http://{}{inside}/-/o/https/edge.example/m.mpd<", rig.listen)),
        "{}",
        got.text()
    );
    let got = rig.get(&format!("{inside}/v.ism/Manifest")).await;
    let led = format!("Url=\"{inside}/-/o/https/cdn.example/QualityLevels({{bitrate}})/");
    assert!(got.text().contains(&led), "{}", got.text());
    classes(&rig, 2).await;
    assert!(rig.events().iter().all(|event| event["event"] != "manifest_unread"));
}
