//! The data that players report (CMCD): read, passed on, or removed.

use super::{
    manifests::{brotli, gzip},
    origin::{Origin, ok},
    player::unchunked,
    rig::Rig,
};
use serde_json::json;

const QUERY: &str = "CMCD=bl%3D1200%2Cbr%3D3200%2Cbs%2Cd%3D4004%2Cot%3Dv%2Csf%3Dh";
const HEADERS: &str = "CMCD-Object: br=3200,d=4004,ot=v\r\nCMCD-Request: bl=1200\r\n\
    CMCD-Session: sf=h\r\nCMCD-Status: bs\r\n";

/// In either form it classifies what no manifest lists, is counted, and arrives at the origin as it was sent.
#[tokio::test]
async fn it_is_read_and_passed_on() {
    for (path, headers) in [(format!("/blob?t=%2f&{QUERY}&u"), ""), ("/blob".to_owned(), HEADERS)] {
        let origin = Origin::saying(ok("", b"x")).await;
        let rig = Rig::before(&origin).await;
        let session = rig.session("").await;
        rig.ask("GET", &format!("{session}{path}"), headers).await;
        assert_eq!(origin.last().path(), path);
        assert_eq!(origin.last().header("cmcd-status").is_empty(), headers.is_empty());
        let resource = &rig.told("request_planned", 1).await[0]["resource"];
        assert_eq!((&resource["protocol"], &resource["kind"]), (&"hls".into(), &"segment".into()));
        assert_eq!(
            (&resource["media"], &resource["bandwidth_bps"]),
            (&"video".into(), &3_200_000.into())
        );
        let told = &rig.told("player_reported", 1).await[0]["measured"];
        assert_eq!((&told["buffer_ms"], &told["starved"]), (&1200.0.into(), &true.into()));
        assert_eq!(rig.counted("vsps_player_starvation_total").await, 1.0);
        assert_eq!(rig.counted("vsps_player_buffer_seconds_sum").await, 1.2);
    }
}

#[tokio::test]
async fn it_ends_here_when_asked() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = Rig::start(Some(origin.address), |config| config.proxy.strip_cmcd = true).await;
    let session = rig.session("").await;
    rig.ask("GET", &format!("{session}/1.m4s?t=%2f&{QUERY}&u"), HEADERS).await;
    assert_eq!(origin.last().path(), "/1.m4s?t=%2f&u");
    assert!(!origin.last().head.to_ascii_lowercase().contains("cmcd"), "{}", origin.last().head);
    assert_eq!(rig.told("request_planned", 1).await[0]["path"], "/1.m4s?t=%2f&u");
    assert_eq!(rig.counted("vsps_player_starvation_total").await, 1.0);
}

/// Posted reports are read in either form and with any framing, and arrive as they were sent.
#[tokio::test]
async fn what_is_posted_is_overheard() {
    let dictionaries = "e=ps,sid=\"a\",ts=1,bl=(4000;v 1200;a),bs\ne=t,sid=\"a\",ts=2,bl=(800)\n";
    let json = "[{\"sid\":\"a\",\"bl\":[4000,1200],\"bs\":true},{\"sid\":\"a\",\"bl\":800}]";
    let chunked =
        format!("10\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n", &json[..16], json.len() - 16, &json[16..]);
    let length = |body: &str| format!("Content-Length: {}", body.len());
    for (of_type, framing, body) in [
        ("application/cmcd", length(dictionaries), dictionaries),
        ("application/json; charset=utf-8", length(json), json),
        ("application/cmcd", "Transfer-Encoding: chunked".to_owned(), &chunked),
    ] {
        let origin = Origin::saying(ok("", b"x")).await;
        let rig = Rig::before(&origin).await;
        post(&rig, &format!("Content-Type: {of_type}\r\n{framing}"), body.as_bytes()).await;
        let told = rig.told("player_reported", 2).await;
        let told: Vec<_> = told
            .iter()
            .map(|told| (&told["measured"]["buffer_ms"], &told["measured"]["starved"]))
            .collect();
        assert_eq!(told, [(&1200.0.into(), &true.into()), (&800.0.into(), &false.into())]);
        assert_eq!(rig.counted("vsps_player_starvation_total").await, 1.0);
        let sent = origin.last().body;
        assert!(sent == body.as_bytes() || unchunked(&sent) == unchunked(body.as_bytes()));
    }
}

