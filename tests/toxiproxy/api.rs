//! The API, request by request. The expectations are toxiproxy's own, read from its tests and its source.

use super::rig::{Rig, assert_ms, echo, round_trip};
use std::fmt::Write as _;

/// Requests in order, and what a client gets.
async fn told(rig: &Rig, requests: &[(&str, &str, &str)]) -> String {
    let mut text = String::new();
    for (method, path, body) in requests {
        let reply = rig.ask(method, path, body).await;
        let _ = writeln!(
            text,
            "{method} {path} {body}\n    {} {}",
            reply.status,
            reply.body.trim_end()
        );
    }
    without_ports(&text)
}

/// Ports that the system chose are not the same twice.
fn without_ports(text: &str) -> String {
    let mut shown = String::new();
    for (at, part) in text.split(":").enumerate() {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let chosen = at > 0 && digits == 5;
        if at > 0 {
            shown.push(':');
        }
        shown.push_str(if chosen { "PORT" } else { "" });
        shown.push_str(if chosen { &part[digits..] } else { part });
    }
    shown
}

const MYSQL: &str = r#"{"name":"mysql","listen":"127.0.0.1:0","upstream":"localhost:3306"}"#;

#[tokio::test(start_paused = true)]
async fn proxies_are_created_shown_updated_and_deleted() {
    let rig = Rig::start().await;
    let requests = [
        ("GET", "/proxies", ""),
        ("POST", "/proxies", r#"{"name":"","upstream":"x:1"}"#),
        ("POST", "/proxies", r#"{"name":"a"}"#),
        ("POST", "/proxies", ""),
        ("POST", "/proxies", "{"),
        ("POST", "/proxies", r#"{"name":1}"#),
        ("POST", "/proxies", r#"{"name":"a","upstream":"x:1","listen":"local373"}"#),
        ("POST", "/proxies", MYSQL),
        ("POST", "/proxies", MYSQL),
        ("GET", "/proxies/mysql", ""),
        ("GET", "/proxies/other", ""),
        (
            "POST",
            "/proxies",
            r#"{"name":"off","listen":"localhost:0","upstream":"x:1","enabled":false}"#,
        ),
        ("POST", "/proxies/off", r#"{"enabled":true}"#),
        ("PATCH", "/proxies/off", r#"{"upstream":"y:2","name":"ignored"}"#),
        ("PATCH", "/proxies/off", r#"{"listen":"nonsense"}"#),
        ("PATCH", "/proxies/off", r#"{"enabled":"yes"}"#),
        ("PATCH", "/proxies/other", "{}"),
        ("GET", "/proxies", ""),
        ("DELETE", "/proxies/off", ""),
        ("DELETE", "/proxies/off", ""),
        ("GET", "/nothing", ""),
        ("PUT", "/proxies", ""),
        ("GET", "/version", ""),
    ];
    insta::assert_snapshot!(told(&rig, &requests).await);
}

#[tokio::test(start_paused = true)]
async fn toxics_are_created_shown_updated_and_deleted() {
    let rig = Rig::start().await;
    let toxics = "/proxies/mysql/toxics";
    let lag = "/proxies/mysql/toxics/lag";
    let requests = [
        ("POST", "/proxies", MYSQL),
        ("GET", toxics, ""),
        (
            "POST",
            toxics,
            r#"{"type":"latency","name":"lag","attributes":{"latency":100,"jitter":10}}"#,
        ),
        ("POST", toxics, r#"{"type":"latency","name":"lag","stream":"upstream"}"#),
        ("POST", toxics, r#"{"type":"bandwidth","stream":"upstream","toxicity":0.2}"#),
        ("POST", toxics, r#"{"type":"bandwidth"}"#),
        ("POST", toxics, r#"{"type":"bandwidth"}"#),
        ("POST", toxics, r#"{"type":"latency","stream":"sideways"}"#),
        ("POST", toxics, r#"{"type":"nothing"}"#),
        ("POST", "/proxies/other/toxics", r#"{"type":"latency"}"#),
        ("GET", toxics, ""),
        ("GET", lag, ""),
        ("PATCH", lag, r#"{"attributes":{"latency":1000},"toxicity":0.5}"#),
        ("POST", lag, r#"{"attributes":{"jitter":-5},"name":"ignored"}"#),
        ("PATCH", lag, r#"{"attributes":{"latency":"slow"}}"#),
        ("PATCH", "/proxies/mysql/toxics/other", "{}"),
        ("GET", "/proxies/mysql", ""),
        ("DELETE", lag, ""),
        ("DELETE", lag, ""),
        ("GET", lag, ""),
        ("POST", "/proxies/mysql", r#"{"enabled":false}"#),
        ("POST", "/reset", ""),
        ("GET", "/proxies", ""),
    ];
    insta::assert_snapshot!(told(&rig, &requests).await);
}

#[tokio::test(start_paused = true)]
async fn proxies_are_populated() {
    let rig = Rig::start().await;
    let one = r#"[{"name":"one","listen":"127.0.0.1:0","upstream":"a:1"},{"name":"two","listen":"127.0.0.1:0","upstream":"b:1","enabled":false}]"#;
    let requests = [
        ("POST", "/populate", "[]"),
        ("POST", "/populate", "{}"),
        ("POST", "/populate", r#"[{"name":"one","upstream":"x:1"},{"upstream":"y:1"}]"#),
        ("POST", "/populate", r#"[{"name":"one","upstream":"x:1"},{"name":"two"}]"#),
        ("GET", "/proxies", ""),
        ("POST", "/populate", one),
        ("POST", "/proxies/two/toxics", r#"{"type":"latency"}"#),
        (
            "POST",
            "/populate",
            r#"[{"name":"three","listen":"127.0.0.1:0","upstream":"c:1"},{"name":"four","listen":"local373","upstream":"d:1"},{"name":"five","upstream":"e:1"}]"#,
        ),
        ("GET", "/proxies", ""),
    ];
    insta::assert_snapshot!(told(&rig, &requests).await);
}

/// Proxies with the same addresses stay, with their toxics; others are replaced.
#[tokio::test(start_paused = true)]
async fn populating_again_replaces_only_what_differs() {
    let rig = Rig::start().await;
    let listen = rig.proxy(echo().await).await;
    rig.toxic("latency", "downstream", serde_json::json!({})).await;
    let proxy = rig.ask("GET", "/proxies/p", "").await.json();
    let again = |upstream: &str| {
        format!(r#"[{{"name":"p","listen":"{listen}","upstream":"{upstream}","enabled":false}}]"#)
    };
    let same = rig.ask("POST", "/populate", &again(proxy["upstream"].as_str().unwrap())).await;
    assert_eq!(same.json()["proxies"][0], proxy, "also what it asks of `enabled` is ignored");
    let other = rig.ask("POST", "/populate", &again("x:1")).await.json();
    assert_eq!(other["proxies"][0]["enabled"], false);
    assert_eq!(other["proxies"][0]["toxics"], serde_json::json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_port_in_use_is_told_as_toxiproxy_does() {
    let rig = Rig::start().await;
    let listen = rig.proxy(echo().await).await;
    let body = format!(r#"{{"name":"q","listen":"{listen}","upstream":"x:1"}}"#);
    let reply = rig.ask("POST", "/proxies", &body).await;
    let message = format!("listen tcp {listen}: bind: address already in use");
    assert_eq!((reply.status, &reply.json()["error"]), (500, &message.into()));
    assert_eq!(rig.ask("GET", "/proxies/q", "").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn browsers_are_refused() {
    let rig = Rig::start().await;
    for (agent, status) in [("Mozilla/5.0 (Linux)", 403), ("curl/7.88", 200), ("", 200)] {
        let reply = rig.ask_as(agent, "GET", "/proxies", "").await;
        assert_eq!(reply.status, status, "{agent}");
        assert!(reply.head.contains("\nx-toxiproxy-request-id: "), "{}", reply.head);
    }
    let refused = rig.ask_as("Mozilla/5.0", "POST", "/reset", "").await;
    assert_eq!(refused.body, "User agent not allowed\n");
}

/// A page whose name resolves to this machine (DNS rebinding) has its own name in `Host`. Of a page elsewhere, a browser
/// sends the origin.
#[tokio::test(start_paused = true)]
async fn web_pages_are_refused_whatever_their_agent() {
    let rig = Rig::start().await;
    let status = async |headers: &str, path| rig.ask_with(headers, "GET", path, "").await.status;
    let own = format!("Host: {}\r\n", rig.api);
    for headers in [&*own, "Host: localhost\r\n", "Host: LOCALHOST:1\r\n", "Host: [::1]:8474\r\n"] {
        assert_eq!(status(headers, "/proxies").await, 200, "{headers}");
    }
    for headers in [
        "",
        "Host: evil.example:8474\r\n",
        "Host: localhost.evil.example\r\n",
        "Host: 192.0.2.1\r\n",
        "Host: localhost\r\nOrigin: http://evil.example\r\n",
        "Host: localhost\r\nOrigin: null\r\n",
    ] {
        for path in ["/proxies", "/version", "/metrics", "/proxies/p/toxics/t"] {
            assert_eq!(status(headers, path).await, 403, "{headers} {path}");
        }
    }
    let headers = "Host: localhost\r\nOrigin: http://localhost\r\n";
    let reset = rig.ask_with(headers, "POST", "/reset", "").await;
    assert_eq!(reset.status, 403);
    assert_eq!(reset.body, "web pages may not use this API (Origin header)\n");
}

/// A proxy that can't be replaced stays as it is.
#[tokio::test(start_paused = true)]
async fn a_failed_replacement_changes_nothing() {
    let rig = Rig::start().await;
    let listen = rig.proxy(echo().await).await;
    let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = other.local_addr().unwrap();
    rig.toxic("latency", "downstream", serde_json::json!({ "latency": 10 })).await;
    let before = rig.ask("GET", "/proxies/p", "").await.json();
    let list = format!(r#"[{{"name":"p","listen":"{taken}","upstream":"x:1"}}]"#);
    assert_eq!(rig.ask("POST", "/populate", &list).await.status, 500);
    assert_eq!(rig.ask("GET", "/proxies/p", "").await.json(), before);
    let mut client = tokio::net::TcpStream::connect(listen).await.unwrap();
    assert_ms(round_trip(&mut client, b"hello").await, 10);
}

#[tokio::test(start_paused = true)]
async fn media_types_are_those_of_toxiproxy() {
    let rig = Rig::start().await;
    for (path, kind) in [
        ("/proxies", "application/json"),
        ("/version", "application/json;charset=utf-8"),
        ("/proxies/none", "text/plain; charset=utf-8"),
        ("/metrics", "text/plain; version=0.0.4"),
    ] {
        let reply = rig.ask("GET", path, "").await;
        assert!(reply.head.contains(&format!("content-type: {kind}")), "{path}: {}", reply.head);
    }
}
