//! Requests recorded by `vsps run --events`, asked again: what would script and rules do to each?

use crate::{
    media::{Kind, MediaType, Protocol, Resource},
    rules::{Counters, Facts, Joined, Plan, RuleSet, Script, ScriptFailure, ScriptState},
    seed::Seed,
    units::BitRate,
};
use http::Method;
use rand::RngExt as _;
use serde::Deserialize;
use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufRead as _, BufReader},
    path::Path,
    time::Duration,
};

/// A longer line is none of ours.
const LONGEST_LINE: u64 = 1 << 20;

/// A line of the event log, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Line {
    event: String,
    #[serde(default)]
    session: String,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    method: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    attempt: u32,
    resource: Option<Class>,
    #[serde(default)]
    measured: Measured,
}

#[derive(Debug, Default, Deserialize)]
struct Measured {
    #[serde(default)]
    at_unix_us: u64,
}

/// What a request was for.
#[derive(Debug, Deserialize)]
struct Class {
    protocol: Protocol,
    kind: Kind,
    media: MediaType,
    rendition: Option<String>,
    rung: Option<u16>,
    bandwidth_bps: Option<u64>,
    index: Option<u64>,
    number: Option<u64>,
    time_ms: Option<f64>,
    duration_ms: Option<f64>,
    #[serde(default)]
    discontinuity: bool,
    behind_live: Option<u64>,
}

/// What a recorded request would get.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) session: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) attempt: u32,
    pub(super) plan: Plan,
    /// Why the script had no say.
    pub(super) failure: Option<ScriptFailure>,
}

/// What is known of one session so far.
#[derive(Default)]
struct Viewer {
    seed: u64,
    started: u64,
    counters: Counters,
    joined: Joined,
    remembered: ScriptState,
}

/// What `script` and `rules` would do to each request recorded in the file, in order; what a script does
/// to answers is left out, since answers are not recorded. Lines of other events and of other programs
/// are passed over.
///
/// # Errors
/// When the file can't be read.
pub(super) fn replay(
    path: &Path,
    script: Option<&Script>,
    rules: &RuleSet,
) -> io::Result<Vec<Verdict>> {
    let mut viewers = HashMap::<String, Viewer>::new();
    let mut highest = HashMap::<MediaType, u16>::new();
    let mut verdicts = Vec::new();
    for line in lines(path)? {
        let Ok(line) = serde_json::from_str::<Line>(&line?) else { continue };
        let at = line.measured.at_unix_us;
        let viewer = viewers
            .entry(line.session.clone())
            .or_insert_with(|| Viewer { started: at, ..Viewer::default() });
        match (line.event.as_str(), &line.resource) {
            ("session_started", _) => viewer.seed = line.seed,
            ("request_planned", Some(class)) => {
                let resource = resource(class);
                let top = highest.entry(class.media).or_default();
                *top = class.rung.unwrap_or_default().max(*top);
                let (plan, failure) = plan((script, rules), viewer, &line, &resource, *top);
                let Line { session, method, path, attempt, .. } = line;
                verdicts.push(Verdict { session, method, path, attempt, plan, failure });
            }
            _ => {}
        }
    }
    Ok(verdicts)
}

/// The lines of a file, each within bounds.
fn lines(path: &Path) -> io::Result<impl Iterator<Item = io::Result<String>>> {
    let mut file = BufReader::new(File::open(path)?);
    Ok(std::iter::from_fn(move || {
        let mut line = Vec::new();
        let read = io::Read::take(&mut file, LONGEST_LINE).read_until(b'\n', &mut line);
        match read {
            Ok(0) => None,
            Ok(_) => Some(Ok(String::from_utf8_lossy(&line).into_owned())),
            Err(error) => Some(Err(error)),
        }
    }))
}

fn plan(
    (script, rules): (Option<&Script>, &RuleSet),
    viewer: &mut Viewer,
    line: &Line,
    resource: &Resource,
    highest: u16,
) -> (Plan, Option<ScriptFailure>) {
    let time = Duration::from_micros(line.measured.at_unix_us.saturating_sub(viewer.started));
    let epoch = Duration::from_micros(line.measured.at_unix_us);
    let method = line.method.parse().unwrap_or(Method::GET);
    let facts = Facts {
        epoch,
        process_time: epoch,
        highest_rung: (highest > 0).then_some(highest),
        joined: viewer.joined.edge(resource),
        attempt: line.attempt,
        method: &method,
        path: &line.path,
        ..Facts::new(resource, time)
    };
    let path = line.path.split('?').next().unwrap_or_default();
    let seed = Seed::new(viewer.seed).named(path).numbered(line.attempt.into());
    let remembered = &mut viewer.remembered;
    let scripted = script.map(|script| script.decide(remembered, viewer.seed, &facts, seed));
    let (first, failure) = match scripted.transpose() {
        Ok(first) => (first.unwrap_or_default(), None),
        Err(failure) => (Plan::default(), Some(failure)),
    };
    let mut chance = |rule: &str| seed.named("rule").named(rule).stream().random::<f64>();
    let (plan, _) = rules.decide_after(first, &mut viewer.counters, &facts, &mut chance);
    (plan, failure)
}

fn resource(class: &Class) -> Resource {
    let span = |ms: Option<f64>| Duration::try_from_secs_f64(ms? / 1e3).ok();
    Resource {
        media: class.media,
        rendition: class.rendition.as_deref().map(Into::into),
        rung: class.rung,
        bandwidth: class.bandwidth_bps.map(BitRate::from_bits_per_second),
        index: class.index,
        number: class.number,
        time: span(class.time_ms),
        duration: span(class.duration_ms),
        discontinuity: class.discontinuity,
        behind_live: class.behind_live,
        ..Resource::new(class.protocol, class.kind)
    }
}
