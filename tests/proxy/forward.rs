//! The forward proxy: absolute URLs, CONNECT, upgrades, interception, sessions by user, and servers in front.

use super::{
    origin::{Origin, Step, ok, pattern},
    player::{End, Player},
    rig::{Rig, read_rules},
};
use http::Request;
use http_body_util::BodyExt as _;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use serde_json::json;
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::Instant,
};
use tokio_rustls::client::TlsStream;
use vsps::{
    config::Config,
    local_ca,
    profiles::Shaping,
    proxy::{ForwardConfig, TlsServer},
    units::UnixTime,
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
    assert!(refused.text().contains("clients of the forward proxy"), "{}", refused.text());
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
    let admin = rig.ask("GET", &format!("http://{}/metrics", rig.admin), "").await;
    assert_eq!(admin.failure(), (403, "downstream; loop"));
    // Not only requests with an absolute URL.
    let circle = rig.ask("GET", "/a", &format!("Via: {hops}\r\n")).await;
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

/// What an origin sent before its reset arrives, however slow the link; then the player is reset too.
#[tokio::test]
async fn a_reset_of_the_origin_comes_after_its_bytes() {
    let body = pattern(40_000);
    let answer = ok("", &body);
    let origin = Origin::start(move |_| vec![Step::Send(answer.clone()), Step::Reset]).await;
    let rig = rig(|config| {
        let (rate, rtt) = ("800 kbit/s".parse().ok(), Some(Duration::from_millis(100)));
        config.profile = Shaping { rate, rtt, ..Shaping::default() }.apply(&config.profile);
    })
    .await;
    let mut player = connect(&rig, &origin.address.to_string()).await;
    player.body_of(0).await;
    player.send("GET /inside HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let got = player.rest().await;
    assert!(got.body == body, "{} bytes", got.body.len());
    assert_eq!(got.end, End::Reset);
    let finished = rig.told("request_finished", 1).await;
    assert_eq!(finished[0]["outcome"], "origin-cut");
}

/// CONNECT in a stream of HTTP/2 (RFC 9113 §8.5), beside other requests; it ends at once when vsps stops.
#[tokio::test]
async fn a_stream_of_http2_carries_a_tunnel() {
    let body = pattern(50_000);
    let origin = Origin::saying(ok("", &body)).await;
    let mut rig = rig(|config| {
        let shaping = Shaping { rate: "4 Mbit/s".parse().ok(), ..Shaping::default() };
        config.profile = shaping.apply(&config.profile);
    })
    .await;
    let stream = TokioIo::new(TcpStream::connect(rig.listen).await.unwrap());
    let (mut requests, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let mut connect = async || {
        let target = origin.address.to_string();
        let request = Request::builder().method("CONNECT").uri(target).body(String::new()).unwrap();
        let response = requests.send_request(request).await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        TokioIo::new(hyper::upgrade::on(response).await.unwrap())
    };
    let mut tunnel = connect().await;
    tunnel.write_all(b"GET /inside HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut got = Vec::new();
    tunnel.read_to_end(&mut got).await.unwrap();
    assert!(got.ends_with(&body), "{} bytes", got.len());
    tunnel.shutdown().await.unwrap();
    let finished = rig.told("request_finished", 1).await;
    assert_eq!(finished[0]["outcome"], "complete");
    let mut open = connect().await;
    rig.stop();
    let _ = open.read_to_end(&mut got).await;
    let (_, events) = rig.stopped().await;
    let finished: Vec<_> =
        events.iter().filter(|event| event["event"] == "request_finished").collect();
    assert_eq!(finished.len(), 2);
    assert_eq!(finished[1]["outcome"], "cut");
}

#[tokio::test]
async fn a_tunnel_that_the_stop_of_vsps_ends_is_cut() {
    let origin = Origin::saying(ok("", b"a")).await;
    let mut rig = rig(|_| {}).await;
    let mut player = connect(&rig, &origin.address.to_string()).await;
    player.body_of(0).await;
    rig.stop();
    assert_eq!(player.rest().await.end, End::Fin);
    let (_, events) = rig.stopped().await;
    let finished: Vec<_> =
        events.iter().filter(|event| event["event"] == "request_finished").collect();
    assert_eq!(finished.len(), 1);
    assert_eq!(finished[0]["outcome"], "cut");
}

/// The request was under way when vsps was told to stop, and its tunnel opens after that.
#[tokio::test]
async fn a_tunnel_that_opens_during_the_stop_of_vsps_is_cut() {
    let origin = Origin::saying(ok("", b"a")).await;
    let mut rig = rig(|config| {
        let shaping = Shaping { rtt: Some(Duration::from_secs(1)), ..Shaping::default() };
        config.profile = shaping.apply(&config.profile);
        config.proxy.timeouts.drain = Duration::from_secs(60);
    })
    .await;
    let mut player = connect(&rig, &origin.address.to_string()).await;
    rig.told("request_planned", 1).await;
    rig.stop();
    let got = player.rest().await;
    assert_eq!((got.status(), got.end), (200, End::Fin));
    let (_, events) = rig.stopped().await;
    let finished: Vec<_> =
        events.iter().filter(|event| event["event"] == "request_finished").collect();
    assert_eq!(finished.len(), 1);
    assert_eq!(finished[0]["outcome"], "cut");
}

/// A tunnel that its client has closed goes on, since the origin may still send something, also when the client then
/// cancels the stream. There are not more such tunnels than streams.
#[tokio::test]
async fn tunnels_of_cancelled_streams_are_limited() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let (closed, mut closes) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_to_end(&mut Vec::new()).await.unwrap();
            // Kept open there, and silent.
            closed.send(stream).unwrap();
        }
    });
    let mut held = Vec::new();
    let rig = rig(|_| {}).await;
    let stream = TokioIo::new(TcpStream::connect(rig.listen).await.unwrap());
    let (mut requests, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let mut connect = async || {
        let request = Request::builder().method("CONNECT").uri(&target).body(String::new());
        requests.send_request(request.unwrap()).await.unwrap()
    };
    for _ in 0..100 {
        let response = connect().await;
        assert_eq!(response.status().as_u16(), 200);
        let mut tunnel = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
        tunnel.shutdown().await.unwrap();
        held.push(closes.recv().await.unwrap());
        drop(tunnel);
    }
    let refused = connect().await;
    assert_eq!(refused.status().as_u16(), 503);
    assert_eq!(refused.headers()["vsps-error"], "downstream; connections");
}

/// Where a profile has a latency for each direction, that of the downlink comes after the answer of the origin.
#[tokio::test]
async fn the_latency_of_the_downlink_counts_for_connect_and_upgrades() {
    let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: a\r\n\r\n";
    let origin = Origin::start(move |_| {
        vec![Step::Send(answer.into()), Step::Pause(Duration::from_secs(9))]
    })
    .await;
    let rig = rig(|config| {
        let mut profile = vsps::profiles::Profile::clone(&config.profile);
        let latency = &mut profile.link.latency;
        (latency.rtt, latency.downlink) = (Duration::from_millis(300), Duration::from_millis(300));
        config.profile = Arc::new(profile);
    })
    .await;
    let target = origin.address.to_string();
    let upgrade = format!(
        "GET http://{target}/ HTTP/1.1\r\nHost: {target}\r\nConnection: Upgrade\r\nUpgrade: a\r\n\r\n"
    );
    for (request, status) in
        [(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"), 200), (upgrade, 101)]
    {
        let mut player = rig.player().await;
        let started = Instant::now();
        player.send(&request).await;
        let got = player.body_of(0).await;
        assert_eq!(got.status(), status);
        let took = started.elapsed();
        assert!(took >= Duration::from_millis(300), "{request}: {took:?}");
    }
}

#[tokio::test]
async fn the_body_of_an_upgrade_has_the_limit_of_all_bodies() {
    let origin = Origin::saying(ok("", b"a")).await;
    let rig = Rig::start(Some(origin.address), |config| {
        config.proxy.limits.request_body = "10 B".parse().unwrap();
    })
    .await;
    let mut player = rig.player().await;
    let head = "POST /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    player.send(format!("{head}14\r\n01234567890123456789\r\n0\r\n\r\n")).await;
    let got = player.body_of(1).await;
    assert_eq!(got.failure(), (413, "downstream; request-body"));
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
    let rig = rig(|config| {
        for pattern in ["*.cdn.example:8443", "*.cdn.example:9443"] {
            config.proxy.allow.push(pattern.parse().unwrap());
        }
    })
    .await;
    let got = rig.get("/-/proxy.pac").await;
    assert_eq!(got.header("content-type"), "application/x-ns-proxy-autoconfig");
    let through = format!("return \"PROXY {}\"", rig.listen);
    assert!(got.text().contains(&through), "{}", got.text());
    assert_eq!(got.text().matches("\"*.cdn.example\"").count(), 1, "{}", got.text());
    // Over HTTP/2 the host is in the target.
    let stream = TokioIo::new(TcpStream::connect(rig.listen).await.unwrap());
    let (mut requests, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let uri = format!("http://{}/-/proxy.pac", rig.listen);
    let request = Request::builder().uri(uri).body(String::new()).unwrap();
    let response = requests.send_request(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(str::from_utf8(&body).unwrap(), got.text());
}

/// A request with an absolute URL is served here only if that is this very address: other machines may use the same
/// port.
#[tokio::test]
async fn another_machine_is_not_taken_for_this_one() {
    let origin = Origin::saying(ok("", b"own")).await;
    let proxy = Rig::start(Some(origin.address), |config| {
        forward(config);
        config.listen = "0.0.0.0:0".parse().unwrap();
    })
    .await;
    let port = proxy.listen.port();
    let other = proxy.ask("GET", &format!("http://192.0.2.7:{port}/a"), "").await;
    assert_eq!(other.failure(), (403, "downstream; host"));
    assert!(origin.asked().is_empty());
    for own in ["127.0.0.1", "localhost", "[::1]"] {
        let got = proxy.ask("GET", &format!("http://{own}:{port}/a"), "").await;
        assert_eq!((got.status(), got.text()), (200, "own"), "{own}");
    }
}

#[tokio::test]
async fn without_forward_clients_of_a_proxy_are_told_so() {
    let origin = Origin::saying(ok("", b"own")).await;
    let rig = Rig::before(&origin).await;
    let got = rig.ask("GET", "http://cdn.example/master.m3u8", "").await;
    assert_eq!(got.failure(), (403, "downstream; forward"));
    assert!(got.text().contains("--forward"), "{}", got.text());
    assert!(got.text().contains("set --public-url http://cdn.example\""), "{}", got.text());
    let got = connect(&rig, "cdn.example:443").await.body_of(180).await;
    assert_eq!(got.failure(), (405, "downstream; method"));
    assert!(got.text().contains("--forward; it is not served over HTTP/3"), "{}", got.text());
    assert!(origin.asked().is_empty());
    // Its own URL in this form, also by a name.
    for host in ["127.0.0.1", "vsps.local"] {
        let url = format!("http://{host}:{}/a", rig.listen.port());
        let got = rig.ask("GET", &url, "").await;
        assert_eq!((got.status(), got.text()), (200, "own"), "{url}");
    }
    for page in ["/-/ca", "/-/proxy.pac"] {
        let got = rig.get(page).await;
        assert_eq!(got.failure(), (404, "downstream; address"));
        assert!(got.text().contains("--tls local") && got.text().contains("--forward"));
    }
}

/// A forward proxy that intercepts `shop.example`, and a client that trusts its CA.
pub(crate) struct Intercepting {
    pub(crate) rig: Rig,
    folder: PathBuf,
    pub(crate) roots: RootCertStore,
}

impl Intercepting {
    pub(crate) async fn start(name: &str, set: impl FnOnce(&mut Config)) -> Self {
        let name = format!("vsps-intercept-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let now = UnixTime::new(std::time::UNIX_EPOCH.elapsed().unwrap());
        let ca = Arc::new(local_ca::open(&folder.join("local-ca"), now).unwrap());
        let certificates = Some(Arc::new(TlsServer::local(Arc::clone(&ca), Vec::new())));
        let rig = rig(|config| {
            let intercept = vec!["shop.example".parse().unwrap()];
            config.proxy.forward = Some(ForwardConfig { open: true, intercept, certificates });
            let rule =
                json!({ "name": "gone", "when": { "path": "/seg*" }, "then": { "status": 410 } });
            config.rules = read_rules(json!([rule]));
            set(config);
        })
        .await;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca.pem().as_bytes()).unwrap()).unwrap();
        Self { rig, folder, roots }
    }

    /// Opens a tunnel with `headers`, and TLS in it that offers `alpn`.
    async fn open(&self, headers: &str, alpn: &[u8]) -> TlsStream<TcpStream> {
        let mut tcp = TcpStream::connect(self.rig.listen).await.unwrap();
        let head =
            format!("CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n{headers}\r\n");
        tcp.write_all(head.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(tcp.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 200"));
        let builder = ClientConfig::builder().with_root_certificates(self.roots.clone());
        let mut client = builder.with_no_client_auth();
        client.alpn_protocols = vec![alpn.to_vec()];
        let name = ServerName::try_from("shop.example").unwrap();
        tokio_rustls::TlsConnector::from(Arc::new(client)).connect(name, tcp).await.unwrap()
    }

    /// A request inside of a tunnel of its own. Returns the response as text.
    async fn ask(&self, connect: &str, line: &str, headers: &str) -> String {
        let mut stream = self.open(connect, b"http/1.1").await;
        let request =
            format!("{line} HTTP/1.1\r\nHost: shop.example\r\n{headers}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }
}

impl Drop for Intercepting {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn rules_apply_inside_of_intercepted_tls() {
    let proxy = Intercepting::start("rules", |_| {}).await;
    let text = proxy.ask("", "GET /segment1.ts", "").await;
    assert!(text.starts_with("HTTP/1.1 410"), "{text}");
    // A request that has passed many proxies of this kind goes in a circle, also in here.
    let hops = ["1.1 vsps"; 9].join(", ");
    let text = proxy.ask("", "GET /segment1.ts", &format!("Via: {hops}\r\n")).await;
    assert!(text.starts_with("HTTP/1.1 403") && text.contains("downstream; loop"), "{text}");
}

/// There is no tunnel inside of intercepted TLS, and the connection goes on after such a request.
#[tokio::test]
async fn connect_inside_of_intercepted_tls_is_refused() {
    let proxy = Intercepting::start("connect", |_| {}).await;
    let text = proxy.ask("", "CONNECT other.example:443", "").await;
    assert!(text.starts_with("HTTP/1.1 405"), "{text}");
    let stream = TokioIo::new(proxy.open("", b"h2").await);
    let (mut requests, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    let driving = tokio::spawn(connection);
    let mut status = async |method: &str, uri: &str| {
        let request = Request::builder().method(method).uri(uri).body(String::new()).unwrap();
        requests.send_request(request).await.unwrap().status().as_u16()
    };
    assert_eq!(status("CONNECT", "other.example:443").await, 405);
    assert_eq!(status("GET", "https://shop.example/segment2.ts").await, 410);
    drop(requests);
    driving.await.unwrap().unwrap();
    // No exchange is left over.
    proxy.rig.told("request_planned", 3).await;
    proxy.rig.told("request_finished", 3).await;
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

/// Only what a trusted server says of its client counts. The client of the PROXY protocol sends the headers itself, and
/// so does a client inside of intercepted TLS.
#[tokio::test]
async fn a_client_behind_a_server_in_front_can_not_name_another() {
    let origin = Origin::saying(ok("", b"a")).await;
    let by_client = |config: &mut Config| {
        config.proxy.trust_proxy = vec!["127.0.0.0/8".parse().unwrap()];
        config.proxy.session_by = vsps::proxy::SessionBy::Client;
    };
    let rig = Rig::start(Some(origin.address), by_client).await;
    for false_name in ["", "X-Forwarded-For: 192.0.2.8\r\n", "Forwarded: for=192.0.2.8\r\n"] {
        let mut player = rig.player().await;
        player.send("PROXY TCP4 192.0.2.7 127.0.0.1 4711 80\r\n").await;
        let head = format!("GET /a HTTP/1.1\r\nHost: a\r\n{false_name}Connection: close\r\n\r\n");
        player.send(head).await;
        assert_eq!(player.rest().await.status(), 200);
        assert!(origin.last().header("x-forwarded-for").is_empty());
        assert!(origin.last().header("forwarded").is_empty());
    }
    rig.told("session_started", 1).await;
    // From a server that is not trusted, there is no PROXY protocol.
    let stranger = Rig::start(Some(origin.address), |config| {
        by_client(config);
        config.proxy.trust_proxy = vec!["10.0.0.0/8".parse().unwrap()];
    })
    .await;
    let mut player = stranger.player().await;
    player
        .send("PROXY TCP4 192.0.2.7 127.0.0.1 4711 80\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        .await;
    assert_eq!(player.rest().await.status(), 400);
    let proxy = Intercepting::start("front", by_client).await;
    for false_name in ["", "X-Forwarded-For: 192.0.2.8\r\n"] {
        let connect = "X-Forwarded-For: 192.0.2.7\r\n";
        let text = proxy.ask(connect, "GET /segment1.ts", false_name).await;
        assert!(text.starts_with("HTTP/1.1 410"), "{text}");
    }
    proxy.rig.told("session_started", 1).await;
}

/// `UNKNOWN`, and LOCAL in version 2: then the sender is the server in front, but the headers do not come from it.
#[tokio::test]
async fn a_header_of_the_proxy_protocol_that_names_no_client() {
    let origin = Origin::saying(ok("", b"a")).await;
    let rig = Rig::start(Some(origin.address), |config| {
        config.proxy.trust_proxy = vec!["127.0.0.0/8".parse().unwrap()];
        config.proxy.session_by = vsps::proxy::SessionBy::Client;
    })
    .await;
    for header in [&b"PROXY UNKNOWN\r\n"[..], b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"] {
        for false_name in ["", "X-Forwarded-For: 192.0.2.8\r\n", "Forwarded: for=192.0.2.8\r\n"] {
            let mut player = rig.player().await;
            player.send(header).await;
            let head = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
            player.send(format!("{head}{false_name}\r\n")).await;
            assert_eq!(player.rest().await.status(), 200);
            assert!(origin.last().header("x-forwarded-for").is_empty());
            assert!(origin.last().header("forwarded").is_empty());
        }
    }
    rig.told("session_started", 1).await;
}
