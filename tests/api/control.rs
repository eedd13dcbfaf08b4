//! Faults triggered over the API, reverted changes, versions, groups and global rules.

use super::rig::{Answer, Rig};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use std::time::Duration;
use vsps::args::RunArgs;

const SEGMENT: &str = "demo/media/v1/seg-1.m4s";
const NEXT_SEGMENT_FAILS: &str =
    r#"{ "rule": { "when": { "kind": "segment" }, "then": { "status": 404 } } }"#;

async fn status(rig: &Rig, armed: &Value) -> StatusCode {
    let url = format!("{}{SEGMENT}", armed["url"].as_str().unwrap());
    let response = rig.send(Request::get(url).body(Full::<Bytes>::default()).unwrap()).await;
    let status = response.status();
    response.into_body().collect().await.unwrap();
    status
}

async fn post(rig: &Rig, path: &str, body: &str) -> Answer {
    rig.ask(Method::POST, path, body).await
}

/// What live commands can set, without clocks and counts.
async fn settings(rig: &Rig, path: &str) -> Value {
    let view = rig.get(path).await.json();
    let set = json!([view["rate_set"], view["rtt_set"], view["loss_set"]]);
    json!([view["profile"], set, view["paused"], view["rules"], view["faults"]])
}

#[tokio::test]
async fn the_next_segment_fails_and_no_other_of_any_session() {
    let rig = Rig::start(RunArgs::default()).await;
    let (path, armed) = rig.arm("").await;
    let (_, other) = rig.arm("").await;
    let fired = post(&rig, &format!("{path}/faults"), NEXT_SEGMENT_FAILS).await;
    assert_eq!(fired.status, StatusCode::CREATED);
    assert_eq!(fired.json(), json!({ "name": "fault", "times": 1 }));
    let fault = fired.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(fault, format!("{path}/faults/fault"));
    assert_eq!(status(&rig, &other).await, StatusCode::OK);
    assert_eq!(rig.get(&fault).await.json()["applied"], 0);
    assert_eq!(status(&rig, &armed).await, StatusCode::NOT_FOUND);
    assert_eq!(status(&rig, &armed).await, StatusCode::OK);
    assert_eq!(rig.get(&fault).await.json()["applied"], 1);
    // A used-up budget stays used up, however often its rule is removed and added again.
    assert_eq!(rig.ask(Method::DELETE, &fault, "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(rig.get(&fault).await.status, StatusCode::NOT_FOUND);
    assert_eq!(post(&rig, &format!("{path}/undo"), "").await.status, StatusCode::OK);
    assert_eq!(rig.get(&fault).await.json()["applied"], 1);
    assert_eq!(status(&rig, &armed).await, StatusCode::OK);
    assert_eq!(status(&rig, &other).await, StatusCode::OK);
}

/// n requested faults are n applied faults, also with concurrent requests and overlapping faults.
#[tokio::test]
async fn as_many_fail_as_were_asked_to() {
    let rig = Rig::start(RunArgs::default()).await;
    let (path, armed) = rig.arm("").await;
    let faults = format!("{path}/faults");
    for body in [
        r#"{ "times": 7, "rule": { "when": { "kind": "segment" }, "then": { "status": 404 } } }"#,
        r#"{ "times": 5, "rule": { "when": { "kind": "segment" }, "then": { "status": 404 } } }"#,
    ] {
        assert_eq!(post(&rig, &faults, body).await.status, StatusCode::CREATED);
    }
    let asked = (0..40).map(|_| status(&rig, &armed));
    let mut failed = 0;
    for answer in join_all(asked).await {
        failed += usize::from(answer == StatusCode::NOT_FOUND);
    }
    assert_eq!(failed, 12);
    let shown = rig.get(&faults).await.json();
    let shown: Vec<_> = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["name"].clone(), f["applied"].clone()))
        .collect();
    assert_eq!(shown, [(json!("fault"), json!(7)), (json!("fault-2"), json!(5))]);
}

