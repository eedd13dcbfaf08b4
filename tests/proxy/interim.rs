//! Interim responses: those of the origin, and the one that a player waits for.

use super::{
    origin::{Origin, ok},
    rig::Rig,
};

#[tokio::test]
async fn early_hints_are_not_passed_on() {
    let hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n".to_vec();
    let origin = Origin::saying([hints, ok("", b"media")].concat()).await;
    let rig = Rig::before(&origin).await;
    let got = rig.get("/a").await;
    assert_eq!((got.status(), got.text(), got.header("link")), (200, "media", ""));
}

#[tokio::test]
async fn a_player_that_waits_for_100_continue_gets_it() {
    const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
    let origin = Origin::saying(ok("", b"stored")).await;
    let rig = Rig::before(&origin).await;
    let mut player = rig.player().await;
    let head = "POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n";
    player.send(format!("{head}Connection: close\r\n\r\n")).await;
    assert_eq!(player.read_bytes(CONTINUE.len()).await, CONTINUE);
    player.send("data").await;
    let got = player.rest().await;
    assert_eq!((got.status(), got.text()), (200, "stored"));
    assert_eq!(origin.last().body, b"data");
}
