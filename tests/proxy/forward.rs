//! The forward proxy: absolute URLs, CONNECT, upgrades, interception, sessions by user, and servers in front.

use super::{
    origin::{Origin, ok, pattern},
    player::{End, Player},
    rig::{Rig, read_rules},
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use serde_json::json;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::Instant,
};
use vsps::{
    config::Config,
    local_ca,
    profiles::Shaping,
    proxy::{ForwardConfig, TlsServer},
};

/// Lets clients fetch from this machine.
fn forward(config: &mut Config) {
    config.proxy.forward = Some(ForwardConfig::default());
    config.proxy.allow = vec!["127.0.0.1".parse().unwrap()];
}

/// A proxy whose own origin is another one.
async fn rig(set: impl FnOnce(&mut Config)) -> Rig {
    let elsewhere = SocketAddr::from(([127, 0, 0, 1], 1));
    Rig::start(Some(elsewhere), |config| {
        forward(config);
        set(config);
    })
    .await
}

async fn connect(rig: &Rig, target: &str) -> Player {
    let mut player = rig.player().await;
    player.send(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")).await;
    player
}

#[tokio::test]
async fn absolute_urls_are_fetched_and_manifests_stay_as_they_are() {
    let playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nhttps://cdn.example/a.ts\n#EXTINF:4,\n/b.ts\n";
    let origin = Origin::saying(ok("", playlist.as_bytes())).await;
    let rig = rig(|_| {}).await;
    let url = format!("http://{}/v/list.m3u8?t=1&vsps.label=x", origin.address);
    let got = rig.ask("GET", &url, "Origin: http://page.example\r\n").await;
    assert_eq!((got.status(), got.text()), (200, playlist));
    assert!(got.all("access-control-allow-origin").is_empty());
    assert_eq!(origin.last().path(), "/v/list.m3u8?t=1");
    assert_eq!(origin.last().header("host"), [origin.address.to_string()]);
    // Its own URL in this form is that of the default origin.
    let own = rig.ask("GET", &format!("http://{}/a", rig.listen), "").await;
    assert_eq!(own.failure(), (502, "upstream; connect"));
    let started = rig.told("session_started", 2).await;
    assert_eq!(started[0]["label"], "x");
}

#[tokio::test]
async fn hosts_that_are_not_allowed_are_refused() {
    let origin = Origin::saying(ok("", b"a")).await;
    let rig = rig(|config| {
        config.proxy.allow = vec!["cdn.example".parse().unwrap()];
    })
    .await;
    let target = origin.address.to_string();
    let refused = connect(&rig, &target).await.body_of(1).await;
    assert_eq!(refused.failure(), (403, "downstream; host"));
    let refused = rig.ask("GET", &format!("http://{target}/a"), "").await;
    assert_eq!(refused.failure(), (403, "downstream; host"));
    let open = Rig::start(None, |config| {
        config.proxy.forward = Some(ForwardConfig { open: true, ..ForwardConfig::default() });
    })
    .await;
    // Every public host, but none inside.
    let refused = connect(&open, &target).await.body_of(90).await;
    assert_eq!(refused.failure(), (403, "downstream; host"));
    assert!(refused.text().contains("private address 127.0.0.1"), "{}", refused.text());
    assert!(origin.asked().is_empty());
}

#[tokio::test]
async fn requests_for_the_proxy_itself_do_not_go_in_a_circle() {
    let rig = rig(|_| {}).await;
    let own = connect(&rig, &rig.listen.to_string()).await.body_of(1).await;
    assert_eq!(own.failure(), (403, "downstream; loop"));
    let admin = connect(&rig, &rig.admin.to_string()).await.body_of(1).await;
    assert_eq!(admin.failure(), (403, "downstream; loop"));
    let hops = ["1.1 vsps"; 9].join(", ");
    let circle = rig.ask("GET", "http://127.0.0.1:1/a", &format!("Via: {hops}\r\n")).await;
    assert_eq!(circle.failure(), (403, "downstream; loop"));
    let malformed = connect(&rig, "127.0.0.1").await.body_of(1).await;
    assert_eq!(malformed.failure(), (400, "downstream; request-framing"));
}

#[tokio::test]
async fn a_tunnel_carries_bytes_at_the_rate_and_latency_of_the_link() {
    let body = pattern(50_000);
    let origin = Origin::saying(ok("", &body)).await;
    let rig = rig(|config| {
        let (rate, rtt) = ("800 kbit/s".parse().ok(), Some(Duration::from_millis(100)));
        config.profile = Shaping { rate, rtt, ..Shaping::default() }.apply(&config.profile);
    })
    .await;
    let mut player = connect(&rig, &origin.address.to_string()).await;
    let opened = player.body_of(0).await;
    assert_eq!(opened.status(), 200);
    assert!(opened.all("content-length").is_empty() && opened.all("transfer-encoding").is_empty());
    let started = Instant::now();
    player.send("GET /inside HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let got = player.rest().await;
    let took = started.elapsed();
    assert_eq!((got.status(), got.end), (200, End::Fin));
    assert!(got.body == body, "the bytes are those of the origin");
    // 400,000 bits at 800 kbit/s, and a round trip.
    assert!(took >= Duration::from_millis(570), "{took:?}");
    assert!(took < Duration::from_millis(1500), "{took:?}");
    // The origin has closed its side; the tunnel ends with the player's.
    drop(player);
    let finished = rig.told("request_finished", 1).await;
    assert_eq!(
        (finished[0]["status"].as_u64(), finished[0]["outcome"].as_str()),
        (Some(200), Some("complete"))
    );
    assert!(finished[0]["bytes"].as_u64().unwrap() > 50_000);
}

#[tokio::test]
async fn an_upgrade_passes_in_both_directions() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        assert!(
            head.contains("\r\nupgrade: websocket\r\n") && head.contains("sec-websocket-key: k")
        );
        let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello";
        stream.write_all(answer.as_bytes()).await.unwrap();
        let (mut from, mut to) = stream.split();
        tokio::io::copy(&mut from, &mut to).await.unwrap();
    });
    // Not only through the forward proxy.
    let rig = Rig::start(Some(address), |_| {}).await;
    let mut player = rig.player().await;
    let head = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n";
    player.send(head).await;
    let got = player.body_of(5).await;
    assert_eq!((got.status(), got.header("upgrade"), got.text()), (101, "websocket", "hello"));
    player.send("echo").await;
    assert_eq!(player.read_bytes(4).await, b"echo");
}

