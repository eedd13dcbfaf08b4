//! The lines of `vsps bench decide`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The first line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Setup {
    /// The renditions, lowest first.
    pub(super) ladder: Vec<Rendition>,
    /// The duration of a segment in seconds.
    pub(super) segment_s: f64,
    /// Whether the stream is live.
    #[serde(default)]
    pub(super) live: bool,
    /// The size in bytes of each segment at each rendition, for algorithms that look ahead. They start
    /// again after the last row. Without them, sizes are bitrate × duration.
    #[serde(default)]
    pub(super) sizes: Vec<Vec<f64>>,
    /// Where random numbers come from.
    #[serde(default)]
    pub(super) seed: u64,
    /// Settings by the player's names.
    #[serde(default)]
    pub(super) config: Map<String, Value>,
}

/// A rendition.
#[derive(Debug, Deserialize)]
pub(super) struct Rendition {
    /// bit/s.
    pub(super) bandwidth: f64,
    pub(super) width: Option<f64>,
    pub(super) height: Option<f64>,
}

/// A finished download.
#[derive(Debug, Deserialize)]
pub(super) struct Finished {
    /// The 0-based rendition.
    pub(super) rendition: usize,
    /// The size in bytes.
    pub(super) bytes: f64,
    /// From the request to the first byte.
    pub(super) ttfb_ms: f64,
    /// From the request to the last byte.
    pub(super) total_ms: f64,
    /// The buffer after the segment was added.
    pub(super) buffer_s: f64,
    /// The time at the end of the download.
    pub(super) now_ms: f64,
    /// The size in bytes of a download that is still going on: `bytes` is what was received, `total_ms`
    /// the time since the request, `buffer_s` what is left, and the answer says whether to give up.
    pub(super) size: Option<f64>,
    /// Whether the download was given up; `bytes` is what was received.
    #[serde(default)]
    pub(super) abandoned: bool,
    /// The viewer jumped to this media time before the request.
    pub(super) seek_to_s: Option<f64>,
    /// The media time that is shown; without it, what was downloaded less the buffer.
    pub(super) position_s: Option<f64>,
    /// How far the viewer is behind the live edge.
    pub(super) latency_s: Option<f64>,
    /// Seconds of media that are shown in a second.
    pub(super) playback_rate: Option<f64>,
}

/// The answer to a download that is still going on.
#[derive(Debug, Serialize)]
pub(super) struct Abandonment {
    /// The 0-based rendition to go to instead, if the download is to be given up.
    pub(super) abandon: Option<usize>,
    /// The algorithm's estimate, if it has one.
    pub(super) estimate_bps: Option<f64>,
}

/// A decision.
#[derive(Debug, Serialize)]
pub(super) struct Decision {
    /// The 0-based rendition of the next segment.
    pub(super) rendition: usize,
    /// The algorithm's estimate, if it has one.
    pub(super) estimate_bps: Option<f64>,
}
