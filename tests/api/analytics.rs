//! The timeline, the quality of experience and the run file of a session.

use super::rig::Rig;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;
use std::time::Duration;
use vsps::args::RunArgs;

/// A delay by a rule, a pause of a body, and a link of a known rate.
const ARMED: &str = r#"{ "label": "tv", "rate": "8 Mbit/s", "rtt": "100 ms", "rules": [
    { "name": "late", "when": { "kind": "segment", "index": 2 }, "then": { "delay": "300 ms" } },
    { "name": "gone", "when": { "kind": "segment", "index": 3 }, "then": { "status": 404 } }] }"#;

/// Reads a response to its end.
async fn get(rig: &Rig, url: &str) -> usize {
    let response = rig.send(Request::get(url).body(Full::<Bytes>::default()).unwrap()).await;
    response.into_body().collect().await.unwrap().to_bytes().len()
}

/// A session that played a playlist and three segments.
async fn played(rig: &Rig) -> (String, usize) {
    let (path, armed) = rig.arm(ARMED).await;
    let base = armed["url"].as_str().unwrap();
    get(rig, &format!("{base}demo/hls/master.m3u8")).await;
    get(rig, &format!("{base}demo/hls/v2.m3u8")).await;
    let mut bytes = 0;
    for number in 1..=3 {
        bytes += get(rig, &format!("{base}demo/media/v2/seg-{number}.m4s")).await;
    }
    (path, bytes)
}

/// The answer once `count` requests are over: an exchange ends shortly after its last byte.
async fn answer(rig: &Rig, path: &str, ready: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..200 {
        let answer = rig.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer}");
        let json = answer.json();
        if ready(&json) {
            return json;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{}", rig.get(path).await);
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

/// Checks `value` against a schema of the OpenAPI document: types, members, nothing else.
fn check(document: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return check(document, &document["components"]["schemas"][name], value, at);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        return match value {
            Value::Null => {}
            value => check(document, &any[0], value, at),
        };
    }
    let is = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{at}: {other}"),
    };
    let kinds = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds.iter().map(|kind| kind.as_str().unwrap()).collect(),
        other => panic!("{at}: {other}"),
    };
    assert!(kinds.iter().any(|kind| is(kind)), "{at}: {value} is no {kinds:?}");
    if let Some(allowed) = schema["enum"].as_array() {
        assert!(allowed.contains(value), "{at}: {value}");
    }
    if let Some(list) = value.as_array() {
        list.iter().for_each(|item| check(document, &schema["items"], item, &format!("{at}[]")));
    }
    let (Some(object), Some(members)) = (value.as_object(), schema["properties"].as_object())
    else {
        return;
    };
    for (key, value) in object {
        let member = members.get(key).unwrap_or_else(|| panic!("{at}.{key} is not described"));
        check(document, member, value, &format!("{at}.{key}"));
    }
    for key in schema["required"].as_array().unwrap() {
        assert!(object.contains_key(key.as_str().unwrap()), "{at} has no {key}");
    }
}

#[tokio::test]
async fn a_timeline_says_where_the_time_went() {
    let rig = Rig::start(RunArgs::default()).await;
    let (path, bytes) = played(&rig).await;
    let over = |timeline: &Value| {
        let requests = timeline["requests"].as_array().unwrap();
        requests.len() == 5 && requests.iter().all(|request| request["under_way"] == false)
    };
    let timeline = answer(&rig, &format!("{path}/timeline"), over).await;
    let requests = timeline["requests"].as_array().unwrap();
    for request in requests {
        let parts = request["parts"].as_object().unwrap();
        let sum: f64 = parts.values().map(number).sum();
        let lasted = number(&request["end_ms"]) - number(&request["start_ms"]);
        assert!((sum - lasted).abs() < 0.01, "{request}");
        assert!((100.0..101.0).contains(&number(&parts["latency"])), "{request}");
    }
    let [.., whole, late, gone] = &requests[..] else { panic!("{requests:?}") };
    // At 8 Mbit/s a byte takes a microsecond.
    let token = number(&whole["parts"]["token"]);
    let expected = number(&whole["bytes"]) / 1e3;
    // The burst passes at once; a machine that is busy sends later.
    assert!(token > expected / 2.0, "{token} ms, not {expected} ms");
    assert_eq!(
        (&whole["media"], &whole["rung"], &whole["index"]),
        (&"video".into(), &2.into(), &1.into())
    );
    let fault = number(&late["parts"]["fault"]);
    assert!((300.0..2000.0).contains(&fault), "{late}");
    assert_eq!(
        (&late["faults"][0]["rule"], &late["faults"][0]["effect"]),
        (&"late".into(), &"delay".into())
    );
    assert_eq!((&gone["status"], &whole["outcome"]), (&404.into(), &"complete".into()));
    let kinds: Vec<_> = timeline["marks"].as_array().unwrap().iter().map(|m| &m["kind"]).collect();
    assert!(kinds.contains(&&"fault".into()) && kinds.contains(&&"error".into()), "{kinds:?}");
    assert_eq!(timeline["renditions"].as_array().unwrap().len(), 1);
    assert_eq!(timeline["buffer"]["source"], "estimated");
    // Every byte of a body was sampled.
    let sampled = |view: &Value| view["delivered_bytes"].as_u64() >= Some(bytes as u64);
    answer(&rig, &path, sampled).await;
    let timeline = rig.get(&format!("{path}/timeline")).await.json();
    let bins = timeline["link"]["bins"].as_array().unwrap();
    let granted = bins.iter().filter_map(|bin| bin["granted_bps"].as_f64());
    assert!(granted.clone().count() > 0);
    for rate in granted {
        assert!((rate / 8e6 - 1.0).abs() < 0.02, "{rate}");
    }
    let since = number(&timeline["session"]["now_ms"]) + 1e6;
    let later = rig.get(&format!("{path}/timeline?since_ms={since}")).await.json();
    assert_eq!(later["requests"].as_array().unwrap().len(), 0);
    let wrong = rig.get(&format!("{path}/timeline?since_ms=-1")).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}

