//! How connections begin and end.

use super::rig::{Rig, echo, pattern, read_all, round_trip, serve, source};
use serde_json::json;
use std::{io::ErrorKind, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
};

/// The end of one direction is passed on, and the other goes on: toxiproxy closes both.
#[tokio::test(start_paused = true)]
async fn an_end_is_passed_on_alone() {
    for kind in ["noop", "latency", "bandwidth"] {
        let rig = Rig::start().await;
        let server = serve(|mut stream| async move {
            let mut asked = Vec::new();
            stream.read_to_end(&mut asked).await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
            stream.write_all(&asked).await.unwrap();
        });
        let proxy = rig.proxy(server.await).await;
        rig.toxic(kind, "upstream", json!({ "latency": 10, "rate": 1000 })).await;
        let mut client = TcpStream::connect(proxy).await.unwrap();
        client.write_all(&pattern(100_000)).await.unwrap();
        client.shutdown().await.unwrap();
        let (bytes, ended, _) = read_all(&mut client).await;
        assert!(ended.is_ok() && bytes == pattern(100_000), "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reset_is_passed_on() {
    let rig = Rig::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = rig.proxy(listener.local_addr().unwrap()).await;
    let client = TcpStream::connect(proxy).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    client.set_zero_linger().unwrap();
    drop(client);
    let (_, ended, _) = read_all(&mut server).await;
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test(start_paused = true)]
async fn an_upstream_server_that_is_down_closes_the_connection() {
    let rig = Rig::start().await;
    // A socket that does not listen refuses connections, and keeps its port from other tests.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let gone = socket.local_addr().unwrap();
    let mut client = TcpStream::connect(rig.proxy(gone).await).await.unwrap();
    let (bytes, ended, _) = read_all(&mut client).await;
    assert!(bytes.is_empty() && ended.is_ok());
}

/// A connection to itself would be accepted and relayed again, without end.
#[tokio::test(start_paused = true)]
async fn a_proxy_does_not_connect_to_itself() {
    let rig = Rig::start().await;
    let proxy = rig.proxy(echo().await).await;
    let other = json!({ "name": "other", "listen": "127.0.0.1:0", "upstream": proxy.to_string() });
    let other = rig.ask("POST", "/proxies", &other.to_string()).await.json();
    let other: SocketAddr = other["listen"].as_str().unwrap().parse().unwrap();
    round_trip(&mut TcpStream::connect(other).await.unwrap(), b"a row of two").await;
    for upstream in [proxy.to_string(), format!("localhost:{}", proxy.port()), other.to_string()] {
        let body = json!({ "upstream": upstream });
        assert_eq!(rig.ask("PATCH", "/proxies/p", &body.to_string()).await.status, 200);
        let mut client = TcpStream::connect(proxy).await.unwrap();
        let (bytes, ended, _) = read_all(&mut client).await;
        assert!(bytes.is_empty() && ended.is_ok(), "{upstream}");
    }
    let metrics = rig.ask("GET", "/metrics", "").await.body;
    let count = |name: &str| {
        let start = format!("vsps_tcp_connections_total{{proxy=\"{name}\"}} ");
        let line = metrics.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
        line.parse::<u32>().unwrap()
    };
    // One for each client; for the last one, once around.
    assert!(count("p") <= 5 && count("other") <= 2, "{metrics}");
}

/// A listener takes one of the files, a connection two.
#[tokio::test(start_paused = true)]
async fn listeners_and_connections_stay_within_the_limit_of_files() {
    let rig = Rig::limited(7, 4).await;
    let proxy = rig.proxy(echo().await).await;
    let another = async |name: &str| {
        let body = json!({ "name": name, "listen": "127.0.0.1:0", "upstream": "x:1" });
        rig.ask("POST", "/proxies", &body.to_string()).await
    };
    let mut first = TcpStream::connect(proxy).await.unwrap();
    round_trip(&mut first, b"first").await;
    assert_eq!(another("last").await.status, 201);
    let refused = another("too many").await;
    assert_eq!(refused.status, 500);
    assert!(refused.body.contains("bind: too many open files"), "{}", refused.body);
    // A connection waits until there is room.
    let mut second = TcpStream::connect(proxy).await.unwrap();
    second.write_all(b"second").await.unwrap();
    let mut back = [0; 6];
    let waited = tokio::time::timeout(Duration::from_secs(60), second.read_exact(&mut back)).await;
    assert!(waited.is_err());
    drop(first);
    second.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"second");
    drop(second);
    assert_eq!(rig.ask("DELETE", "/proxies/last", "").await.status, 204);
}

async fn refused(address: SocketAddr) -> bool {
    TcpStream::connect(address).await.is_err_and(|e| e.kind() == ErrorKind::ConnectionRefused)
}

/// A proxy that is disabled or deleted is closed when the API answers, with its connections.
#[tokio::test(start_paused = true)]
async fn disabling_closes_everything_at_once() {
    let rig = Rig::start().await;
    let proxy = rig.proxy(echo().await).await;
    for (method, path, body) in [
        ("POST", "/proxies/p", r#"{"enabled":false}"#),
        ("PATCH", "/proxies/p", r#"{"upstream":"127.0.0.1:9","enabled":false}"#),
        ("DELETE", "/proxies/p", ""),
    ] {
        rig.ask("PATCH", "/proxies/p", r#"{"enabled":true}"#).await;
        let client = TcpStream::connect(proxy).await;
        rig.ask(method, path, body).await;
        assert!(refused(proxy).await, "{method}");
        let (_, ended, _) = read_all(&mut client.unwrap()).await;
        assert!(ended.is_ok_and(|()| true) || method != "POST", "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_means_the_same_changes_nothing() {
    let rig = Rig::start().await;
    let proxy = rig.proxy(echo().await).await;
    let mut client = TcpStream::connect(proxy).await.unwrap();
    round_trip(&mut client, b"before").await;
    let body = json!({ "listen": format!("localhost:{}", proxy.port()) });
    assert_eq!(rig.ask("PATCH", "/proxies/p", &body.to_string()).await.status, 200);
    round_trip(&mut client, b"after").await;
    let other = rig.ask("PATCH", "/proxies/p", r#"{"listen":"localhost:0"}"#).await.json();
    assert_ne!(other["listen"], proxy.to_string());
    assert!(read_all(&mut client).await.0.is_empty());
}

#[tokio::test(start_paused = true)]
async fn bytes_and_connections_are_counted_while_they_pass() {
    let rig = Rig::start().await;
    let mut client = TcpStream::connect(rig.proxy(echo().await).await).await.unwrap();
    round_trip(&mut client, &[7; 500]).await;
    let metrics = rig.ask("GET", "/metrics", "").await.body;
    let samples: Vec<&str> = metrics.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(samples.len(), 6, "{metrics}");
    for (start, end) in [
        (
            "toxiproxy_proxy_received_bytes_total{direction=\"upstream\",listener=\"127.0.0.1:",
            "} 500",
        ),
        (
            "toxiproxy_proxy_sent_bytes_total{direction=\"downstream\",listener=\"127.0.0.1:",
            "} 500",
        ),
        ("vsps_tcp_connections_total{proxy=\"p\"", "} 1"),
        ("vsps_tcp_connections_open{proxy=\"p\"", "} 1"),
    ] {
        let found = samples.iter().any(|line| line.starts_with(start) && line.ends_with(end));
        assert!(found, "{start}: {metrics}");
    }
}

/// As many as fit the backlog of the upstream server, which is 128.
#[tokio::test]
async fn a_hundred_connections_at_once() {
    let rig = Rig::start().await;
    let proxy = rig.proxy(source(10_000).await).await;
    rig.toxic("latency", "downstream", json!({ "latency": 5, "jitter": 5 })).await;
    let clients = (0..100).map(|_| {
        tokio::spawn(async move { read_all(&mut TcpStream::connect(proxy).await.unwrap()).await.0 })
    });
    for client in clients.collect::<Vec<_>>() {
        assert_eq!(client.await.unwrap(), pattern(10_000));
    }
}
