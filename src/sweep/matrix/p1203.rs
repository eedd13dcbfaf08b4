//! One session as input of ITU-T P.1203 in mode 0 (metadata alone), in the JSON form that itu-p1203 reads.

use super::{run::Run, seat::ShownTimes};
use crate::player::presumed_resolution;
use serde::Serialize;

const MS: f64 = 1000.0;
/// Of the screen.
const DISPLAY: &str = "1920x1080";
const FRAMES: f64 = 25.0;
const STREAM: u32 = 42;

#[derive(Serialize)]
struct Segment {
    bitrate: f64,
    codec: &'static str,
    duration: f64,
    fps: f64,
    /// The rung, from 1.
    representation: usize,
    resolution: String,
    start: f64,
}

#[derive(Serialize)]
struct Video {
    segments: Vec<Segment>,
    #[serde(rename = "streamId")]
    stream: u32,
}

#[derive(Serialize)]
struct Stalling {
    /// Media time and duration of each, the initial loading first.
    stalling: Vec<(f64, f64)>,
    #[serde(rename = "streamId")]
    stream: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct General {
    device: &'static str,
    display_size: &'static str,
    viewing_distance: &'static str,
}

#[derive(Serialize)]
struct Input {
    #[serde(rename = "I13")]
    video: Video,
    #[serde(rename = "I23")]
    stalling: Stalling,
    #[serde(rename = "IGen")]
    general: General,
}

/// A session of `run` in which `shown` was shown, for a screen of 1920 × 1080.
///
/// # Errors
/// When it cannot be written as JSON.
pub(super) fn p1203(run: Run<'_>, shown: &ShownTimes) -> serde_json::Result<String> {
    let presentation = &run.plan.presentation;
    let duration = presentation.segment() / MS;
    let segment = |(number, (_, rung)): (usize, &(f64, usize))| {
        let bitrate = presentation.bitrates()[*rung];
        // A ladder of the bench has bitrates alone.
        let (width, height) = presumed_resolution(bitrate);
        Segment {
            bitrate,
            codec: "h264",
            duration,
            fps: FRAMES,
            representation: rung + 1,
            resolution: format!("{width}x{height}"),
            start: number as f64 * duration,
        }
    };
    // The media time of a stall is that of the segments that were shown before it. After the last one there is no
    // media to wait for.
    let before = |from: f64| shown.rungs.partition_point(|(start, _)| *start < from);
    let stalls = shown.standstills().map(|(from, to)| (before(from), to - from));
    let stalls = stalls.filter(|(segments, _)| *segments < shown.rungs.len());
    let stalling = stalls.map(|(segments, lasts)| (segments as f64 * duration, lasts)).collect();
    let input = Input {
        video: Video {
            segments: shown.rungs.iter().enumerate().map(segment).collect(),
            stream: STREAM,
        },
        stalling: Stalling { stalling, stream: STREAM },
        general: General { device: "pc", display_size: DISPLAY, viewing_distance: "150cm" },
    };
    serde_json::to_string(&input)
}
