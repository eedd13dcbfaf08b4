//! A script on the wire: its effects are applied, and its failures have none.

use super::{
    origin::{Origin, ok},
    rig::{Rig, read_rules},
};
use serde_json::json;
use std::sync::Arc;
use vsps::{rules::Script, units::ProcessTime};

#[tokio::test]
async fn a_script_decides_before_the_rules_and_its_failure_is_counted() {
    let origin = Origin::saying(ok("", b"x")).await;
    let file = std::env::temp_dir().join(format!("vsps-wire-{}.rhai", std::process::id()));
    let text = "fn on_session(session) { session.count = 0; }
                fn on_request(request, session) {
                    session.count += 1;
                    if session.count == 2 { return #{ status: 410 }; }
                    if session.count == 3 { throw \"on purpose\"; }
                }";
    std::fs::write(&file, text).unwrap();
    let script = Arc::new(Script::load(&file, Arc::new(|| ProcessTime::ZERO)).unwrap());
    std::fs::remove_file(&file).unwrap();
    let rules = json!([{ "when": { "path": "/ruled" }, "then": { "status": 404 } }]);
    let rig = Rig::start(Some(origin.address), |config| {
        config.rules = read_rules(rules);
        config.proxy.script = Some(script);
    })
    .await;
    let mut statuses = Vec::new();
    for path in ["/a", "/ruled", "/ruled", "/a"] {
        statuses.push(rig.get(path).await.status());
    }
    assert_eq!(statuses, [200, 410, 404, 200]);
    let failed = rig.told("script_failed", 1).await;
    assert_eq!((&failed[0]["line"], &failed[0]["function"]), (&5.into(), &"on_request".into()));
    assert_eq!(rig.counted("vsps_script_errors_total").await, 1.0);
}

/// It reads the response's head, and applies before the body is sent; an effect that is too late is reported.
#[tokio::test]
async fn a_script_sees_the_answer_before_its_body() {
    let origin = Origin::saying(ok("x-cache: MISS\r\n", b"0123456789")).await;
    let file = std::env::temp_dir().join(format!("vsps-answer-{}.rhai", std::process::id()));
    let text = "fn on_response(request, response, session) {
                    if response.status != 200 || response.headers[\"x-cache\"] != \"MISS\" { return; }
                    if request.path == \"/cut\" { return #{ truncate: `${response.length / 2} B` }; }
                    if request.path == \"/status\" { return #{ status: 503 }; }
                    if request.path == \"/headers\" { return #{ headers: #{ set: #{ age: 60 } } }; }
                    if request.path == \"/late\" { return #{ refuse: \"reset\" }; }
                }";
    std::fs::write(&file, text).unwrap();
    let script = Arc::new(Script::load(&file, Arc::new(|| ProcessTime::ZERO)).unwrap());
    std::fs::remove_file(&file).unwrap();
    let rig = Rig::start(Some(origin.address), |config| config.proxy.script = Some(script)).await;
    let cut = rig.get("/cut").await;
    assert_eq!((cut.status(), cut.body.as_slice()), (200, b"01234".as_slice()));
    let status = rig.get("/status").await;
    assert_eq!(status.status(), 503);
    assert_ne!(status.body, b"0123456789");
    assert_eq!(rig.get("/headers").await.header("age"), "60");
    let late = rig.get("/late").await;
    assert_eq!((late.status(), late.body.as_slice()), (200, b"0123456789".as_slice()));
    let failed = rig.told("script_failed", 1).await;
    assert_eq!(failed[0]["function"], "on_response");
    assert!(
        failed[0]["problem"].as_str().unwrap().contains("can't be returned by on_response"),
        "{failed:?}"
    );
    let applied = rig.told("fault_injected", 3).await;
    let effects: Vec<_> = applied.iter().map(|event| event["effect"].as_str().unwrap()).collect();
    assert_eq!(effects, ["truncate", "status", "headers"]);
}
