//! The attempt number of a request for the same bytes: resumed downloads, and files read range by range.

use super::{
    origin::{Origin, Step, ok, pattern},
    rig::Rig,
};
use serde_json::{Value, json};

const LENGTH: usize = 160_000;

/// Serves ranges of any file, but playlists as they are.
async fn origin(playlist: &'static str) -> Origin {
    Origin::start(move |asked| {
        let whole = pattern(LENGTH);
        let range = asked.header("range").first().and_then(|range| {
            let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
            if first.is_empty() {
                return Some((LENGTH - last.parse::<usize>().ok()?, LENGTH - 1));
            }
            let last = last.parse().map_or(LENGTH - 1, |last: usize| last.min(LENGTH - 1));
            Some((first.parse::<usize>().ok()?, last))
        });
        vec![Step::Send(match range {
            _ if asked.path().contains(".m3u8") => ok("", playlist.as_bytes()),
            None => ok("Content-Type: video/mp4\r\n", &whole),
            Some((first, last)) => {
                let head = format!(
                    "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\nContent-Type: video/mp4\r\n\
                     Content-Range: bytes {first}-{last}/{LENGTH}\r\nConnection: close\r\n\r\n",
                    last + 1 - first
                );
                [head.as_bytes(), &whole[first..=last]].concat()
            }
        })]
    })
    .await
}

/// Method, path and attempt of all requests so far.
fn attempts(events: &[Value]) -> Vec<(String, u64)> {
    let planned = events.iter().filter(|event| event["event"] == "request_planned");
    let planned = planned.filter(|event| !event["path"].as_str().unwrap().contains(".m3u8"));
    planned
        .map(|event| {
            let word = |key: &str| event[key].as_str().unwrap();
            let what = format!("{} {}", word("method"), word("path"));
            (what, event["attempt"].as_u64().unwrap())
        })
        .collect()
}

async fn ask(rig: &Rig, method: &str, path: &str, range: &str) -> usize {
    let range = if range.is_empty() { String::new() } else { format!("Range: bytes={range}\r\n") };
    rig.ask(method, path, &range).await.body.len()
}

#[tokio::test]
async fn a_download_that_is_resumed_is_another_try() {
    let origin =
        origin("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n1.m4s\n#EXTINF:4,\n2.m4s\n").await;
    let rules = json!([
        { "when": { "kind": "segment", "attempt": 1 }, "then": { "truncate": "50 %" } },
        { "when": { "kind": "segment", "attempt": 2 }, "then": { "truncate": "1 kB" } },
    ]);
    let rig = Rig::with_rules(&origin, rules).await;
    let inside = rig.session("").await;
    rig.get(&format!("{inside}/v.m3u8")).await;
    let first = format!("{inside}/1.m4s");
    assert_eq!(ask(&rig, "HEAD", &first, "").await, 0);
    assert_eq!(ask(&rig, "GET", &first, "").await, 80_000);
    assert_eq!(ask(&rig, "GET", &first, "80000-").await, 1000);
    assert_eq!(ask(&rig, "GET", &first, "81000-").await, 79_000);
    assert_eq!(ask(&rig, "GET", &format!("{inside}/2.m4s"), "0-").await, 80_000);
    rig.told("request_finished", 6).await;
    let counts: Vec<_> = attempts(&rig.events()).into_iter().map(|(_, attempt)| attempt).collect();
    assert_eq!(counts, [1, 1, 2, 3, 1], "HEAD is counted apart");
    assert_eq!(rig.counted("vsps_retries_total").await, 2.0);
}

/// The bytes at the end were requested, and broke off.
#[tokio::test]
async fn a_suffix_that_is_resumed_is_another_try() {
    let origin = origin("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n1.m4s\n").await;
    let rules =
        json!([{ "when": { "kind": "segment", "attempt": 1 }, "then": { "truncate": "50 %" } }]);
    let rig = Rig::with_rules(&origin, rules).await;
    let inside = rig.session("").await;
    rig.get(&format!("{inside}/v.m3u8")).await;
    let segment = format!("{inside}/1.m4s");
    assert_eq!(ask(&rig, "GET", &segment, "-60000").await, 30_000);
    assert_eq!(ask(&rig, "GET", &segment, "130000-").await, 30_000);
    rig.told("request_finished", 3).await;
    let counts: Vec<_> = attempts(&rig.events()).into_iter().map(|(_, attempt)| attempt).collect();
    assert_eq!(counts, [1, 2]);
    assert_eq!(rig.counted("vsps_retries_total").await, 1.0);
}

