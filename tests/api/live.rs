//! Effects of the control plane on the data plane: armed sessions, live changes of links.

use super::rig::Rig;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use serde_json::Value;
use std::time::Duration;
use vsps::{
    args::{BoundArgs, RunArgs},
    replay::{ReadOptions, Reproduction, read},
};

/// Far longer than anything here takes, and far shorter than the downloads would without a change.
const SOON: Duration = Duration::from_secs(30);

/// A segment of about 3 MB: four minutes at 100 kbit/s.
const SEGMENT: &str = "demo/media/v6/seg-1.m4s";

async fn fetch(rig: &Rig, armed: &Value, path: &str) -> Response<Incoming> {
    let url = format!("{}{path}", armed["url"].as_str().unwrap());
    rig.send(Request::get(url).body(Full::<Bytes>::default()).unwrap()).await
}

async fn rest(body: Incoming) -> usize {
    let whole = tokio::time::timeout(SOON, body.collect()).await;
    whole.expect("still slow").unwrap().to_bytes().len()
}

#[tokio::test]
async fn a_rate_applies_to_a_response_in_flight() {
    let rig = Rig::start(RunArgs::default()).await;
    let (path, armed) = rig.arm("").await;
    rig.patch(&path, r#"{ "rate": "100 kbit/s" }"#).await;
    let response = fetch(&rig, &armed, SEGMENT).await;
    let declared: usize = response.headers()["content-length"].to_str().unwrap().parse().unwrap();
    let mut body = response.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap().len();
    assert_eq!(rig.get(&path).await.json()["exchanges"], 1);
    let view = rig.patch(&path, r#"{ "rate": "50 Mbit/s" }"#).await;
    assert_eq!((&view["rate"], &view["rate_set"]), (&"50 Mbit/s".into(), &"50 Mbit/s".into()));
    assert_eq!(first + rest(body).await, declared);
}

/// A session armed ahead of its player starts with the player's first request: so do its rules.
#[tokio::test]
async fn session_time_starts_with_the_first_request() {
    let rig = Rig::start(RunArgs::default()).await;
    let rules = r#"{ "rules": [{ "when": { "during": "..1 s" }, "then": { "status": 503 } }] }"#;
    let (path, armed) = rig.arm(rules).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let view = rig.get(&path).await.json();
    assert_eq!(view["time_seconds"], Value::Null);
    assert!(view["age_seconds"].as_f64().unwrap() >= 1.2, "{view}");
    let response = fetch(&rig, &armed, "demo/media/v1/seg-1.m4s").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let view = rig.get(&path).await.json();
    let (age, time) = (&view["age_seconds"], &view["time_seconds"]);
    assert!(age.as_f64().unwrap() - time.as_f64().unwrap() >= 1.2, "{view}");
}

/// A link that stops and continues: by a profile, and by a rate of zero.
#[tokio::test]
async fn silence_ends_with_the_next_patch() {
    let rig = Rig::start(RunArgs::default()).await;
    let (path, armed) = rig.arm(r#"{ "profile": "cable" }"#).await;
    for back in [r#"{ "rate": null }"#, r#"{ "profile": "unlimited", "rate": null }"#] {
        rig.patch(&path, r#"{ "rate": "0 bit/s" }"#).await;
        let response = fetch(&rig, &armed, "demo/media/v1/seg-1.m4s").await;
        assert_eq!(response.status(), StatusCode::OK);
        let view = rig.patch(&path, back).await;
        assert_eq!(view["rate_set"], Value::Null);
        assert!(rest(response.into_body()).await > 0);
    }
}

#[tokio::test]
async fn rules_come_and_go() {
    let rig = Rig::start(RunArgs::default()).await;
    let (path, armed) = rig.arm(r#"{ "rules": [{ "then": { "status": 418 } }] }"#).await;
    let status = async || fetch(&rig, &armed, "demo/media/v1/seg-1.m4s").await.status();
    assert_eq!(status().await, StatusCode::IM_A_TEAPOT);
    rig.patch(&path, r#"{ "rules": [{ "then": { "status": 404 } }] }"#).await;
    assert_eq!(status().await, StatusCode::NOT_FOUND);
    rig.patch(&path, r#"{ "rules": null }"#).await;
    assert_eq!(status().await, StatusCode::OK);
}

#[tokio::test]
async fn an_origin_given_here_is_allowed_to_that_session() {
    let elsewhere = Rig::start(RunArgs::default()).await;
    let rig = Rig::start(RunArgs::default()).await;
    let body = format!(r#"{{ "origin": "http://{}" }}"#, elsewhere.ready.listen);
    let (path, armed) = rig.arm(&body).await;
    let response = fetch(&rig, &armed, "demo/hls/master.m3u8").await;
    assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT, "the other proxy's own answer");
    assert_eq!(elsewhere.get("/api/v1/sessions").await.json().as_array().unwrap().len(), 1);
    let origin = format!("http://{}", elsewhere.ready.listen);
    assert_eq!(rig.get(&path).await.json()["origin"], origin);
}

#[tokio::test]
async fn the_ladder_is_what_the_manifest_named() {
    let rig = Rig::start(RunArgs::default()).await;
    let (path, armed) = rig.arm("").await;
    assert_eq!(rig.get(&path).await.json()["ladder"], serde_json::json!([]));
    rest(fetch(&rig, &armed, "demo/hls/master.m3u8").await.into_body()).await;
    insta::assert_snapshot!(format!("{:#}", rig.get(&path).await.json()["ladder"]));
}

/// An ended session no longer exists for its player, but open responses continue.
#[tokio::test]
async fn an_ended_session_lets_its_responses_end() {
    let rig = Rig::start(RunArgs::default()).await;
    let (path, armed) = rig.arm("").await;
    rig.patch(&path, r#"{ "rate": "20 Mbit/s" }"#).await;
    let response = fetch(&rig, &armed, SEGMENT).await;
    assert_eq!(rig.ask(Method::DELETE, &path, "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(fetch(&rig, &armed, SEGMENT).await.status(), StatusCode::NOT_FOUND);
    let declared = response.headers()["content-length"].to_str().unwrap().to_owned();
    assert_eq!(rest(response.into_body()).await.to_string(), declared);
}

#[tokio::test]
async fn a_proxy_that_drains_is_not_ready() {
    let bounds = BoundArgs { drain_timeout: Some(SOON), ..BoundArgs::default() };
    let mut rig = Rig::start(RunArgs { bounds, ..RunArgs::default() }).await;
    let (path, armed) = rig.arm("").await;
    rig.patch(&path, r#"{ "rate": "100 kbit/s" }"#).await;
    let response = fetch(&rig, &armed, SEGMENT).await;
    assert_eq!(rig.get("/readyz").await.status, StatusCode::OK);
    rig.stop();
    while rig.get("/readyz").await.status == StatusCode::OK {
        tokio::task::yield_now().await;
    }
    insta::assert_snapshot!(rig.get("/readyz").await.to_string());
    assert_eq!(rig.get("/healthz").await.status, StatusCode::OK);
    rig.patch(&path, r#"{ "rate": null }"#).await;
    assert!(rest(response.into_body()).await > 0);
    tokio::time::timeout(SOON, rig.stopped()).await.expect("has not stopped");
}

/// Half a second into a download the network is paused for two seconds. Timeline, HAR and figures have it, and a replay
/// of the HAR has it too.
#[tokio::test]
async fn a_pause_of_the_network_is_in_what_is_told_of_the_session() {
    let rig = Rig::start(RunArgs::default()).await;
    let (path, armed) = rig.arm(r#"{ "rate": "8 Mbit/s" }"#).await;
    let response = fetch(&rig, &armed, SEGMENT).await;
    let download = tokio::spawn(rest(response.into_body()));
    tokio::time::sleep(Duration::from_millis(500)).await;
    rig.patch(&path, r#"{ "paused": true }"#).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    rig.patch(&path, r#"{ "paused": false }"#).await;
    download.await.unwrap();
    // The last sample is up to half a second later.
    tokio::time::sleep(Duration::from_millis(700)).await;
    let number = |value: &Value| value.as_f64().unwrap();
    let timeline = rig.get(&format!("{path}/timeline")).await.json();
    let stalls = timeline["stalls"].as_array().unwrap();
    let [pause] = &stalls[..] else { panic!("{stalls:?}") };
    assert!((2000.0..2500.0).contains(&number(&pause["lasts_ms"])), "{pause}");
    let (from, to) = (number(&pause["at_ms"]), number(&pause["at_ms"]) + 2000.0);
    let bins = timeline["link"]["bins"].as_array().unwrap();
    let within = bins.iter().filter(|bin| {
        let at = number(&bin["at_ms"]);
        at > from + 100.0 && at + 600.0 < to
    });
    assert!(within.clone().count() >= 2, "{bins:?}");
    for bin in within {
        assert_eq!(bin["granted_bps"].as_f64(), Some(0.0), "{bins:?}");
    }
    let parts = &timeline["requests"][0]["parts"];
    assert!((1900.0..2500.0).contains(&number(&parts["stall"])), "{parts}");
    let qoe = rig.get(&format!("{path}/qoe")).await.json();
    assert_eq!(qoe["stalls"]["count"], 1);
    assert!(number(&qoe["link"]["used_ratio"]) > 0.8, "{}", qoe["link"]);
    let har = rig.get(&format!("{path}/har")).await;
    let recording = read(&*har.body, &ReadOptions::default()).unwrap();
    let made = Reproduction::of(&recording, "own.har", Duration::from_millis(500)).unwrap();
    assert!(made.profile.contains("rate = \"0 bit/s\""), "{}", made.profile);
    assert_eq!(made.rules, "");
}