/// The type of posted reports in CTA-5004-A.
#[tokio::test]
async fn text_is_a_type_of_reports_too() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = Rig::before(&origin).await;
    let report = b"sid=\"a\",bl=800\n";
    post(&rig, "Content-Type: text/cmcd; charset=utf-8\r\nContent-Length: 15", report).await;
    assert_eq!(rig.told("player_reported", 1).await[0]["measured"]["buffer_ms"], 800.0);
}

/// A header, readable or not, takes precedence over the query; a report of an unknown version is ignored and
/// counted, and the request passes unchanged.
#[tokio::test]
async fn which_data_set_counts() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = Rig::before(&origin).await;
    let path = format!("/blob?{QUERY}");
    rig.ask("GET", &path, "CMCD-Session: sid=\"a\"\r\n").await;
    rig.ask("GET", &path, "CMCD-Status: (\r\n").await;
    rig.ask("GET", &path, "CMCD-Session: v=3\r\nCMCD-Request: bl=7\r\n").await;
    assert_eq!(origin.last().path(), path);
    rig.ask("GET", "/blob?CMCD=bl%3D1200%2Cot%3Dv%2Cv%3D3", "").await;
    post(&rig, "Content-Type: application/cmcd\r\nContent-Length: 15", b"v=3,bl=1\nbl=800").await;
    rig.told("request_finished", 5).await;
    let told = rig.told("player_reported", 2).await;
    let buffers: Vec<_> = told.iter().map(|told| &told["measured"]["buffer_ms"]).collect();
    assert_eq!(buffers, [&serde_json::Value::Null, &800.0.into()]);
    for planned in rig.told("request_planned", 5).await {
        assert_eq!(planned["resource"]["kind"], "other", "{planned}");
    }
    let ignored = rig.told("player_report_ignored", 3).await;
    assert!(ignored.iter().all(|event| event["reason"] == "version"), "{ignored:?}");
    assert_eq!(rig.counted("vsps_player_reports_ignored_total").await, 3.0);
}

/// A body that is too long, invalid or not a report passes unchanged, and is ignored.
#[tokio::test]
async fn what_is_posted_passes_whatever_it_is() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = Rig::before(&origin).await;
    let long = "sid=\"a\",bl=1\n".repeat(6000);
    let report = "sid=\"a\",bl=1";
    for (headers, body) in [
        ("Content-Type: application/cmcd", long.as_str()),
        ("Content-Type: application/cmcd", "[{\"bl\":1}"),
        ("Content-Type: application/json", "{\"licence\":[1,2],\"bl\":1}"),
        ("Content-Type: text/plain", report),
        ("Content-Type: application/cmcd\r\nContent-Encoding: gzip", report),
    ] {
        post(&rig, &format!("{headers}\r\nContent-Length: {}", body.len()), body.as_bytes()).await;
        assert!(origin.last().body == body.as_bytes(), "{headers}");
    }
    rig.told("request_finished", 5).await;
    rig.told("player_reported", 0).await;
}

/// Encoded reports are read, within a limit, and arrive as they were sent.
#[tokio::test]
async fn encoded_posts_are_overheard() {
    let report = "sid=\"a\",bl=800,bs\n";
    let bomb = "sid=\"a\",bl=800,bs\n".repeat(20_000);
    for (coding, encode) in [
        ("gzip", gzip as fn(&[u8]) -> Vec<u8>),
        ("br", brotli),
        ("zstd", |body| zstd::stream::encode_all(body, 3).unwrap()),
    ] {
        let origin = Origin::saying(ok("", b"x")).await;
        let rig = Rig::before(&origin).await;
        for (body, heard) in [(report, 1), (&bomb, 1), (report, 2)] {
            let body = encode(body.as_bytes());
            let length = body.len();
            let headers = format!(
                "Content-Type: application/cmcd\r\nContent-Encoding: {coding}\r\nContent-Length: {length}"
            );
            post(&rig, &headers, &body).await;
            assert!(origin.last().body == body, "{coding}");
            assert_eq!(rig.told("player_reported", heard).await[0]["measured"]["buffer_ms"], 800.0);
        }
    }
}

