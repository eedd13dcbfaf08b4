//! Players that end their side of the connection while their response is under way: those that wait for it, and those that
//! have left.

use super::{
    origin::{Origin, ok, pattern},
    player::{End, Player},
    rig::{Rig, read_rules},
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

const LENGTH: usize = 200_000;
const LONG: Duration = Duration::from_secs(60);

/// A proxy with at most one rule, for every request, and this half-close time-out.
async fn rig(then: Option<Value>, half_closed: Option<Duration>) -> (Rig, Origin) {
    let origin = Origin::saying(ok("", &pattern(LENGTH))).await;
    let rig = Rig::start(Some(origin.address), |config| {
        config.rules = read_rules(then.map_or(json!([]), |then| json!([{ "then": then }])));
        let timeouts = &mut config.proxy.timeouts;
        timeouts.half_closed = half_closed.unwrap_or(timeouts.half_closed);
    });
    (rig.await, origin)
}

/// A player that has sent a request.
async fn asks(rig: &Rig, headers: &str) -> Player {
    let mut player = rig.player().await;
    player.send(format!("GET /a.mp4 HTTP/1.1\r\nHost: a\r\n{headers}\r\n")).await;
    player
}

/// How long it takes until the proxy knows that its only player has left.
async fn noticed(rig: &Rig) -> Duration {
    let start = Instant::now();
    let over = rig.told("request_finished", 1).await;
    assert_eq!(over[0]["outcome"], "player-gone");
    start.elapsed()
}

/// Through a link, and after a delay shorter than the time-out.
#[tokio::test]
async fn a_player_that_waits_gets_its_response() {
    let effects = [None, Some(json!({ "rate": "8 Mbit/s" })), Some(json!({ "delay": "300 ms" }))];
    for then in effects {
        for headers in ["", "Connection: close\r\n"] {
            let (rig, _origin) = rig(then.clone(), Some(LONG)).await;
            let mut player = asks(&rig, headers).await;
            player.end_sending().await;
            let got = player.rest().await;
            assert_eq!(
                (got.status(), got.body.len(), got.end),
                (200, LENGTH, End::Fin),
                "{then:?}"
            );
            assert_eq!(rig.told("request_finished", 1).await[0]["outcome"], "complete");
        }
    }
}

/// One to which bytes flow is there, for however many times the time-out.
#[tokio::test]
async fn a_player_to_which_bytes_flow_gets_all_of_them() {
    let slow = Some(json!({ "rate": "1 Mbit/s" }));
    let (rig, _origin) = rig(slow, Some(Duration::from_millis(400))).await;
    let mut player = asks(&rig, "").await;
    player.end_sending().await;
    let got = player.rest().await;
    assert_eq!((got.body.len(), got.end), (LENGTH, End::Fin));
}

/// Both of two requests that were sent at once.
#[tokio::test]
async fn a_player_gets_all_that_it_has_asked_for() {
    let (rig, _origin) = rig(Some(json!({ "rate": "8 Mbit/s" })), Some(LONG)).await;
    let mut player = asks(&rig, "").await;
    player.send("GET /b.mp4 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    player.end_sending().await;
    let got = player.rest().await;
    assert!(got.body.len() > 2 * LENGTH, "{}", got.body.len());
}

/// Nothing is sent for longer than the time-out.
#[tokio::test]
async fn a_player_that_gets_nothing_counts_as_gone() {
    for (half_closed, least, most) in [
        (None, 90, 5000),
        (Some(Duration::from_secs(1)), 900, 5000),
        (Some(Duration::ZERO), 0, 800),
    ] {
        let (rig, _origin) = rig(Some(json!({ "delay": "30 s" })), half_closed).await;
        let mut player = asks(&rig, "").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let start = Instant::now();
        player.end_sending().await;
        let got = player.rest().await;
        assert_eq!((got.status(), got.body.len()), (0, 0));
        let ended = start.elapsed().as_millis();
        assert!((least..most).contains(&ended), "{ended} ms");
        noticed(&rig).await;
    }
}

/// With a longer time-out, a player is answered after a longer delay.
#[tokio::test]
async fn the_time_out_bounds_the_wait() {
    let (rig, _origin) = rig(Some(json!({ "delay": "2 s" })), Some(LONG)).await;
    let mut player = asks(&rig, "").await;
    player.end_sending().await;
    assert_eq!(player.rest().await.body.len(), LENGTH);
}

/// A player that leaves while bytes flow is noticed by the reset that they cause, however long the time-out is.
#[tokio::test]
async fn a_player_that_leaves_is_noticed_by_the_next_bytes() {
    let (rig, _origin) = rig(Some(json!({ "rate": "1 Mbit/s" })), Some(LONG)).await;
    let mut player = asks(&rig, "").await;
    player.body_of(20_000).await;
    drop(player);
    let late = noticed(&rig).await;
    println!("noticed after {late:?}");
    assert!(late < Duration::from_secs(2), "{late:?}");
}
