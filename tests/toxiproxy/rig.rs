//! A server of the API, upstream servers, and clients.

use serde_json::{Value, json};
use std::{
    io::{Read as _, Write as _},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::Instant,
};
use vsps::{
    profiles::Catalog,
    seed::Seed,
    tcp::{Server, Settings},
};

/// A running server of the API. It ends with the test's runtime.
pub(crate) struct Rig {
    pub(crate) api: SocketAddr,
}

/// A response of the API.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::seeded(7).await
    }

    pub(crate) async fn seeded(seed: u64) -> Self {
        Self::limited(seed, 8000).await
    }

    /// With so many files for listeners and connections.
    pub(crate) async fn limited(seed: u64, files: usize) -> Self {
        let settings = Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            seed: Seed::new(seed),
            catalog: Arc::new(Catalog::new()),
            files,
            clients: 256,
            lookups: 128,
            drain: Duration::from_secs(1),
        };
        let server = Server::bind(settings).unwrap();
        let api = server.address();
        tokio::spawn(server.run(std::future::pending()));
        Self { api }
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: &str) -> Reply {
        self.ask_as("a test", method, path, body).await
    }

    pub(crate) async fn ask_as(&self, agent: &str, method: &str, path: &str, body: &str) -> Reply {
        let headers = format!("Host: localhost\r\nUser-Agent: {agent}\r\n");
        self.ask_with(&headers, method, path, body).await
    }

    /// With `headers`, each with its end of line.
    pub(crate) async fn ask_with(
        &self,
        headers: &str,
        method: &str,
        path: &str,
        body: &str,
    ) -> Reply {
        let api = self.api;
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\n{headers}\
             Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        // On a thread of its own: while it runs, paused time stands still. Otherwise time could pass the server's limit for a
        // head while the kernel of a busy machine has not handed the request over yet.
        let exchange = tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(api).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut reply = String::new();
            stream.read_to_string(&mut reply).unwrap();
            reply
        });
        let reply = exchange.await.unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    /// A proxy called `p` for `upstream`; returns where it listens.
    pub(crate) async fn proxy(&self, upstream: SocketAddr) -> SocketAddr {
        let body =
            json!({ "name": "p", "listen": "127.0.0.1:0", "upstream": upstream.to_string() });
        let reply = self.ask("POST", "/proxies", &body.to_string()).await;
        assert_eq!(reply.status, 201, "{}", reply.body);
        reply.json()["listen"].as_str().unwrap().parse().unwrap()
    }

    /// Adds a toxic to the proxy `p`, with its type as its name.
    pub(crate) async fn toxic(&self, kind: &str, stream: &str, attributes: Value) {
        self.toxic_for(1.0, kind, stream, attributes).await;
    }

    pub(crate) async fn toxic_for(&self, toxicity: f64, kind: &str, stream: &str, what: Value) {
        let body = json!({
            "name": kind, "type": kind, "stream": stream, "toxicity": toxicity, "attributes": what,
        });
        let reply = self.ask("POST", "/proxies/p/toxics", &body.to_string()).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }

    pub(crate) async fn change(&self, toxic: &str, attributes: Value) {
        let body = json!({ "attributes": attributes }).to_string();
        let reply = self.ask("PATCH", &format!("/proxies/p/toxics/{toxic}"), &body).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }

    pub(crate) async fn remove(&self, toxic: &str) {
        let reply = self.ask("DELETE", &format!("/proxies/p/toxics/{toxic}"), "").await;
        assert_eq!(reply.status, 204, "{}", reply.body);
    }
}

/// A server that returns what it receives, and closes when the client has.
pub(crate) async fn echo() -> SocketAddr {
    serve(|mut stream| async move {
        let (mut reader, mut writer) = stream.split();
        // Clients may reset the connection.
        let _ = tokio::io::copy(&mut reader, &mut writer).await;
    })
    .await
}

/// A server that sends `bytes` and closes.
pub(crate) async fn source(bytes: usize) -> SocketAddr {
    serve(move |mut stream| async move {
        let _ = stream.write_all(&pattern(bytes)).await;
    })
    .await
}

pub(crate) async fn serve<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// Bytes that tell their position.
pub(crate) fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at * 31 + at / 251) as u8).collect()
}

/// Sends `message` and reads as much; returns the time that took.
pub(crate) async fn round_trip(stream: &mut TcpStream, message: &[u8]) -> Duration {
    let start = Instant::now();
    stream.write_all(message).await.unwrap();
    let mut back = vec![0; message.len()];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(back, message);
    start.elapsed()
}

/// All bytes until the end, or the error that came in its place, and the time.
pub(crate) async fn read_all(stream: &mut TcpStream) -> (Vec<u8>, std::io::Result<()>, Duration) {
    let start = Instant::now();
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes).await.map(drop);
    (bytes, ended, start.elapsed())
}

/// Whether `time` is `ms` milliseconds, and at most two more: timers are late by up to one, at each of two ends.
#[track_caller]
pub(crate) fn assert_ms(time: Duration, ms: u64) {
    let (least, most) = (Duration::from_millis(ms), Duration::from_millis(ms + 2));
    assert!(least <= time && time <= most, "{time:?} is not {ms} ms");
}
