//! ffprobe reads and decodes every rung, on demand and live, HLS and DASH, through the proxy.

use crate::{
    process::{ended, json},
    rig::Rig,
    tool::tool,
};
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};

/// Decoding some seconds of all rungs, one after the other, on a busy machine.
const LONG: Duration = Duration::from_secs(180);

/// The streams in `url`, with the pictures or audio frames decoded from the first seconds of each.
async fn streams(url: &str) -> Vec<Value> {
    probe(url, "%+2").await
}

/// As [`streams`], for an interval as `-read_intervals` has it.
pub(crate) async fn probe(url: &str, interval: &str) -> Vec<Value> {
    let mut command = tool("ffprobe");
    command.args(["-v", "error", "-of", "json", "-count_frames", "-read_intervals", interval]);
    command.args(["-show_entries", "stream=codec_type,codec_name,width,height,nb_read_frames"]);
    let ended = ended(
        {
            command.arg(url);
            command
        },
        LONG,
    )
    .await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{url}");
    json(&ended.stdout)["streams"].as_array().unwrap().clone()
}

/// Pictures, audio frames or subtitles decoded.
pub(crate) fn frames(stream: &Value) -> u64 {
    stream["nb_read_frames"].as_str().map_or(0, |count| count.parse().unwrap())
}

fn sound(stream: &Value, url: &str) -> (u64, u64) {
    let frames = frames(stream);
    assert!(frames >= 30, "{url}: {stream}");
    let picture = stream["codec_type"] == "video";
    assert_eq!(stream["codec_name"], if picture { "h264" } else { "aac" }, "{url}");
    let pixels = |key: &str| stream[key].as_u64().unwrap_or_default();
    (pixels("width"), pixels("height"))
}

/// Reads a whole presentation; an audio stream has no size.
async fn reads_every_rung(url: &str) {
    let streams = streams(url).await;
    let sizes: BTreeSet<_> = streams.iter().map(|stream| sound(stream, url)).collect();
    let ladder = [(426, 240), (640, 360), (854, 480), (1280, 720), (1600, 900), (1920, 1080)];
    let expected = ladder.into_iter().chain([(0, 0)]).collect();
    assert_eq!(sizes, expected, "{url}: {streams:?}");
}

#[tokio::test]
async fn every_rung_of_hls_on_demand() {
    let rig = Rig::start("unlimited").await;
    reads_every_rung(&rig.url("/demo/hls/master.m3u8")).await;
}

#[tokio::test]
async fn every_rung_of_dash_on_demand() {
    let rig = Rig::start("unlimited").await;
    reads_every_rung(&rig.url("/demo/dash/manifest.mpd")).await;
}

#[tokio::test]
async fn every_rung_of_live_hls() {
    let rig = Rig::start("unlimited").await;
    reads_every_rung(&rig.url("/demo/live/hls/master.m3u8")).await;
}

#[tokio::test]
async fn every_rung_of_live_dash() {
    let rig = Rig::start("unlimited").await;
    reads_every_rung(&rig.url("/demo/live/dash/manifest.mpd")).await;
}

/// Each media playlist by itself, over a network: what VLC or ffplay would be given.
#[tokio::test]
async fn each_playlist_over_a_network() {
    let rig = Rig::start("wifi").await;
    for (rendition, size) in
        [("v1", (426, 240)), ("v4", (1280, 720)), ("v6", (1920, 1080)), ("a1", (0, 0))]
    {
        for presentation in ["/demo/hls", "/demo/live/hls"] {
            let url = rig.url(&format!("{presentation}/{rendition}.m3u8"));
            let streams = streams(&url).await;
            let sizes: Vec<_> = streams.iter().map(|stream| sound(stream, &url)).collect();
            assert_eq!(sizes, [size], "{url}");
        }
    }
    let (_, events) = rig.stop().await;
    assert_eq!(events.count("session_started"), 8);
    assert_eq!(events.refused(), [""; 0]);
}
