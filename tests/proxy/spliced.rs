//! Long bodies that nothing holds back: on Linux the kernel moves them from socket to socket.

use super::{
    origin::{Origin, Step, ok, pattern},
    player::{End, Player},
    rig::Rig,
};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::net::TcpSocket;

/// Longer than the buffers of both sockets.
const LONG: usize = 24_000_000;

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

/// Reads `length` bytes in pieces, with pauses, so that the proxy must wait for the player.
async fn read_slowly(player: &mut Player, length: usize) -> Vec<u8> {
    let mut body = player.body_of(0).await.body;
    while body.len() < length {
        let piece = (length - body.len()).min(3_000_000);
        body.extend(player.read_bytes(piece).await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    body
}

#[tokio::test]
async fn a_long_body_arrives_unchanged_and_its_connections_are_used_again() {
    let origin = Origin::saying(ok("", &pattern(LONG))).await;
    let rig = Rig::before(&origin).await;
    let mut player = rig.player().await;
    for path in ["/a", "/b"] {
        player.send(get(path)).await;
        let body = read_slowly(&mut player, LONG).await;
        assert!(body == pattern(LONG), "{path}: {} bytes", body.len());
    }
    let told = rig.told("request_finished", 2).await;
    for finished in &told {
        assert_eq!((&finished["outcome"], &finished["bytes"]), (&json!("complete"), &json!(LONG)));
    }
    assert_eq!(origin.last().connection, 1, "one connection for both");
}

#[tokio::test]
async fn lengths_around_the_least_one_arrive_unchanged() {
    let least = 48 * 1024;
    for length in [least - 1, least, least + 1, 3 * least] {
        let origin = Origin::saying(ok("", &pattern(length))).await;
        let rig = Rig::before(&origin).await;
        let mut player = rig.player().await;
        for _ in 0..2 {
            player.send(get("/a")).await;
            let got = player.body_of(length).await;
            assert!(got.body == pattern(length), "{length}: {} bytes", got.body.len());
        }
    }
}

/// The rest is held back from then on, and is still exact.
#[tokio::test]
async fn a_rate_is_felt_in_the_middle_of_a_long_body() {
    let (early, late) = (2_000_000, 50_000);
    let origin = Origin::start(move |_| {
        let answer = ok("", &pattern(early + late));
        let (first, rest) = answer.split_at(answer.len() - late);
        let pause = Step::Pause(Duration::from_secs(2));
        vec![Step::Send(first.to_vec()), pause, Step::Send(rest.to_vec())]
    })
    .await;
    let rig = Rig::before(&origin).await;
    let session = rig.session("").await;
    let mut player = rig.player().await;
    player.send(get(&format!("{session}/a"))).await;
    let mut body = player.body_of(early).await.body;
    assert_eq!(body.len(), early);
    rig.patch(&session, r#"{ "rate": "200 kbit/s" }"#).await;
    body.extend(player.read_bytes(1).await);
    #[expect(clippy::disallowed_methods, reason = "a lower bound, on the wall's clock")]
    let began = Instant::now();
    body.extend(player.read_bytes(late - 1).await);
    // 50 kB at 200 kbit/s take two seconds.
    assert!(began.elapsed() > Duration::from_millis(1800), "{:?}", began.elapsed());
    assert!(body == pattern(early + late));
}

#[tokio::test]
async fn an_origin_that_breaks_off_is_told_and_its_bytes_arrive() {
    let cut = 700_000;
    let origin = Origin::start(move |_| {
        let answer = ok("", &pattern(1_000_000));
        let head = answer.len() - 1_000_000;
        vec![Step::Send(answer[..head + cut].to_vec()), Step::Reset]
    })
    .await;
    let rig = Rig::before(&origin).await;
    let mut player = rig.player().await;
    player.send(get("/a")).await;
    let got = player.rest().await;
    assert!(got.body == pattern(1_000_000)[..got.body.len()], "{} bytes", got.body.len());
    assert_ne!(got.end, End::Open);
    let told = rig.told("request_finished", 1).await;
    assert_eq!(
        (&told[0]["outcome"], &told[0]["bytes"]),
        (&json!("origin-cut"), &json!(got.body.len()))
    );
}

#[tokio::test]
async fn a_player_that_leaves_is_noticed() {
    let origin = Origin::saying(ok("", &pattern(LONG))).await;
    let rig = Rig::before(&origin).await;
    let mut player = rig.player().await;
    player.send(get("/a")).await;
    assert!(player.body_of(1_000_000).await.body.len() >= 1_000_000);
    drop(player);
    let told = rig.told("request_finished", 1).await;
    assert_eq!(told[0]["outcome"], "player-gone");
    assert!(told[0]["bytes"].as_u64().unwrap() < LONG as u64, "{told:?}");
}

/// What is in the pipe comes before what is read afterwards.
#[tokio::test]
async fn a_rate_that_comes_while_a_player_does_not_read_keeps_the_order() {
    let length = 3_000_000;
    let origin = Origin::saying(ok("", &pattern(length))).await;
    let rig = Rig::before(&origin).await;
    let session = rig.session("").await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut player = Player::over(socket.connect(rig.listen).await.unwrap());
    player.send(get(&format!("{session}/a"))).await;
    // The buffers are full, and so is the pipe.
    tokio::time::sleep(Duration::from_millis(500)).await;
    rig.patch(&session, r#"{ "rate": "40 Mbit/s" }"#).await;
    let got = player.body_of(length).await;
    let wrong = got.body.iter().zip(pattern(length)).position(|(a, b)| *a != b);
    assert_eq!((got.body.len(), wrong), (length, None));
}

/// Bytes that are still in the pipe have not been sent.
#[tokio::test]
#[cfg_attr(not(vsps_linux), ignore = "without a pipe, the kernel takes all of it")]
async fn what_a_player_that_resets_has_not_taken_is_not_counted() {
    for length in [200_000, 250_000, 300_000, 400_000] {
        let origin = Origin::saying(ok("", &pattern(length))).await;
        let rig = Rig::before(&origin).await;
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut player = Player::over(socket.connect(rig.listen).await.unwrap());
        player.send(get("/a")).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        player.reset();
        let told = rig.told("request_finished", 1).await;
        assert_eq!(told[0]["outcome"], "player-gone", "{length}");
        assert!(told[0]["bytes"].as_u64().unwrap() < length as u64, "{length}: {told:?}");
    }
}

/// What looks at the bytes, or changes them, sees them all.
#[tokio::test]
async fn rules_apply_to_long_bodies_as_to_others() {
    let length = 2_000_000;
    for (rule, passes, end) in [
        (json!({ "truncate": "1500 kB" }), 1_500_000, End::Fin),
        (json!({ "reset": "1500 kB" }), 1_500_000, End::Reset),
        (json!({ "rate": "80 Mbit/s" }), length, End::Open),
    ] {
        let origin = Origin::saying(ok("", &pattern(length))).await;
        let rig = Rig::with_rules(&origin, json!([{ "then": rule }])).await;
        let mut player = rig.player().await;
        player.send(get("/a")).await;
        let got = player.body_of(length).await;
        // Only Linux tells when everything is sent, before a reset.
        let exact = end != End::Reset || cfg!(vsps_linux);
        let least = if exact { passes } else { 1 };
        let seen = got.body.len();
        assert!((least..=passes).contains(&seen), "{rule}: {seen} bytes");
        assert!(got.body == pattern(length)[..seen], "{rule}");
        assert_eq!(got.end, end, "{rule}");
    }
    let origin = Origin::saying(ok("", &pattern(length))).await;
    let rig = Rig::with_rules(&origin, json!([{ "then": { "corrupt": "bit-flips" } }])).await;
    let mut player = rig.player().await;
    player.send(get("/a")).await;
    let got = player.body_of(length).await;
    let damaged = got.body.iter().zip(pattern(length)).filter(|(a, b)| **a != *b).count();
    assert!(damaged > 0 && got.body.len() == length, "{damaged}");
}
