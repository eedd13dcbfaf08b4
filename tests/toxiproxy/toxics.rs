//! What each toxic does to bytes and connections.

use super::rig::{Rig, assert_ms, echo, pattern, read_all, round_trip, serve, source};
use serde_json::{Value, json};
use std::{io::ErrorKind, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::Instant,
};

/// Delays of both directions, and the round trip that follows.
#[tokio::test(start_paused = true)]
async fn latencies_add_up() {
    let both = ["upstream", "downstream"];
    type Latencies<'a> = &'a [(&'a str, &'a str, u64)];
    let cases: [(Latencies<'_>, u64); 5] = [
        (&[], 0),
        (&[("latency", both[0], 100)], 100),
        (&[("latency", both[1], 100)], 100),
        (&[("one", both[0], 100), ("two", both[1], 50)], 150),
        (&[("one", both[1], 100), ("two", both[1], 100), ("none", both[0], 0)], 200),
    ];
    for (toxics, expected) in cases {
        let rig = Rig::start().await;
        let proxy = rig.proxy(echo().await).await;
        for (name, stream, latency) in toxics {
            let body = json!({
                "name": name, "type": "latency", "stream": stream,
                "attributes": { "latency": latency },
            });
            rig.ask("POST", "/proxies/p/toxics", &body.to_string()).await;
        }
        let mut client = TcpStream::connect(proxy).await.unwrap();
        for _ in 0..3 {
            let time = round_trip(&mut client, b"hello").await;
            assert!(time >= Duration::from_millis(expected), "{time:?}");
            assert!(time <= Duration::from_millis(expected + 4), "{time:?}");
        }
    }
}

/// Pieces under way overlap: a stream through a delay is late, not slow.
#[tokio::test(start_paused = true)]
async fn latency_does_not_limit_the_rate() {
    let rig = Rig::start().await;
    let proxy = rig.proxy(source(2_000_000).await).await;
    rig.toxic("latency", "downstream", json!({ "latency": 100 })).await;
    let mut client = TcpStream::connect(proxy).await.unwrap();
    let (bytes, ended, time) = read_all(&mut client).await;
    assert!(ended.is_ok());
    assert_eq!(bytes, pattern(2_000_000));
    assert!(time < Duration::from_millis(110), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn jitter_is_bounded_and_the_same_again_with_the_seed() {
    let run = async |seed| {
        let rig = Rig::seeded(seed).await;
        let proxy = rig.proxy(echo().await).await;
        rig.toxic("latency", "downstream", json!({ "latency": 100, "jitter": 50 })).await;
        let mut client = TcpStream::connect(proxy).await.unwrap();
        let mut times = Vec::new();
        for _ in 0..40 {
            times.push(round_trip(&mut client, b"x").await.as_millis());
        }
        times
    };
    let first = run(1).await;
    assert!(first.iter().all(|ms| (50..=152).contains(ms)), "{first:?}");
    assert!(first.iter().min() < Some(&70) && first.iter().max() > Some(&130), "{first:?}");
    assert_eq!(first, run(1).await);
    assert_ne!(first, run(2).await);
}

/// Exact, where toxiproxy is slower the faster the rate.
#[tokio::test(start_paused = true)]
async fn bandwidth_is_exact() {
    for (rate, bytes) in [(10, 50_000), (1000, 3_000_000), (125_000, 20_000_000)] {
        let rig = Rig::start().await;
        let proxy = rig.proxy(source(bytes).await).await;
        rig.toxic("bandwidth", "downstream", json!({ "rate": rate })).await;
        let mut client = TcpStream::connect(proxy).await.unwrap();
        let (received, _, time) = read_all(&mut client).await;
        assert_eq!(received.len(), bytes);
        let expected = bytes as f64 / (f64::from(rate) * 1000.0);
        let off = time.as_secs_f64() - expected;
        assert!(off.abs() < 0.005 * expected + 0.003, "{rate} kB/s: {time:?}");
    }
}

/// Nothing passes; toxiproxy sends empty pieces for ever at zero, and ends with an error of its runtime below.
#[tokio::test(start_paused = true)]
async fn a_bandwidth_of_nothing_stops_the_stream() {
    for rate in [0, -1, i64::MIN] {
        let rig = Rig::start().await;
        let proxy = rig.proxy(echo().await).await;
        rig.toxic("bandwidth", "upstream", json!({ "rate": rate })).await;
        let mut client = TcpStream::connect(proxy).await.unwrap();
        client.write_all(b"hello").await.unwrap();
        let read = tokio::time::timeout(Duration::from_secs(60), client.read_u8()).await;
        assert!(read.is_err(), "{rate}");
        rig.change("bandwidth", json!({ "rate": 1000 })).await;
        let mut back = [0; 5];
        client.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, b"hello");
    }
}

#[tokio::test(start_paused = true)]
async fn slow_close_delays_the_end_and_nothing_else() {
    let rig = Rig::start().await;
    let proxy = rig.proxy(source(1000).await).await;
    rig.toxic("slow_close", "downstream", json!({ "delay": 300 })).await;
    let mut client = TcpStream::connect(proxy).await.unwrap();
    let start = Instant::now();
    client.read_exact(&mut [0; 1000]).await.unwrap();
    assert_ms(start.elapsed(), 0);
    let (rest, ended, _) = read_all(&mut client).await;
    assert!(rest.is_empty() && ended.is_ok());
    assert_ms(start.elapsed(), 300);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_closes_the_connection_and_passes_nothing() {
    let rig = Rig::start().await;
    let proxy = rig.proxy(source(1000).await).await;
    rig.toxic("timeout", "upstream", json!({ "timeout": 250 })).await;
    let endless = serve(|mut stream| async move {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    rig.ask("PATCH", "/proxies/p", &json!({ "upstream": endless.await.to_string() }).to_string())
        .await;
    let mut client = TcpStream::connect(proxy).await.unwrap();
    let (bytes, ended, time) = read_all(&mut client).await;
    assert!(bytes.is_empty() && ended.is_ok());
    assert_ms(time, 250);
}

/// Without a time the connection stays open until the toxic is removed.
#[tokio::test(start_paused = true)]
async fn a_timeout_of_zero_closes_when_it_is_removed() {
    let rig = Rig::start().await;
    let proxy = rig.proxy(echo().await).await;
    rig.toxic("timeout", "upstream", json!({ "timeout": 0 })).await;
    let mut client = TcpStream::connect(proxy).await.unwrap();
    client.write_all(b"lost").await.unwrap();
    let waited = tokio::time::timeout(Duration::from_secs(60), client.read_u8()).await;
    assert!(waited.is_err());
    rig.remove("timeout").await;
    let (bytes, ended, _) = read_all(&mut client).await;
    assert!(bytes.is_empty() && ended.is_ok());
}

/// The reset comes after the first bytes, in either direction, and reaches both ends.
#[tokio::test(start_paused = true)]
async fn reset_peer_resets() {
    for (stream, timeout) in [("upstream", 0), ("upstream", 100), ("downstream", 100)] {
        let rig = Rig::start().await;
        let proxy = rig.proxy(echo().await).await;
        rig.toxic("reset_peer", stream, json!({ "timeout": timeout })).await;
        let mut client = TcpStream::connect(proxy).await.unwrap();
        let start = Instant::now();
        client.write_all(b"hello").await.unwrap();
        let (bytes, ended, _) = read_all(&mut client).await;
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset, "{stream}");
        assert!(bytes.is_empty());
        assert_ms(start.elapsed(), timeout);
    }
}

/// toxiproxy sets up all connections to be reset, whatever the toxicity.
#[tokio::test(start_paused = true)]
async fn a_toxicity_of_zero_has_no_effect() {
    let rig = Rig::start().await;
    let proxy = rig.proxy(source(10).await).await;
    rig.toxic_for(0.0, "reset_peer", "downstream", json!({})).await;
    rig.toxic_for(0.0, "limit_data", "downstream", json!({})).await;
    for _ in 0..20 {
        let (bytes, ended, _) = read_all(&mut TcpStream::connect(proxy).await.unwrap()).await;
        assert!(bytes == pattern(10) && ended.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn limit_data_closes_after_its_bytes() {
    for (limit, passed) in [(0, 0), (1, 1), (99, 99), (100, 100), (101, 100), (-1, 0)] {
        let rig = Rig::start().await;
        let proxy = rig.proxy(source(100).await).await;
        rig.toxic("limit_data", "downstream", json!({ "bytes": limit })).await;
        let (bytes, ended, _) = read_all(&mut TcpStream::connect(proxy).await.unwrap()).await;
        assert!(ended.is_ok(), "{limit}");
        assert_eq!(bytes, pattern(passed), "{limit}");
    }
}

/// What has passed counts after a change of the limit.
#[tokio::test(start_paused = true)]
async fn limit_data_counts_on_after_a_change() {
    let rig = Rig::start().await;
    let proxy = rig.proxy(echo().await).await;
    rig.toxic("limit_data", "downstream", json!({ "bytes": 100 })).await;
    let mut client = TcpStream::connect(proxy).await.unwrap();
    round_trip(&mut client, &[1; 90]).await;
    rig.change("limit_data", json!({ "bytes": 110 })).await;
    client.write_all(&[2; 50]).await.unwrap();
    let (bytes, ended, _) = read_all(&mut client).await;
    assert!(ended.is_ok());
    assert_eq!(bytes, [2; 20]);
}

/// Each packet is a write of its own, as the reader sees it where packets are apart in time.
#[tokio::test(start_paused = true)]
async fn the_slicer_sends_small_packets_with_pauses() {
    let rig = Rig::start().await;
    let proxy = rig.proxy(source(3200).await).await;
    let what = json!({ "average_size": 100, "size_variation": 20, "delay": 10_000 });
    rig.toxic("slicer", "downstream", what).await;
    let mut client = TcpStream::connect(proxy).await.unwrap();
    let (mut sizes, mut buffer, mut total) = (Vec::new(), vec![0; 65_536], Vec::new());
    let start = Instant::now();
    loop {
        match client.read(&mut buffer).await.unwrap() {
            0 => break,
            bytes => {
                sizes.push(bytes);
                total.extend_from_slice(&buffer[..bytes]);
            }
        }
    }
    assert_eq!(total, pattern(3200));
    assert!(sizes.iter().all(|size| *size <= 120), "{sizes:?}");
    let packets = sizes.len() as u32;
    assert!((27..=64).contains(&packets), "{packets}");
    let least = Duration::from_millis(10) * (packets - 1);
    assert!(start.elapsed() >= least, "{:?}", start.elapsed());
}

/// Which pieces it removes: see the unit test of `tcp::chain::packet_loss`.
#[tokio::test(start_paused = true)]
async fn packet_loss_removes_pieces() {
    for (rate, arrives) in [(0.0, 40_000), (-1.0, 40_000), (1.0, 0), (7.5, 0)] {
        let rig = Rig::start().await;
        let proxy = rig.proxy(source(40_000).await).await;
        rig.toxic("packet_loss", "downstream", json!({ "loss_rate": rate })).await;
        let (bytes, ended, _) = read_all(&mut TcpStream::connect(proxy).await.unwrap()).await;
        assert!(ended.is_ok() && bytes == pattern(arrives), "{rate}: {} bytes", bytes.len());
    }
}

/// Which connections a toxic affects is drawn for each, and follows from the seed.
#[tokio::test(start_paused = true)]
async fn toxicity_is_a_share_of_connections() {
    let run = async |seed| {
        let rig = Rig::seeded(seed).await;
        let proxy = rig.proxy(source(10).await).await;
        rig.toxic_for(0.3, "limit_data", "downstream", json!({ "bytes": 0 })).await;
        let mut affected = Vec::new();
        for _ in 0..200 {
            let mut client = TcpStream::connect(proxy).await.unwrap();
            affected.push(read_all(&mut client).await.0.is_empty());
        }
        affected
    };
    let first = run(5).await;
    let share = first.iter().filter(|affected| **affected).count();
    assert!((40..=80).contains(&share), "{share} of 200");
    assert_eq!(first, run(5).await);
    assert_ne!(first, run(6).await);
}

/// An extension: the link of a profile, on one connection each, or shared.
#[tokio::test(start_paused = true)]
async fn a_profile_is_a_network() {
    let timed = async |what: Value| {
        let rig = Rig::start().await;
        let proxy = rig.proxy(source(200_000).await).await;
        rig.toxic("vsps", "downstream", what).await;
        let read = async || read_all(&mut TcpStream::connect(proxy).await.unwrap()).await;
        let (one, two) = tokio::join!(read(), read());
        assert!(one.0 == pattern(200_000) && two.0 == pattern(200_000));
        one.2.max(two.2).as_secs_f64()
    };
    let alone = timed(json!({ "profile": "wpt-3g-slow" })).await;
    let shared = timed(json!({ "profile": "wpt-3g-slow", "shared": true })).await;
    assert!(alone > 4.15, "{alone}");
    assert!((shared / alone - 2.0).abs() < 0.1, "{alone} {shared}");
}
