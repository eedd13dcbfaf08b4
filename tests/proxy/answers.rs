//! Responses that rules create or change: statuses, redirects, refused connections, heads, ranges, other
//! bodies.

use super::{
    origin::{Asked, Origin, Step, ok, pattern},
    player::{End, Got, Player},
    rig::Rig,
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use vsps::rules::RuleFile;

/// An origin that serves ranges of a kilobyte, and reports the requests.
async fn ranges() -> Origin {
    Origin::start(|asked: &Asked| {
        let body = pattern(1000);
        let Some(range) = asked.header("range").first().copied() else {
            return vec![Step::Send(ok("Content-Type: video/mp4\r\n", &body))];
        };
        let (first, last) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
        let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
        let part = &body[first..=last];
        let head = format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\nContent-Range: bytes {first}-{last}/1000\r\n\
             Connection: close\r\n\r\n",
            part.len()
        );
        vec![Step::Send([head.as_bytes(), part].concat())]
    })
    .await
}

async fn with(origin: &Origin, then: Value) -> Rig {
    Rig::with_rules(origin, json!([{ "name": "fault", "then": then }])).await
}

async fn told(rig: &Rig, effects: &[&str]) {
    let events = rig.told("fault_injected", effects.len()).await;
    let seen: Vec<_> = events.iter().map(|event| event["effect"].as_str().unwrap()).collect();
    assert_eq!(seen, effects);
    assert!(events.iter().all(|event| event["rule"] == "fault"));
}

#[tokio::test]
async fn a_status_has_what_was_asked_for() {
    let origin = ranges().await;
    let then = json!({ "status": { "code": 503, "retry-after": 7, "body": "later", "content-type": "text/plain" } });
    let rig = with(&origin, then).await;
    let got = rig.get("/a").await;
    assert_eq!((got.status(), got.header("retry-after"), got.text()), (503, "7", "later"));
    assert_eq!(got.header("content-type"), "text/plain");
    told(&rig, &["status"]).await;
    let rig = with(&origin, json!({ "status": { "code": 429, "retry-after": "in 2 m" } })).await;
    assert!(rig.get("/a").await.header("retry-after").ends_with(" GMT"));
    assert!(origin.asked().is_empty());
}

#[tokio::test]
async fn redirects_lead_elsewhere_through_hops_or_in_circles() {
    let origin = ranges().await;
    let rig =
        with(&origin, json!({ "redirect": { "host": "cdn.invalid:81", "status": 307 } })).await;
    let got = rig.get("/a?b=1").await;
    assert_eq!((got.status(), got.header("location")), (307, "http://cdn.invalid:81/a?b=1"));
    let rig = with(&origin, json!({ "redirect": { "loop": true } })).await;
    let inside = rig.session("").await;
    let path = format!("{inside}/a?b=1");
    assert_eq!(rig.get(&path).await.header("location"), path);
    assert!(origin.asked().is_empty());
    told(&rig, &["redirect"]).await;
    // Three redirects, then the resource; and the next request has three of its own.
    let rig = with(&origin, json!({ "redirect": { "chain": 3 } })).await;
    for _ in 0..2 {
        let (mut at, mut hops) = ("/a?b=1".to_owned(), 0);
        let got = loop {
            let got = rig.get(&at).await;
            if got.status() != 302 {
                break got;
            }
            hops += 1;
            at = got.header("location").to_owned();
        };
        assert_eq!((hops, got.body.len()), (3, 1000));
        assert_eq!(origin.last().path(), "/a?b=1");
    }
    told(&rig, &["redirect", "redirect"]).await;
}

#[tokio::test]
async fn a_refused_request_gets_no_byte() {
    let origin = ranges().await;
    for (how, end) in [("reset", End::Reset), ("close", End::Fin)] {
        let rig = with(&origin, json!({ "refuse": how })).await;
        let got = rig.get("/a").await;
        assert_eq!((got.head.len() + got.body.len(), got.end), (0, end), "{how}");
        told(&rig, &["refuse"]).await;
        assert_eq!(rig.told("request_finished", 1).await[0]["outcome"], "cut");
    }
    assert!(origin.asked().is_empty());
}

/// GET of two bodies on one connection: both responses.
async fn twice(rig: &Rig) -> (Got, Got) {
    let mut player = rig.player().await;
    player.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let first = player.answer().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    player.try_send("GET /b HTTP/1.1\r\nHost: a\r\n\r\n").await;
    (first, player.rest().await)
}

#[tokio::test]
async fn connections_close_after_the_answer() {
    let origin = ranges().await;
    for (how, announced) in [("after", "close"), ("unannounced", "")] {
        let rig = with(&origin, json!({ "close": how })).await;
        let (first, then) = twice(&rig).await;
        assert_eq!((first.body.len(), first.header("connection")), (1000, announced), "{how}");
        assert!(then.head.is_empty() && then.end != End::Open, "{then:?}");
        told(&rig, &["close"]).await;
    }
}

