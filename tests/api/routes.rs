//! Every route with a valid request.

use super::rig::Rig;
use http::{Method, StatusCode};
use serde_json::json;
use vsps::profiles::Catalog;

#[tokio::test]
async fn the_life_of_a_session() {
    let rig = Rig::plain().await;
    let mut told = String::new();
    // Profiles with a constant rate, so that the output does not depend on the time.
    let arming = r#"{ "profile": "cable", "seed": 42, "label": "living room", "origin": "https://cdn.example:8443",
        "rules": [{ "name": "late audio", "when": { "media": "audio" }, "then": { "delay": "2 s" } }] }"#;
    let id = "/api/v1/sessions/fmnqbchpez";
    for (method, path, body) in [
        (Method::GET, "/api/v1/sessions", ""),
        (Method::POST, "/api/v1/sessions", ""),
        (Method::POST, "/api/v1/sessions", arming),
        (Method::GET, "/api/v1/sessions", ""),
        (Method::GET, id, ""),
        (Method::PATCH, id, r#"{ "rate": "9 Mbit/s" }"#),
        (Method::PATCH, id, r#"{ "profile": "dsl" }"#),
        (Method::PATCH, id, r#"{ "rate": null, "rules": null }"#),
        (Method::PATCH, id, r#"{ "profile": null, "rules": [{ "then": { "status": 503 } }] }"#),
        (Method::DELETE, id, ""),
        (Method::GET, id, ""),
    ] {
        let answer = rig.ask(method.clone(), path, body).await;
        told += &format!("{method} {path} {body}\n{}\n", rig.show(&answer));
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn probes_and_pages() {
    let rig = Rig::plain().await;
    let mut told = String::new();
    for path in ["/healthz", "/readyz", "/api/v1/profiles/flaky-wifi"] {
        told += &format!("GET {path}\n{}\n", rig.get(path).await);
    }
    insta::assert_snapshot!(told);
    let head = rig.ask(Method::HEAD, "/metrics", "").await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
}

#[tokio::test]
async fn every_address_on_the_page_is_there() {
    let rig = Rig::plain().await;
    let page = rig.get("/").await.text();
    let links: Vec<_> =
        page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let links: Vec<_> = links.into_iter().filter(|link| !link.starts_with('#')).collect();
    assert!(links.len() > 7, "{links:?}");
    for link in links {
        let answer = rig.get(&format!("/{}", link.trim_start_matches('/'))).await;
        assert_eq!(answer.status, StatusCode::OK, "{link}");
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn the_profiles_are_those_of_the_catalogue() {
    let rig = Rig::plain().await;
    let list = rig.get("/api/v1/profiles").await.json();
    let catalog = Catalog::new();
    let known: Vec<_> = catalog.list().unwrap();
    let known: Vec<_> =
        known.iter().map(|p| json!({ "name": p.name, "summary": p.summary })).collect();
    assert!(!known.is_empty());
    assert_eq!(list, json!(known));
    for name in catalog.names() {
        let shown = rig.get(&format!("/api/v1/profiles/{name}")).await.json();
        assert_eq!(shown, serde_json::to_value(catalog.named(name).unwrap()).unwrap());
    }
}

#[tokio::test]
async fn metrics_count_what_the_api_does() {
    let rig = Rig::plain().await;
    let (path, _) = rig.arm(r#"{"profile":"3g"}"#).await;
    let rate = "vsps_link_rate_bits_per_second{";
    let shown = async || -> Vec<String> {
        let metrics = rig.get("/metrics").await.text();
        metrics.lines().filter(|line| line.starts_with(rate)).map(str::to_owned).collect()
    };
    let at_first = shown().await;
    assert_eq!(at_first.len(), 1, "known from the start: {at_first:?}");
    rig.patch(&path, r#"{ "rules": [{ "then": { "delay": "1 s" } }] }"#).await;
    let metrics = rig.get("/metrics").await;
    assert_eq!(metrics.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert!(metrics.text().contains("vsps_sessions_active 1\n"));
    assert_eq!(shown().await, at_first, "new rules are no change of the link");
    rig.patch(&path, r#"{ "rate": "5 Mbit/s" }"#).await;
    assert_eq!(shown().await, [format!("{rate}profile=\"3g\"}} 5000000")]);
}

/// Prometheus asks for OpenMetrics; a person with a browser gets text.
#[tokio::test]
async fn metrics_are_open_metrics_for_those_who_ask() {
    let rig = Rig::plain().await;
    let ask = async |accept| rig.ask_with(Method::GET, "/metrics", "", &[("accept", accept)]).await;
    let open = ask("application/openmetrics-text;version=1.0.0,text/plain;q=0.5").await;
    let head = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(open.headers["content-type"], head);
    assert_eq!(open.headers["vary"], "accept");
    assert!(open.text().ends_with("\n# EOF\n"), "{}", open.text());
    let text = ask("text/html,*/*;q=0.8").await;
    assert_eq!(text.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert!(!text.text().contains("# EOF"));
}

/// A reported seed can be replayed: the same seed is reported again, whatever the ordinal.
#[tokio::test]
async fn a_seed_comes_back_whole() {
    let rig = Rig::plain().await;
    let (_, first) = rig.arm("").await;
    let seed = first["seed"].as_u64().unwrap();
    let (_, again) = rig.arm(&json!({ "seed": seed }).to_string()).await;
    assert_eq!(again["seed"], seed);
    let (_, most) = rig.arm(r#"{ "seed": 18446744073709551615 }"#).await;
    assert_eq!(most["seed"], u64::MAX);
    let (_, text) = rig.arm(r#"{ "seed": "18446744073709551615" }"#).await;
    assert_eq!(text["seed"], u64::MAX);
}

/// What the console shows of a profile is what the same seed does in the model.
#[tokio::test]
async fn a_plot_is_the_run_of_a_seed() {
    let rig = Rig::plain().await;
    let plot = |query: &str| format!("/api/v1/profiles/spike/plot{query}");
    let shown = rig.get(&plot("?seed=7&seconds=30")).await.json();
    let rate_at = |seconds: f64| {
        let rates = shown["rates"].as_array().unwrap();
        let step = rates.iter().rev().find(|step| step[0].as_f64().unwrap() <= seconds).unwrap();
        step[1].as_f64().unwrap()
    };
    for (at, rate) in [(5.0, 1.2e6), (15.0, 3e5), (25.0, 8e5)] {
        assert!((rate_at(at) / rate - 1.0).abs() < 0.02, "{at} s: {}", rate_at(at));
    }
    for wrong in ["?seconds=0", "?seconds=3601", "?seed=-1", "?span=3"] {
        assert_eq!(rig.get(&plot(wrong)).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

/// Pages of the console allow no inline script and no frame.
#[tokio::test]
async fn pages_have_a_strict_policy() {
    let rig = Rig::plain().await;
    for path in ["/", "/main.js"] {
        let page = rig.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("script-src 'self'; style-src 'self';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }
    assert_eq!(rig.get("/nowhere.js").await.status, StatusCode::NOT_FOUND);
}
