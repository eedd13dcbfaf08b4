//! The OpenAPI document is complete: every address, method and member, and no other.

use super::rig::Rig;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const METHODS: [Method; 5] =
    [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

fn keys(object: &Value) -> BTreeSet<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The addresses in the source of the router.
fn routed() -> BTreeSet<String> {
    let router = include_str!("../../src/api/router.rs");
    let literals = router.split('"').skip(1).step_by(2).filter(|text| text.starts_with('/'));
    literals.map(str::to_owned).chain(set(&["/healthz", "/readyz", "/api/v1/sessions"])).collect()
}

#[tokio::test]
async fn every_address_and_method_is_described_and_no_other() {
    let rig = Rig::plain().await;
    let document = rig.get("/api/v1/openapi.json").await.json();
    assert_eq!(keys(&document["paths"]), routed());
    for (path, item) in document["paths"].as_object().unwrap() {
        // Two responses that do not end.
        if path.ends_with("/events") {
            continue;
        }
        let told = path.replace("{id}", "none").replace("{name}", "none");
        for method in METHODS {
            let described = item.get(method.as_str().to_lowercase());
            let answer = rig.ask(method.clone(), &told, "").await;
            match described {
                None => {
                    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
                }
                Some(operation) => {
                    let status = answer.status.as_str();
                    assert!(
                        operation["responses"].get(status).is_some(),
                        "{method} {path}: {status}"
                    );
                    assert!(!answer.text().contains("nothing at this address"), "{method} {path}");
                }
            }
        }
    }
}

/// The members of a body are those listed in the error for an unknown key.
#[tokio::test]
async fn every_member_of_a_body_is_described_and_no_other() {
    let rig = Rig::plain().await;
    let (one, _) = rig.arm("").await;
    let document = rig.get("/api/v1/openapi.json").await.json();
    let (faults, player) = (format!("{one}/faults"), format!("{one}/player"));
    for (method, path, schema) in [
        (Method::POST, "/api/v1/sessions", "Arming"),
        (Method::PATCH, &*one, "Change"),
        (Method::POST, &faults, "Fire"),
        (Method::POST, &player, "MeasuredBuffer"),
        (Method::PUT, "/api/v1/rules", "Rules"),
    ] {
        let answer = rig.ask(method, path, r#"{ "no such key": 1 }"#).await.json();
        let detail = answer["errors"][0]["detail"].as_str().unwrap();
        let allowed: BTreeSet<_> =
            detail.split('`').skip(3).step_by(2).map(str::to_owned).collect();
        assert_eq!(
            keys(&document["components"]["schemas"][schema]["properties"]),
            allowed,
            "{schema}"
        );
    }
}

/// The tables of a rule have the keys that an unknown one is answered with.
#[tokio::test]
async fn every_key_of_a_rule_is_described_and_no_other() {
    let rig = Rig::plain().await;
    let document = rig.get("/api/v1/openapi.json").await.json();
    let wrong = json!({ "no such key": 1 });
    for (schema, rule) in [
        ("Rule", wrong.clone()),
        ("RuleWhen", json!({ "when": wrong })),
        ("RuleThen", json!({ "then": wrong })),
        ("RuleBudget", json!({ "budget": wrong })),
        ("RuleHang", json!({ "then": { "hang": wrong } })),
        ("RuleStatus", json!({ "then": { "status": wrong } })),
        ("RuleRedirect", json!({ "then": { "redirect": wrong } })),
        ("RuleBody", json!({ "then": { "body": wrong } })),
        ("RuleStall", json!({ "then": { "stall": wrong } })),
        ("RuleDrip", json!({ "then": { "drip": wrong } })),
        ("RuleCorrupt", json!({ "then": { "corrupt": wrong } })),
        ("RuleFraming", json!({ "then": { "framing": wrong } })),
        ("RuleCut", json!({ "then": { "cut": wrong } })),
        ("RuleHeaders", json!({ "then": { "headers": wrong } })),
        ("RuleManifest", json!({ "then": { "manifest": wrong } })),
        ("RuleDiscontinuity", json!({ "then": { "manifest": { "discontinuity": wrong } } })),
        ("RuleDurations", json!({ "then": { "manifest": { "durations": wrong } } })),
        ("RuleReport", json!({ "then": { "manifest": { "rendition-report": wrong } } })),
    ] {
        let body = json!({ "rules": [rule] }).to_string();
        let answer = rig.ask(Method::POST, "/api/v1/sessions", &body).await.json();
        let detail = answer["errors"][0]["detail"].as_str().unwrap();
        let allowed: BTreeSet<_> =
            detail.split('`').skip(3).step_by(2).map(str::to_owned).collect();
        let properties = &document["components"]["schemas"][schema]["properties"];
        assert_eq!(keys(properties), allowed, "{schema}: {detail}");
    }
}

#[tokio::test]
async fn every_member_of_an_answer_is_described_and_no_other() {
    let rig = Rig::plain().await;
    let document = rig.get("/api/v1/openapi.json").await.json();
    let described = |schema: &str| keys(&document["components"]["schemas"][schema]["properties"]);
    let (one, armed) = rig.arm(r#"{ "label": "tv", "link": "house", "profile": "cable" }"#).await;
    assert_eq!(keys(&armed), described("Armed"));
    let fault = json!({ "fault": "segment-404", "ttl": "1 h" }).to_string();
    let fired = rig.ask(Method::POST, &format!("{one}/faults"), &fault).await.json();
    assert_eq!(keys(&fired), described("Fired"));
    let full = rig.get(&one).await.json();
    assert_eq!(keys(&full), described("FullSession"));
    assert_eq!(keys(&full["faults"][0]), described("Fault"));
    assert_eq!(keys(&rig.get("/api/v1/sessions").await.json()[0]), described("Session"));
    let results = rig.ask(Method::POST, "/api/v1/sessions/faults?label=tv", &fault).await.json();
    let mut result = described("Result");
    assert!(result.remove("problem"), "which only a race brings about");
    assert_eq!(keys(&results[0]), result);
    assert_eq!(keys(&rig.get("/api/v1/rules").await.json()), described("Rules"));
    assert_eq!(keys(&rig.get("/api/v1/profiles").await.json()[0]), described("ProfileSummary"));
    assert_eq!(keys(&rig.get("/api/v1/status").await.json()), described("Status"));
    assert_eq!(keys(&rig.get("/api/v1/faults").await.json()[0]), described("FaultSummary"));
    let plot = rig.get("/api/v1/profiles/flaky-wifi/plot?seed=7&seconds=30").await.json();
    assert_eq!(keys(&plot), described("Plot"));
    let problem = rig.ask(Method::PUT, "/api/v1/rules", "{}").await.json();
    assert_eq!(keys(&problem), described("Problem"));
}
