//! What each toxic does to bytes and connections.

use super::rig::{Rig, assert_ms, echo, pattern, read_all, round_trip, serve, source};
use serde_json::{Value, json};
use std::{io::ErrorKind, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
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

/// A delay before or behind a rate does not lower it, though only so much waits for the rate.
#[tokio::test(start_paused = true)]
async fn a_latency_does_not_limit_a_bandwidth() {
    for order in [["bandwidth", "latency"], ["latency", "bandwidth"]] {
        let rig = Rig::start().await;
        let proxy = rig.proxy(source(20_000_000).await).await;
        for kind in order {
            rig.toxic(kind, "downstream", json!({ "latency": 100, "rate": 40_000 })).await;
        }
        let mut client = TcpStream::connect(proxy).await.unwrap();
        let (bytes, _, time) = read_all(&mut client).await;
        assert!(bytes == pattern(20_000_000));
        assert!((time.as_secs_f64() - 0.6).abs() < 0.02, "{order:?}: {time:?}");
    }
}

/// The time at which nothing was sent is no credit for later.
#[tokio::test(start_paused = true)]
async fn a_pause_is_no_credit_for_a_bandwidth() {
    let rig = Rig::start().await;
    let proxy = rig.proxy(echo().await).await;
    rig.toxic("bandwidth", "downstream", json!({ "rate": 100 })).await;
    let mut client = TcpStream::connect(proxy).await.unwrap();
    for _ in 0..3 {
        let time = round_trip(&mut client, &pattern(50_000)).await;
        // The burst of a link is 10 ms here.
        assert!((time.as_secs_f64() - 0.495).abs() < 0.01, "{time:?}");
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
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

/// Each byte starts the time again.
#[tokio::test(start_paused = true)]
async fn a_byte_starts_a_timeout_again() {
    let rig = Rig::start().await;
    let proxy = rig.proxy(echo().await).await;
    rig.toxic("timeout", "upstream", json!({ "timeout": 250 })).await;
    let mut client = TcpStream::connect(proxy).await.unwrap();
    let start = Instant::now();
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        client.write_all(b"x").await.unwrap();
    }
    let (bytes, ended, _) = read_all(&mut client).await;
    assert!(bytes.is_empty() && ended.is_ok());
    assert_ms(start.elapsed(), 2 * 200 + 250);
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

#[tokio::test(start_paused = true)]
async fn reset_peer_resets_the_upstream_server_too() {
    let rig = Rig::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = rig.proxy(listener.local_addr().unwrap()).await;
    rig.toxic("reset_peer", "upstream", json!({ "timeout": 10 })).await;
    let mut client = TcpStream::connect(proxy).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    client.write_all(b"hello").await.unwrap();
    let (_, ended, _) = read_all(&mut server).await;
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

/// What the client has sent and nobody has read does not turn the end into a reset.
#[tokio::test(start_paused = true)]
async fn a_close_is_no_reset_when_bytes_were_not_read() {
    let rig = Rig::start().await;
    let proxy = rig.proxy(source(10).await).await;
    rig.toxic("bandwidth", "upstream", json!({ "rate": 0 })).await;
    rig.toxic("latency", "downstream", json!({ "latency": 1000 })).await;
    rig.toxic("limit_data", "downstream", json!({ "bytes": 5 })).await;
    let client = TcpStream::connect(proxy).await.unwrap();
    let (mut reader, mut writer) = client.into_split();
    // More than waits in the toxic; the writer is kept, so that it does not end.
    let writing = tokio::spawn(async move {
        let _ = writer.write_all(&pattern(1_300_000)).await;
        writer
    });
    let mut bytes = Vec::new();
    let ended = reader.read_to_end(&mut bytes).await;
    assert!(ended.is_ok(), "{ended:?}");
    assert_eq!(bytes, pattern(5));
    drop(writing);
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

/// A delay behind the slicer starts when a packet leaves it.
#[tokio::test(start_paused = true)]
async fn a_latency_adds_to_the_pauses_of_the_slicer() {
    let rig = Rig::start().await;
    let proxy = rig.proxy(source(3000).await).await;
    rig.toxic("slicer", "downstream", json!({ "average_size": 1500, "delay": 100_000 })).await;
    rig.toxic("latency", "downstream", json!({ "latency": 50 })).await;
    let mut client = TcpStream::connect(proxy).await.unwrap();
    let start = Instant::now();
    for expected in [50, 150] {
        client.read_exact(&mut [0; 1500]).await.unwrap();
        assert_ms(start.elapsed(), expected);
    }
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

/// Half of the round trip in each direction, and the rate of that direction.
#[tokio::test(start_paused = true)]
async fn a_profile_has_two_directions() {
    // 4 ms round trip, 1 Mbit/s up, 6 Mbit/s down.
    for (streams, seconds) in [
        (&["upstream"][..], 1.002),
        (&["downstream"], 0.002 + 1.0 / 6.0),
        // What has arrived is already on its way back.
        (&["upstream", "downstream"], 1.004),
    ] {
        let rig = Rig::start().await;
        let proxy = rig.proxy(echo().await).await;
        for stream in streams {
            let body = json!({
                "name": stream, "type": "vsps", "stream": stream,
                "attributes": { "profile": "atc-cable" },
            });
            let reply = rig.ask("POST", "/proxies/p/toxics", &body.to_string()).await;
            assert_eq!(reply.status, 200, "{}", reply.body);
        }
        let mut client = TcpStream::connect(proxy).await.unwrap();
        let time = round_trip(&mut client, &pattern(125_000)).await.as_secs_f64();
        assert!((time - seconds).abs() < 0.01 * seconds + 0.004, "{streams:?}: {time}");
    }
}

/// The times of some round trips through a profile of 60 ms and jitter, without a rate.
async fn round_trips(rig_seed: u64, stream: &str, attributes: Value) -> Vec<u64> {
    let rig = Rig::seeded(rig_seed).await;
    let proxy = rig.proxy(echo().await).await;
    rig.toxic("vsps", stream, attributes).await;
    let mut client = TcpStream::connect(proxy).await.unwrap();
    let mut times = Vec::new();
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        times.push(round_trip(&mut client, b"hello").await.as_millis() as u64);
    }
    times
}

#[tokio::test(start_paused = true)]
async fn responses_have_the_jitter_of_a_profile() {
    let what = json!({ "profile": "rtt-hspa" });
    let up = round_trips(1, "upstream", what.clone()).await;
    assert!(up.iter().all(|ms| (30..=32).contains(ms)), "{up:?}");
    let down = round_trips(1, "downstream", what).await;
    let mean = down.iter().sum::<u64>() as f64 / down.len() as f64;
    assert!(down.iter().all(|ms| *ms >= 30), "{down:?}");
    // The mean of the jitter is 107 ms, its standard deviation 146 ms.
    assert!((mean - 137.0).abs() < 3.0 * 146.0 / 30_f64.sqrt(), "{mean}");
}

#[tokio::test(start_paused = true)]
async fn the_seed_of_a_toxic_has_priority() {
    let drawn = |rig_seed| round_trips(rig_seed, "downstream", json!({ "profile": "rtt-hspa" }));
    assert_ne!(drawn(1).await, drawn(2).await);
    let fixed = |rig_seed, seed| {
        round_trips(rig_seed, "downstream", json!({ "profile": "rtt-hspa", "seed": seed }))
    };
    assert_eq!(fixed(1, 7).await, fixed(2, 7).await);
    assert_ne!(fixed(1, 7).await, fixed(1, 8).await);
}

/// A change of the toxicity alone leaves new connections on the link of the others.
#[tokio::test(start_paused = true)]
async fn a_change_of_toxicity_keeps_the_shared_link() {
    let rig = Rig::start().await;
    let proxy = rig.proxy(source(100_000).await).await;
    rig.toxic("vsps", "downstream", json!({ "profile": "wpt-3g-slow", "shared": true })).await;
    let read = async || read_all(&mut TcpStream::connect(proxy).await.unwrap()).await;
    let both = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let reply = rig.ask("PATCH", "/proxies/p/toxics/vsps", r#"{"toxicity":2}"#).await;
        assert_eq!(reply.status, 200);
        read().await
    };
    let start = Instant::now();
    let (one, two) = tokio::join!(read(), both);
    assert!(one.0 == pattern(100_000) && two.0 == pattern(100_000));
    // 200,000 bytes at 400 kbit/s.
    assert!(start.elapsed() > Duration::from_secs(4), "{:?}", start.elapsed());
}
