//! Addresses of other tools, on the wire: the session that they start, and the faults of its segments.

use super::{
    origin::{Origin, Step, ok},
    rig::{Rig, read_rules},
};
use serde_json::json;
use std::sync::atomic::{AtomicU32, Ordering};

const CHAOS: &str = "/api/v2/manifests/hls/proxy-master.m3u8";
const LIST: &[u8] = b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts?t=1\n#EXTINF:2,\nb.ts\n\
                      #EXTINF:2,\nc.ts\n#EXT-X-ENDLIST\n";

/// Ten segments so far.
const MPD: &str = "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"dynamic\" availabilityStartTime=\"2026-01-01T00:00:00Z\">\
<Period id=\"p\" start=\"PT0S\"><AdaptationSet mimeType=\"video/mp4\">\
<SegmentTemplate timescale=\"1\" media=\"$RepresentationID$/$Number$.m4s\" startNumber=\"1\">\
<SegmentTimeline><S t=\"0\" d=\"4\" r=\"9\"/></SegmentTimeline></SegmentTemplate>\
<Representation id=\"v1\" bandwidth=\"100\"/></AdaptationSet></Period></MPD>";

/// Follows an alias: the address of the session's manifest, whose folder its segments are in.
async fn enter(rig: &Rig, path: &str) -> String {
    let got = rig.get(path).await;
    assert_eq!(got.status(), 307, "{}", got.text());
    let location = got.header("location").to_owned();
    assert!(location.starts_with("/-/s/"), "{location}");
    location
}

#[tokio::test]
async fn a_chaos_address_starts_a_session_with_its_faults() {
    let origin = Origin::saying(ok("", LIST)).await;
    let rig = Rig::before(&origin).await;
    let query = format!(
        "url=http://{}/v/list.m3u8?Policy=a&statusCode=[{{i:1,code:404}}]&Signature=x",
        origin.address
    );
    let inside = enter(&rig, &format!("{CHAOS}?{query}")).await;
    assert!(inside.ends_with("/v/list.m3u8?Policy=a&Signature=x"), "{inside}");
    assert_eq!(rig.get(&inside).await.body, LIST);
    let folder = inside.split("list.m3u8").next().unwrap();
    let mut statuses = Vec::new();
    for segment in ["a.ts?t=1", "b.ts", "c.ts"] {
        statuses.push(rig.get(&format!("{folder}{segment}")).await.status());
    }
    assert_eq!(statuses, [200, 404, 200]);
    // Signatures arrive unchanged.
    assert!(origin.asked().iter().any(|asked| asked.path() == "/v/a.ts?t=1"));
}

/// `rsq:0` applies, to a range as to the whole.
#[tokio::test]
async fn a_chaos_fault_strikes_the_first_segment_and_ranges() {
    let origin = Origin::saying(ok("", LIST)).await;
    let rig = Rig::before(&origin).await;
    let url = format!("url=http%3A%2F%2F{}%2Flist.m3u8", origin.address);
    let list = "statusCode=%5B%7B%22rsq%22%3A+0%2C+%22code%22%3A+503%7D%5D";
    let inside = enter(&rig, &format!("{CHAOS}?{url}&{list}&vsps.label=mine")).await;
    rig.get(&inside).await;
    let folder = inside.split("list.m3u8").next().unwrap();
    let ranged = rig.ask("GET", &format!("{folder}a.ts?t=1"), "Range: bytes=0-3\r\n").await;
    assert_eq!(ranged.status(), 503);
    assert_eq!(rig.get(&format!("{folder}b.ts")).await.status(), 200);
    assert_eq!(rig.told("session_started", 1).await[0]["label"], "mine");
}

#[tokio::test]
async fn a_chaos_address_opens_no_host() {
    let origin = Origin::saying(ok("", LIST)).await;
    let rig = Rig::before(&origin).await;
    let got = rig.get(&format!("{CHAOS}?url=http://other.example/a.m3u8")).await;
    assert_eq!(got.failure(), (403, "downstream; host"));
    assert!(got.text().contains("--allow-origin other.example"), "{}", got.text());
    let wrong = format!("{CHAOS}?url=http://{}/a.m3u8&delay=[{{i:1,ms:x}}]", origin.address);
    let got = rig.get(&wrong).await;
    assert_eq!(got.failure(), (400, "downstream; parameter"));
    assert!(got.text().contains("in `{i:1,ms:x}`: write `ms`"), "{}", got.text());
    assert!(origin.asked().is_empty());
    let open = "*".parse().unwrap();
    let rig = Rig::start(Some(origin.address), |config| config.proxy.allow = vec![open]).await;
    enter(&rig, &format!("{CHAOS}?url=http://other.example/a.m3u8")).await;
}

