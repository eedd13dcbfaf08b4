//! Redirects by origins and by rules: one request of the player counts once, however many redirects follow, and
//! stays in its session.

use super::{
    origin::{Origin, Step, ok, pattern},
    player::Got,
    rig::Rig,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

const LENGTH: usize = 20_000;

/// A segment's body, which names it.
fn body(number: &str) -> Vec<u8> {
    [format!("segment {number} ").into_bytes(), pattern(LENGTH)].concat()
}

fn led(status: u16, to: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Moved\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        .into_bytes()
}

/// An origin whose segments are elsewhere: `/N.ts` redirects with `status` to `/step/N`, and that to a CDN.
async fn origins(status: u16) -> (Origin, Origin) {
    let cdn = Origin::start(|asked| {
        let number = asked.path().rsplit('/').next().unwrap().split('?').next().unwrap();
        vec![Step::Send(ok("Content-Type: video/mp2t\r\n", &body(number)))]
    })
    .await;
    let at = cdn.address;
    let origin = Origin::start(move |asked| {
        let path = asked.path().to_owned();
        vec![Step::Send(match path.strip_suffix(".ts") {
            _ if path.ends_with(".m3u8") => {
                let all = (1..=8).map(|number| format!("#EXTINF:4,\n{number}.ts\n"));
                let all = format!("#EXTM3U\n#EXT-X-TARGETDURATION:4\n{}", all.collect::<String>());
                ok("", all.as_bytes())
            }
            Some(number) => led(status, &format!("step{number}")),
            None => {
                let number = path.rsplit('/').next().unwrap();
                led(302, &format!("http://{at}/cdn/{number}?token=a%2Fb"))
            }
        })]
    })
    .await;
    (origin, cdn)
}

/// Follows redirects as players do: every address, and the final response.
async fn follow(rig: &Rig, method: &str, path: &str, headers: &str) -> (Vec<String>, Got) {
    let mut at = vec![path.to_owned()];
    loop {
        let here = at.last().unwrap().clone();
        let got = rig.ask(method, &here, headers).await;
        if !(300..400).contains(&got.status()) || at.len() > 9 {
            return (at, got);
        }
        let base = url::Url::parse("http://a").unwrap().join(&here).unwrap();
        let there = base.join(got.header("location")).unwrap();
        assert_eq!(there.host_str(), Some("a"), "{there}: out of the proxy");
        at.push(there[url::Position::BeforePath..].to_owned());
    }
}

async fn session(rig: &Rig) -> String {
    let inside = rig.session("").await;
    assert_eq!(rig.get(&format!("{inside}/v.m3u8")).await.status(), 200);
    inside
}

async fn segment(rig: &Rig, inside: &str, number: usize) -> Got {
    let (at, got) = follow(rig, "GET", &format!("{inside}/{number}.ts"), "").await;
    assert!(at.iter().all(|address| address.starts_with(inside)), "{at:?}");
    got
}

#[tokio::test]
async fn a_segment_counts_once_however_many_redirects_lead_to_it() {
    for status in [301, 302, 303, 307, 308] {
        let (origin, _cdn) = origins(status).await;
        let rules = json!([
            { "name": "third", "when": { "kind": "segment", "nth": 3 }, "then": { "truncate": "50 %" } },
            { "name": "fourth", "when": { "kind": "segment", "every": 4 }, "then": { "status": 404 } },
            { "name": "once", "when": { "kind": "segment" }, "then": { "headers": { "set": { "x-once": "1" } } },
              "budget": { "times": 2 } },
        ]);
        let rig = Rig::with_rules(&origin, rules).await;
        let inside = session(&rig).await;
        let mut marked = 0;
        for number in 1..=5 {
            let got = segment(&rig, &inside, number).await;
            let whole = body(&number.to_string());
            match number {
                3 => assert_eq!(got.body.len(), whole.len() / 2, "{status}"),
                4 => assert_eq!(got.failure(), (404, "injected; rule")),
                _ => assert!(got.body == whole, "{status}: segment {number}"),
            }
            marked += usize::from(got.header("x-once") == "1");
        }
        assert_eq!(marked, 2);
        // Two redirects before each, except the one that a rule responds to.
        let planned = rig.told("request_planned", 1 + 4 * 3 + 1).await;
        assert!(planned.iter().all(|event| event["attempt"] == 1), "{planned:#?}");
        let hops: Vec<_> = planned[1..4].iter().map(|event| event["hop"].as_u64()).collect();
        assert_eq!(hops, [None, Some(1), Some(2)]);
        assert_eq!(planned[1]["resource"], planned[3]["resource"]);
        rig.told("request_finished", 14).await;
        assert_eq!(rig.counted("vsps_requests_total").await, 6.0, "a playlist and five segments");
        assert_eq!(rig.counted("vsps_retries_total").await, 0.0);
        assert_eq!(rig.counted("vsps_faults_total").await, 4.0);
    }
}

#[tokio::test]
async fn a_retry_is_one_and_so_is_a_range() {
    let (origin, _cdn) = origins(302).await;
    let rules = json!([{ "when": { "kind": "segment", "attempt": 1, "method": "GET" }, "then": { "truncate": "10 kB" } }]);
    let rig = Rig::with_rules(&origin, rules).await;
    let inside = session(&rig).await;
    let path = format!("{inside}/1.ts");
    let (_, got) = follow(&rig, "HEAD", &path, "").await;
    assert_eq!((got.status(), got.body.len()), (200, 0));
    assert_eq!(follow(&rig, "GET", &path, "").await.1.body.len(), 10_000);
    let (_, got) = follow(&rig, "GET", &path, "Range: bytes=10000-\r\n").await;
    assert!(got.body == body("1"), "this CDN knows no ranges");
    let planned = rig.told("request_planned", 1 + 3 * 3).await;
    let attempts: Vec<_> =
        planned[1..].iter().map(|event| event["attempt"].as_u64().unwrap()).collect();
    assert_eq!(attempts, [1, 1, 1, 1, 1, 1, 2, 2, 2]);
    assert_eq!(rig.counted("vsps_retries_total").await, 1.0);
}

/// A player that caches a redirect requests its target: this is another request for the same segment.
#[tokio::test]
async fn a_redirect_that_the_player_has_kept_counts_as_the_segment() {
    let (origin, _cdn) = origins(301).await;
    let rules = json!([{ "when": { "kind": "segment", "nth": 2 }, "then": { "status": 503 } }]);
    let rig = Rig::with_rules(&origin, rules).await;
    let inside = session(&rig).await;
    let (at, got) = follow(&rig, "GET", &format!("{inside}/1.ts"), "").await;
    assert_eq!(got.status(), 200);
    assert_eq!(rig.get(at.last().unwrap()).await.status(), 503);
    let planned = rig.told("request_planned", 5).await;
    assert_eq!((&planned[4]["attempt"], &planned[4]["hop"]), (&2.into(), &Value::Null));
    assert_eq!(planned[4]["resource"], planned[1]["resource"]);
}

/// Rules with the host of a redirect's target apply there, each once.
#[tokio::test]
async fn rules_about_the_cdn_strike_where_redirects_lead() {
    let (origin, cdn) = origins(302).await;
    let rules = json!([
        { "name": "late", "when": { "kind": "segment" }, "then": { "delay": "200 ms" } },
        { "name": "down", "when": { "host": cdn.address.to_string(), "nth": 2 }, "then": { "status": 503 } },
    ]);
    let rig = Rig::with_rules(&origin, rules).await;
    let inside = session(&rig).await;
    let started = Instant::now();
    let statuses = [
        segment(&rig, &inside, 1).await.status(),
        segment(&rig, &inside, 2).await.status(),
        segment(&rig, &inside, 3).await.status(),
    ];
    assert_eq!(statuses, [200, 503, 200]);
    assert!(started.elapsed() >= Duration::from_millis(600));
    let told = rig.told("fault_injected", 4).await;
    let rules: Vec<_> = told.iter().map(|event| event["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["late", "late", "down", "late"]);
}

#[tokio::test]
async fn the_segment_before_is_asked_where_it_is() {
    let (origin, _cdn) = origins(302).await;
    let rules = json!([{ "when": { "kind": "segment", "every": 2 }, "then": { "body": "previous-segment" } }]);
    let rig = Rig::with_rules(&origin, rules.clone()).await;
    let inside = session(&rig).await;
    for (number, expected) in [(1, "1"), (2, "1"), (3, "3"), (4, "3")] {
        assert!(segment(&rig, &inside, number).await.body == body(expected), "{number}");
    }
    // Two hosts in one playlist, and no redirect.
    let other = Origin::saying(ok("", b"from the other host")).await;
    let list = format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nhttp://{}/1.ts\n#EXTINF:4,\n2.ts\n",
        other.address
    );
    let origin = Origin::start(move |asked| match asked.path() {
        "/v.m3u8" => vec![Step::Send(ok("", list.as_bytes()))],
        _ => vec![Step::Send(ok("", b"from this one"))],
    })
    .await;
    let rig = Rig::with_rules(&origin, rules).await;
    let inside = session(&rig).await;
    rig.get(&format!("{inside}/-/o/http/{}/1.ts", other.address)).await;
    assert_eq!(rig.get(&format!("{inside}/2.ts")).await.text(), "from the other host");
}

/// A budget reserved at the first address is returned if no effect is applied at the last.
#[tokio::test]
async fn a_budget_is_spent_where_the_redirect_leads() {
    let (origin, _cdn) = origins(302).await;
    let rules = json!([{ "when": { "kind": "segment" }, "then": { "truncate": "20 kB" }, "budget": { "times": 1 } }]);
    let rig = Rig::with_rules(&origin, rules).await;
    let inside = session(&rig).await;
    let sizes =
        [segment(&rig, &inside, 1).await.body.len(), segment(&rig, &inside, 2).await.body.len()];
    assert_eq!(sizes, [20_000, body("2").len()]);
}

/// Some origins send a Location with bytes that are not ASCII. Players encode these.
#[tokio::test]
async fn a_location_with_any_bytes_stays_in_the_session() {
    let cdn = Origin::saying(ok("Content-Type: video/mp2t\r\n", b"media")).await;
    let at = cdn.address;
    let origin = Origin::start(move |asked| {
        vec![Step::Send(match asked.path() {
            "/cdn.ts" => led(302, &format!("http://{at}/v\u{ee}deo/1.ts?t=\u{e9}")),
            "/own.ts" => led(302, "/v\u{ee}deo/2.ts"),
            _ => ok("", b"media"),
        })]
    })
    .await;
    let rig = Rig::before(&origin).await;
    let inside = rig.session("").await;
    for (path, there) in [("cdn", &cdn), ("own", &origin)] {
        let (at, got) = follow(&rig, "GET", &format!("{inside}/{path}.ts"), "").await;
        assert!(at.iter().all(|address| address.starts_with(&inside)), "{at:?}");
        assert_eq!(got.text(), "media");
        assert!(there.last().path().starts_with("/v%C3%AEdeo/"), "{}", there.last().path());
    }
}

#[tokio::test]
async fn a_rules_redirect_stays_in_the_session() {
    let origin = Origin::start(|asked| vec![Step::Send(ok("", asked.path().as_bytes()))]).await;
    let cdn = Origin::saying(ok("", b"from the cdn")).await;
    let here = origin.address;
    for (to, expected) in [
        (json!("/expired/p.m3u8"), "/expired/p.m3u8"),
        (json!("../expired/p.m3u8?x=1"), "/expired/p.m3u8?x=1"),
        (json!(format!("http://{here}/expired/p.m3u8")), "/expired/p.m3u8"),
        (json!(format!("//{here}/expired/p.m3u8")), "/expired/p.m3u8"),
        (json!({ "host": here.to_string(), "status": 307 }), "/live/a.m3u8"),
        (json!({ "to": format!("http://{}/x", cdn.address) }), "from the cdn"),
        (json!({ "host": cdn.address.to_string() }), "from the cdn"),
        (json!(format!("/-/o/http/{}/x", cdn.address)), "from the cdn"),
    ] {
        // Without a condition, it does not apply again at the target.
        let rules = json!([{ "then": { "redirect": to.clone() } }]);
        let rig = Rig::start(Some(here), |config| {
            config.rules = super::rig::read_rules(rules);
            config.proxy.allow = vec!["127.0.0.1".parse().unwrap()];
        })
        .await;
        let inside = rig.session("").await;
        let (at, got) = follow(&rig, "GET", &format!("{inside}/live/a.m3u8"), "").await;
        assert_eq!(at.len(), 2, "{to}: {at:?}");
        assert!(at[1].starts_with(&format!("{inside}/")), "{to}: {at:?}");
        assert_eq!((got.status(), got.text()), (200, expected), "{to}");
        assert_eq!(rig.told("session_started", 1).await.len(), 1);
        assert_eq!(rig.told("fault_injected", 1).await.len(), 1);
    }
    // A host that may not be fetched is outside the session.
    let rig =
        Rig::with_rules(&origin, json!([{ "then": { "redirect": "https://else.test/p" } }])).await;
    let inside = rig.session("").await;
    assert_eq!(rig.get(&format!("{inside}/a")).await.header("location"), "https://else.test/p");
}

/// Chains and loops are one request too.
#[tokio::test]
async fn chains_and_circles_count_once() {
    let (origin, _cdn) = origins(302).await;
    let list = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n1.m4s\n#EXTINF:4,\n2.m4s\n#EXTINF:4,\n3.m4s\n";
    let plain = Origin::start(move |asked| match asked.path() {
        "/v.m3u8" => vec![Step::Send(ok("", list.as_bytes()))],
        _ => vec![Step::Send(ok("", b"x"))],
    })
    .await;
    drop(origin);
    let rules = json!([
        { "when": { "kind": "segment", "nth": 1 }, "then": { "redirect": { "chain": 3 } } },
        { "when": { "kind": "segment", "nth": 3 }, "then": { "redirect": { "loop": true } } },
    ]);
    let rig = Rig::with_rules(&plain, rules).await;
    let inside = session(&rig).await;
    let mut seen = Vec::new();
    for number in 1..=3 {
        let (at, got) = follow(&rig, "GET", &format!("{inside}/{number}.m4s"), "").await;
        seen.push((at.len(), got.status()));
    }
    assert_eq!(seen, [(4, 200), (1, 200), (10, 302)], "nobody leaves a circle");
    let planned = rig.told("request_planned", 1 + 4 + 1 + 10).await;
    assert!(planned.iter().all(|event| event["attempt"] == 1));
    assert_eq!(rig.counted("vsps_retries_total").await, 0.0);
    assert_eq!(rig.counted("vsps_requests_total").await, 4.0);
}

/// The delay comes after a wait of the origin.
#[tokio::test]
async fn a_delay_begins_when_a_held_playlist_is_due() {
    let playlist = ok("", b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n1.ts\n");
    let origin = Origin::start(move |asked| {
        let held = asked.path().contains("_HLS_msn");
        let wait = Duration::from_millis(if held { 1500 } else { 0 });
        vec![Step::Pause(wait), Step::Send(playlist.clone())]
    })
    .await;
    let rules = json!([{ "when": { "blocking": true }, "then": { "delay": "1 s" } }]);
    let rig = Rig::with_rules(&origin, rules).await;
    let inside = session(&rig).await;
    let started = Instant::now();
    assert_eq!(rig.get(&format!("{inside}/v.m3u8?_HLS_msn=2")).await.status(), 200);
    assert!(started.elapsed() >= Duration::from_millis(2500), "{:?}", started.elapsed());
    rig.told("fault_injected", 1).await;
}
