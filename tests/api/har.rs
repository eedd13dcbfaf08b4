//! A session's exchanges as HAR.

use super::rig::Rig;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};
use vsps::args::RunArgs;

const CUT: &str = r#"{ "rules": [{ "name": "breaks off", "when": { "kind": "segment" },
    "then": { "truncate": "1000 B" } }] }"#;

/// The archive, once it has `count` entries: an exchange ends shortly after its last byte.
async fn entries(rig: &Rig, path: &str, count: usize) -> Vec<Value> {
    for _ in 0..200 {
        let answer = rig.get(&format!("{path}/har")).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer}");
        assert_eq!(answer.headers["content-type"], "application/json");
        let har = answer.json();
        assert_eq!(har["log"]["version"], "1.2");
        let entries = har["log"]["entries"].as_array().unwrap();
        if entries.len() >= count {
            assert_eq!(entries.len(), count);
            return entries.clone();
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("not {count} entries");
}

/// Reads a response to its end, complete or not.
async fn get(rig: &Rig, url: &str) {
    let response = rig.send(Request::get(url).body(Full::<Bytes>::default()).unwrap()).await;
    let _ = response.into_body().collect().await;
}

#[tokio::test]
async fn what_passed_is_there_with_what_befell_it() {
    let rig = Rig::start(RunArgs::default()).await;
    let (path, armed) = rig.arm(CUT).await;
    let (other, _) = rig.arm("").await;
    assert!(entries(&rig, &path, 0).await.is_empty());
    let base = armed["url"].as_str().unwrap();
    let (playlist, segment) =
        (format!("{base}demo/hls/master.m3u8?a=b%20c"), format!("{base}demo/media/v1/seg-1.m4s"));
    get(&rig, &playlist).await;
    entries(&rig, &path, 1).await;
    get(&rig, &segment).await;
    let entries_ = entries(&rig, &path, 2).await;
    let [whole, cut] = &entries_[..] else { panic!("{entries_:?}") };
    assert_eq!(whole["request"]["url"], *playlist);
    assert_eq!(whole["request"]["queryString"], json!([{ "name": "a", "value": "b c" }]));
    assert_eq!(whole["_vsps"]["resource"]["kind"], "multivariant-playlist");
    assert_eq!(whole["_vsps"]["outcome"], "complete");
    assert_eq!(whole["response"].get("_error"), None);
    assert_eq!(
        (&cut["request"]["url"], &cut["response"]["status"]),
        (&json!(segment), &json!(200))
    );
    assert_eq!(cut["response"]["bodySize"], 1000);
    assert_eq!(cut["response"]["_error"], "cut");
    assert_eq!(cut["_vsps"]["faults"][0]["rule"], "breaks off");
    assert_eq!(cut["_vsps"]["faults"][0]["at_byte"], 1000);
    for entry in &entries_ {
        let timings = &entry["timings"];
        let time = |name: &str| timings[name].as_f64().unwrap();
        let sum = time("send") + time("wait") + time("receive");
        assert!((entry["time"].as_f64().unwrap() - sum).abs() < 1e-6, "{timings}");
        let members: BTreeSet<_> = entry.as_object().unwrap().keys().map(String::as_str).collect();
        let asked = ["cache", "request", "response", "startedDateTime", "time", "timings"];
        assert!(members.is_superset(&asked.into()), "{members:?}");
    }
    // Another session has none of the entries; the end of a session removes none.
    assert!(entries(&rig, &other, 0).await.is_empty());
    rig.ask(Method::DELETE, &path, "").await;
    assert_eq!(rig.get(&path).await.status, StatusCode::NOT_FOUND);
    entries(&rig, &path, 2).await;
}

#[tokio::test]
async fn a_session_that_never_was_is_a_problem() {
    let rig = Rig::plain().await;
    let answer = rig.get("/api/v1/sessions/none/har").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert!(answer.text().contains("no session `none`"), "{}", answer.text());
}
