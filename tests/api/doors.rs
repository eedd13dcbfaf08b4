//! Access control: which requests are accepted.

use super::rig::Rig;
use http::{Method, StatusCode};
use vsps::args::RunArgs;

const SESSIONS: &str = "/api/v1/sessions";

#[tokio::test]
async fn a_token_is_asked_for_everywhere_but_by_the_probes() {
    let rig =
        Rig::start(RunArgs { admin_token: Some("open sesame".into()), ..RunArgs::default() }).await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(rig.get(path).await.status, StatusCode::OK, "{path}");
    }
    for path in ["/metrics", SESSIONS, "/api/v1/profiles", "/api/v1/status", "/nowhere"] {
        let closed = rig.get(path).await;
        assert_eq!(closed.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(closed.headers["www-authenticate"], "Bearer realm=\"vsps\"");
        for wrong in ["Bearer", "Bearer ", "Bearer open", "Basic open sesame", "open sesame"] {
            let answer = rig.ask_with(Method::GET, path, "", &[("authorization", wrong)]).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path} {wrong}");
        }
    }
    insta::assert_snapshot!(rig.get(SESSIONS).await.to_string());
    // The pages of the console hold no data, and a browser sends no token with the request for a page.
    for path in ["/", "/main.js", "/players.json"] {
        assert_eq!(rig.get(path).await.status, StatusCode::OK, "{path}");
    }
    // The token is enough: a web page has none, so neither Host nor Origin matters.
    let headers = [
        ("authorization", "bearer open sesame"),
        ("host", "vsps.example"),
        ("origin", "https://vsps.example"),
    ];
    let answer = rig.ask_with(Method::POST, SESSIONS, "", &headers).await;
    assert_eq!(answer.status, StatusCode::CREATED);
}

/// DNS rebinding: the page's host name resolves to this machine, but stays in `Host`.
#[tokio::test]
async fn without_a_token_only_names_of_this_machine_are_served() {
    let rig = Rig::plain().await;
    let admin = rig.ready.admin.to_string();
    for host in [&*admin, "localhost", "localhost:1", "127.0.0.2", "[::1]:8081"] {
        let answer = rig.ask_with(Method::GET, SESSIONS, "", &[("host", host)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{host}");
    }
    for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", ""]
    {
        for path in ["/", "/metrics", SESSIONS] {
            let answer = rig.ask_with(Method::GET, path, "", &[("host", host)]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{host}");
        }
        let probe = rig.ask_with(Method::GET, "/healthz", "", &[("host", host)]).await;
        assert_eq!(probe.status, StatusCode::OK);
    }
    let twice = [("host", &*admin), ("host", "evil.example")];
    assert_eq!(rig.ask_with(Method::GET, "/", "", &twice).await.status, StatusCode::FORBIDDEN);
    let answer = rig.ask_with(Method::GET, "/", "", &[("host", "evil.example")]).await;
    insta::assert_snapshot!(answer.to_string());
}

/// Cross-site request forgery: the browser sends the origin of the page.
#[tokio::test]
async fn pages_from_elsewhere_change_nothing() {
    let rig = Rig::plain().await;
    let (path, _) = rig.arm("").await;
    let own = format!("http://{}", rig.ready.admin);
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost"] {
        for (method, path) in
            [(Method::POST, SESSIONS), (Method::PATCH, &*path), (Method::DELETE, &*path)]
        {
            let answer = rig.ask_with(method, path, "", &[("origin", origin)]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{origin}");
        }
        let read = rig.ask_with(Method::GET, SESSIONS, "", &[("origin", origin)]).await;
        assert!(!read.headers.contains_key("access-control-allow-origin"), "may not be read");
        assert_eq!(read.json().as_array().unwrap().len(), 1);
    }
    let answer = rig.ask_with(Method::POST, SESSIONS, "", &[("origin", &own)]).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let answer = rig.ask_with(Method::DELETE, &path, "", &[("origin", "null")]).await;
    insta::assert_snapshot!(answer.to_string());
}
