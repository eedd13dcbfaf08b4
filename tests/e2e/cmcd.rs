//! The CMCD that `vsps play` sends, checked by the validators of the Common Media Library.

use crate::{
    process::{PATIENCE, ended, json, vsps},
    recorder::Recorder,
    rig::{Rig, scratch},
    tool::{output, tool, web},
};
use std::fs;

/// What the validators say of the requests of a viewing.
async fn checked(path: &str, options: &[&str]) -> serde_json::Value {
    let rig = Rig::start("dsl").await;
    let recorder = Recorder::start(rig.listen().to_owned()).await;
    let url = format!("{}{path}", recorder.base());
    let command = vsps(&[&["play", &url, "--duration", "6s"][..], options].concat());
    let played = ended(command, PATIENCE).await;
    assert_eq!(played.code, Some(0), "{}{}", played.stdout, played.stderr);
    let lines = recorder.requests().into_iter().map(|request| request.json(recorder.base()));
    let lines: Vec<String> = lines.map(|line| line.to_string()).collect();
    let file = scratch("requests.jsonl");
    fs::write(&file, lines.join("\n")).unwrap();
    let mut node = tool("node");
    node.arg("cmcd.mjs").arg(&file).current_dir(web());
    json(&output(node, PATIENCE).await)
}

#[tokio::test]
async fn both_versions_are_valid_in_the_query_and_in_headers() {
    for (version, number) in [("v1", 1), ("v2", 2)] {
        for headers in [&[][..], &["--cmcd-headers"]] {
            for path in ["/demo/hls/master.m3u8", "/demo/live/dash/manifest.mpd"] {
                let options = [&["--cmcd", version][..], headers].concat();
                let result = checked(path, &options).await;
                assert_eq!(result["issues"], serde_json::json!([]), "{options:?} {path}");
                assert_eq!(result["versions"], serde_json::json!([number]), "{path}");
                assert!(result["requests"].as_u64().unwrap() >= 6, "{path}: {result}");
            }
        }
    }
}
