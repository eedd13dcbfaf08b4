//! Which session a request belongs to: redirects, parameters, identification, expiry, and hosts that are not
//! allowed.

use super::{
    origin::{Origin, Step, ok},
    rig::Rig,
};
use serde_json::json;
use std::time::Duration;
use vsps::{config::Config, proxy::SessionBy};

#[tokio::test]
async fn a_manifest_request_is_led_into_a_session() {
    let origin = Origin::saying(ok("", b"#EXTM3U\n")).await;
    let rig = Rig::before(&origin).await;
    for method in ["GET", "HEAD"] {
        for path in ["/a/live.m3u8", "/a/live.mpd"] {
            let query = "t=%2F1&vsps.profile=cable&u=&vsps.seed=9&vsps.label=my%20tv";
            let got = rig.ask(method, &format!("{path}?{query}"), "").await;
            assert_eq!((got.status(), got.header("cache-control")), (307, "no-store"));
            let location = got.header("location").to_owned();
            assert!(location.starts_with("/-/s/"), "{location}");
            assert!(location.ends_with(&format!("{path}?t=%2F1&u=")), "{location}");
            assert!(origin.asked().is_empty());
        }
    }
    let started = rig.told("session_started", 4).await;
    assert_eq!(started[0]["profile"], "cable");
    assert_eq!((&started[0]["seed"], &started[0]["label"]), (&9.into(), &"my tv".into()));
    assert_eq!(started[0]["rate_bps"], 5_000_000);
    assert_eq!(rig.counted("vsps_link_rate_bits_per_second").await, 5e6, "from the start");
    let got = rig.ask("POST", "/a/live.m3u8", "").await;
    assert_eq!(got.status(), 200, "only what asks for a manifest is redirected");
}

#[tokio::test]
async fn wrong_parameters_are_told() {
    let origin = Origin::saying(ok("", b"#EXTM3U\n")).await;
    let rig = Rig::before(&origin).await;
    for (query, told) in [
        ("vsps.porfile=3g", "vsps.profile"),
        ("vsps.profile=3gg", "3g"),
        ("vsps.profile=%2Fetc%2Fpasswd", "profile"),
        ("vsps.seed=many", "vsps.seed=42"),
        ("vsps.rules=%5B%7B", "not JSON"),
        ("vsps.rules=segment:profile=cabel", "did you mean `cable`"),
        (
            "vsps.rules=%5B%7B%22then%22%3A%7B%22dealy%22%3A%221%20s%22%7D%7D%5D",
            "did you mean `delay`",
        ),
    ] {
        let got = rig.get(&format!("/a.m3u8?{query}")).await;
        assert_eq!(got.failure(), (400, "downstream; parameter"), "{query}");
        assert!(got.text().contains(told), "{query}: {}", got.text());
    }
    let got = rig.get("/-/s/nobody/a.m3u8").await;
    assert_eq!(got.failure(), (404, "downstream; session"));
    assert!(got.text().contains("--session-idle"), "{}", got.text());
    assert_eq!(rig.told("session_started", 0).await.len(), 0);
}

