//! TLS on the data port: certificates by name and address, versions, ALPN, what the handshake costs, plain requests.

use super::{
    origin::{Origin, ok},
    rig::Rig,
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    version::{TLS12, TLS13},
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use vsps::{local_ca, local_ca::LocalCa, profiles::Shaping, proxy::TlsServer, units::UnixTime};

/// A local CA in a folder that is removed with this value.
struct Ca {
    folder: PathBuf,
    ca: Arc<LocalCa>,
}

impl Ca {
    fn new(name: &str) -> Self {
        let name = format!("vsps-tls-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let now = UnixTime::new(std::time::UNIX_EPOCH.elapsed().unwrap());
        let ca = Arc::new(local_ca::open(&folder.join("local-ca"), now).unwrap());
        Self { folder, ca }
    }

    async fn rig(&self, origin: &Origin, rtt: Duration) -> Rig {
        let tls = TlsServer::local(Arc::clone(&self.ca), Vec::new());
        Rig::start(Some(origin.address), |config| {
            config.proxy.tls = Some(Arc::new(tls));
            let shaping = Shaping { rtt: Some(rtt), ..Shaping::default() };
            config.profile = shaping.apply(&config.profile);
        })
        .await
    }

    fn client(&self, version: &'static SupportedProtocolVersion, alpn: &[&[u8]]) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.ca.pem().as_bytes()).unwrap()).unwrap();
        let builder = ClientConfig::builder_with_protocol_versions(&[version]);
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        TlsConnector::from(Arc::new(config))
    }
}

impl Drop for Ca {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn connect(rig: &Rig, client: &TlsConnector, name: &str) -> TlsStream<TcpStream> {
    let tcp = TcpStream::connect(rig.listen).await.unwrap();
    client.connect(ServerName::try_from(name.to_owned()).unwrap(), tcp).await.unwrap()
}

async fn get(stream: &mut TlsStream<TcpStream>, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: proxy.test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn a_certificate_for_every_name_in_both_versions() {
    let origin = Origin::saying(ok("", b"a")).await;
    let ca = Ca::new("names");
    let rig = ca.rig(&origin, Duration::ZERO).await;
    for version in [&TLS12, &TLS13] {
        let client = ca.client(version, &[b"http/1.1"]);
        for name in ["proxy.test", "a.b.test", "localhost", "127.0.0.1"] {
            let mut stream = connect(&rig, &client, name).await;
            assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
            assert!(get(&mut stream, "/a").await.starts_with("HTTP/1.1 200"), "{name}");
        }
    }
    let h2 = connect(&rig, &ca.client(&TLS13, &[b"h2", b"http/1.1"]), "proxy.test").await;
    assert_eq!(h2.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    assert_eq!(h2.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    // A protocol that the proxy does not speak is refused in the handshake (RFC 7301 §3.2).
    let tcp = TcpStream::connect(rig.listen).await.unwrap();
    let name = ServerName::try_from("proxy.test").unwrap();
    let refused = ca.client(&TLS13, &[b"imap"]).connect(name, tcp).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn the_round_trips_of_the_handshake_take_the_time_of_the_network() {
    const RTT: Duration = Duration::from_millis(120);
    let origin = Origin::saying(ok("", b"a")).await;
    let ca = Ca::new("latency");
    let rig = ca.rig(&origin, RTT).await;
    // A full handshake of TLS 1.3 takes one round trip, of TLS 1.2 two, and each request one.
    for (version, trips) in [(&TLS13, 2), (&TLS12, 3)] {
        let started = Instant::now();
        let mut stream = connect(&rig, &ca.client(version, &[]), "proxy.test").await;
        assert!(started.elapsed() >= RTT);
        get(&mut stream, "/a").await;
        let took = started.elapsed();
        assert!(took >= trips * RTT, "{version:?}: {took:?}");
        assert!(took < (trips + 1) * RTT + RTT / 2, "{version:?}: {took:?}");
    }
}

/// A connection that rests is closed when another player needs its place, whatever it carries and whether or not it was
/// used.
#[tokio::test]
async fn resting_connections_give_way() {
    let origin = Origin::saying(ok("", b"a")).await;
    let ca = Ca::new("resting");
    for (alpn, used) in
        [(&b"http/1.1"[..], false), (b"http/1.1", true), (b"h2", false), (b"h2", true)]
    {
        let tls = TlsServer::local(Arc::clone(&ca.ca), Vec::new());
        let rig = Rig::start(Some(origin.address), |config| {
            config.proxy.tls = Some(Arc::new(tls));
            config.proxy.limits.connections = 1;
        })
        .await;
        let mut stream = connect(&rig, &ca.client(&TLS13, &[alpn]), "proxy.test").await;
        let resting: Box<dyn std::any::Any> = if alpn == b"h2" {
            let stream = TokioIo::new(stream);
            let (mut sender, connection) =
                http2::handshake(TokioExecutor::new(), stream).await.unwrap();
            tokio::spawn(connection);
            if used {
                let request = http::Request::get("https://proxy.test/a");
                let request = request.body(Empty::<Bytes>::new()).unwrap();
                let response = sender.send_request(request).await.unwrap();
                assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "a");
            }
            Box::new(sender)
        } else {
            if used {
                stream.write_all(b"GET /a HTTP/1.1\r\nHost: proxy.test\r\n\r\n").await.unwrap();
                let mut head = vec![0; 64];
                while !head.ends_with(b"a") {
                    head = vec![0; 4096];
                    let read = stream.read(&mut head).await.unwrap();
                    head.truncate(read);
                }
            }
            Box::new(stream)
        };
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let next = async {
            let mut stream = connect(&rig, &ca.client(&TLS13, &[]), "proxy.test").await;
            get(&mut stream, "/a").await
        };
        let text = tokio::time::timeout(Duration::from_secs(5), next).await;
        let name = String::from_utf8_lossy(alpn);
        assert!(text.is_ok_and(|text| text.starts_with("HTTP/1.1 200")), "{name}, used: {used}");
        drop(resting);
    }
}

#[tokio::test]
async fn addresses_are_those_of_https() {
    let origin = Origin::saying(ok("", b"a")).await;
    let ca = Ca::new("https");
    let rig = ca.rig(&origin, Duration::ZERO).await;
    let plain = rig.get("/a/b?c").await;
    assert_eq!(
        (plain.status(), plain.header("location")),
        (308, &*format!("https://{}/a/b?c", rig.listen))
    );
    let page = rig.get("/-/ca").await;
    assert_eq!((page.status(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(rig.get("/-/ca.pem").await.text(), ca.ca.pem());
    assert_eq!(rig.get("/-/ca.der").await.body, ca.ca.der());
    let mut stream = connect(&rig, &ca.client(&TLS13, &[]), "proxy.test").await;
    assert!(get(&mut stream, "/-/ca").await.starts_with("HTTP/1.1 200"));
}

/// A peer that begins a handshake and sends no more does not keep its place.
#[tokio::test]
async fn a_handshake_that_stops_is_closed() {
    let origin = Origin::saying(ok("", b"a")).await;
    let ca = Ca::new("half");
    let tls = TlsServer::local(Arc::clone(&ca.ca), Vec::new());
    let rig = Rig::start(Some(origin.address), |config| {
        config.proxy.tls = Some(Arc::new(tls));
        config.proxy.timeouts.header = Duration::from_millis(200);
        config.proxy.limits.connections = 1;
    })
    .await;
    let mut half = TcpStream::connect(rig.listen).await.unwrap();
    half.write_all(&[22, 3, 1, 0, 200, 1]).await.unwrap();
    // The only place is free again.
    let mut stream = connect(&rig, &ca.client(&TLS13, &[]), "proxy.test").await;
    assert!(get(&mut stream, "/a").await.starts_with("HTTP/1.1 200"));
    assert_eq!(half.read(&mut [0; 8]).await.unwrap_or(0), 0);
}
