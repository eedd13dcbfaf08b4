//! Sessions armed with a network and rules that are written in short.

use super::rig::Rig;
use http::{Method, StatusCode};
use serde_json::json;
use vsps::args::RunArgs;

#[tokio::test]
async fn a_session_is_armed_with_rate_round_trip_and_loss() {
    let rig = Rig::plain().await;
    let (path, armed) = rig.arm(r#"{ "rate": "3 Mbps", "rtt": "80ms", "loss": "1%" }"#).await;
    assert_eq!(armed["profile"], "custom");
    let view = rig.get(&path).await.json();
    assert_eq!(json!([view["rate"], view["rate_set"]]), json!(["3 Mbit/s", null]));
    // What a PATCH sets goes before, and taking it away leads back to what was armed.
    assert_eq!(rig.patch(&path, r#"{ "rate": "500 kbps" }"#).await["rate"], "500 kbit/s");
    assert_eq!(rig.patch(&path, r#"{ "rate": null }"#).await["rate"], "3 Mbit/s");
    let (path, armed) = rig.arm(r#"{ "profile": "3g", "rate": "2 Mbit/s" }"#).await;
    assert_eq!(armed["profile"], "3g");
    assert_eq!(rig.get(&path).await.json()["rate"], "2 Mbit/s");
    for (body, pointer) in [
        (r#"{ "rate": "2 MB/s" }"#, "/rate"),
        (r#"{ "rtt": 80 }"#, "/rtt"),
        (r#"{ "loss": "120%" }"#, "/loss"),
    ] {
        let refused = rig.ask(Method::POST, "/api/v1/sessions", body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
        assert!(refused.text().contains(pointer), "{}", refused.text());
    }
}

/// A text stands for a ready fault or a short rule wherever rules are armed.
#[tokio::test]
async fn rules_are_named_or_written_in_short() {
    let rig = Rig::plain().await;
    let mixed = r#"{ "rules": [
        "stuck-playlist", "segment.audio:delay=2s", { "then": { "status": 404 } }
    ] }"#;
    let ready = vsps::profiles::fault_named("stuck-playlist").unwrap().rules.len();
    let (path, _) = rig.arm(mixed).await;
    let armed = rig.get(&path).await.json()["rules"].clone();
    assert_eq!(armed.as_array().unwrap().len(), ready + 2);
    assert_eq!(armed[ready]["then"]["delay"], "2s");
    assert_eq!(armed[ready + 1]["then"]["status"], 404);
    let (path, _) = rig.arm(r#"{ "rules": "stuck-playlist;segment:status=404" }"#).await;
    assert_eq!(rig.get(&path).await.json()["rules"].as_array().unwrap().len(), ready + 1);
    let patched = rig.patch(&path, r#"{ "rules": ["E01"] }"#).await;
    assert_eq!(patched["rules"].as_array().unwrap().len(), ready);
    let all = rig.ask(Method::PUT, "/api/v1/rules", r#"{ "rules": ["E01"] }"#).await;
    assert_eq!(all.json()["rules"].as_array().unwrap().len(), ready);
    let faults = format!("{path}/faults");
    let fired = rig.ask(Method::POST, &faults, r#"{ "rule": "segment:status=404" }"#);
    assert_eq!(fired.await.status, StatusCode::CREATED);
    let fired = rig.ask(Method::POST, &faults, r#"{ "fault": "segment:status=404" }"#);
    assert_eq!(fired.await.status, StatusCode::CREATED);
    let refused = rig.ask(
        Method::POST,
        "/api/v1/sessions",
        r#"{ "rules": ["stuck-playlists", "segment:delay=2", 5, { "them": {} }] }"#,
    );
    let refused = refused.await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    insta::assert_snapshot!(rig.show(&refused));
    let refused = rig.ask(
        Method::POST,
        "/api/v1/sessions",
        r#"{ "rules": ["stuck-playlists", "segment:delay=2"] }"#,
    );
    insta::assert_snapshot!(rig.show(&refused.await));
}

#[tokio::test]
async fn a_session_is_at_the_public_url() {
    let public_url = Some("https://proxy.example".parse().unwrap());
    let rig = Rig::start(RunArgs { public_url, ..RunArgs::default() }).await;
    let (path, armed) = rig.arm("").await;
    let url = format!("https://proxy.example/-/s/{}/", armed["id"].as_str().unwrap());
    assert_eq!(armed["url"], *url);
    assert_eq!(rig.get(&path).await.json()["url"], *url);
}
