//! What counts against a budget: effects that were applied, and no others.

use super::{
    origin::{Origin, Step, ok, pattern},
    player::Player,
    rig::{Rig, ask, read_rules},
};
use serde_json::{Value, json};
use std::time::Duration;

const LENGTH: usize = 10_000;

/// A proxy with `rules` before an origin whose bodies under `/slow` stop after a tenth.
async fn rig(rules: Value) -> (Rig, Origin) {
    let origin = Origin::start(|asked| {
        let answer = ok("", &pattern(LENGTH));
        if !asked.path().starts_with("/slow") {
            return vec![Step::Send(answer)];
        }
        vec![Step::Send(answer[..LENGTH / 10].to_vec()), Step::Pause(Duration::from_secs(60))]
    })
    .await;
    (Rig::start(Some(origin.address), |config| config.rules = read_rules(rules)).await, origin)
}

/// A player that disconnects during the body; the proxy has noticed, as the `ended`-th end.
async fn leave(rig: &Rig, path: &str, ended: usize) {
    let mut player = Player::connect(rig.listen).await;
    player.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).await;
    let got = player.read_for(Duration::from_millis(300)).await;
    assert!(!got.body.is_empty() && got.body.len() < LENGTH / 2);
    drop(player);
    assert_eq!(rig.told("request_finished", ended).await[ended - 1]["outcome"], "player-gone");
}

/// The player disconnects before the cut at half of the body: the next one gets it, and only that one.
#[tokio::test]
async fn who_leaves_before_the_fault_leaves_it_to_the_next() {
    for scope in ["session", "global"] {
        let (rig, _origin) = rig(json!([{
            "name": "half",
            "then": { "cut": { "at": "50 %" } },
            "budget": { "times": 1, "scope": scope },
        }]))
        .await;
        leave(&rig, "/slow", 1).await;
        let lengths = [rig.get("/a").await, rig.get("/b").await].map(|got| got.body.len());
        assert_eq!(lengths, [LENGTH / 2, LENGTH], "{scope}");
        let told = rig.told("fault_injected", 1).await;
        assert_eq!(told[0]["path"], "/a", "{told:?}");
    }
}

/// One applied effect counts as a hit, whether or not the others were applied.
#[tokio::test]
async fn half_a_strike_is_a_strike() {
    let (rig, _origin) = rig(json!([{
        "then": { "delay": "1 ms", "cut": { "at": "50 %" } },
        "budget": { "times": 1 },
    }]))
    .await;
    leave(&rig, "/slow", 1).await;
    assert_eq!(rig.get("/a").await.body.len(), LENGTH);
    assert_eq!(rig.told("fault_injected", 1).await[0]["effect"], "delay");
}

/// A body that ends before the point, and a response without a body, do not count.
#[tokio::test]
async fn what_leaves_no_room_for_a_fault_spends_nothing() {
    let (rig, _origin) = rig(json!([
        { "when": { "path": "/far*" }, "then": { "cut": { "at": "1 MB" } }, "budget": { "times": 1 } },
        { "then": { "cut": { "at": "0 B" } }, "budget": { "times": 1, "cooldown": "1 h" } },
    ]))
    .await;
    assert_eq!(rig.get("/far").await.body.len(), LENGTH);
    assert_eq!(rig.ask("HEAD", "/a", "").await.status(), 200);
    assert_eq!(rig.told("fault_injected", 0).await.len(), 0);
    assert_eq!([rig.get("/a").await, rig.get("/a").await].map(|got| got.body.len()), [0, LENGTH]);
}

/// While a fault is being applied no other request gets it: n requested faults are n applied faults.
#[tokio::test]
async fn a_strike_under_way_is_taken() {
    let (rig, _origin) =
        rig(json!([{ "then": { "cut": { "at": "50 %" } }, "budget": { "times": 1 } }])).await;
    let mut slow = rig.player().await;
    slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
    slow.read_for(Duration::from_millis(300)).await;
    assert_eq!(rig.get("/a").await.body.len(), LENGTH);
    drop(slow);
    rig.told("request_finished", 2).await;
    assert_eq!(rig.get("/a").await.body.len(), LENGTH / 2);
}

/// A fault triggered over the API counts once it is applied, and until then applies to the next request.
#[tokio::test]
async fn a_fired_fault_counts_what_struck() {
    let (rig, _origin) = rig(json!([])).await;
    let inside = rig.session("").await;
    let faults = format!("/api/v1/sessions/{}/faults", inside.rsplit('/').next().unwrap());
    let body = r#"{ "rule": { "then": { "cut": { "at": "50 %" } } } }"#;
    let length = body.len();
    let mut admin = Player::connect(rig.admin).await;
    admin
        .send(format!(
            "POST {faults} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        ))
        .await;
    assert_eq!(admin.rest().await.status(), 201);
    let applied = async || {
        let got = ask(rig.admin, "GET", &faults, "").await;
        let told: Value = serde_json::from_slice(&got.body).unwrap();
        told[0]["applied"].as_u64()
    };
    leave(&rig, &format!("{inside}/slow"), 1).await;
    assert_eq!(applied().await, Some(0));
    assert_eq!(rig.get(&format!("{inside}/a")).await.body.len(), LENGTH / 2);
    assert_eq!(applied().await, Some(1));
}
