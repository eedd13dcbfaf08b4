//! HTTP/3 on the data port: the same answers as over TCP, on the same link, announced to players.

use super::{
    origin::{Origin, Step, ok, pattern},
    rig::{Rig, read_rules},
};
use bytes::{Buf as _, Bytes};
use h3::{client::SendRequest, error::Code};
use http::{Method, Request, Response};
use quinn::{ConnectionError, Endpoint, TransportConfig, crypto::rustls::QuicClientConfig};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use serde_json::json;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::UdpSocket,
    time::{Instant, sleep, timeout},
};
use vsps::{config::Config, local_ca, profiles::Shaping, proxy::TlsServer, units::UnixTime};

type Requests = SendRequest<h3_quinn::OpenStreams, Bytes>;

/// A proxy with HTTP/3 before `origin`, and a client of it.
struct Http3Rig {
    rig: Rig,
    folder: PathBuf,
    client: Endpoint,
    connection: quinn::Connection,
    requests: Requests,
}

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);
/// HTTP/3's code for a connection that ends without an error.
const NO_ERROR: u32 = 0x100;

impl Http3Rig {
    async fn start(name: &str, origin: &Origin, set: impl FnOnce(&mut Config)) -> Self {
        let name = format!("vsps-http3-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let now = UnixTime::new(std::time::UNIX_EPOCH.elapsed().unwrap());
        let ca = Arc::new(local_ca::open(&folder.join("local-ca"), now).unwrap());
        let tls = Arc::new(TlsServer::local(Arc::clone(&ca), Vec::new()));
        let rig = Rig::start(Some(origin.address), |config| {
            (config.proxy.tls, config.http3) = (Some(tls), true);
            set(config);
        })
        .await;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca.pem().as_bytes()).unwrap()).unwrap();
        let mut config =
            ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h3".to_vec()];
        let config = QuicClientConfig::try_from(config).unwrap();
        let mut config = quinn::ClientConfig::new(Arc::new(config));
        let mut transport = TransportConfig::default();
        // It is QUIC alone that is kept alive.
        transport.keep_alive_interval(Some(Duration::from_millis(50)));
        config.transport_config(Arc::new(transport));
        let mut client = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
        client.set_default_client_config(config);
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, rig.listen.port()));
        let connection = client.connect(at, "proxy.test").unwrap().await.unwrap();
        let (mut driver, requests) =
            h3::client::new(h3_quinn::Connection::new(connection.clone())).await.unwrap();
        tokio::spawn(async move { std::future::poll_fn(|cx| driver.poll_close(cx)).await });
        Self { rig, folder, client, connection, requests }
    }

    /// Whether the proxy has closed the connection, without an error.
    async fn is_closed(&self) -> bool {
        let closed = timeout(PATIENCE, self.connection.closed()).await;
        matches!(closed, Ok(ConnectionError::ApplicationClosed(why)) if why.error_code == NO_ERROR.into())
    }

    async fn ask(&self, method: Method, path: &str, body: &[u8]) -> (Response<()>, Vec<u8>) {
        let mut requests = self.requests.clone();
        let uri = format!("https://proxy.test:{}{path}", self.rig.listen.port());
        let request = Request::builder().method(method).uri(uri).body(()).unwrap();
        let mut stream = requests.send_request(request).await.unwrap();
        if !body.is_empty() {
            stream.send_data(Bytes::copy_from_slice(body)).await.unwrap();
        }
        stream.finish().await.unwrap();
        let response = stream.recv_response().await.unwrap();
        let mut received = Vec::new();
        while let Some(mut data) = stream.recv_data().await.unwrap() {
            received.extend_from_slice(&data.copy_to_bytes(data.remaining()));
        }
        (response, received)
    }
}