/// Ranges that a manifest names, and pieces of one segment side by side.
#[tokio::test]
async fn other_bytes_of_a_file_are_no_retry() {
    let origin = origin(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI=\"f.mp4\",BYTERANGE=\"100@0\"\n\
         #EXTINF:4,\n#EXT-X-BYTERANGE:1000@100\nf.mp4\n#EXTINF:4,\n#EXT-X-BYTERANGE:2000@1100\nf.mp4\n\
         #EXTINF:4,\nwhole.m4s\n",
    )
    .await;
    let rig = Rig::before(&origin).await;
    let inside = rig.session("").await;
    rig.get(&format!("{inside}/v.m3u8")).await;
    let asked = [
        ("f.mp4", "0-99", 1),
        ("f.mp4", "100-1099", 1),
        ("f.mp4", "1100-3099", 1),
        ("f.mp4", "1500-3099", 2),
        ("f.mp4", "100-1099", 2),
        ("whole.m4s", "0-79999", 1),
        ("whole.m4s", "80000-159999", 1),
        ("whole.m4s", "120000-159999", 2),
    ];
    for (file, range, _) in asked {
        ask(&rig, "GET", &format!("{inside}/{file}"), range).await;
    }
    rig.told("request_finished", 9).await;
    let counts: Vec<_> = attempts(&rig.events()).into_iter().map(|(_, attempt)| attempt).collect();
    assert_eq!(counts, asked.map(|(.., attempt)| attempt));
    assert_eq!(rig.counted("vsps_retries_total").await, 3.0);
}

/// The parts of a segment are in its file: requested as parts they are not the segment.
#[tokio::test]
async fn parts_of_a_segment_are_not_the_segment() {
    let origin = origin(
        "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:4\n#EXT-X-PART-INF:PART-TARGET=2\n\
         #EXT-X-PART:DURATION=2,URI=\"1.mp4\",BYTERANGE=\"1000@0\"\n\
         #EXT-X-PART:DURATION=2,URI=\"1.mp4\",BYTERANGE=\"1000@1000\"\n#EXTINF:4,\n1.mp4\n\
         #EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"2.mp4\",BYTERANGE-START=0\n",
    )
    .await;
    let rig = Rig::before(&origin).await;
    let inside = rig.session("").await;
    rig.get(&format!("{inside}/v.m3u8")).await;
    for (file, range) in [
        ("1.mp4", "0-999"),
        ("1.mp4", "1000-1999"),
        ("1.mp4", ""),
        ("2.mp4", "0-"),
        ("2.mp4", "1000-"),
    ] {
        ask(&rig, "GET", &format!("{inside}/{file}"), range).await;
    }
    rig.told("request_finished", 6).await;
    assert!(attempts(&rig.events()).iter().all(|(_, attempt)| *attempt == 1));
    assert_eq!(rig.counted("vsps_retries_total").await, 0.0);
}

/// A player that continues elsewhere in a file does not retry; one whose download broke off does.
#[tokio::test]
async fn a_progressive_file_is_tried_again_where_it_failed() {
    let origin = origin("").await;
    let rules = json!([{ "when": { "range": true, "path": "*/film.mp4", "nth": 4 }, "then": { "reset": "1 kB" } }]);
    let rig = Rig::with_rules(&origin, rules).await;
    let inside = rig.session("").await;
    let film = format!("{inside}/v/film.mp4");
    for range in ["0-9999", "10000-19999", "0-9999", "20000-", "21000-", "50000-59999"] {
        ask(&rig, "GET", &film, range).await;
    }
    rig.told("request_finished", 6).await;
    let counts: Vec<_> = attempts(&rig.events()).into_iter().map(|(_, attempt)| attempt).collect();
    println!("{counts:?}");
    assert_eq!(counts[..2], [1, 1]);
    assert_eq!(counts[3..5], [1, 2]);
}