/// A live window of three segments; at each request, one was added and one removed.
async fn live() -> Origin {
    let first = AtomicU32::new(10);
    Origin::start(move |asked| {
        let body = match asked.path() {
            "/list.m3u8" => {
                let first = first.fetch_add(1, Ordering::Relaxed);
                let segments: String =
                    (first..first + 3).map(|n| format!("#EXTINF:2,\n{n}.ts\n")).collect();
                format!(
                    "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:{first}\n{segments}"
                )
            }
            "/a.mpd" => MPD.to_owned(),
            path => path.to_owned(),
        };
        vec![Step::Send(ok("", body.as_bytes()))]
    })
    .await
}

/// -1 is the segment after those listed when the player started, and no later one.
#[tokio::test]
async fn a_chaos_fault_waits_at_the_live_edge() {
    let origin = live().await;
    let rig = Rig::before(&origin).await;
    let query = format!("url=http://{}/list.m3u8&statusCode=[{{rsq:-1,code:404}}]", origin.address);
    for _ in 0..2 {
        let inside = enter(&rig, &format!("{CHAOS}?{query}")).await;
        let folder = inside.split("list.m3u8").next().unwrap();
        let mut statuses = Vec::new();
        let first = rig.get(&inside).await.text().lines().nth(4).unwrap().to_owned();
        let first: u32 = first.trim_end_matches(".ts").parse().unwrap();
        // What it plays is behind the edge, as players are.
        for number in first..first + 6 {
            statuses.push(rig.get(&format!("{folder}{number}.ts")).await.status());
            rig.get(&inside).await;
        }
        assert_eq!(statuses, [200, 200, 200, 404, 200, 200]);
    }
}

#[tokio::test]
async fn a_chaos_fault_in_dash_counts_from_the_live_edge() {
    let origin = live().await;
    let rig = Rig::before(&origin).await;
    let path = "/api/v2/manifests/dash/proxy-master.mpd";
    let query = format!("url=http://{}/a.mpd&statusCode=[{{rsq:-1,code:404}}]", origin.address);
    let inside = enter(&rig, &format!("{path}?{query}")).await;
    rig.get(&inside).await;
    let folder = inside.split("a.mpd").next().unwrap();
    let mut statuses = Vec::new();
    for number in 8..=11 {
        statuses.push(rig.get(&format!("{folder}v1/{number}.m4s")).await.status());
    }
    assert_eq!(statuses, [200, 200, 404, 200]);
}

/// The built-in stream with livesim2's parts in front: the first segment of each six seconds fails.
#[tokio::test]
async fn livesim_parts_are_rules_and_do_not_reach_the_origin() {
    let rules = json!([{ "when": { "kind": "segment", "index": 2 }, "then": { "status": 410 } }]);
    let rig = Rig::start(None, |config| config.rules = read_rules(rules)).await;
    let part = "statuscode_[{cycle:6,rsq:0,code:404}]";
    let inside = enter(&rig, &format!("/{part}/traffic_u3600d0d1/demo/hls/master.m3u8")).await;
    assert!(inside.ends_with("/demo/hls/master.m3u8") && !inside.contains("traffic"), "{inside}");
    let base = url::Url::parse("http://a").unwrap().join(&inside).unwrap();
    let line = |text: &str| {
        let plain = text.lines().find(|line| !line.is_empty() && !line.starts_with('#'));
        plain.unwrap().to_owned()
    };
    let list = base.join(&line(rig.get(&inside).await.text())).unwrap();
    let text = rig.get(list.path()).await.text().to_owned();
    let (mut time, mut seen) = (0.0, Vec::new());
    for pair in text.lines().collect::<Vec<_>>().windows(2) {
        let Some(length) = pair[0].strip_prefix("#EXTINF:") else { continue };
        let segment = list.join(pair[1]).unwrap();
        let status = rig.ask("HEAD", segment.path(), "").await.status();
        let first = (time + 0.01) % 6.0 < length.trim_end_matches(',').parse::<f64>().unwrap();
        seen.push((first, status));
        time += length.trim_end_matches(',').parse::<f64>().unwrap();
    }
    assert!(seen.len() > 5);
    let expected = |(place, first): (usize, bool)| match (first, place) {
        (true, _) => 404,
        (false, 1) => 410,
        _ => 200,
    };
    let wanted: Vec<_> = seen.iter().enumerate().map(|(i, s)| (s.0, expected((i, s.0)))).collect();
    assert_eq!(seen, wanted);
    let got = rig.get("/traffic_x1/demo/hls/master.m3u8").await;
    assert_eq!(got.failure(), (400, "downstream; parameter"));
}
