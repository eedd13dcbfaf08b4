//! One session as input of ITU-T P.1203 in mode 0 (metadata alone), in the JSON form that itu-p1203 reads.

use super::{run::Run, seat::ShownTimes};
use serde::Serialize;

const MS: f64 = 1000.0;
/// A ladder of the bench has bitrates alone. Up to this many kbit/s, a rung is taken to have this resolution; above
/// them all, the last one.
const RESOLUTIONS: [(f64, &str); 4] =
    [(400.0, "426x240"), (800.0, "640x360"), (1500.0, "854x480"), (3500.0, "1280x720")];
const HIGHEST: &str = "1920x1080";
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
    resolution: &'static str,
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
        let known = RESOLUTIONS.iter().find(|(most, _)| bitrate <= *most);
        Segment {
            bitrate,
            codec: "h264",
            duration,
            fps: FRAMES,
            representation: rung + 1,
            resolution: known.map_or(HIGHEST, |(_, resolution)| resolution),
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
        general: General { device: "pc", display_size: HIGHEST, viewing_distance: "150cm" },
    };
    serde_json::to_string(&input)
}