/// CMCD `sid` in the query or a header, else address and User-Agent; no redirects.
#[tokio::test]
async fn viewers_are_told_apart_without_redirects() {
    let origin = Origin::saying(ok("", b"#EXTM3U\n#EXTINF:4,\n/1.ts\n")).await;
    let rig = Rig::start(Some(origin.address), |config| {
        config.proxy.session_by = SessionBy::Client;
    })
    .await;
    for (path, headers) in [
        ("/a.m3u8?CMCD=sid%3D%22one%22", "User-Agent: x\r\n"),
        ("/1.ts", "CMCD-Session: cid=\"c\",sid=\"one\"\r\nUser-Agent: y\r\n"),
        ("/2.ts?CMCD=bl%3D1%2Csid%3D%22two%22", "User-Agent: x\r\n"),
        ("/a.m3u8", "User-Agent: x\r\n"),
        ("/3.ts", "User-Agent: x\r\n"),
        ("/3.ts", "User-Agent: y\r\n"),
    ] {
        let got = rig.ask("GET", path, headers).await;
        assert_eq!(got.status(), 200, "{path}");
        assert!(got.text().ends_with("\n/1.ts\n"), "addresses stay as they are");
    }
    let planned = rig.told("request_planned", 6).await;
    let ordinals: Vec<_> = planned.iter().map(|event| event["ordinal"].as_u64().unwrap()).collect();
    assert_eq!(ordinals, [1, 1, 2, 3, 3, 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_first_requests_of_a_viewer_make_one_session() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = Rig::start(Some(origin.address), |config| {
        config.proxy.session_by = SessionBy::Client;
    })
    .await;
    for round in 0..20 {
        let path = format!("/a?CMCD=sid%3D%22{round}%22");
        let ask = || rig.get(&path);
        tokio::join!(ask(), ask(), ask(), ask());
    }
    assert_eq!(rig.told("session_started", 20).await.len(), 20);
}

#[tokio::test]
async fn an_idle_session_ends_and_a_busy_one_does_not() {
    let origin = Origin::start(|_| {
        let answer = ok("", b"slow!");
        let (first, rest) = answer.split_at(answer.len() - 1);
        vec![
            Step::Send(first.to_vec()),
            Step::Pause(Duration::from_secs(3)),
            Step::Send(rest.to_vec()),
        ]
    })
    .await;
    let rig = Rig::start(Some(origin.address), |config| {
        config.session_idle = Duration::from_millis(500);
    })
    .await;
    let (idle, busy) = (rig.session("").await, rig.session("").await);
    assert_eq!(rig.get(&format!("{busy}/a")).await.text(), "slow!");
    assert_eq!(rig.get(&format!("{idle}/a")).await.status(), 404);
    let ended = rig.told("session_ended", 1).await;
    assert_eq!(ended[0]["session"], idle.rsplit('/').next().unwrap());
}

#[tokio::test]
async fn requests_without_a_session_fall_to_the_newest_or_to_nobodys() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = Rig::before(&origin).await;
    rig.get("/0.ts").await;
    rig.session("").await;
    rig.get("/1.ts").await;
    let newest = rig.session("vsps.profile=cable").await;
    rig.get("/2.ts?vsps.seed=1&t=2").await;
    assert_eq!(origin.last().path(), "/2.ts?t=2");
    let planned = rig.told("request_planned", 3).await;
    let ordinals: Vec<_> = planned.iter().map(|event| event["ordinal"].as_u64().unwrap()).collect();
    assert_eq!(ordinals, [0, 1, 2]);
    assert_eq!(planned[2]["session"], newest.rsplit('/').next().unwrap());
}

#[tokio::test]
async fn run_n_of_a_script_is_the_same_session_each_time() {
    let origin = Origin::saying(ok("", b"x")).await;
    let (first, second) = (Rig::before(&origin).await, Rig::before(&origin).await);
    // An unrelated request changes nothing.
    second.get("/stray").await;
    for _ in 0..3 {
        assert_eq!(first.session("").await, second.session("").await);
    }
    let seeds = async |rig: &Rig, count| -> Vec<_> {
        let mut started = rig.told("session_started", count).await;
        started.retain(|event| event["ordinal"] != 0);
        started.iter().map(|event| event["seed"].as_u64().unwrap()).collect()
    };
    let (one, two) = (seeds(&first, 3).await, seeds(&second, 4).await);
    assert_eq!(one, two);
    assert!(one[0] != one[1] && one[1] != one[2]);
}

#[tokio::test]
async fn redirects_stay_inside() {
    let origin = Origin::start(|asked| {
        let to = match asked.path() {
            "/1" => "http://cdn.test:81/a?b".to_owned(),
            "/2" => "//cdn.test/a".to_owned(),
            "/3" => "/a/b".to_owned(),
            "/4" => "b/c?d".to_owned(),
            "/5" => format!("http://{}/own", asked.header("host")[0]),
            "/6" => "http://cdn.test".to_owned(),
            _ => "mailto:a@b".to_owned(),
        };
        let answer = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
        vec![Step::Send(answer.into_bytes())]
    })
    .await;
    let rig = Rig::before(&origin).await;
    let inside = rig.session("").await;
    for (number, expected) in [
        (1, format!("{inside}/-/o/http/cdn.test:81/a?b")),
        (2, format!("{inside}/-/o/http/cdn.test/a")),
        (3, format!("{inside}/a/b")),
        (4, "b/c?d".to_owned()),
        (5, format!("{inside}/own")),
        (6, format!("{inside}/-/o/http/cdn.test/")),
        (7, "mailto:a@b".to_owned()),
    ] {
        let got = rig.get(&format!("{inside}/{number}")).await;
        assert_eq!((got.status(), got.header("location")), (302, &*expected));
    }
}

/// A host is allowed by the command line or, if nothing is set there, by a manifest of this session.
#[tokio::test]
async fn hosts_are_closed_unless_named() {
    let cdn = Origin::saying(ok("", b"from the cdn")).await;
    let playlist = format!("#EXTM3U\n#EXTINF:4,\nhttp://{}/1.ts\n", cdn.address);
    let origin = Origin::saying(ok("", playlist.as_bytes())).await;
    let (host, port) = (cdn.address.ip(), cdn.address.port());
    for (allow, before, after) in [
        (None, 403, 200),
        (Some("other.test".to_owned()), 403, 403),
        (Some(format!("{host}:{port}")), 200, 200),
        (Some("*".to_owned()), 200, 200),
    ] {
        let rig = Rig::start(Some(origin.address), |config| {
            config.proxy.allow = allow.iter().map(|pattern| pattern.parse().unwrap()).collect();
        })
        .await;
        let already = cdn.asked().len();
        let (inside, other) = (rig.session("").await, rig.session("").await);
        let path = format!("{inside}/-/o/http/{}/1.ts", cdn.address);
        let closed = rig.get(&path).await;
        assert_eq!(closed.status(), before, "{allow:?}");
        if before == 403 {
            assert_eq!(closed.header("vsps-error"), "downstream; host");
            assert!(closed.text().contains(&format!("--allow-origin {}", cdn.address)));
        }
        assert!(rig.get(&format!("{inside}/a.m3u8")).await.text().contains(&path));
        assert_eq!(rig.get(&path).await.status(), after, "{allow:?}");
        let asked = cdn.asked().len() - already;
        assert_eq!(asked == 0, after == 403, "{allow:?}");
        let elsewhere = format!("{other}/-/o/http/{}/1.ts", cdn.address);
        assert_eq!(rig.get(&elsewhere).await.status(), before, "{allow:?}: another session's word");
    }
}

/// Whatever is allowed, no request reaches the admin server, or the proxy itself, through the data port.
#[tokio::test]
async fn the_proxy_never_fetches_from_itself() {
    let origin = Origin::saying(ok("", b"hello")).await;
    let any = |config: &mut Config| config.proxy.allow = vec!["*".parse().unwrap()];
    let rig = Rig::start(Some(origin.address), any).await;
    for own in [rig.admin, rig.listen] {
        let got = rig.get(&format!("/-/o/http/{own}/api/v1/sessions")).await;
        assert_eq!((got.status(), got.header("vsps-error")), (403, "downstream; loop"));
    }
}

/// A preflight is not a media request: no rule counts it, and it is not a first attempt.
#[tokio::test]
async fn preflights_count_for_nothing() {
    let origin = Origin::saying(ok("", b"hello")).await;
    let rules = json!([{ "when": { "every": 2 }, "then": { "status": 503 } }]);
    let rig = Rig::with_rules(&origin, rules).await;
    let ask = "Origin: http://page.example\r\nAccess-Control-Request-Method: GET\r\n";
    let mut seen = Vec::new();
    for _ in 0..2 {
        assert_eq!(rig.ask("OPTIONS", "/a.ts", ask).await.status(), 204);
        seen.push(rig.get("/a.ts").await.status());
    }
    assert_eq!(seen, [200, 503]);
    let planned = rig.told("request_planned", 4).await;
    let tries = planned.iter().filter(|e| e["method"] == "GET").map(|e| &e["attempt"]);
    assert_eq!(tries.collect::<Vec<_>>(), [1, 2]);
}
