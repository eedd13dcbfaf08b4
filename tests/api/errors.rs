//! Every error: its message, and that the request had no effect.

use super::rig::Rig;
use http::{Method, StatusCode};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};
use vsps::args::{BoundArgs, RunArgs};

const SESSIONS: &str = "/api/v1/sessions";

#[tokio::test]
async fn what_is_sent_wrongly_is_told() {
    let rig = Rig::plain().await;
    let (one, _) = rig.arm("").await;
    let mut told = String::new();
    for (method, path, body) in [
        (Method::GET, "/api/v1", ""),
        (Method::GET, "/api/v1/sessions/none", ""),
        (Method::GET, "/api/v1/sessions/%FF", ""),
        (Method::PATCH, "/api/v1/sessions/none", "{}"),
        (Method::DELETE, "/api/v1/sessions/none", ""),
        (Method::GET, "/api/v1/profiles/flacky-wifi", ""),
        (Method::GET, "/api/v1/profiles/..%2Fsecret.toml", ""),
        (Method::PUT, SESSIONS, ""),
        (Method::POST, "/metrics", ""),
        (Method::POST, SESSIONS, "{"),
        (Method::POST, SESSIONS, "[\"3g\"]"),
        (Method::POST, SESSIONS, r#"{ "profil": "3g", "seed": 1, "sead": 2 }"#),
        (
            Method::POST,
            SESSIONS,
            r#"{ "profile": "3gg", "seed": -1, "origin": "https://cdn.example/live", "label": "a\nb" }"#,
        ),
        (Method::POST, SESSIONS, r#"{ "seed": 18446744073709551616, "origin": "cdn.example" }"#),
        (Method::POST, SESSIONS, r#"{ "profile": "/etc/passwd", "seed": [1] }"#),
        (Method::POST, SESSIONS, r#"{ "rules": [{ "then": { "delay": "2" } }, { "when": {} }] }"#),
        (Method::POST, SESSIONS, r#"{ "rules": { "then": {} } }"#),
        (Method::PATCH, &one, r#"{ "rate": 5, "ttl": "5 s" }"#),
        (Method::PATCH, &one, r#"{ "rate": 5, "profile": "x", "rules": [{}] }"#),
        (Method::PATCH, &one, r#"{ "rules": [{ "then": { "profile": "flacky-wifi" } }] }"#),
        (Method::PUT, "/api/v1/rules", r#"{ "rules": [{ "then": { "profile": "3gg" } }] }"#),
        (Method::POST, &format!("{one}/faults"), r#"{ "rule": { "then": { "profile": "no" } } }"#),
        (Method::PATCH, &one, "null"),
        (Method::POST, SESSIONS, r#"{ "label": 5 }"#),
        (Method::POST, SESSIONS, r#"{ "link": 5 }"#),
        (Method::PATCH, &one, r#"{ "rate": "1 Mbit/s", "rtt": "5 ms", "rate": "2 Mbit/s" }"#),
    ] {
        let answer = rig.ask(method.clone(), path, body).await;
        assert!(answer.status.is_client_error(), "{path} {body}: {answer}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        told += &format!("{method} {path} {body}\n{answer}\n");
    }
    insta::assert_snapshot!(told);
    assert_eq!(rig.get(SESSIONS).await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn json_must_be_called_json() {
    let rig = Rig::plain().await;
    let (one, _) = rig.arm("").await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let mut told = String::new();
    for (method, path) in [(Method::POST, SESSIONS), (Method::PATCH, &one)] {
        let answer = rig.ask_with(method.clone(), path, "{}", &form).await;
        told += &format!("{method} {path}\n{answer}\n");
        assert_eq!(rig.ask_with(method, path, "{}", &[]).await.status, answer.status);
    }
    insta::assert_snapshot!(told);
    for kind in ["application/merge-patch+json", "Application/JSON; charset=utf-8"] {
        let answer = rig.ask_with(Method::PATCH, &one, "{}", &[("content-type", kind)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{kind}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let rig = Rig::plain().await;
    let large = format!("{{\"label\":\"{}\"}}", "x".repeat(1024 * 1024));
    let answer = rig.ask(Method::POST, SESSIONS, &large).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let rules = vec![json!({ "then": { "delay": "1 s" } }); 1001];
    let answer = rig.ask(Method::POST, SESSIONS, &json!({ "rules": rules }).to_string()).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.json()["errors"][0]["pointer"], "/rules");
}

#[tokio::test]
async fn there_is_no_room_for_more_sessions_than_allowed() {
    let bounds = BoundArgs { max_sessions: Some(1), ..BoundArgs::default() };
    let rig = Rig::start(RunArgs { bounds, ..RunArgs::default() }).await;
    rig.arm("").await;
    let answer = rig.ask(Method::POST, SESSIONS, "").await;
    insta::assert_snapshot!(answer.to_string());
}

/// With one bad key nothing is changed, neither by the keys before it nor by those after it.
#[tokio::test]
async fn a_patch_is_made_whole_or_not_at_all() {
    let rig = Rig::plain().await;
    let (path, _) =
        rig.arm(r#"{ "profile": "cable", "rules": [{ "then": { "delay": "1 s" } }] }"#).await;
    let before = rig.get(&path).await.to_string();
    let good = [("profile", json!("edge")), ("rate", json!("9 Mbit/s")), ("rules", json!([]))];
    let bad = [
        ("profile", json!("no such")),
        ("rate", json!("9 MB/s")),
        ("rules", json!([{ "then": { "delay": "1 s" } }, {}])),
        ("unknown", json!(1)),
    ];
    for (key, value) in bad {
        let mut body: serde_json::Map<String, Value> =
            good.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        body.insert(key.to_owned(), value);
        let answer = rig.ask(Method::PATCH, &path, &Value::from(body).to_string()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{key}");
        let pointer = answer.json()["errors"][0]["pointer"].as_str().unwrap().to_owned();
        assert!(pointer.starts_with(&format!("/{key}")), "{key}: {pointer}");
        assert_eq!(rig.get(&path).await.to_string(), before, "{key}");
    }
}

/// JSON of any shape; half of it with valid keys.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[0-9]{1,3} ?(Mbit/s|s|kB|ms)".prop_map(Value::from),
        prop::sample::select(vec!["3g", "https://a", "segment", "audio", "1..3"])
            .prop_map(Value::from),
    ];
    let keys = "profile|seed|rules|origin|label|rate|when|then|delay|status|rung|kind|name|.{0,3}";
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(keys, inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

#[test]
fn no_json_brings_it_down() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (rig, path) = runtime.block_on(async {
        let rig = Rig::plain().await;
        let (path, _) = rig.arm("").await;
        (rig, path)
    });
    let mut runner = TestRunner::new(ProptestConfig::with_cases(300));
    let outcome = runner.run(&any_json(), |body| {
        for (method, path) in [(Method::POST, SESSIONS), (Method::PATCH, path.as_str())] {
            let answer = runtime.block_on(rig.ask(method, path, &body.to_string()));
            prop_assert!(!answer.status.is_server_error(), "{answer}");
            prop_assert!(answer.json().is_object(), "{answer}");
        }
        Ok(())
    });
    outcome.unwrap();
    assert_eq!(runtime.block_on(rig.get(&path)).status, StatusCode::OK);
}
