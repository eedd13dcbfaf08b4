//! Changes take effect on open connections, and lose nothing.

use super::rig::{Rig, assert_ms, echo, pattern, read_all, round_trip, serve};
use serde_json::json;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::Instant,
};

#[tokio::test(start_paused = true)]
async fn an_open_connection_follows_its_toxics() {
    let rig = Rig::start().await;
    let mut client = TcpStream::connect(rig.proxy(echo().await).await).await.unwrap();
    assert_ms(round_trip(&mut client, b"before").await, 0);
    rig.toxic("latency", "downstream", json!({ "latency": 100 })).await;
    assert_ms(round_trip(&mut client, b"added").await, 100);
    rig.change("latency", json!({ "latency": 300 })).await;
    assert_ms(round_trip(&mut client, b"changed").await, 300);
    rig.ask("PATCH", "/proxies/p/toxics/latency", r#"{"toxicity":0}"#).await;
    assert_ms(round_trip(&mut client, b"without effect").await, 0);
    rig.ask("PATCH", "/proxies/p/toxics/latency", r#"{"toxicity":1}"#).await;
    assert_ms(round_trip(&mut client, b"with it again").await, 300);
    rig.remove("latency").await;
    assert_ms(round_trip(&mut client, b"removed").await, 0);
    rig.toxic("latency", "upstream", json!({ "latency": 50 })).await;
    rig.ask("POST", "/reset", "").await;
    assert_ms(round_trip(&mut client, b"reset").await, 0);
}

/// Bytes that wait for a toxic go on when it is removed.
#[tokio::test(start_paused = true)]
async fn what_waits_is_released_by_a_removal() {
    for (kind, attributes) in [
        ("latency", json!({ "latency": 60_000 })),
        ("bandwidth", json!({ "rate": 0 })),
        ("slicer", json!({ "average_size": 2, "delay": 60_000_000 })),
        ("vsps", json!({ "profile": "wpt-3g-slow" })),
    ] {
        let rig = Rig::start().await;
        let proxy = rig.proxy(echo().await).await;
        rig.toxic("latency", "upstream", json!({})).await;
        rig.remove("latency").await;
        rig.toxic(kind, "downstream", attributes).await;
        let mut client = TcpStream::connect(proxy).await.unwrap();
        client.write_all(&pattern(50_000)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        let start = Instant::now();
        rig.remove(kind).await;
        let mut back = vec![0; 50_000];
        client.read_exact(&mut back).await.unwrap();
        assert_eq!(back, pattern(50_000), "{kind}");
        assert_ms(start.elapsed(), 0);
    }
}

/// Toxics come and go while bytes pass: none is lost, and none changes its place.
#[tokio::test(start_paused = true)]
async fn changes_lose_nothing() {
    const BYTES: usize = 3_000_000;
    let rig = Rig::start().await;
    let server = serve(|mut stream| async move {
        let _ = stream.write_all(&pattern(BYTES)).await;
    });
    let proxy = rig.proxy(server.await).await;
    rig.toxic("bandwidth", "downstream", json!({ "rate": 1000 })).await;
    let reading =
        tokio::spawn(async move { read_all(&mut TcpStream::connect(proxy).await.unwrap()).await });
    for round in 0..20 {
        rig.toxic("latency", "downstream", json!({ "latency": 20 + round, "jitter": 10 })).await;
        rig.toxic("slicer", "downstream", json!({ "average_size": 1000, "delay": 100 })).await;
        tokio::time::sleep(Duration::from_millis(30)).await;
        rig.change("bandwidth", json!({ "rate": 500 + 100 * round })).await;
        rig.remove("latency").await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        rig.remove("slicer").await;
    }
    rig.remove("bandwidth").await;
    let (bytes, ended, _) = reading.await.unwrap();
    assert!(ended.is_ok());
    assert!(bytes == pattern(BYTES), "{} bytes", bytes.len());
}

#[tokio::test(start_paused = true)]
async fn a_new_rate_holds_at_once() {
    let rig = Rig::start().await;
    let server = serve(|mut stream| async move {
        let _ = stream.write_all(&pattern(10_000_000)).await;
    });
    let proxy = rig.proxy(server.await).await;
    rig.toxic("bandwidth", "downstream", json!({ "rate": 100 })).await;
    let mut client = TcpStream::connect(proxy).await.unwrap();
    let start = Instant::now();
    client.read_exact(&mut vec![0; 100_000]).await.unwrap();
    assert!((start.elapsed().as_secs_f64() - 1.0).abs() < 0.03, "{:?}", start.elapsed());
    rig.change("bandwidth", json!({ "rate": 1000 })).await;
    let start = Instant::now();
    client.read_exact(&mut vec![0; 1_000_000]).await.unwrap();
    assert!((start.elapsed().as_secs_f64() - 1.0).abs() < 0.03, "{:?}", start.elapsed());
}
