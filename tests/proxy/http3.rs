//! HTTP/3 on the data port: the same answers as over TCP, on the same link, announced to players.

use super::{
    origin::{Origin, Step, ok, pattern},
    rig::Rig,
};
use bytes::{Buf as _, Bytes};
use h3::client::SendRequest;
use http::{Method, Request, Response};
use quinn::{Endpoint, crypto::rustls::QuicClientConfig};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::time::Instant;
use vsps::{config::Config, local_ca, profiles::Shaping, proxy::TlsServer};

type Requests = SendRequest<h3_quinn::OpenStreams, Bytes>;

/// A proxy with HTTP/3 before `origin`, and a client of it.
struct Http3Rig {
    rig: Rig,
    folder: PathBuf,
    client: Endpoint,
    requests: Requests,
}

impl Http3Rig {
    async fn start(name: &str, origin: &Origin, set: impl FnOnce(&mut Config)) -> Self {
        let name = format!("vsps-http3-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let now = std::time::UNIX_EPOCH.elapsed().unwrap();
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
        let mut client = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
        client.set_default_client_config(quinn::ClientConfig::new(Arc::new(config)));
        let connection = client.connect(rig.listen, "proxy.test").unwrap().await.unwrap();
        let (mut driver, requests) =
            h3::client::new(h3_quinn::Connection::new(connection)).await.unwrap();
        tokio::spawn(async move { std::future::poll_fn(|cx| driver.poll_close(cx)).await });
        Self { rig, folder, client, requests }
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
