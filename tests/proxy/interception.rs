//! TLS of named hosts ends at the proxy, however the client has opened its tunnel: in a connection of HTTP/1.1, in a stream of
//! HTTP/2, with TLS to the proxy itself or without.

use super::{forward::Intercepting, rig::read_rules};
use http::{Method, Request};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{PrivatePkcs8KeyDer, ServerName},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, TlsConnector, client::TlsStream};

/// Bytes in both directions.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// How a client reaches the proxy.
#[derive(Debug, Clone, Copy)]
struct Way {
    tls: bool,
    http2: bool,
}

const WAYS: [Way; 4] = [
    Way { tls: false, http2: false },
    Way { tls: false, http2: true },
    Way { tls: true, http2: false },
    Way { tls: true, http2: true },
];

async fn secured<S: Stream>(
    stream: S,
    roots: &RootCertStore,
    name: &'static str,
    alpn: &[u8],
) -> TlsStream<S> {
    let builder = ClientConfig::builder().with_root_certificates(roots.clone());
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    let name = ServerName::try_from(name).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

/// A tunnel to `target`, and what has to be kept for as long as it is used.
async fn tunnel(proxy: &Intercepting, way: Way, target: &str) -> (Box<dyn Stream>, impl Drop) {
    let tcp = TcpStream::connect(proxy.rig.listen).await.unwrap();
    let alpn: &[u8] = if way.http2 { b"h2" } else { b"http/1.1" };
    let mut stream: Box<dyn Stream> = match way.tls {
        true => Box::new(secured(tcp, &proxy.roots, "proxy.test", alpn).await),
        false => Box::new(tcp),
    };
    if !way.http2 {
        let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 200"));
        return (stream, Kept(None));
    }
    let (mut requests, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    let request =
        Request::builder().method(Method::CONNECT).uri(target).body(String::new()).unwrap();
    let response = requests.send_request(request).await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    let upgraded = hyper::upgrade::on(response).await.unwrap();
    (Box::new(TokioIo::new(upgraded)), Kept(Some(requests)))
}

/// Without it the connection of a stream would close.
struct Kept(
    #[expect(dead_code, reason = "it is only kept")]
    Option<hyper::client::conn::http2::SendRequest<String>>,
);

impl Drop for Kept {
    fn drop(&mut self) {}
}

async fn get<S: Stream + 'static>(stream: S, path: &str, http2: bool) -> (u16, String) {
    use http_body_util::BodyExt as _;
    let stream = TokioIo::new(stream);
    let uri = if http2 { format!("https://shop.example{path}") } else { path.to_owned() };
    let request = Request::get(uri).header("host", "shop.example").body(String::new()).unwrap();
    let response = if http2 {
        let (mut requests, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(connection);
        requests.send_request(request).await.unwrap()
    } else {
        let (mut requests, connection) =
            hyper::client::conn::http1::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        requests.send_request(request).await.unwrap()
    };
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

/// The proxy, which serves TLS itself with certificates of its CA.
async fn proxy(name: &str) -> Intercepting {
    Intercepting::start(name, |config| {
        let forward = config.proxy.forward.as_ref().unwrap();
        config.proxy.tls.clone_from(&forward.certificates);
    })
    .await
}

/// A rule applies to the request inside, so the proxy has read it; the certificate is one of its CA.
#[tokio::test]
async fn tls_of_a_named_host_ends_here_in_each_kind_of_tunnel() {
    let proxy = proxy("ways").await;
    let mut asked = 0;
    for way in WAYS {
        for alpn in [&b"http/1.1"[..], b"h2"] {
            let (stream, _kept) = tunnel(&proxy, way, "shop.example:443").await;
            let tls = secured(stream, &proxy.roots, "shop.example", alpn).await;
            assert_eq!(tls.get_ref().1.alpn_protocol(), Some(alpn), "{way:?}");
            let (status, body) = get(tls, "/segment1.ts", alpn == b"h2").await;
            assert_eq!(status, 410, "{way:?}: {body}");
            asked += 1;
        }
    }
    // CONNECT, and the request inside of it.
    let finished = proxy.rig.told("request_finished", 2 * asked).await;
    let inside = finished.iter().filter(|event| event["path"] == "/segment1.ts").count();
    assert_eq!(inside, asked);
}

/// TLS of another host is relayed: the client sees the certificate of the host itself.
#[tokio::test]
async fn tls_of_other_hosts_stays_opaque_in_each_kind_of_tunnel() {
    let proxy = proxy("opaque").await;
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(["other.example".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap().der().clone();
    let mut theirs = RootCertStore::empty();
    theirs.add(certificate.clone()).unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate], key.into()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let mut tls = acceptor.accept(tcp).await.unwrap();
            let mut ping = [0; 4];
            tls.read_exact(&mut ping).await.unwrap();
            tls.write_all(&ping).await.unwrap();
            tls.shutdown().await.unwrap();
        }
    });
    for way in WAYS {
        let (stream, _kept) = tunnel(&proxy, way, &target).await;
        let mut tls = secured(stream, &theirs, "other.example", b"http/1.1").await;
        tls.write_all(b"ping").await.unwrap();
        let mut got = Vec::new();
        tls.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, b"ping", "{way:?}");
    }
}

/// The connection is in use for as long as one of its streams carries intercepted requests, and not idle.
#[tokio::test]
async fn a_connection_with_intercepted_streams_is_not_idle() {
    const IDLE: Duration = Duration::from_millis(600);
    let proxy = Intercepting::start("idle", |config| {
        config.proxy.timeouts.idle = IDLE;
        config.rules = read_rules(serde_json::json!([
            { "when": { "path": "/slow" }, "then": { "delay": "2 s", "status": 418 } },
        ]));
    })
    .await;
    let (stream, _kept) = tunnel(&proxy, Way { tls: false, http2: true }, "shop.example:443").await;
    let tls = secured(stream, &proxy.roots, "shop.example", b"http/1.1").await;
    assert_eq!(get(tls, "/slow", false).await.0, 418);
}
