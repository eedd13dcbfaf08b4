//! The first command, `vsps run`: the addresses that it prints work.

use crate::{
    process::{Ended, Running, json},
    rig::Rig,
};
use http::header::LOCATION;
use serde_json::json;

/// The addresses in what `run` prints, as many as there are.
async fn welcome(running: &mut Running) -> Vec<String> {
    let mut addresses = Vec::new();
    loop {
        let line = running.line().await;
        addresses.extend(
            line.split_whitespace().filter(|word| word.starts_with("http://")).map(str::to_owned),
        );
        if line == "Ctrl-C stops." {
            return addresses;
        }
    }
}

#[tokio::test]
async fn every_address_it_prints_works() {
    let mut running = Running::start(&[]);
    let addresses = welcome(&mut running).await;
    assert_eq!(addresses.len(), 6, "{addresses:?}");
    for address in &addresses {
        let (head, _) = running.ask(address).await.into_parts();
        if address.ends_with(".m3u8") || address.ends_with(".mpd") {
            assert_eq!(head.status, 307, "{address}");
            let location = head.headers[LOCATION].to_str().unwrap();
            let host = address.split("/demo/").next().unwrap();
            assert_eq!(running.ask(&format!("{host}{location}")).await.status(), 200, "{location}");
        } else {
            assert_eq!(head.status, 200, "{address}");
        }
    }
    running.signal("INT").await;
    let Ended { code, stdout, .. } = running.end().await;
    assert_eq!(code, Some(0));
    let sessions = stdout.lines().find(|line| line.starts_with("sessions ")).unwrap();
    assert_eq!(sessions.split_whitespace().last(), Some("4"), "{stdout}");
}

/// The line that programs wait for, exactly; and nothing but JSON besides.
#[tokio::test]
async fn programs_get_one_ready_line() {
    let mut running = Running::start(&["--log", "json", "--profile", "dsl", "--seed", "42"]);
    let line = running.line().await;
    let ready = json(&line);
    let (listen, admin) = (&ready["listen"], &ready["admin"]);
    for address in [listen, admin] {
        let (host, port) = address.as_str().unwrap().split_once(':').unwrap();
        assert_eq!(host, "127.0.0.1");
        assert_ne!(port.parse::<u16>().unwrap(), 0);
    }
    let expected = json!({
        "event": "ready", "listen": listen, "admin": admin, "profile": "dsl", "seed": 42,
    });
    assert_eq!(ready, expected);
    running.ask(&format!("http://{}/demo/hls/master.m3u8", listen.as_str().unwrap())).await;
    running.signal("TERM").await;
    let Ended { stdout, stderr, .. } = running.end().await;
    assert_eq!(stdout.lines().count(), 1, "{stdout}");
    assert!(!stderr.is_empty(), "nothing was logged");
    stdout.lines().chain(stderr.lines()).for_each(|line| assert!(json(line).is_object()));
}

/// A random seed is printed, and differs each time.
#[tokio::test]
async fn a_drawn_seed_is_told() {
    let mut seeds = Vec::new();
    for _ in 0..2 {
        let mut running = Running::start(&["--log", "json"]);
        seeds.push(json(&running.line().await)["seed"].as_u64().unwrap());
    }
    assert_ne!(seeds[0], seeds[1]);
    let rig = Rig::start("dsl").await;
    let (summary, _) = rig.stop().await;
    assert_eq!(summary["sessions"], 0);
}