/// All concurrently, on one thread.
async fn join_all<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.map(Box::pin).collect();
    let mut done: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, slot) in futures.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *slot = Some(value);
            }
        }
        match done.iter().all(Option::is_some) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_ready_fault_goes_by_its_name() {
    let rig = Rig::start(RunArgs::default()).await;
    let (path, _) = rig.arm("").await;
    let fired = post(&rig, &format!("{path}/faults"), r#"{ "fault": "E15", "ttl": "1 m" }"#).await;
    assert_eq!(fired.json()["name"], "segment-404");
    let view = rig.get(&path).await.json();
    assert_eq!(view["reverts"][0]["member"], "segment-404");
    assert_eq!(view["faults"][0]["rules"][0]["when"]["index"], 5);
}

#[tokio::test]
async fn what_is_undone_or_reset_leaves_nothing() {
    let rig = Rig::plain().await;
    let (path, _) =
        rig.arm(r#"{ "profile": "cable", "rules": [{ "then": { "delay": "1 s" } }] }"#).await;
    let mut past = vec![settings(&rig, &path).await];
    for change in [
        r#"{ "rate": "9 Mbit/s" }"#,
        r#"{ "rtt": "300 ms", "loss": "2 %" }"#,
        r#"{ "rtt": null, "loss": 0, "ttl": "1 h" }"#,
        r#"{ "paused": true, "ttl": "1 h" }"#,
        r#"{ "profile": "edge", "rules": null, "rate": null }"#,
        r#"{ "paused": null }"#,
    ] {
        rig.patch(&path, change).await;
        past.push(settings(&rig, &path).await);
    }
    // Without a change there is nothing to revert.
    rig.patch(&path, "{}").await;
    past.pop();
    while let Some(before) = past.pop() {
        assert_eq!(post(&rig, &format!("{path}/undo"), "").await.status, StatusCode::OK);
        assert_eq!(settings(&rig, &path).await, before);
    }
    assert_eq!(post(&rig, &format!("{path}/undo"), "").await.status, StatusCode::CONFLICT);
    let armed = settings(&rig, &path).await;
    for reset in [format!("{path}/reset"), "/api/v1/reset".to_owned()] {
        rig.patch(
            &path,
            r#"{ "rate": "1 Mbit/s", "rtt": "1 s", "loss": 0.1, "paused": true, "profile": "3g" }"#,
        )
        .await;
        post(&rig, &format!("{path}/faults"), NEXT_SEGMENT_FAILS).await;
        assert!(post(&rig, &reset, "").await.status.is_success());
        assert_eq!(settings(&rig, &path).await, armed, "{reset}");
        let view = rig.get(&path).await.json();
        assert_eq!((&view["undoable"], &view["reverts"]), (&json!(0), &json!([])));
    }
}

/// A round trip and a loss are those of the next response; a wrong one changes nothing; with a `ttl` they revert.
#[tokio::test]
async fn round_trip_and_loss_are_set_and_revert() {
    let rig = Rig::start(RunArgs::default()).await;
    let (path, armed) = rig.arm("").await;
    let shown = |view: &Value| (view["rtt_set"].clone(), view["loss_set"].clone());
    let set = rig.patch(&path, r#"{ "rtt": "400 ms", "loss": "1 %" }"#).await;
    assert_eq!(shown(&set), (json!("400 ms"), json!(0.01)));
    let started = tokio::time::Instant::now();
    assert_eq!(status(&rig, &armed).await, StatusCode::OK);
    assert!(started.elapsed() >= Duration::from_millis(400), "{:?}", started.elapsed());
    let wrong = rig.ask(Method::PATCH, &path, r#"{ "rtt": "5", "loss": "200 %" }"#).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let wrong = wrong.json();
    let pointers: Vec<_> =
        wrong["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/rtt", "/loss"]);
    let set = rig.patch(&path, r#"{ "rtt": "1 s", "loss": null, "ttl": "1 s" }"#).await;
    assert_eq!(shown(&set), (json!("1 s"), json!(null)));
    let members: Vec<_> =
        set["reverts"].as_array().unwrap().iter().map(|revert| &revert["member"]).collect();
    assert_eq!(members, ["rtt", "loss"]);
    while rig.get(&path).await.json()["reverts"] != json!([]) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(shown(&rig.get(&path).await.json()), (json!("400 ms"), json!(0.01)));
}

#[tokio::test]
async fn a_pause_holds_a_response_in_flight_and_lets_it_go() {
    let rig = Rig::start(RunArgs::default()).await;
    let (path, armed) = rig.arm(r#"{ "profile": "cable" }"#).await;
    let (_, other) = rig.arm(r#"{ "profile": "cable" }"#).await;
    let url = format!("{}demo/media/v6/seg-1.m4s", armed["url"].as_str().unwrap());
    let response = rig.send(Request::get(url).body(Full::<Bytes>::default()).unwrap()).await;
    let declared: usize = response.headers()["content-length"].to_str().unwrap().parse().unwrap();
    let mut body = response.into_body();
    let mut got = body.frame().await.unwrap().unwrap().into_data().unwrap().len();
    let view = rig.patch(&path, r#"{ "paused": true }"#).await;
    assert_eq!((&view["rate"], &view["rate_set"]), (&json!("0 bit/s"), &Value::Null));
    // Bytes already sent arrive; then nothing more does.
    while let Ok(frame) = tokio::time::timeout(Duration::from_secs(1), body.frame()).await {
        got += frame.unwrap().unwrap().into_data().unwrap().len();
    }
    assert!(got < declared, "{got} of {declared}");
    assert_eq!(status(&rig, &other).await, StatusCode::OK, "another session's network runs");
    rig.patch(&path, r#"{ "paused": false }"#).await;
    let rest = tokio::time::timeout(Duration::from_secs(30), body.collect()).await;
    assert_eq!(got + rest.expect("still silent").unwrap().to_bytes().len(), declared);
}

#[tokio::test]
async fn no_update_is_lost() {
    let rig = Rig::plain().await;
    let (path, _) = rig.arm("").await;
    let tag = rig.get(&path).await.headers["etag"].to_str().unwrap().to_owned();
    let patch = async |tag: &str, body: &str| {
        let headers = [("content-type", "application/json"), ("if-match", tag)];
        rig.ask_with(Method::PATCH, &path, body, &headers).await
    };
    let first = patch(&tag, r#"{ "rate": "1 Mbit/s" }"#).await;
    assert_eq!(first.status, StatusCode::OK);
    let second = patch(&tag, r#"{ "rate": "2 Mbit/s" }"#).await;
    insta::assert_snapshot!(second.to_string());
    let now = rig.get(&path).await;
    assert_eq!(now.json()["rate_set"], "1 Mbit/s");
    assert_eq!(now.headers["etag"], first.headers["etag"]);
    assert_eq!(patch("*", "{}").await.headers["etag"], first.headers["etag"]);
    // Of many clients with the same version, one succeeds.
    let tag = now.headers["etag"].to_str().unwrap().to_owned();
    let bodies: Vec<_> = (1..=20).map(|n| json!({ "rate": format!("{n} Mbit/s") })).collect();
    let bodies: Vec<_> = bodies.iter().map(Value::to_string).collect();
    let answers = join_all(bodies.iter().map(|body| patch(&tag, body))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::OK).count(), 1);
    let put = |tag: &'static str| {
        let headers = [("content-type", "application/json"), ("if-match", tag)];
        let rig = &rig;
        async move {
            rig.ask_with(Method::PUT, "/api/v1/rules", r#"{ "rules": [] }"#, &headers).await.status
        }
    };
    assert_eq!(rig.get("/api/v1/rules").await.headers["etag"], "\"1\"");
    assert_eq!(put("\"1\"").await, StatusCode::OK);
    assert_eq!(put("\"1\"").await, StatusCode::PRECONDITION_FAILED);
}

#[tokio::test]
async fn a_group_is_changed_together_or_not_at_all() {
    let rig = Rig::start(RunArgs::default()).await;
    let (one, armed) = rig.arm(r#"{ "label": "tv" }"#).await;
    let (two, also) = rig.arm(r#"{ "label": "tv" }"#).await;
    let (out, other) = rig.arm(r#"{ "label": "phone" }"#).await;
    let group = "/api/v1/sessions?label=tv";
    assert_eq!(rig.get(group).await.json().as_array().unwrap().len(), 2);
    let results = rig.patch(group, r#"{ "rate": "9 Mbit/s" }"#).await;
    assert_eq!(
        results,
        json!([{ "id": armed["id"], "version": 2 }, { "id": also["id"], "version": 2 }])
    );
    assert_eq!(rig.get(&out).await.json()["rate_set"], Value::Null);
    // Each of them fails once.
    let fire = post(&rig, "/api/v1/sessions/faults?label=tv", NEXT_SEGMENT_FAILS).await;
    assert_eq!(fire.json()[1]["fault"], "fault");
    for (session, first) in
        [(&armed, StatusCode::NOT_FOUND), (&also, StatusCode::NOT_FOUND), (&other, StatusCode::OK)]
    {
        assert_eq!(status(&rig, session).await, first);
        assert_eq!(status(&rig, session).await, StatusCode::OK);
    }
    // One of them could not be changed, so none is.
    rig.patch(&one, r#"{ "rate": "1 Mbit/s" }"#).await;
    let undo = async || post(&rig, "/api/v1/sessions/undo?label=tv", "").await.status;
    for left in [StatusCode::OK, StatusCode::OK] {
        assert_eq!(undo().await, left);
    }
    let before = (settings(&rig, &one).await, settings(&rig, &two).await);
    assert_eq!(undo().await, StatusCode::CONFLICT);
    assert_eq!((settings(&rig, &one).await, settings(&rig, &two).await), before);
    assert_eq!(post(&rig, "/api/v1/sessions/reset?label=tv", "").await.status, StatusCode::OK);
    assert_eq!(rig.get(&one).await.json()["rate_set"], Value::Null);
}

#[tokio::test]
async fn the_rules_of_all_are_in_force_for_all() {
    let file = RunArgs::default();
    let rig = Rig::start(file).await;
    let (_, before) = rig.arm("").await;
    let body = r#"{ "rules": [{ "when": { "kind": "segment" }, "then": { "status": 418 } }] }"#;
    assert_eq!(rig.ask(Method::PUT, "/api/v1/rules", body).await.status, StatusCode::OK);
    let (_, after) = rig.arm("").await;
    for session in [&before, &after] {
        assert_eq!(status(&rig, session).await, StatusCode::IM_A_TEAPOT);
    }
    assert_eq!(rig.get("/api/v1/rules").await.json()["rules"].as_array().unwrap().len(), 1);
    assert_eq!(post(&rig, "/api/v1/reset", "").await.status, StatusCode::NO_CONTENT);
    for session in [&before, &after] {
        assert_eq!(status(&rig, session).await, StatusCode::OK);
    }
    assert_eq!(rig.get("/api/v1/rules").await.json(), json!({ "rules": [] }));
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told() {
    let rig = Rig::plain().await;
    let (one, _) = rig.arm("").await;
    let before = settings(&rig, &one).await;
    let mut told = String::new();
    let faults = format!("{one}/faults");
    for (method, path, body) in [
        (Method::PATCH, &*one, r#"{ "paused": 1 }"#),
        (Method::PATCH, &one, r#"{ "ttl": "5 s" }"#),
        (Method::PATCH, &one, r#"{ "paused": true, "ttl": "0 s" }"#),
        (Method::PATCH, "/api/v1/sessions", "{}"),
        (Method::PATCH, "/api/v1/sessions?label=none", "{}"),
        (Method::PATCH, "/api/v1/sessions?lable=none", "{}"),
        (Method::POST, &faults, "{}"),
        (Method::POST, &faults, r#"{ "fault": "segment-440", "rule": {}, "times": 0 }"#),
        (Method::POST, &faults, r#"{ "fault": "segment-440", "times": 0, "name": "a/b" }"#),
        (Method::POST, &faults, r#"{ "rule": { "then": { "status": 9 } }, "tll": "1 s" }"#),
        (Method::POST, &faults, r#"{ "rule": { "then": { "status": 9 } } }"#),
        (Method::DELETE, &format!("{faults}/none"), ""),
        (Method::POST, &format!("{one}/undo"), ""),
        (Method::PUT, "/api/v1/rules", "{}"),
        (Method::PUT, "/api/v1/rules", r#"{ "rules": [{}] }"#),
    ] {
        let answer = rig.ask(method.clone(), path, body).await;
        assert!(answer.status.is_client_error(), "{path} {body}: {answer}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        told += &format!("{method} {path} {body}\n{answer}\n");
    }
    insta::assert_snapshot!(told);
    assert_eq!(settings(&rig, &one).await, before);
}

/// The events of one session, until it ends, in the form of the event log.
#[tokio::test]
async fn who_listens_hears_what_happens_to_a_session_until_it_ends() {
    let rig = Rig::start(RunArgs::default()).await;
    let (path, armed) = rig.arm("").await;
    let (other, _) = rig.arm("").await;
    let url = format!("http://{}{path}/events", rig.ready.admin);
    let events = rig.send(Request::get(url).body(Full::<Bytes>::default()).unwrap()).await;
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    post(&rig, &format!("{path}/faults"), NEXT_SEGMENT_FAILS).await;
    rig.patch(&other, r#"{ "rate": "1 Mbit/s" }"#).await;
    assert_eq!(status(&rig, &armed).await, StatusCode::NOT_FOUND);
    rig.ask(Method::DELETE, &path, "").await;
    let whole = tokio::time::timeout(Duration::from_secs(30), events.into_body().collect()).await;
    let whole = whole.expect("does not end").unwrap().to_bytes();
    let text = std::str::from_utf8(&whole).unwrap();
    let names: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    let expected = [
        "schema",
        "command_applied",
        "request_planned",
        "fault_injected",
        "request_finished",
        "session_ended",
    ];
    assert_eq!(names, expected);
    let data: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_eq!(data[0], "{\"schema\":1}");
    let ids = text.lines().filter_map(|line| line.strip_prefix("id: "));
    let ids: Vec<u64> = ids.map(|id| id.parse().unwrap()).collect();
    assert!(ids.len() == 6 && ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    for line in &data[1..] {
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["session"], armed["id"]);
    }
    assert!(text.contains(r#""rule":"fault""#), "{text}");
    assert_eq!(rig.get(&format!("{path}/events")).await.status, StatusCode::NOT_FOUND);
}
