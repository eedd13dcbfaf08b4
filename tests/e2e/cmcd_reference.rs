//! CMCD as the reference implementation writes it (`@svta/cml-cmcd`), read here.

use crate::{
    process::json,
    rig::{Rig, scratch},
    tool::{output, tool, web},
};
use serde_json::Value;
use std::time::Duration;
use vsps::{
    media::{Cmcd, CmcdBody},
    units::BitRate,
};

/// Reports that are compared, and the seed of their random values.
const REPORTS: &str = "3000";
const SEED: &str = "7";

async fn lines() -> Vec<Value> {
    let mut command = tool("node");
    command.args(["cmcd_reports.mjs", REPORTS, SEED]).current_dir(web());
    output(command, Duration::from_secs(60)).await.lines().map(json).collect()
}

/// The report in a line, read as its form requires.
fn read(line: &Value) -> Cmcd {
    let text = line["text"].as_str().unwrap_or_default();
    let report = match line["form"].as_str().unwrap() {
        "dictionary" => Cmcd::of_dictionaries([text]),
        "query" => Cmcd::of_query(text),
        _ => {
            let headers = line["headers"].as_array().unwrap();
            Cmcd::of_dictionaries(headers.iter().map(|header| header.as_str().unwrap()))
        }
    };
    report.unwrap().unwrap_or_default()
}

fn found(report: &Cmcd) -> Value {
    let rate = |rate: Option<BitRate>| rate.map(BitRate::bits_per_second);
    let time = |time: Option<Duration>| time.map(|time| time.as_millis() as u64);
    serde_json::json!({
        "bitrate": rate(report.bitrate),
        "buffer": time(report.buffer),
        "starved": report.starved,
        "duration": time(report.duration),
        "measured": rate(report.measured_throughput),
        "requested": rate(report.requested_throughput),
        "session": report.session.as_deref(),
    })
}

#[tokio::test]
async fn what_the_reference_implementation_writes_is_read_as_it_was_meant() {
    let lines = lines().await;
    assert!(lines.len() > 2500, "{}", lines.len());
    for form in ["dictionary", "query", "headers"] {
        for version in [1, 2] {
            let of = |line: &&Value| line["form"] == form && line["version"] == version;
            assert!(lines.iter().filter(of).count() > 300, "{form}, version {version}");
        }
    }
    for line in &lines {
        assert_eq!(found(&read(line)), line["expected"], "{line}");
    }
}

/// The body of an event-mode request: a report a line.
#[tokio::test]
async fn a_body_of_many_reports_has_them_all_in_order() {
    let lines = lines().await;
    let dictionaries = lines.iter().filter(|line| line["form"] == "dictionary");
    for batch in dictionaries.collect::<Vec<_>>().chunks(100) {
        let texts: Vec<_> = batch.iter().map(|line| line["text"].as_str().unwrap()).collect();
        let posted = CmcdBody::of("application/cmcd").unwrap().read(texts.join("\n").as_bytes());
        // A report of which nothing is used is left out.
        let found: Vec<_> = posted.reports.iter().map(found).collect();
        let known = |expected: &&Value| **expected != self::found(&Cmcd::default());
        let expected: Vec<_> = batch.iter().map(|line| &line["expected"]).filter(known).collect();
        let used: Vec<_> = found.iter().filter(known).collect();
        assert_eq!((used, posted.unknown), (expected, 0));
    }
}

/// The statuses that the reference implementation's reporter got for six reports, and the numbers of the reports that
/// each of its requests carried, when `then` is applied to its second request; and the reports that the proxy counted.
async fn reporter(then: &str) -> (Vec<u64>, Vec<u64>, f64) {
    let rules = scratch("collector.toml");
    let when = "{ method = \"POST\", path = \"*cmcd*\", nth = 2 }";
    std::fs::write(&rules, format!("[[rule]]\nwhen = {when}\nthen = {then}\n")).unwrap();
    let rig = Rig::start_with("unlimited", &["--rules", rules.to_str().unwrap()]).await;
    let mut command = tool("node");
    command.args(["cmcd_reporter.mjs", &rig.url("/-/cmcd"), "6", "50"]).current_dir(web());
    let told = json(output(command, Duration::from_secs(120)).await.trim());
    let numbers = |list: &Value| {
        list.as_array().unwrap().iter().map(|one| one.as_u64().unwrap()).collect::<Vec<_>>()
    };
    let carried = told["carried"].as_array().unwrap().iter().flat_map(numbers).collect();
    (numbers(&told["statuses"]), carried, rig.metric("vsps_player_buffer_seconds_count").await)
}

/// What CTA-5004-B asks of players, seen with a real reporter: each report counts once, however often it is sent.
#[tokio::test]
async fn a_reporter_repeats_itself_or_stops_as_the_collector_asks() {
    let (all, again) = ([0, 1, 2, 3, 4, 5], [0, 1, 1, 2, 3, 4, 5]);
    let (statuses, carried, counted) = reporter("{ delay = \"10 ms\" }").await;
    assert_eq!((statuses, carried, counted), (vec![204; 6], all.to_vec(), 6.0));
    for (then, status) in [
        ("{ status = { code = 429, retry-after = \"1 s\" } }", 429),
        ("{ status = 503 }", 503),
        ("{ refuse = \"reset\" }", 0),
    ] {
        let (statuses, carried, counted) = reporter(then).await;
        assert_eq!(statuses, [204, status, 204, 204, 204, 204, 204], "{then}");
        assert_eq!((carried, counted), (again.to_vec(), 6.0), "{then}");
    }
    let (statuses, carried, counted) = reporter("{ status = 410 }").await;
    assert_eq!((statuses, carried, counted), (vec![204, 410], vec![0, 1], 2.0));
    let (statuses, carried, _) = reporter("{ redirect = { chain = 1, status = 307 } }").await;
    assert_eq!((statuses, carried), (vec![204; 6], all.to_vec()));
}
