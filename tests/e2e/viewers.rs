//! Viewers: real players in a real browser, and their measurements.

use crate::{
    machine::{Lateness, most_players, room_for_players},
    process::json as parse,
    rig::scratch,
    tool::{output, tool, web},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fmt, fs, fs::File, time::Duration};

/// The program's own driver and page.
const DRIVER: &str = include_str!("../../src/commands/bench/browser/driver.mjs");
const PAGES: [(&str, &str); 3] = [
    ("player.html", include_str!("../../src/commands/bench/browser/player.html")),
    ("meter.js", include_str!("../../src/commands/bench/browser/meter.js")),
    ("viewer.js", include_str!("../../src/commands/bench/browser/viewer.js")),
];

/// The most that starting a browser, and ending it, may take.
const OVERHEAD: Duration = Duration::from_secs(120);

/// What a viewer is to do.
#[derive(Debug, Default, Serialize)]
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
    /// The player as its makers set it; otherwise it buffers little, and shows soon what it learns.
    pub(crate) stock: bool,
    /// hls.js reports its buffer with each request (CMCD).
    pub(crate) cmcd: bool,
}

/// What a viewer saw.
#[derive(Deserialize)]
pub(crate) struct Seen {
    pub(crate) player: String,
    /// Until the first picture; none was seen when there is none.
    pub(crate) startup_seconds: Option<f64>,
    /// Media time that was played.
    pub(crate) played_seconds: f64,
    pub(crate) rebuffers: u32,
    pub(crate) rebuffer_seconds: f64,
    /// Pictures decoded.
    pub(crate) frames: u32,
    /// Sizes of the pictures decoded.
    pub(crate) sizes: BTreeSet<String>,
    /// Each change of that size, with the seconds since the viewer came.
    pub(crate) shown: Vec<(f64, String)>,
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
    /// How late the machine was meanwhile.
    #[serde(skip)]
    pub(crate) lateness: Lateness,
}

/// The most of a list, and of an entry's characters, that a message shows.
const LISTED: usize = 5;
const LETTERS: usize = 160;

/// A list in brief.
fn brief<T: fmt::Debug>(list: impl ExactSizeIterator<Item = T>) -> String {
    let more = list.len().saturating_sub(LISTED);
    let short = |entry: T| format!("{entry:?}").chars().take(LETTERS).collect::<String>();
    let mut entries: Vec<String> = list.take(LISTED).map(short).collect();
    if more > 0 {
        entries.push(format!("and {more} more"));
    }
    entries.join(", ")
}

/// What a failed test shows of a viewer: a line a subject, none longer than a few hundred characters.
impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { player, startup_seconds, played_seconds, frames, asked, .. } = self;
        let Asked { manifests, newcomers, parts, .. } = asked;
        let (latency, cues) = (self.latency_seconds, self.cues);
        writeln!(
            f,
            "\n  {player}: first picture {startup_seconds:?} s, {played_seconds:.1} s of media, {frames} frames, {cues} cues, latency {latency:?}"
        )?;
        writeln!(f, "  rebuffered {} times, {:.1} s", self.rebuffers, self.rebuffer_seconds)?;
        writeln!(f, "  sizes {}", brief(self.shown.iter()))?;
        writeln!(f, "  rungs {:?} of {}", self.rungs, brief(self.ladder.iter()))?;
        writeln!(
            f,
            "  asked for {manifests} manifests, {newcomers} without a session, {parts} parts; pathways {:?}",
            asked.pathways
        )?;
        let lists = [
            ("fatal", &self.fatal),
            ("refused", &asked.refused),
            ("past the proxy", &asked.strays),
            ("console", &asked.console),
        ];
        for (name, list) in lists.iter().filter(|(_, list)| !list.is_empty()) {
            writeln!(f, "  {name}: {}", brief(list.iter()))?;
        }
        write!(f, "  {}", self.lateness)
    }
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

/// Lets viewers watch in a browser of their own. They take at most half of the machine's places at a time, so that two tests
/// watch side by side and no place stays empty while a test waits for all of them.
pub(crate) async fn watch(tasks: &[Task]) -> Vec<Seen> {
    let at_once = tasks.len().min(most_players().div_ceil(2));
    let _room = room_for_players(at_once).await;
    let steps = |task: &Task| if task.each_rung { 14 } else { 1 };
    let longest = tasks.iter().map(|task| task.seconds * steps(task)).max().unwrap();
    let longest = longest * tasks.len().div_ceil(at_once) as u64;
    let chromium = tool("chromium");
    let job = json!({
        "tasks": tasks,
        "at_once": at_once,
        "modules": web().join("node_modules"),
        "chromium": chromium.as_std().get_program().to_str(),
        "pages": PAGES.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
    });
    let file = scratch("job.json");
    fs::write(&file, job.to_string()).unwrap();
    let mut driver = tool("node");
    driver.args(["--input-type=module", "--eval", DRIVER]).stdin(File::open(&file).unwrap());
    let running = output(driver, OVERHEAD + Duration::from_secs(longest));
    let (told, lateness) = Lateness::during(running).await;
    fs::remove_file(file).unwrap();
    let mut lines: Vec<Value> = told.lines().map(parse).collect();
    lines.sort_by_key(|line| line["task"].as_u64());
    let seen = |line: &mut Value| match line["error"].as_str() {
        Some(error) => panic!("{error}"),
        None => serde_json::from_value(line["seen"].take()).unwrap(),
    };
    let mut seen: Vec<Seen> = lines.iter_mut().map(seen).collect();
    let players: Vec<_> = seen.iter().map(|viewer| viewer.player.as_str()).collect();
    assert_eq!(players, tasks.iter().map(|task| task.player).collect::<Vec<_>>());
    for viewer in &mut seen {
        viewer.lateness = lateness;
    }
    seen
}
