//! Same seed, same requests, same verdicts: in any order, and concurrently.

use super::{
    origin::{Origin, ok, pattern},
    rig::{Rig, read_rules},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use vsps::profiles::Catalog;

const PROFILE: &str = "
summary = \"flaky, and quick enough for a test\"
source = \"made up\"
[latency]
rtt = \"6 ms\"
jitter = { distribution = \"lognormal\", mean = \"4 ms\", sd = \"6 ms\" }
[downlink]
rate = \"60 Mbit/s\"
[stall]
every = { distribution = \"exponential\", mean = \"150 ms\" }
for = { distribution = \"lognormal\", mean = \"30 ms\", sd = \"20 ms\" }
[loss]
model = { gilbert-elliott = { p = 0.02, r = 0.2, loss-bad = 0.6 } }
";

const REQUESTS: usize = 60;

/// One run with the requests in the order of `places`, `at_once` side by side.
async fn run(origin: &Origin, places: &[usize], at_once: usize) -> Vec<Value> {
    let file =
        std::env::temp_dir().join(format!("vsps-{}-replay-{at_once}.toml", std::process::id()));
    std::fs::write(&file, PROFILE).unwrap();
    let mut profile = (*Catalog::new().find(file.to_str().unwrap()).unwrap()).clone();
    std::fs::remove_file(&file).unwrap();
    profile.name = "flaky".into();
    let rules = json!([
        { "name": "late", "when": { "probability": 0.3 }, "then": { "delay": "5 ms" } },
        { "name": "gone", "when": { "probability": 0.1 }, "then": { "status": 404 } },
        { "name": "torn", "when": { "probability": 0.1 }, "then": { "reset": "20 kB" } },
    ]);
    let rig = &Rig::start(Some(origin.address), |config| {
        config.profile = profile.into();
        config.rules = read_rules(rules);
    })
    .await;
    let inside = &rig.session("").await;
    for places in places.chunks(at_once) {
        // A third of the paths is requested twice.
        let ask = async |place: usize| rig.get(&format!("{inside}/{}.ts", place % 40)).await;
        let mut all: Vec<_> = places.iter().map(|place| Box::pin(ask(*place))).collect();
        std::future::poll_fn(|cx| {
            all.retain_mut(|one| one.as_mut().poll(cx).is_pending());
            if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }
    rig.told("request_finished", places.len()).await;
    rig.events()
}

/// Verdicts without measured times, sorted; and the stalls separately.
fn verdicts(events: Vec<Value>) -> (Vec<String>, BTreeSet<String>) {
    let (mut lines, mut stalls) = (Vec::new(), BTreeSet::new());
    for mut event in events {
        event.as_object_mut().unwrap().remove("measured");
        match event["event"] == "stalled" {
            true => drop(stalls.insert(event.to_string())),
            false => lines.push(event.to_string()),
        }
    }
    lines.sort();
    (lines, stalls)
}

#[tokio::test]
async fn two_runs_with_one_seed_tell_the_same() {
    let origin = Origin::saying(ok("", &pattern(40_000))).await;
    let in_order: Vec<_> = (0..REQUESTS).collect();
    let shuffled: Vec<_> = in_order.iter().map(|place| place * 37 % REQUESTS).collect();
    assert_ne!(in_order, shuffled);
    let (first, stalls) = verdicts(run(&origin, &in_order, 1).await);
    for (order, at_once) in [(&shuffled, 1), (&shuffled, 8), (&in_order, REQUESTS)] {
        let (again, stalls_again) = verdicts(run(&origin, order, at_once).await);
        let differ = first.iter().zip(&again).find(|(one, two)| one != two);
        assert_eq!(differ, None, "{at_once} at once");
        assert_eq!(first.len(), again.len());
        // Which stalls find bytes waiting is chance; when they come is not.
        let starts = |stalls: &BTreeSet<String>| -> BTreeSet<String> {
            stalls.iter().map(|line| line.split("lasts").next().unwrap().to_owned()).collect()
        };
        let both = starts(&stalls).intersection(&starts(&stalls_again)).count();
        assert_eq!(both, stalls.intersection(&stalls_again).count(), "a stall lasts as long");
        assert!(both > 0 || at_once > 1, "{stalls:?} {stalls_again:?}");
    }
    let count = |name: &str| first.iter().filter(|line| line.contains(name)).count();
    assert!(count("\"dropped\"") > 20, "{}", count("\"dropped\""));
    for effect in ["delay", "status", "reset"] {
        let times = count(&format!("\"effect\":\"{effect}\""));
        assert!((2..REQUESTS / 2).contains(&times), "{effect}: {times} times");
    }
    assert!(!stalls.is_empty());
}
