//! hls.js and dash.js in Chromium play the built-in stream, on demand and live, over good networks
//! and bad. Their page comes from another origin than the stream, so CORS is at work.
//!
//! The bounds are generous, for a machine that is busy with other tests; a stream that does not
//! play, or a proxy that does not shape, is still far beyond them.

use crate::{
    rig::Rig,
    viewers::{Seen, Task, watch},
};
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};

/// The built-in ladder, lowest first.
const LADDER: [&str; 6] = ["426x240", "640x360", "854x480", "1280x720", "1600x900", "1920x1080"];

const ON_DEMAND: [(&str, &str); 2] =
    [("hls.js", "/demo/hls/master.m3u8"), ("dash.js", "/demo/dash/manifest.mpd")];

const LIVE: [(&str, &str); 2] =
    [("hls.js", "/demo/live/hls/master.m3u8"), ("dash.js", "/demo/live/dash/manifest.mpd")];

fn tasks(
    rig: &Rig,
    streams: [(&'static str, &str); 2],
    seconds: u64,
    each_rung: bool,
) -> Vec<Task> {
    let task =
        |(player, path)| Task { player, url: rig.url(path), seconds, each_rung, ..Task::default() };
    streams.into_iter().map(task).collect()
}

/// What holds for every viewer: it started, nothing ended its playback, the browser refused
/// nothing, and the proxy had one session for it, however often it loaded its manifests.
fn played(viewer: &Seen) {
    assert!(viewer.startup_seconds.is_some(), "never started: {viewer:?}");
    assert_eq!(viewer.ladder, LADDER, "{viewer:?}");
    assert!(viewer.fatal.is_empty(), "{viewer:?}");
    assert!(viewer.asked.refused.is_empty(), "{viewer:?}");
    assert!(viewer.asked.console.is_empty(), "{viewer:?}");
    assert_eq!(viewer.asked.newcomers, 1, "{viewer:?}");
    let known = LADDER.map(str::to_owned).into();
    assert!(!viewer.sizes.is_empty() && viewer.sizes.is_subset(&known), "{viewer:?}");
}

/// Pictures decoded for the media time that went by: at least half of them.
fn decoded(viewer: &Seen) {
    assert!(f64::from(viewer.frames) > viewer.played_seconds * 30.0 * 0.5, "{viewer:?}");
}

#[tokio::test]
async fn a_minute_up_and_down_the_ladder() {
    let rig = Rig::start("abr-ramp").await;
    let mut tasks = tasks(&rig, ON_DEMAND, 60, false);
    tasks[0].url += "?vsps.label=reports";
    tasks[0].cmcd = true;
    for viewer in &watch(&tasks).await {
        played(viewer);
        decoded(viewer);
        assert!(viewer.played_seconds > 45.0, "{viewer:?}");
        assert!(viewer.rungs.len() >= 2 && viewer.sizes.len() >= 2, "{viewer:?}");
    }
    assert_eq!(rig.metric("vsps_sessions_started_total").await, 2.0);
    estimates_the_buffer(&rig).await;
    let switches = rig.metric("vsps_rendition_switches_total").await;
    let (summary, events) = rig.stop().await;
    assert!(switches >= 2.0, "{switches}");
    assert_eq!(summary["sessions"], 2);
    assert_eq!(events.refused(), [""; 0]);
    for protocol in ["hls", "dash"] {
        let rungs = events.rungs(protocol);
        assert!(rungs.len() >= 2, "{protocol}: {rungs:?}");
        // The first ten seconds carry 9 Mbit; a segment of the fifth rung has at least 14.
        let early = events.rungs_within(protocol, Duration::from_secs(10));
        assert!(early.iter().all(|rung| *rung < 5), "{protocol}: {early:?}");
    }
}

/// The buffer that is estimated from what was delivered is on average within a segment of what hls.js reports.
async fn estimates_the_buffer(rig: &Rig) {
    let body = rig.get(&format!("http://{}/api/v1/qoe?label=reports", rig.admin())).await;
    let qoe: Value = serde_json::from_slice(&body).unwrap();
    let error = &qoe["sessions"][0]["player_error"]["buffer"];
    assert!(error["samples"].as_u64().unwrap() >= 5, "{error}");
    assert!(error["mean_abs_error_ms"].as_f64().unwrap() < 4000.0, "{error}");
}

/// The network stalls several times a minute: playback continues.
#[tokio::test]
async fn a_minute_of_flaky_wifi() {
    let rig = Rig::start("flaky-wifi").await;
    for viewer in &watch(&tasks(&rig, ON_DEMAND, 60, false)).await {
        played(viewer);
        decoded(viewer);
        assert!(viewer.played_seconds > 40.0, "{viewer:?}");
        assert!(viewer.rebuffer_seconds < 15.0 && viewer.rebuffers < 20, "{viewer:?}");
    }
    assert_eq!(rig.metric("vsps_sessions_started_total").await, 2.0);
    let counted = rig.metric("vsps_stall_seconds_count").await;
    assert!(rig.metric("vsps_drops_total").await > 0.0);
    let (summary, events) = rig.stop().await;
    // One comes every 12 s; those without waiting bytes have no effect.
    assert!(counted >= 1.0, "no stall in a minute");
    assert_eq!(events.count("stalled") as f64, counted);
    assert_eq!(summary["stalls"]["count"].as_f64(), Some(counted));
    assert_eq!(events.refused(), [""; 0]);
}

/// Live players load their manifests again and again: within the session they got.
#[tokio::test]
async fn a_live_stream_is_one_session_a_player() {
    let rig = Rig::start("wifi").await;
    for viewer in &watch(&tasks(&rig, LIVE, 16, false)).await {
        played(viewer);
        decoded(viewer);
        assert!(viewer.played_seconds > 8.0, "{viewer:?}");
        assert!(viewer.asked.manifests >= 4, "no manifest was loaded again: {viewer:?}");
    }
    assert_eq!(rig.metric("vsps_sessions_started_total").await, 2.0);
    let (_, events) = rig.stop().await;
    assert_eq!(events.count("session_started"), 2);
    assert_eq!(events.refused(), [""; 0]);
}

#[tokio::test]
async fn every_rung_plays() {
    let rig = Rig::start("unlimited").await;
    for viewer in &watch(&tasks(&rig, ON_DEMAND, 20, true)).await {
        played(viewer);
        assert_eq!(viewer.steps.len(), LADDER.len(), "{viewer:?}");
        for (step, size) in viewer.steps.iter().zip(LADDER) {
            assert_eq!((&*step.declared, &*step.decoded), (size, size), "{viewer:?}");
            assert!(step.played_seconds >= 1.0 && step.frames > 0, "{step:?} of {viewer:?}");
        }
    }
    let (_, events) = rig.stop().await;
    for protocol in ["hls", "dash"] {
        assert_eq!(events.rungs(protocol), BTreeSet::from([1, 2, 3, 4, 5, 6]), "{protocol}");
    }
}

/// The first command of the README, in players with their default settings: within a minute the quality rises
/// and falls in all of them, and at least one rebuffers.
#[tokio::test]
async fn the_first_command_is_seen_in_any_player() {
    let rig = Rig::start("abr-dropout").await;
    let streams = ON_DEMAND.into_iter().chain([("shaka", ON_DEMAND[0].1)]);
    let task = |(player, path)| {
        let url = rig.url(path);
        Task { player, url, seconds: 60, stock: true, ..Task::default() }
    };
    let seen = watch(&streams.map(task).collect::<Vec<_>>()).await;
    for viewer in &seen {
        played(viewer);
        let rung = |(_, size): &(f64, String)| LADDER.iter().position(|rung| rung == size).unwrap();
        let rungs: Vec<_> = viewer.shown.iter().map(rung).collect();
        assert!(!rungs.is_sorted_by(|a, b| a >= b), "it never got better: {viewer:?}");
        assert!(!rungs.is_sorted(), "it never got worse: {viewer:?}");
    }
    assert!(seen.iter().any(|viewer| viewer.rebuffers > 0), "nothing stood still: {seen:?}");
}