/// A page that plays measures its player's buffer. The samples are on the time axis, and in a run file.
#[tokio::test]
async fn the_player_s_own_buffer_is_on_the_timeline() {
    let rig = Rig::start(RunArgs::default()).await;
    let (path, armed) = rig.arm(ARMED).await;
    let post = async |body: &str| rig.ask(Method::POST, &format!("{path}/player"), body).await;
    // Before the first request there is no session time.
    let early = post(r#"{ "samples": [{ "age_ms": 0, "buffer_ms": 1 }] }"#).await;
    assert_eq!(early.status, StatusCode::NO_CONTENT, "{early}");
    let base = armed["url"].as_str().unwrap();
    get(&rig, &format!("{base}demo/hls/master.m3u8")).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    let samples = r#"{ "samples": [{ "age_ms": 0, "buffer_ms": 8000.5 },
        { "age_ms": 200, "buffer_ms": 0 }, { "age_ms": 59000, "buffer_ms": 9 }] }"#;
    assert_eq!(post(samples).await.status, StatusCode::NO_CONTENT);
    let timeline = rig.get(&format!("{path}/timeline")).await.json();
    let measured = timeline["buffer"]["player"].as_array().unwrap();
    let [first, second] = &measured[..] else { panic!("{measured:?}") };
    assert_eq!((number(&first["buffer_ms"]), number(&second["buffer_ms"])), (0.0, 8000.5));
    let [earlier, later] = [first, second].map(|one| number(&one["at_ms"]));
    assert!((later - earlier - 200.0).abs() < 0.01 && earlier > 100.0, "{measured:?}");
    assert!(later <= number(&timeline["session"]["now_ms"]), "{timeline}");
    let run = rig.get(&format!("{path}/run")).await.json();
    assert_eq!(run["sessions"][0]["timeline"]["buffer"]["player"], timeline["buffer"]["player"]);
    let names = run["sessions"][0]["events"].to_string();
    assert!(!names.contains("buffer_measured"), "{names}");
    for wrong in [
        r#"{ "samples": [{ "age_ms": 0 }] }"#,
        r#"{ "samples": [{ "age_ms": -1, "buffer_ms": 1 }] }"#,
        r#"{ "samples": [{ "age_ms": 0, "buffer_ms": 1e300 }] }"#,
        r#"{ "samples": 3 }"#,
        r#"{ "sample": [] }"#,
    ] {
        assert_eq!(post(wrong).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
}

#[tokio::test]
async fn the_quality_is_told_of_one_and_of_a_group_also_after_the_end() {
    let rig = Rig::start(RunArgs::default()).await;
    let (path, _) = played(&rig).await;
    let over = |qoe: &Value| qoe["requests"] == 5;
    let qoe = answer(&rig, &format!("{path}/qoe"), over).await;
    assert_eq!((&qoe["qoe"]["segments"], &qoe["qoe"]["errors"]), (&2.into(), &1.into()));
    assert!(number(&qoe["qoe"]["startup_seconds"]) > 0.3, "{qoe}");
    assert_eq!(qoe["source"]["startup"], "estimated");
    assert!(number(&qoe["split_ms"]["fault"]) >= 300.0);
    let ended = rig.ask(Method::DELETE, &path, "").await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    let after = rig.get(&format!("{path}/qoe")).await.json();
    assert_eq!((&after["session"]["ended"], &after["qoe"]["segments"]), (&true.into(), &2.into()));
    played(&rig).await;
    let both = |group: &Value| group["together"]["segments"] == 4;
    let group = answer(&rig, "/api/v1/qoe?label=tv", both).await;
    assert_eq!(group["sessions"].as_array().unwrap().len(), 2);
    for path in ["/api/v1/qoe?label=radio", "/api/v1/sessions/none/qoe", "/api/v1/run?label=x"] {
        assert_eq!(rig.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(rig.get("/api/v1/timeline").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_run_file_has_all_of_it_and_is_as_described() {
    let rig = Rig::start(RunArgs::default()).await;
    let (path, _) = played(&rig).await;
    let document = rig.get("/api/v1/openapi.json").await.json();
    let saved = rig.get(&format!("{path}/run")).await;
    let disposition = saved.headers["content-disposition"].to_str().unwrap();
    assert!(disposition.starts_with("attachment; filename=\"vsps-run-"), "{disposition}");
    let run = saved.json();
    assert_eq!((&run["format"], &run["version"]), (&"vsps-run".into(), &1.into()));
    let events = run["sessions"][0]["events"].as_array().unwrap();
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names[0], "session_started");
    assert!(names.contains(&"fault_injected") && !names.contains(&"link_sampled"), "{names:?}");
    for (schema, value) in [
        ("Run", run.clone()),
        ("Timelines", rig.get("/api/v1/timeline?label=tv").await.json()),
        ("Qoes", rig.get("/api/v1/qoe?label=tv").await.json()),
        ("Run", rig.get("/api/v1/run?label=tv").await.json()),
    ] {
        check(&document, &document["components"]["schemas"][schema], &value, schema);
    }
}