#[tokio::test]
async fn idle_connections_of_the_session_close() {
    let origin = ranges().await;
    let rules =
        json!([{ "name": "fault", "when": { "path": "*/drop" }, "then": { "close": "idle" } }]);
    let rig = Rig::with_rules(&origin, rules).await;
    let (mine, other) = (rig.session("").await, rig.session("").await);
    let mut players = Vec::new();
    for inside in [&mine, &other] {
        let mut player = rig.player().await;
        player.send(format!("GET {inside}/a HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        assert_eq!(player.answer().await.body.len(), 1000);
        players.push(player);
    }
    assert_eq!(rig.get(&format!("{mine}/drop")).await.body.len(), 1000);
    assert_eq!(players[0].rest().await.end, End::Fin);
    assert_eq!(players[1].read_for(Duration::from_millis(100)).await.end, End::Open);
    told(&rig, &["close"]).await;
}

#[tokio::test]
async fn heads_are_edited() {
    let origin = Origin::saying(ok(
        "ETag: \"1\"\r\nAge: 1\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
        b"x",
    ))
    .await;
    let then = json!({
        "headers": { "set": { "age": "3600", "x-new": "1" }, "remove": ["etag"] }, "date-skew": "-37 s",
    });
    let rig = with(&origin, then).await;
    let got = rig.get("/a").await;
    assert_eq!((got.all("age"), got.header("x-new")), (vec!["3600"], "1"));
    assert!(got.all("etag").is_empty());
    assert_eq!(got.header("date"), "Sun, 06 Nov 1994 08:49:00 GMT");
    told(&rig, &["date-skew", "headers"]).await;
}

#[tokio::test]
async fn a_time_server_is_off() {
    let origin = Origin::saying(ok("", b"2026-11-22T14:08:54Z")).await;
    let rig = with(&origin, json!({ "date-skew": "+30 s" })).await;
    let got = rig.get("/time").await;
    assert_eq!((got.text(), got.header("content-length")), ("2026-11-22T14:09:24Z", "20"));
}

#[tokio::test]
async fn cors_breaks_as_asked() {
    let origin = ranges().await;
    let ask = async |fault: &str, method: &str| {
        let rig = with(&origin, json!({ "cors": fault })).await;
        let preflight = "Origin: http://player.test\r\nAccess-Control-Request-Method: GET\r\n";
        let headers =
            if method == "OPTIONS" { preflight } else { "Origin: http://player.test\r\n" };
        let got = rig.ask(method, "/a", headers).await;
        let allowed = got.all("access-control-allow-origin").join("+");
        (got.status(), allowed, got.all("access-control-expose-headers").len(), rig)
    };
    let seen = async |fault| {
        let (status, allowed, exposed, rig) = ask(fault, "GET").await;
        told(&rig, &["cors"]).await;
        (status, allowed, exposed)
    };
    assert_eq!(seen("missing").await, (200, String::new(), 1));
    assert_eq!(seen("wrong-origin").await, (200, "https://elsewhere.invalid".to_owned(), 1));
    let page = "http://player.test".to_owned();
    assert_eq!(seen("duplicated").await, (200, "*, *".to_owned(), 1));
    assert_eq!(seen("unexposed").await, (200, page, 0));
    // A fault of preflights applies only to preflights, and other faults do not.
    let (status, allowed, _, rig) = ask("preflight", "OPTIONS").await;
    assert_eq!((status, allowed.as_str()), (403, ""));
    told(&rig, &["cors"]).await;
    let (status, allowed, _, rig) = ask("preflight", "GET").await;
    assert_eq!((status, allowed.as_str()), (200, "http://player.test"));
    told(&rig, &[]).await;
    let (status, allowed, _, rig) = ask("missing", "OPTIONS").await;
    assert_eq!((status, allowed.as_str()), (204, "http://player.test"));
    told(&rig, &[]).await;
}

#[tokio::test]
async fn ranges_come_wrong() {
    let origin = ranges().await;
    let ask = async |fault: &str| {
        let rig = with(&origin, json!({ "range": fault })).await;
        let plain = rig.get("/a").await;
        assert_eq!(
            (plain.status(), plain.body.len()),
            (200, 1000),
            "without a range nothing happens"
        );
        let got = rig.ask("GET", "/a", "Range: bytes=100-199\r\n").await;
        told(&rig, &["range"]).await;
        let range = got.header("content-range").to_owned();
        (got.status(), range, got.body.len(), got)
    };
    let (status, range, length, got) = ask("ignored").await;
    assert_eq!((status, range.as_str(), length), (200, "", 1000));
    assert!(got.body == pattern(1000) && origin.last().header("range").is_empty());
    let (status, range, length, _) = ask("whole").await;
    assert_eq!((status, range.as_str(), length), (206, "bytes 0-999/1000", 1000));
    let (status, range, length, got) = ask("shifted").await;
    assert_eq!((status, range.as_str(), length), (206, "bytes 101-199/1000", 100));
    assert!(got.body == pattern(1000)[100..200]);
    let (status, range, length, _) = ask("empty").await;
    assert_eq!((status, range.as_str(), length), (206, "bytes 100-199/1000", 0));
    let (status, range, length, _) = ask("unsatisfiable").await;
    assert_eq!((status, range.as_str(), length), (416, "bytes */1000", 0));
    let (status, range, _, got) = ask("unsized").await;
    assert_eq!((status, range.as_str()), (206, "bytes 100-199/1000"));
    assert!(got.all("content-length").is_empty());
    assert_eq!(super::player::unchunked(&got.body), (pattern(1000)[100..200].to_vec(), true));
}

#[tokio::test]
async fn other_bodies_come_instead() {
    let origin = ranges().await;
    let ask = async |body: Value| with(&origin, json!({ "body": body })).await.get("/a.ts").await;
    let empty = ask(json!("empty")).await;
    assert_eq!((empty.status(), empty.header("content-length"), empty.body.len()), (200, "0", 0));
    assert_eq!(empty.header("content-type"), "video/mp2t");
    let portal = ask(json!("captive-portal")).await;
    assert!(
        portal.text().contains("sign in") && portal.header("content-type").starts_with("text/html")
    );
    let (junk, again) =
        (ask(json!({ "junk": "40 kB" })).await, ask(json!({ "junk": "40 kB" })).await);
    assert_eq!((junk.body.len(), junk.header("content-length")), (40_000, "40000"));
    assert!(junk.body == again.body && junk.body.iter().any(|byte| *byte != junk.body[0]));
    assert_eq!(ask(json!({ "text": "hi", "content-type": "text/plain" })).await.text(), "hi");
    assert!(origin.asked().is_empty());
}

/// A 404 that the origin fixes at once remains as long as a cache keeps it.
#[tokio::test]
async fn errors_are_kept_until_time_or_rules_are_over() {
    let origin = ranges().await;
    let rules = json!([{ "name": "fault", "when": { "attempt": 1 }, "then": { "status": 404, "keep-errors": "1 h" } }]);
    let rig = Rig::with_rules(&origin, json!([])).await;
    let (inside, other) = (rig.session("").await, rig.session("").await);
    rig.patch(&inside, &json!({ "rules": rules }).to_string()).await;
    let ask = async |inside: &str| rig.get(&format!("{inside}/a.ts")).await.status();
    assert_eq!((ask(&inside).await, ask(&inside).await, ask(&inside).await), (404, 404, 404));
    assert_eq!(ask(&other).await, 200, "another session's is another cache");
    told(&rig, &["status", "keep-errors", "keep-errors"]).await;
    rig.patch(&inside, r#"{ "rules": [] }"#).await;
    assert_eq!(ask(&inside).await, 200, "nothing remains");
}

#[tokio::test]
async fn reloads_lose_their_directives() {
    let origin = Origin::saying(ok("", b"#EXTM3U\n")).await;
    let rig = with(&origin, json!({ "reload": "early" })).await;
    let inside = rig.session("").await;
    rig.get(&format!("{inside}/a.m3u8?t=1&_HLS_msn=7&_HLS_part=2")).await;
    assert_eq!(origin.last().path(), "/a.m3u8?t=1");
    rig.get(&format!("{inside}/a.m3u8?t=1")).await;
    told(&rig, &["reload"]).await;
}

/// The directive for a delta update is removed; those for a blocking reload stay.
#[tokio::test]
async fn a_reload_in_full_asks_for_no_delta() {
    let origin = Origin::saying(ok("", b"#EXTM3U\n")).await;
    let rig = with(&origin, json!({ "reload": "full" })).await;
    let inside = rig.session("").await;
    rig.get(&format!("{inside}/a.m3u8?t=1&_HLS_msn=7&_HLS_part=2&_HLS_skip=YES")).await;
    assert_eq!(origin.last().path(), "/a.m3u8?t=1&_HLS_msn=7&_HLS_part=2");
    rig.get(&format!("{inside}/a.m3u8?t=1&_HLS_msn=8")).await;
    told(&rig, &["reload"]).await;
}

/// A rule file may name files next to it; no request goes to the origin.
#[tokio::test]
async fn a_body_comes_from_a_file() {
    let folder = std::env::temp_dir().join(format!("vsps-{}-body", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    std::fs::write(folder.join("other.m4s"), &bytes).unwrap();
    let rule = "[[rule]]\nname = \"fault\"\nwhen = { path = \"/a\" }\nthen = { body = { file = \"other.m4s\" } }\n";
    std::fs::write(folder.join("rules.toml"), rule).unwrap();
    let rules = RuleFile::load(&folder.join("rules.toml")).unwrap().rules;
    std::fs::remove_dir_all(&folder).unwrap();
    let origin = ranges().await;
    let rig = Rig::start(Some(origin.address), |config| config.rules = Arc::new(rules)).await;
    let got = rig.get("/a").await;
    assert_eq!((got.status(), got.header("content-type")), (200, "video/mp4"));
    assert_eq!(got.header("content-length"), "10000");
    assert!(got.body == bytes);
    assert!(origin.asked().is_empty());
    assert_eq!(rig.get("/b").await.body.len(), 1000, "and no other");
    told(&rig, &["body"]).await;
}

const LADDER: &str = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100,CODECS=\"avc1.42E01E\",RESOLUTION=320x180\nlow/p.m3u8\n\
                      #EXT-X-STREAM-INF:BANDWIDTH=200,CODECS=\"avc1.42E01E\",RESOLUTION=640x360\nhigh/p.m3u8\n";

/// A live origin: each version of the playlist begins one segment later.
async fn live() -> Origin {
    let version = std::sync::atomic::AtomicU32::new(10);
    Origin::start(move |asked| {
        let path = asked.path().split('?').next().unwrap().to_owned();
        let body = match path.as_str() {
            "/master.m3u8" => LADDER.to_owned(),
            path if path.ends_with("p.m3u8") => {
                let first = version.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let segments: String =
                    (first..first + 4).map(|n| format!("#EXTINF:4,\n{n}.ts\n")).collect();
                format!(
                    "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:{first}\n{segments}"
                )
            }
            path => path.to_owned(),
        };
        vec![Step::Send(ok("", body.as_bytes()))]
    })
    .await
}

#[tokio::test]
async fn manifests_are_edited_and_undone() {
    let origin = live().await;
    let rig = Rig::with_rules(&origin, json!([])).await;
    let (inside, other) = (rig.session("").await, rig.session("").await);
    let get = async |path: &str| rig.get(path).await;
    get(&format!("{inside}/master.m3u8")).await;
    let rules = json!([{ "name": "fault", "when": { "kind": "media-playlist" }, "then": { "manifest": { "freeze": "1 h" } } }]);
    rig.patch(&inside, &json!({ "rules": rules }).to_string()).await;
    let sequence = |got: &Got| {
        let line = got
            .text()
            .lines()
            .find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"))
            .unwrap();
        line.parse::<u32>().unwrap()
    };
    let low = format!("{inside}/low/p.m3u8");
    let frozen: Vec<_> =
        [get(&low).await, get(&low).await, get(&low).await].iter().map(sequence).collect();
    assert_eq!(frozen, [10, 10, 10]);
    assert!(
        sequence(&get(&format!("{other}/low/p.m3u8")).await) > 10,
        "another session's is fresh"
    );
    told(&rig, &["freeze", "freeze", "freeze"]).await;
    rig.patch(&inside, r#"{ "rules": [] }"#).await;
    assert!(sequence(&get(&low).await) > 10, "nothing remains");
    let rules = json!([{ "name": "fault", "then": { "manifest": { "strip": ["CODECS"], "truncate": "3 lines" } } }]);
    rig.patch(&inside, &json!({ "rules": rules }).to_string()).await;
    let got = get(&format!("{inside}/master.m3u8")).await;
    assert!(!got.text().contains("CODECS") && got.text().lines().count() == 3, "{}", got.text());
    assert_eq!(got.header("content-length").parse(), Ok(got.body.len()));
}

#[tokio::test]
async fn a_segment_is_swapped_for_the_one_before_or_another_rung() {
    let origin = live().await;
    let rules = json!([
        { "name": "fault", "when": { "kind": "segment", "path": "*/low/*" }, "then": { "body": "previous-segment" } },
        { "name": "fault", "when": { "kind": "segment" }, "then": { "body": { "rung": 1 } } },
    ]);
    let rig = Rig::with_rules(&origin, rules).await;
    let inside = rig.session("").await;
    for path in ["master.m3u8", "low/p.m3u8", "high/p.m3u8"] {
        rig.get(&format!("{inside}/{path}")).await;
    }
    let ask = async |path: &str| rig.get(&format!("{inside}/{path}")).await.text().to_owned();
    assert_eq!(ask("low/10.ts").await, "/low/10.ts", "the first stays");
    assert_eq!(ask("low/11.ts").await, "/low/10.ts");
    assert_eq!(ask("low/12.ts").await, "/low/11.ts");
    assert_eq!(ask("high/13.ts").await, "/low/13.ts");
    told(&rig, &["body", "body", "body"]).await;
    let _: Player = rig.player().await;
}