#[tokio::test]
async fn users_have_sessions_of_their_own() {
    let origin = Origin::saying(ok("", b"a")).await;
    let rig = rig(|_| {}).await;
    let url = format!("http://{}/a", origin.address);
    // alice, alice again, bob, nobody.
    for credentials in ["YWxpY2U6MQ==", "YWxpY2U6MQ==", "Ym9iOg==", ""] {
        let field = format!("Proxy-Authorization: Basic {credentials}\r\n");
        assert_eq!(rig.ask("GET", &url, &field).await.status(), 200);
        assert!(origin.last().header("proxy-authorization").is_empty());
    }
    rig.told("session_started", 3).await;
    let planned = rig.told("request_planned", 4).await;
    assert_eq!(planned[0]["session"], planned[1]["session"]);
}

#[tokio::test]
async fn browsers_get_a_pac_file() {
    let rig = rig(|config| config.proxy.allow.push("*.cdn.example:8443".parse().unwrap())).await;
    let got = rig.get("/-/proxy.pac").await;
    assert_eq!(got.header("content-type"), "application/x-ns-proxy-autoconfig");
    let through = format!("return \"PROXY {}\"", rig.listen);
    assert!(
        got.text().contains(&through) && got.text().contains("\"*.cdn.example\""),
        "{}",
        got.text()
    );
}

#[tokio::test]
async fn rules_apply_inside_of_intercepted_tls() {
    let folder = std::env::temp_dir().join(format!("vsps-intercept-{}", std::process::id()));
    let now = std::time::UNIX_EPOCH.elapsed().unwrap();
    let ca = Arc::new(local_ca::open(&folder.join("local-ca"), now).unwrap());
    let certificates = Some(Arc::new(TlsServer::local(Arc::clone(&ca), Vec::new())));
    let rig = rig(|config| {
        let intercept = vec!["shop.example".parse().unwrap()];
        config.proxy.forward = Some(ForwardConfig { open: true, intercept, certificates });
        let rule =
            json!({ "name": "gone", "when": { "path": "/seg*" }, "then": { "status": 410 } });
        config.rules = read_rules(json!([rule]));
    })
    .await;
    let mut tcp = TcpStream::connect(rig.listen).await.unwrap();
    tcp.write_all(b"CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n")
        .await
        .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(tcp.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 200"));
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.pem().as_bytes()).unwrap()).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("shop.example").unwrap();
    let client = tokio_rustls::TlsConnector::from(Arc::new(client));
    let mut stream = client.connect(name, tcp).await.unwrap();
    let request = b"GET /segment1.ts HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let _ = std::fs::remove_dir_all(folder);
    assert!(text.starts_with("HTTP/1.1 410"), "{text}");
}

#[tokio::test]
async fn a_server_in_front_names_the_client() {
    let origin = Origin::saying(ok("", b"a")).await;
    let rig = Rig::start(Some(origin.address), |config| {
        config.proxy.trust_proxy = vec!["127.0.0.0/8".parse().unwrap()];
        config.proxy.session_by = vsps::proxy::SessionBy::Client;
    })
    .await;
    for client in ["192.0.2.7", "192.0.2.8"] {
        let field = format!("X-Forwarded-For: 6.6.6.6, {client}\r\n");
        assert_eq!(rig.ask("GET", "/a", &field).await.status(), 200);
        let mut player = rig.player().await;
        player.send(format!("PROXY TCP4 {client} 127.0.0.1 4711 80\r\n")).await;
        player.send("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
        assert_eq!(player.rest().await.status(), 200);
    }
    rig.told("session_started", 2).await;
}
