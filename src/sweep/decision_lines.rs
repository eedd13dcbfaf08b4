//! The JSON lines in which an algorithm is asked for its decisions: those that `vsps bench decide` reads and
//! writes, and those between a sweep and a program that is an algorithm.

use crate::player::{Presentation, SessionReport, State};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The most rows of sizes in a first line that this program writes.
const MOST_ROWS: usize = 3600;
/// Bits per byte.
const BITS: f64 = 8.0;
/// bit/s per kbit/s, and ms per s.
const THOUSAND: f64 = 1000.0;

/// The first line.
#[derive(Debug, Deserialize, Serialize)]
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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) sizes: Vec<Vec<f64>>,
    /// The seed of random numbers.
    #[serde(default)]
    pub(super) seed: u64,
    /// Settings by the player's names.
    #[serde(default)]
    pub(super) config: Map<String, Value>,
}

/// A rendition.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Rendition {
    /// bit/s.
    pub(super) bandwidth: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) width: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) height: Option<f64>,
}

/// A finished download.
#[derive(Debug, Deserialize, Serialize)]
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<f64>,
    /// Whether the download was given up; `bytes` is what was received.
    #[serde(default)]
    pub(super) abandoned: bool,
    /// The viewer jumped to this media time before the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seek_to_s: Option<f64>,
    /// The media time that is shown; without it, what was downloaded less the buffer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) position_s: Option<f64>,
    /// How far the viewer is behind the live edge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) latency_s: Option<f64>,
    /// Seconds of media that are shown in a second.
    #[serde(skip_serializing_if = "Option::is_none")]
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

impl Setup {
    /// The first line for `presentation`: the sizes of at most the first [`MOST_ROWS`] segments.
    pub(super) fn of(presentation: &Presentation, live: bool, seed: u64) -> Self {
        let rungs = 0..presentation.bitrates().len();
        let row = |segment| {
            rungs
                .clone()
                .map(|rung| presentation.size(segment, rung).map(|bits| bits / BITS))
                .collect()
        };
        let rendition =
            |kbps: &f64| Rendition { bandwidth: kbps * THOUSAND, width: None, height: None };
        Self {
            ladder: presentation.bitrates().iter().map(rendition).collect(),
            segment_s: presentation.segment() / THOUSAND,
            live,
            sizes: (0..presentation.count().min(MOST_ROWS)).map_while(row).collect(),
            seed,
            config: Map::new(),
        }
    }
}

impl Finished {
    /// The download of `report`, as the state is before the next request.
    pub(super) fn of(report: &SessionReport, state: &State<'_>) -> Self {
        let progress = &report.download.progress;
        let live = state.live_latency > 0.0;
        Self {
            rendition: report.rung,
            bytes: progress.received / BITS,
            ttfb_ms: progress.first_byte,
            total_ms: progress.time,
            buffer_s: state.level / THOUSAND,
            now_ms: state.now,
            size: None,
            abandoned: report.download.abandoned,
            seek_to_s: None,
            position_s: None,
            latency_s: live.then_some(state.live_latency / THOUSAND),
            playback_rate: live.then_some(state.playback_rate),
        }
    }
}
