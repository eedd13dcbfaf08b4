//! Faults of bodies, on the wire: which bytes arrived, roughly when, and how the connection ended.

use super::{
    origin::{Origin, Step, ok, pattern},
    player::{End, Got, Player, unchunked},
    rig::Rig,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const LENGTH: usize = 10_000;

/// A proxy with one rule before an origin of one body, and what a player gets that keeps its
/// connection open.
async fn got(then: Value) -> (Rig, Got) {
    let (rig, mut player) = asked(then).await;
    let got = player.read_until_quiet(Duration::from_millis(700)).await;
    (rig, got)
}

/// The same, with its response unread.
async fn asked(then: Value) -> (Rig, Player) {
    let origin = Origin::saying(ok("", &pattern(LENGTH))).await;
    let rig = Rig::with_rules(&origin, json!([{ "name": "fault", "then": then }])).await;
    let mut player = rig.player().await;
    player.send("GET /a.ts HTTP/1.1\r\nHost: a\r\n\r\n").await;
    (rig, player)
}

/// Effect and byte of every reported fault.
async fn faults(rig: &Rig, count: usize) -> Vec<(String, Option<u64>)> {
    let told = rig.told("fault_injected", count).await;
    let one = |event: &Value| {
        assert_eq!(event["rule"], "fault");
        (event["effect"].as_str().unwrap().to_owned(), event["at_byte"].as_u64())
    };
    told.iter().map(one).collect()
}

#[tokio::test]
async fn a_cut_is_exact_wherever_it_is_asked_for() {
    for (at, bytes) in [("0 B", 0), ("1 B", 1), ("9999 B", 9999), ("50 %", 5000), ("-1 B", 9999)] {
        for (ending, end) in [("reset", End::Reset), ("fin", End::Fin), ("silence", End::Open)] {
            let (rig, got) = got(json!({ "cut": { "at": at, "end": ending } })).await;
            assert_eq!((got.body.len(), got.end), (bytes, end), "{at} {ending}");
            assert!(got.body == pattern(LENGTH)[..bytes]);
            assert_eq!(got.header("content-length"), "10000");
            let effect = if ending == "fin" { "truncate" } else { ending };
            assert_eq!(faults(&rig, 1).await, [(effect.to_owned(), Some(bytes as u64))]);
            assert_eq!(rig.counted("vsps_faults_total").await, 1.0);
        }
    }
}

/// A cut at the very end: the body is whole, and the connection ends as asked.
#[tokio::test]
async fn a_cut_at_the_last_byte_ends_the_connection() {
    for (ending, end) in [("reset", End::Reset), ("fin", End::Fin)] {
        let (rig, got) = got(json!({ "cut": { "at": "100 %", "end": ending } })).await;
        assert_eq!((got.body.len(), got.end), (LENGTH, end), "{ending}");
        assert_eq!(rig.told("request_finished", 1).await[0]["outcome"], "cut");
    }
    let (rig, got) = got(json!({ "cut": { "at": "10001 B", "end": "reset" } })).await;
    assert_eq!((got.body.len(), got.end), (LENGTH, End::Open));
    rig.told("request_finished", 1).await;
    rig.told("fault_injected", 0).await;
}

#[tokio::test]
async fn a_fixed_length_looks_whole_and_the_connection_lives_on() {
    let (rig, got) = got(json!({ "cut": { "at": "50 %", "length": "fix" } })).await;
    assert_eq!((got.header("content-length"), got.body.len()), ("5000", 5000));
    assert_eq!(got.end, End::Open);
    assert_eq!(rig.told("request_finished", 1).await[0]["outcome"], "cut");
    assert_eq!(faults(&rig, 1).await, [("truncate".to_owned(), Some(5000))]);
    let mut player = rig.player().await;
    for _ in 0..3 {
        player.send("GET /a.ts HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(player.answer().await.body.len(), 5000);
    }
    let (_, reset) =
        self::got(json!({ "cut": { "at": "7 B", "end": "reset", "length": "fix" } })).await;
    assert_eq!((reset.header("content-length"), reset.body.len(), reset.end), ("7", 7, End::Reset));
}

#[tokio::test]
async fn a_dropped_length_comes_in_chunks_without_the_last() {
    for (ending, end) in [("fin", End::Fin), ("reset", End::Reset), ("silence", End::Open)] {
        let (_, got) =
            got(json!({ "cut": { "at": "25 %", "end": ending, "length": "drop" } })).await;
        assert!(got.all("content-length").is_empty());
        assert_eq!(got.header("transfer-encoding"), "chunked");
        assert_eq!(got.end, end);
        let (body, whole) = unchunked(&got.body);
        assert!(body == pattern(LENGTH)[..2500] && !whole);
    }
}

#[tokio::test]
async fn silence_may_end_and_a_cut_may_wait_for_its_time() {
    let (_, hang) = got(json!({ "hang": { "at": "10 B", "for": "200 ms" } })).await;
    assert_eq!((hang.body.len(), hang.end), (10, End::Fin));
    let (_, headers) = got(json!({ "hang": { "at": "headers" } })).await;
    assert_eq!((headers.status(), headers.body.len(), headers.end), (200, 0, End::Open));
    // 10 kB at 80 kbit/s take a second.
    let (rig, late) =
        got(json!({ "rate": "80 kbit/s", "cut": { "at": "300 ms", "end": "reset" } })).await;
    assert!((1000..8000).contains(&late.body.len()), "{}", late.body.len());
    assert_eq!(late.end, End::Reset);
    let told = faults(&rig, 2).await;
    assert_eq!(told[1], ("reset".to_owned(), Some(late.body.len() as u64)));
    // While the link lets nothing through, too.
    let (_, stuck) =
        got(json!({ "stall": { "at": "5 B", "for": "1 h" }, "cut": { "at": "200 ms" } })).await;
    assert_eq!((stuck.body.len(), stuck.end), (5, End::Fin));
}

#[tokio::test]
async fn a_stall_goes_on() {
    let then = json!({ "stall": { "at": ["1000 B", "-1 B"], "for": "400 ms" } });
    let (rig, first) = got(then).await;
    assert!(first.body == pattern(LENGTH) && first.end == End::Open, "{} bytes", first.body.len());
    let mut player = rig.player().await;
    player.send("GET /a.ts HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let early = player.body_of(1000).await.body;
    let rest = player.rest_of(LENGTH - early.len()).await;
    assert!([early, rest].concat() == pattern(LENGTH));
    let over = rig.told("request_finished", 2).await;
    let stalled = |end: &Value| end["measured"]["total_ms"].as_f64().unwrap() >= 800.0;
    assert!(over.iter().all(stalled), "{over:#?}");
    let told = faults(&rig, 4).await;
    assert_eq!(told[2..], [("stall".to_owned(), Some(1000)), ("stall".to_owned(), Some(9999))]);
}

#[tokio::test]
async fn a_drip_falls_in_drops() {
    #[expect(clippy::disallowed_methods, reason = "a lower bound, on the wall's clock")]
    let began = Instant::now();
    let (rig, mut player) =
        asked(json!({ "drip": { "bytes": "10 B", "every": "100 ms", "from": "100 B" } })).await;
    let got = player.body_of(140).await;
    let drops = (got.body.len() - 100) / 10;
    assert_eq!((got.body.len() - 100) % 10, 0);
    // As many as the time allows: the first may come at once.
    let most = began.elapsed().as_millis() / 100 + 1;
    assert!(drops as u128 <= most, "{drops} of {most}");
    assert_eq!(got.end, End::Open);
    assert_eq!(faults(&rig, 1).await, [("drip".to_owned(), Some(100))]);
}

/// The head of a box may be split between pieces, so its first bytes are held until it is whole. A body that ends within a
/// head has these bytes all the same.
#[tokio::test]
async fn a_body_that_ends_within_a_box_is_whole() {
    for rest in [1, 7, 8, 15] {
        let complete = *b"\0\0\0\x0cfreeabcd";
        // A box with a 64-bit size has a head of 16 bytes.
        let incomplete = *b"\0\0\0\x01mdat\0\0\0\0\0\0\0";
        let body = [&complete[..], &incomplete[..rest]].concat();
        let origin = Origin::saying(ok("", &body)).await;
        let rule = json!([{ "name": "fault", "then": { "corrupt": "box-size" } }]);
        let rig = Rig::with_rules(&origin, rule).await;
        let mut player = rig.player().await;
        player.send("GET /a.mp4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
        let got = player.rest().await;
        assert_eq!((got.body.len(), got.end), (body.len(), End::Fin), "{rest}");
        assert_ne!(got.body[..4], body[..4], "the size of the first box is not corrupted");
        assert_eq!(got.body[4..12], body[4..12]);
    }
}

/// The origin's chunks, sent with short pauses, arrive all at once.
#[tokio::test]
async fn clumps_come_at_once() {
    let origin = Origin::start(|_| {
        let chunk = |text: &str| Step::Send(format!("{:x}\r\n{text}\r\n", text.len()).into_bytes());
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
        let pause = || Step::Pause(Duration::from_secs(1));
        let end = Step::Send(b"0\r\n\r\n".to_vec());
        vec![
            Step::Send(head.into()),
            chunk("one"),
            pause(),
            chunk("two"),
            pause(),
            chunk("three"),
            end,
        ]
    })
    .await;
    for (time, early, events) in [("end", "", 1), ("600 ms", "one", 1)] {
        let rig =
            Rig::with_rules(&origin, json!([{ "name": "fault", "then": { "coalesce": time } }]))
                .await;
        let mut player = rig.player().await;
        player.send("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
        let first = player.read_for(Duration::from_millis(1520)).await;
        assert_eq!(unchunked(&first.body).0, early.as_bytes(), "{time}");
        // Later bytes have no head, although the last chunk looks like the end of one.
        let rest = player.rest().await;
        let wire = [&*first.body, rest.head.as_bytes(), b"\r\n", &*rest.body].concat();
        assert_eq!(unchunked(&wire), (b"onetwothree".to_vec(), true), "{time}");
        assert_eq!(faults(&rig, events).await[0].0, "coalesce");
    }
}

#[tokio::test]
async fn damage_keeps_the_length_and_is_the_same_on_every_run() {
    let (rig, one) = got(json!({ "corrupt": { "damage": "bit-flips", "from": "2 kB" } })).await;
    let (_, two) = got(json!({ "corrupt": { "damage": "bit-flips", "from": "2 kB" } })).await;
    assert!(one.body == two.body && one.body.len() == LENGTH);
    let wrong: Vec<_> = (0..LENGTH).filter(|at| one.body[*at] != pattern(LENGTH)[*at]).collect();
    assert!(wrong[0] >= 2000 && (1..40).contains(&wrong.len()), "{wrong:?}");
    assert_eq!(faults(&rig, 1).await, [("corrupt".to_owned(), Some(wrong[0] as u64))]);
    assert_eq!(rig.told("request_finished", 1).await[0]["outcome"], "complete");
    let (_, zeros) = got(
        json!({ "corrupt": { "damage": "zeros", "rate": "100 %", "from": "1 B", "to": "4 B" } }),
    )
    .await;
    assert_eq!(zeros.body[..5], [0, 0, 0, 0, 4]);
}

/// Faults of the body together with later faults, on the same connection.
#[tokio::test]
async fn effects_combine() {
    let then = json!({
        "corrupt": { "damage": "zeros", "rate": "100 %" }, "stall": { "at": "10 B", "for": "100 ms" },
        "cut": { "at": "20 B", "end": "reset" },
    });
    let (rig, got) = got(then).await;
    assert_eq!((got.body, got.end), (vec![0; 20], End::Reset));
    let told: Vec<_> =
        faults(&rig, 3).await.into_iter().map(|(effect, at)| (effect, at.unwrap())).collect();
    let told: Vec<_> = told.iter().map(|(effect, at)| (effect.as_str(), *at)).collect();
    assert_eq!(told, [("corrupt", 0), ("stall", 10), ("reset", 20)]);
}

#[tokio::test]
async fn a_head_is_told_what_a_body_would_be() {
    let origin =
        Origin::saying("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\nConnection: close\r\n\r\n")
            .await;
    let rig = Rig::with_rules(&origin, json!([{ "then": { "reset": "10 B" } }])).await;
    let got = rig.ask("HEAD", "/a.ts", "").await;
    assert_eq!((got.status(), got.header("content-length"), got.end), (200, "10000", End::Fin));
    rig.told("request_finished", 1).await;
    rig.told("fault_injected", 0).await;
    let _: Player = rig.player().await;
}
