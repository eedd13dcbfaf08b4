//! Tokens with roles and namespaces, and the audit log.

use super::rig::{Answer, Rig};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use std::{path::PathBuf, time::Duration};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};
use vsps::args::RunArgs;

const SESSIONS: &str = "/api/v1/sessions";
/// Far longer than a line takes to be written.
const PATIENCE: Duration = Duration::from_secs(20);

async fn rig(options: RunArgs) -> Rig {
    let token = ["admin:root", "control:a@team-a", "control:b@team-b", "read:r@team-a"];
    let token = token.map(|text| text.parse().unwrap()).to_vec();
    Rig::start(RunArgs { token, ..options }).await
}

async fn send(rig: &Rig, token: &str, method: Method, path: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", &*bearer), ("content-type", "application/json")];
    rig.ask_with(method, path, body, &headers).await
}

async fn arm(rig: &Rig, token: &str, body: &str) -> String {
    let answer = send(rig, token, Method::POST, SESSIONS, body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    answer.headers["location"].to_str().unwrap().to_owned()
}

/// However the name of a session, or of the parameter, is written.
#[tokio::test]
async fn a_token_for_one_namespace_reaches_no_other() {
    let rig = rig(RunArgs::default()).await;
    let own = arm(&rig, "a", r#"{ "label": "team-a/x" }"#).await;
    let other = arm(&rig, "b", r#"{ "label": "team-b/x" }"#).await;
    let rate = r#"{ "rate": "1 Mbit/s" }"#;
    let fault = r#"{ "fault": "segment-404" }"#;
    for label in [
        "label=team-b/x",
        "label=team-b%2Fx",
        "%6cabel=team-b/x",
        "l%61bel=team-b%2fx",
        "labe%6C=x",
    ] {
        for (method, path, body) in [
            (Method::GET, format!("{SESSIONS}?{label}"), ""),
            (Method::PATCH, format!("{SESSIONS}?{label}"), rate),
            (Method::POST, format!("{SESSIONS}/faults?{label}"), fault),
            (Method::POST, format!("{SESSIONS}/undo?{label}"), ""),
            (Method::POST, format!("{SESSIONS}/reset?{label}"), ""),
        ] {
            let answer = send(&rig, "a", method, &path, body).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}: {}", answer.text());
        }
    }
    let id = other.rsplit('/').next().unwrap();
    let written = format!("%{:02x}{}", id.as_bytes()[0], &id[1..]);
    for path in [other.clone(), format!("{SESSIONS}/{written}"), format!("{other}/faults")] {
        let answer = send(&rig, "a", Method::GET, &path, "").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    let view = send(&rig, "root", Method::GET, &other, "").await.json();
    assert_eq!((&view["rate_set"], &view["armed_faults"]), (&Value::Null, &json!(0)));
    // Its own sessions are found under each of these names.
    for label in ["label=team-a/x", "%6cabel=team-a%2Fx"] {
        let path = format!("{SESSIONS}?{label}");
        let answer = send(&rig, "a", Method::PATCH, &path, rate).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let list = send(&rig, "a", Method::GET, &path, "").await.json();
        assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
    }
    assert_eq!(send(&rig, "r", Method::PATCH, &own, rate).await.status, StatusCode::FORBIDDEN);
    // What is wrong is named.
    for (path, detail) in [
        ("/metrics", "this address is about all sessions: use a token without a namespace"),
        ("/api/v1/sessions?label=x", "write a label that begins with `team-a/`"),
    ] {
        let refused = send(&rig, "a", Method::GET, path, "").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert!(refused.text().contains(detail), "{}", refused.text());
    }
}

/// Figures of a group are those of one namespace, however the label is written.
#[tokio::test]
async fn a_token_for_one_namespace_reads_the_figures_of_its_groups() {
    let rig = rig(RunArgs::default()).await;
    arm(&rig, "a", r#"{ "label": "team-a/y" }"#).await;
    arm(&rig, "b", r#"{ "label": "team-b/y" }"#).await;
    arm(&rig, "root", r#"{ "label": "y" }"#).await;
    for of in ["timeline", "qoe", "run"] {
        for (token, query, status) in [
            ("a", "?label=team-a/y", StatusCode::OK),
            ("r", "?%6cabel=team-a%2Fy", StatusCode::OK),
            ("a", "?label=team-a/z", StatusCode::NOT_FOUND),
            ("a", "?label=team-b/y", StatusCode::FORBIDDEN),
            ("a", "?label=y", StatusCode::FORBIDDEN),
            ("a", "?l%61bel=team-b%2Fy", StatusCode::FORBIDDEN),
            ("a", "?label=team-a/y&label=team-b/y", StatusCode::BAD_REQUEST),
            ("a", "", StatusCode::FORBIDDEN),
            ("root", "?label=team-b/y", StatusCode::OK),
            ("root", "", StatusCode::BAD_REQUEST),
        ] {
            let path = format!("/api/v1/{of}{query}");
            let answer = send(&rig, token, Method::GET, &path, "").await;
            assert_eq!(answer.status, status, "{token} {path}: {}", answer.text());
        }
    }
}

/// The link of the command line is common to all namespaces, so none of them changes it for the others.
#[tokio::test]
async fn a_token_for_one_namespace_does_not_change_the_common_link() {
    let rig = rig(RunArgs { link: Some("house".into()), ..RunArgs::default() }).await;
    let common = arm(&rig, "a", "").await;
    let own = arm(&rig, "a", r#"{ "link": "flat", "label": "team-a/flat" }"#).await;
    let rate = r#"{ "rate": "1 Mbit/s" }"#;
    let group = format!("{SESSIONS}?label=team-a/");
    for (method, path, body) in [
        (Method::PATCH, &*common, rate),
        (Method::PATCH, &*group, rate),
        (Method::POST, &format!("{common}/undo"), ""),
        (Method::POST, &format!("{common}/reset"), ""),
    ] {
        let refused = send(&rig, "a", method, path, body).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        assert!(refused.text().contains("(--link)"), "{}", refused.text());
    }
    for (token, path, body) in
        [("a", &common, r#"{ "rules": [] }"#), ("a", &own, rate), ("root", &common, rate)]
    {
        let changed = send(&rig, token, Method::PATCH, path, body).await;
        assert_eq!(changed.status, StatusCode::OK, "{path}: {}", changed.text());
    }
}

struct Audit(PathBuf);

impl Audit {
    fn new(name: &str) -> Self {
        let file = format!("vsps-audit-{}-{name}.jsonl", std::process::id());
        Self(std::env::temp_dir().join(file))
    }

    /// The lines, once there are as many.
    async fn lines(&self, count: usize) -> Vec<Value> {
        let start = tokio::time::Instant::now();
        loop {
            let text = std::fs::read_to_string(&self.0).unwrap_or_default();
            let lines: Vec<Value> =
                text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            if lines.len() >= count {
                return lines;
            }
            assert!(start.elapsed() < PATIENCE, "{text}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Only reading the probes needs no token.
#[tokio::test]
async fn a_change_at_a_probe_is_nobody_s() {
    let audit = Audit::new("probe");
    let rig = rig(RunArgs { audit: Some(audit.0.clone()), ..RunArgs::default() }).await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(rig.get(path).await.status, StatusCode::OK);
        let answer = rig.ask(Method::POST, path, "{}").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    let lines = audit.lines(2).await;
    for line in &lines {
        assert_eq!((&line["role"], &line["status"]), (&json!("none"), &json!(401)), "{line}");
    }
    assert_eq!(lines.len(), 2);
}

/// A client that disconnects before the answer, with a part of the body or with all of it.
#[tokio::test]
async fn a_request_whose_client_disconnects_is_in_the_audit_log() {
    let audit = Audit::new("gone");
    let rig = rig(RunArgs { audit: Some(audit.0.clone()), ..RunArgs::default() }).await;
    let own = arm(&rig, "a", r#"{ "label": "team-a/x" }"#).await;
    let body = r#"{ "rate": "1 Mbit/s" }"#;
    for sent in [&body[..5], body] {
        let mut stream = TcpStream::connect(rig.ready.admin).await.unwrap();
        let head = format!(
            "PATCH {own} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer a\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{sent}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        drop(stream);
    }
    let lines = audit.lines(3).await;
    let of = |line: &Value| (line["method"].clone(), line["path"].clone(), line["role"].clone());
    for line in &lines[1..] {
        assert_eq!(of(line), (json!("PATCH"), json!(own), json!("control")), "{line}");
    }
    assert!(lines[1..].iter().any(|line| line["status"] == 200), "{lines:?}");
    let view = send(&rig, "a", Method::GET, &own, "").await.json();
    assert_eq!(view["rate_set"], "1 Mbit/s");
}