impl Drop for Http3Rig {
    fn drop(&mut self) {
        self.client.close(0_u32.into(), b"");
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn the_answers_are_those_of_the_origin() {
    let body = pattern(100_000);
    let answer = ok("X-Kept: 1\r\n", &body);
    let origin = Origin::start(move |_| vec![Step::Send(answer.clone())]).await;
    let rig = Http3Rig::start("answers", &origin, |_| {}).await;
    let (response, received) = rig.ask(Method::GET, "/a?b", &[]).await;
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(response.headers()["x-kept"], "1");
    assert!(received == body, "{} bytes", received.len());
    assert_eq!(origin.last().path(), "/a?b");
    assert!(origin.last().header("transfer-encoding").is_empty());
    rig.ask(Method::POST, "/report", b"hello").await;
    assert!(String::from_utf8_lossy(&origin.last().body).contains("hello"));
    let (head, nothing) = rig.ask(Method::HEAD, "/a", &[]).await;
    assert_eq!((head.status().as_u16(), nothing.len()), (200, 0));
    rig.rig.told("request_finished", 3).await;
}

#[tokio::test]
async fn its_responses_share_the_link_and_its_handshake_takes_a_round_trip() {
    const RTT: Duration = Duration::from_millis(100);
    let origin = Origin::saying(ok("", &pattern(30_000))).await;
    let started = Instant::now();
    let rig = Http3Rig::start("link", &origin, |config| {
        let (rate, rtt) = ("800 kbit/s".parse().ok(), Some(RTT));
        config.profile = Shaping { rate, rtt, ..Shaping::default() }.apply(&config.profile);
    })
    .await;
    assert!(started.elapsed() >= RTT);
    let asked = Instant::now();
    let both = tokio::join!(rig.ask(Method::GET, "/a", &[]), rig.ask(Method::GET, "/b", &[]));
    assert_eq!((both.0.1.len(), both.1.1.len()), (30_000, 30_000));
    // 480,000 bits at 800 kbit/s, after a round trip.
    let took = asked.elapsed();
    assert!(took >= Duration::from_millis(670), "{took:?}");
    assert!(took < Duration::from_millis(1500), "{took:?}");
}

#[tokio::test]
async fn rules_apply_as_over_tcp() {
    let origin = Origin::saying(ok("", b"a")).await;
    let rig = Http3Rig::start("rules", &origin, |config| {
        config.rules = read_rules(json!([
            { "when": { "path": "/seg*" }, "then": { "status": 503 } },
            { "when": { "path": "/cut" }, "then": { "refuse": "reset" } },
        ]));
    })
    .await;
    assert_eq!(rig.ask(Method::GET, "/segment", &[]).await.0.status().as_u16(), 503);
    let uri = format!("https://proxy.test:{}/cut", rig.rig.listen.port());
    let request = Request::builder().uri(uri).body(()).unwrap();
    let mut stream = rig.requests.clone().send_request(request).await.unwrap();
    stream.finish().await.unwrap();
    assert!(stream.recv_response().await.is_err());
    assert!(origin.asked().is_empty());
    // The connection goes on.
    assert_eq!(rig.ask(Method::GET, "/a", &[]).await.0.status().as_u16(), 200);
    let finished = rig.rig.told("request_finished", 3).await;
    assert_eq!(finished[1]["outcome"], "cut");
}

/// As over HTTP/2: the response ends at once, also where nothing is sent, and counts as one that the player left.
#[tokio::test]
async fn a_response_that_the_player_cancels_ends_at_once() {
    let origin = Origin::saying(ok("", &pattern(400_000))).await;
    let rig = Http3Rig::start("cancel", &origin, |config| {
        config.rules = read_rules(json!([
            { "when": { "path": "/stalls" }, "then": { "stall": { "at": "100 KB", "for": "60 s" } } },
            { "when": { "path": "/hangs" }, "then": { "hang": "60 s" } },
        ]));
    })
    .await;
    let ask = async |path: &str| {
        let uri = format!("https://proxy.test:{}{path}", rig.rig.listen.port());
        let request = Request::builder().uri(uri).body(()).unwrap();
        let mut stream = rig.requests.clone().send_request(request).await.unwrap();
        stream.finish().await.unwrap();
        stream
    };
    let mut stalls = ask("/stalls").await;
    assert_eq!(stalls.recv_response().await.unwrap().status().as_u16(), 200);
    let mut hangs = ask("/hangs").await;
    rig.rig.told("request_planned", 2).await;
    let cancelled = Instant::now();
    stalls.stop_sending(Code::H3_REQUEST_CANCELLED);
    hangs.stop_sending(Code::H3_REQUEST_CANCELLED);
    let finished = rig.rig.told("request_finished", 2).await;
    let took = cancelled.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    for event in &finished {
        assert_eq!(event["outcome"], "player-gone", "{event}");
    }
    // The connection goes on.
    assert_eq!(rig.ask(Method::GET, "/a", &[]).await.1.len(), 400_000);
}

/// Streams that are not read take the client's share of the memory budget; further ones are refused.
#[tokio::test]
async fn streams_that_are_not_read_are_bounded() {
    let origin = Origin::saying(ok("", &pattern(3_000_000))).await;
    let rig = Http3Rig::start("unread", &origin, |config| {
        config.memory_budget = "2 MiB".parse().unwrap();
    })
    .await;
    let uri = format!("https://proxy.test:{}/a.bin", rig.rig.listen.port());
    let (mut unread, mut statuses) = (Vec::new(), Vec::new());
    for _ in 0..6 {
        let request = Request::builder().uri(&uri).body(()).unwrap();
        let mut stream = rig.requests.clone().send_request(request).await.unwrap();
        stream.finish().await.unwrap();
        statuses.push(stream.recv_response().await.unwrap().status().as_u16());
        unread.push(stream);
    }
    assert_eq!(statuses, [200, 200, 200, 200, 503, 503]);
    let used = "vsps_memory_used_bytes{part=\"streams\"}";
    assert_eq!(rig.rig.counted(used).await as usize, 1024 * 1024);
    unread.iter_mut().for_each(|stream| stream.stop_sending(Code::H3_REQUEST_CANCELLED));
    drop(unread);
    for _ in 0..800 {
        if rig.rig.counted(used).await == 0.0 {
            let (response, body) = rig.ask(Method::GET, "/a.bin", &[]).await;
            return assert_eq!((response.status().as_u16(), body.len()), (200, 3_000_000));
        }
        sleep(Duration::from_millis(25)).await;
    }
    panic!("{} bytes are still charged", rig.rig.counted(used).await);
}

/// An upload that nobody reads is held up to the window of a stream.
#[tokio::test]
async fn uploads_that_are_not_read_are_bounded() {
    let origin = Origin::saying(ok("", b"a")).await;
    let rig = Http3Rig::start("uploads", &origin, |config| {
        config.rules = read_rules(json!([{ "then": { "hang": "30 s" } }]));
    })
    .await;
    let uri = format!("https://proxy.test:{}/report", rig.rig.listen.port());
    let request = Request::builder().method(Method::POST).uri(uri).body(()).unwrap();
    let mut stream = rig.requests.clone().send_request(request).await.unwrap();
    let piece = Bytes::from(vec![b'a'; 64 * 1024]);
    let mut sent = 0;
    while timeout(Duration::from_millis(500), stream.send_data(piece.clone())).await.is_ok() {
        sent += piece.len();
        assert!(sent < 1024 * 1024, "{sent}");
    }
}

#[tokio::test]
async fn a_body_has_the_limit_of_all_bodies() {
    let origin = Origin::saying(ok("", b"a")).await;
    let rig = Http3Rig::start("body", &origin, |config| {
        config.proxy.limits.request_body = "10 B".parse().unwrap();
    })
    .await;
    let (response, _) = rig.ask(Method::POST, "/report", &[b'a'; 100]).await;
    assert_eq!(response.status().as_u16(), 413);
    assert_eq!(rig.ask(Method::POST, "/report", &[b'a'; 10]).await.0.status().as_u16(), 200);
}

/// Packets keep a connection of QUIC open, but without requests it is idle.
#[tokio::test]
async fn an_idle_connection_is_closed() {
    let origin = Origin::saying(ok("", b"a")).await;
    let rig = Http3Rig::start("idle", &origin, |config| {
        config.proxy.timeouts.idle = Duration::from_millis(600);
    })
    .await;
    // After a request, which ends.
    assert_eq!(rig.ask(Method::GET, "/a", &[]).await.0.status().as_u16(), 200);
    assert!(rig.is_closed().await);
}

#[tokio::test]
async fn a_head_that_does_not_come_has_a_time_out() {
    let origin = Origin::saying(ok("", b"a")).await;
    let rig = Http3Rig::start("head", &origin, |config| {
        config.proxy.timeouts.header = Duration::from_millis(400);
    })
    .await;
    let (mut send, mut recv) = rig.connection.open_bi().await.unwrap();
    // The type of a HEADERS frame, and no more.
    send.write_all(&[1]).await.unwrap();
    let ended = timeout(PATIENCE, recv.read_to_end(10)).await;
    assert!(ended.is_ok(), "the stream is still open");
    assert_eq!(rig.ask(Method::GET, "/a", &[]).await.0.status().as_u16(), 200);
}

/// `--max-connections` counts connections over TCP and QUIC together. An idle one is closed for a new one.
#[tokio::test]
async fn its_connections_count_like_others() {
    let origin = Origin::saying(ok("", b"a")).await;
    let rig = Http3Rig::start("places", &origin, |config| {
        config.proxy.limits.connections = 1;
    })
    .await;
    assert_eq!(rig.ask(Method::GET, "/a", &[]).await.0.status().as_u16(), 200);
    // The only place is taken.
    let mut player = rig.rig.player().await;
    player.send("GET /-/ca HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(rig.is_closed().await, "it was idle for longer than a second");
    assert_eq!(player.body_of(1).await.status(), 200);
    // Now the other way round.
    let connecting = rig.client.connect(rig.rig.listen, "proxy.test").unwrap();
    let mut connecting = Box::pin(connecting);
    assert!(timeout(Duration::from_millis(300), &mut connecting).await.is_err());
    drop(player);
    timeout(PATIENCE, connecting).await.unwrap().unwrap();
}

/// Longer than the other parts of the program have for their end.
#[tokio::test]
async fn a_response_under_way_ends_after_the_stop() {
    let origin = Origin::saying(ok("", &pattern(35_000))).await;
    let mut rig = Http3Rig::start("drain", &origin, |config| {
        let shaping = Shaping { rate: "80 kbit/s".parse().ok(), ..Shaping::default() };
        config.profile = shaping.apply(&config.profile);
        config.proxy.timeouts.drain = PATIENCE;
    })
    .await;
    let mut requests = rig.requests.clone();
    let uri = format!("https://proxy.test:{}/a", rig.rig.listen.port());
    let request = Request::builder().uri(uri).body(()).unwrap();
    let mut stream = requests.send_request(request).await.unwrap();
    stream.finish().await.unwrap();
    assert_eq!(stream.recv_response().await.unwrap().status().as_u16(), 200);
    rig.rig.stop();
    let mut received = 0;
    while let Some(data) = stream.recv_data().await.unwrap() {
        received += data.remaining();
    }
    assert_eq!(received, 35_000);
    // Nothing keeps the connection open then.
    assert!(rig.is_closed().await);
}

/// A player that names no host gets a certificate for the address that it used, not for the one that is bound.
#[tokio::test]
async fn the_certificate_is_for_the_address_of_the_player() {
    let origin = Origin::saying(ok("", b"a")).await;
    let rig = Http3Rig::start("address", &origin, |config| {
        config.listen = "0.0.0.0:0".parse().unwrap();
    })
    .await;
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, rig.rig.listen.port()));
    // An address is not sent as a name (RFC 6066 §3).
    rig.client.connect(at, "127.0.0.1").unwrap().await.unwrap();
}

/// Relays datagrams between a player and `server`. Returns its address, and whether a Retry packet has passed.
async fn relay(server: SocketAddr) -> (SocketAddr, Arc<AtomicBool>) {
    let front = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let back = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    back.connect(server).await.unwrap();
    let (address, seen) = (front.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
    let retried = Arc::clone(&seen);
    tokio::spawn(async move {
        let (mut out, mut answer, mut player) = ([0; 2048], [0; 2048], None);
        loop {
            tokio::select! {
                got = front.recv_from(&mut out) => {
                    let (length, from) = got.unwrap();
                    player = Some(from);
                    back.send(&out[..length]).await.unwrap();
                }
                got = back.recv(&mut answer) => {
                    let length = got.unwrap();
                    // A long header of type 3 (RFC 9000 §17.2.5).
                    if answer[0] >> 4 == 0b1111 {
                        retried.store(true, Ordering::Relaxed);
                    }
                    front.send_to(&answer[..length], player.unwrap()).await.unwrap();
                }
            }
        }
    });
    (address, seen)
}

/// Many handshakes at a time, possibly with false addresses: further players have to show first that they have theirs.
#[tokio::test]
async fn addresses_are_checked_when_many_handshakes_are_under_way() {
    let origin = Origin::saying(ok("", b"a")).await;
    let rig = Http3Rig::start("retry", &origin, |config| {
        // A handshake takes this long.
        let shaping = Shaping { rtt: Some(Duration::from_secs(1)), ..Shaping::default() };
        config.profile = shaping.apply(&config.profile);
    })
    .await;
    let connect = |at| rig.client.connect(at, "proxy.test").unwrap();
    let (alone, retried_alone) = relay(rig.rig.listen).await;
    connect(alone).await.unwrap();
    assert!(!retried_alone.load(Ordering::Relaxed));
    let many: Vec<_> = (0..32).map(|_| connect(rig.rig.listen)).collect();
    sleep(Duration::from_millis(200)).await;
    let (one_more, retried) = relay(rig.rig.listen).await;
    connect(one_more).await.unwrap();
    assert!(retried.load(Ordering::Relaxed));
    for connecting in many {
        connecting.await.unwrap();
    }
}