/// A report is read even if its request never reaches the origin: responded to by a rule, refused, or broken.
#[tokio::test]
async fn posts_that_end_here_are_heard() {
    let report = "sid=\"a\",bl=800\n";
    for (path, then, status) in [
        ("/collect", json!({ "status": 503 }), 503),
        ("/collect", json!({ "redirect": { "host": "cdn.invalid", "status": 307 } }), 307),
        ("/-/o/http/elsewhere.test/collect", json!({ "delay": "1 ms" }), 403),
    ] {
        let origin = Origin::saying(ok("", b"x")).await;
        let rules = json!([{ "when": { "method": "POST" }, "then": then }]);
        let rig = Rig::with_rules(&origin, rules).await;
        // The head first: the response may be sent before the body arrives.
        let mut player = rig.player().await;
        let length = report.len();
        player.send(format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/cmcd\r\nContent-Length: {length}\r\n\r\n")).await;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        player.send(report).await;
        assert_eq!(player.answer().await.status(), status, "{path}");
        assert_eq!(rig.told("player_reported", 1).await[0]["measured"]["buffer_ms"], 800.0);
    }
}

/// What a player reports with a request and posts again counts once.
#[tokio::test]
async fn running_dry_counts_once_however_it_is_told() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = Rig::before(&origin).await;
    let session = rig.session("").await;
    let told = async |posted: usize, asked: usize| {
        for _ in 0..posted {
            let report = "e=ps,sid=\"a\",bl=0,bs\n";
            let headers =
                format!("Content-Type: application/cmcd\r\nContent-Length: {}", report.len());
            post_to(&rig, &format!("{session}/collect"), &headers, report.as_bytes()).await;
        }
        for _ in 0..asked {
            rig.ask("GET", &format!("{session}/1.m4s"), HEADERS).await;
        }
    };
    for (posted, asked, all, times) in
        [(0, 1, 1, 1.0), (1, 0, 2, 1.0), (2, 0, 4, 3.0), (0, 2, 6, 3.0), (0, 1, 7, 4.0)]
    {
        told(posted, asked).await;
        rig.told("player_reported", all).await;
        assert_eq!(rig.counted("vsps_player_starvation_total").await, times, "after {all}");
    }
}

/// The same report with a time stamp to the same collector is a retry; to another collector it is a second
/// delivery.
#[tokio::test]
async fn a_second_try_is_heard_once() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = Rig::before(&origin).await;
    let dated = b"sid=\"a\",bl=800,ts=1790000000000\n";
    let headers =
        |body: &[u8]| format!("Content-Type: application/cmcd\r\nContent-Length: {}", body.len());
    for path in ["/collect?n=1", "/collect?n=2", "/other"] {
        post_to(&rig, path, &headers(dated), dated).await;
    }
    rig.told("request_finished", 3).await;
    assert_eq!(rig.told("player_reported", 2).await.len(), 2);
    let undated = b"sid=\"a\",bl=800\n";
    for _ in 0..2 {
        post(&rig, &headers(undated), undated).await;
    }
    assert_eq!(rig.told("player_reported", 4).await.len(), 4);
}

async fn post(rig: &Rig, headers: &str, body: &[u8]) {
    post_to(rig, "/collect", headers, body).await;
}

async fn post_to(rig: &Rig, path: &str, headers: &str, body: &[u8]) {
    let mut player = rig.player().await;
    let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\n");
    player.send([head.as_bytes(), body].concat()).await;
    assert_eq!(player.answer().await.status(), 200);
}

