//! Viewers: real players in a real browser, and what they saw.

use crate::{
    process::json,
    tool::{output, tool, web},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, time::Duration};
use tokio::sync::Mutex;

/// One browser at a time: on a small machine two would starve each other.
static BROWSER: Mutex<()> = Mutex::const_new(());

/// The most that starting a browser, and ending it, may take.
const OVERHEAD: Duration = Duration::from_secs(120);

/// What a viewer shall do.
#[derive(Debug, Serialize)]
pub(crate) struct Task {
    /// `hls.js`, `dash.js` or `shaka`.
    pub(crate) player: &'static str,
    pub(crate) url: String,
    /// How long to watch; with `each_rung`, the most that a rung may take to play.
    pub(crate) seconds: u64,
    /// Forces each rung in turn.
    pub(crate) each_rung: bool,
    /// Seconds of media after which the viewer has seen enough.
    pub(crate) enough: Option<f64>,
}

/// What a viewer saw.
#[derive(Debug, Deserialize)]
pub(crate) struct Seen {
    pub(crate) player: String,
    /// Until the first picture; none was seen when there is none.
    pub(crate) startup_seconds: Option<f64>,
    /// Media time gone by on the screen.
    pub(crate) played_seconds: f64,
    pub(crate) rebuffers: u32,
    pub(crate) rebuffer_seconds: f64,
    /// Pictures decoded.
    pub(crate) frames: u32,
    /// Sizes of the pictures decoded.
    pub(crate) sizes: BTreeSet<String>,
    /// Rungs, from 0, that the player says it showed.
    pub(crate) rungs: BTreeSet<u64>,
    /// Size of each rung that the player knows of, lowest first.
    pub(crate) ladder: Vec<String>,
    /// How far behind the live edge the playback is at the end, as the player has it.
    pub(crate) latency_seconds: Option<f64>,
    /// Subtitles read.
    pub(crate) cues: u32,
    pub(crate) steps: Vec<Step>,
    /// Errors that ended the playback.
    pub(crate) fatal: Vec<String>,
    pub(crate) asked: Asked,
}

/// A rung that was forced.
#[derive(Debug, Deserialize)]
pub(crate) struct Step {
    pub(crate) declared: String,
    pub(crate) decoded: String,
    pub(crate) played_seconds: f64,
    pub(crate) frames: u32,
}

/// What the browser asked the proxy for.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    pub(crate) manifests: u32,
    /// Requests for manifests at addresses without a session.
    pub(crate) newcomers: u32,
    /// Requests for parts of low-latency segments.
    pub(crate) parts: u32,
    /// Pathways that segments were asked of.
    pub(crate) pathways: BTreeSet<String>,
    /// Answers of 400 and above.
    pub(crate) refused: Vec<String>,
    /// Requests that went past the proxy.
    pub(crate) strays: Vec<String>,
    /// What the page's console calls errors.
    pub(crate) console: Vec<String>,
}

/// Viewers that `watch.mjs` lets watch at once.
const AT_ONCE: u64 = 6;

/// Lets viewers watch, six at once.
pub(crate) async fn watch(tasks: &[Task]) -> Vec<Seen> {
    let _alone = BROWSER.lock().await;
    let steps = |task: &Task| if task.each_rung { 14 } else { 1 };
    let longest = tasks.iter().map(|task| task.seconds * steps(task)).max().unwrap();
    let longest = longest * (tasks.len() as u64).div_ceil(AT_ONCE);
    let chromium = tool("chromium");
    let mut driver = tool("node");
    driver.arg("watch.mjs").arg(serde_json::to_string(tasks).unwrap()).current_dir(web());
    driver.env("CHROMIUM", chromium.as_std().get_program());
    let told = output(driver, OVERHEAD + Duration::from_secs(longest)).await;
    // In the captured output of a test that fails: there is more in it than is asserted on.
    println!("{told}");
    let seen: Vec<Seen> = serde_json::from_value(json(&told)).unwrap();
    let players: Vec<_> = seen.iter().map(|viewer| viewer.player.as_str()).collect();
    assert_eq!(players, tasks.iter().map(|task| task.player).collect::<Vec<_>>());
    seen
}
