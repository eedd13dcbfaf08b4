//! A recorded run, checked again: `rules check --requests` gives the verdicts of live traffic.

use super::{
    origin::{Origin, Step, ok},
    rig::{Rig, read_rules},
};
use serde_json::{Value, json};
use std::process::Command;

/// What a live verdict and one from the record have in common: each effect and its rule.
fn live(event: &Value) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (effect, what) in event["plan"].as_object().unwrap() {
        let rules = what.as_array().cloned().unwrap_or_else(|| vec![what.clone()]);
        all.extend(
            rules.iter().map(|one| (effect.clone(), one["rule"].as_str().unwrap().to_owned())),
        );
    }
    all.sort();
    all
}

fn again(verdict: &Value) -> Vec<(String, String)> {
    let word = |of: &Value, key: &str| of[key].as_str().unwrap().to_owned();
    let effects = verdict["effects"].as_array().unwrap().iter();
    let mut all: Vec<_> = effects.map(|one| (word(one, "effect"), word(one, "rule"))).collect();
    all.sort();
    all
}

/// Ranges, HEAD, another host, redirects, retries, and a player that disconnects before a budget is used.
#[tokio::test]
async fn verdicts_of_a_recorded_run_are_those_of_the_run() {
    let cdn = Origin::saying(ok("", b"from the cdn")).await;
    let other = cdn.address;
    let origin = Origin::start(move |asked| {
        let path = asked.path().split('?').next().unwrap().to_owned();
        vec![Step::Send(match path.as_str() {
            "/v.m3u8" => {
                let all = (1..=40).map(|n| format!("#EXTINF:4,\nhttp://{other}/{n}.ts\n#EXTINF:4,\n{n}.ts\n"));
                let all = all.collect::<String>();
                ok("", format!("#EXTM3U\n#EXT-X-TARGETDURATION:4\n{all}").as_bytes())
            }
            path if path.contains("7.ts") => {
                let to = format!("http://{other}/there{path}");
                format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").into_bytes()
            }
            _ => ok("", b"from the origin"),
        })]
    })
    .await;
    let rules = json!([
        { "name": "torn", "when": { "kind": "segment", "nth": "5.." }, "then": { "truncate": "14 B" }, "budget": { "times": 9 } },
        { "name": "half", "when": { "probability": 0.5 }, "then": { "headers": { "set": { "x-half": "1" } } } },
        { "name": "late", "when": { "kind": "segment", "probability": 0.4 },
          "then": { "delay": { "distribution": "uniform", "min": "1 ms", "max": "3 ms" } } },
        { "name": "cdn", "when": { "host": other.to_string(), "probability": 0.5 }, "then": { "date-skew": "5 s" } },
        { "name": "ranged", "when": { "range": true, "probability": 0.5 }, "then": { "close": "after" } },
        { "name": "again", "when": { "attempt": "2..", "probability": 0.5 }, "then": { "cors": "missing" } },
    ]);
    let rig =
        Rig::start(Some(origin.address), |config| config.rules = read_rules(rules.clone())).await;
    let inside = rig.session("").await;
    rig.get(&format!("{inside}/v.m3u8")).await;
    for number in 1..=40 {
        let far = format!("{inside}/-/o/http/{other}/{number}.ts?t={number}");
        let near = format!("{inside}/{number}.ts");
        for (method, path, headers) in [
            ("GET", &far, ""),
            ("HEAD", &near, ""),
            ("GET", &near, "Range: bytes=2-9\r\n"),
            ("HEAD", &far, ""),
            ("GET", &near, "Range: bytes=5-\r\n"),
        ] {
            let got = rig.ask(method, path, headers).await;
            if got.status() == 302 {
                rig.ask(method, got.header("location"), headers).await;
            }
        }
    }
    let (_, events) = rig.stopped().await;
    let planned: Vec<_> =
        events.iter().filter(|event| event["event"] == "request_planned").collect();
    let file =
        |name: &str| std::env::temp_dir().join(format!("vsps-{}-{name}", std::process::id()));
    let (log, book) = (file("recorded.jsonl"), file("recorded.json"));
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    std::fs::write(&log, lines).unwrap();
    let book = book.with_extension("toml");
    let table = toml::to_string(&json!({ "rule": rules })).unwrap();
    std::fs::write(&book, table).unwrap();
    let told = Command::new(env!("CARGO_BIN_EXE_vsps"))
        .args(["rules", "check", "--json"])
        .arg(&book)
        .arg("--requests")
        .arg(&log)
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&told.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&told.stderr)));
    let verdicts = told["requests"].as_array().unwrap();
    assert_eq!(verdicts.len(), planned.len());
    assert!(planned.len() > 200);
    let mut applied = 0;
    for (event, verdict) in planned.iter().zip(verdicts) {
        assert_eq!(event["path"], verdict["path"]);
        assert_eq!(live(event), again(verdict), "{event:#}");
        applied += live(event).len();
    }
    assert!(applied > 100, "{applied}");
    for path in [log, book] {
        std::fs::remove_file(path).unwrap();
    }
}