/// The collector on the data port reads reports like a collector of an operator, in a session and without one.
#[tokio::test]
async fn the_collector_reads_reports_and_answers_204() {
    let rig = Rig::before(&Origin::saying(ok("", b"x")).await).await;
    let session = rig.session("").await;
    let body = "e=ps,sid=\"a\",ts=1,bl=(1200),v=2\ne=t,sid=\"a\",ts=2,bl=(800),v=2";
    let sent = format!("Content-Type: application/cmcd\r\nContent-Length: {}\r\n", body.len());
    let post = async |path: &str, head: &str, body: &str| {
        let mut player = rig.player().await;
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nOrigin: http://p\r\nConnection: close\r\n{head}\r\n{body}"
        );
        player.send(request).await;
        player.rest().await
    };
    let got = post(&format!("{session}/-/cmcd"), &sent, body).await;
    assert_eq!((got.status(), got.body.len()), (204, 0));
    assert_eq!(got.header("access-control-allow-origin"), "http://p");
    let told = rig.told("player_reported", 2).await;
    let buffers: Vec<_> = told.iter().map(|told| &told["measured"]["buffer_ms"]).collect();
    assert_eq!(buffers, [&1200.0, &800.0]);
    // The viewer of this address has this session, so its reports count there without the session's address.
    let later = body.replace("ts=1", "ts=3");
    assert_eq!(post("/-/cmcd", &sent, &later).await.status(), 204);
    let told = rig.told("player_reported", 4).await;
    assert_eq!(told[0]["session"], told[3]["session"]);
    assert_eq!(
        post("/-/cmcd", "Content-Type: text/plain\r\nContent-Length: 1\r\n", "x").await.status(),
        415
    );
    assert_eq!(rig.ask("GET", "/-/cmcd", "").await.status(), 405);
}

/// Two players at one address: the reports of each are those of its session, as `sid` says, and not of the newest. What
/// names neither goes to the last one that plays, not to a session that was opened later and plays nothing.
#[tokio::test]
async fn reports_without_a_session_go_to_that_of_their_sid() {
    let rig = Rig::before(&Origin::saying(ok("", b"x")).await).await;
    let (first, second) = (rig.session("").await, rig.session("").await);
    for (session, sid) in [(&first, "aaaa"), (&second, "bbbb")] {
        let segment = format!("{session}/1.m4s?CMCD=ot%3Dv%2Csid%3D%22{sid}%22%2Cv%3D2");
        rig.get(&segment).await;
    }
    let empty = rig.session("").await;
    rig.told("player_reported", 2).await;
    let mut told = 2;
    for (path, sid, expected) in [
        ("/-/cmcd", "aaaa", &first),
        ("/-/cmcd", "bbbb", &second),
        ("/-/cmcd", "cccc", &second),
        // An address that names a session counts.
        (&*format!("{second}/-/cmcd"), "aaaa", &second),
        (&*format!("{empty}/-/cmcd"), "dddd", &empty),
    ] {
        let body = format!("bl=(1234;v),e=t,sid=\"{sid}\",v=2,bs");
        let length = body.len();
        let head = format!("Host: a\r\nContent-Type: application/cmcd\r\nContent-Length: {length}");
        let mut player = rig.player().await;
        player.send(format!("POST {path} HTTP/1.1\r\n{head}\r\n\r\n{body}")).await;
        assert_eq!(player.answer().await.status(), 204);
        told += 1;
        let reports = rig.told("player_reported", told).await;
        let session = reports.last().unwrap()["session"].as_str().unwrap();
        assert_eq!(format!("/-/s/{session}"), **expected, "{path} {sid}");
    }
}

#[tokio::test]
async fn responses_say_what_the_link_allows_when_asked() {
    let origin = Origin::saying(ok("CMSD-Dynamic: \"cdn\";etp=9\r\n", b"x")).await;
    let rig = Rig::start(Some(origin.address), |config| config.proxy.cmsd = true).await;
    let session = rig.session("vsps.rate=2500+kbit/s&vsps.rtt=40+ms").await;
    let got = rig.ask("GET", &format!("{session}/1.m4s"), "").await;
    assert_eq!(got.all("cmsd-dynamic"), ["\"cdn\";etp=9", "\"vsps\";etp=2500;mb=2500;rtt=40"]);
    let plain = Rig::before(&origin).await;
    let session = plain.session("vsps.rate=2500+kbit/s").await;
    let got = plain.ask("GET", &format!("{session}/1.m4s"), "").await;
    assert_eq!(got.header("cmsd-dynamic"), "\"cdn\";etp=9");
}
