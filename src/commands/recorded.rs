//! Replays requests recorded by `vsps run --events`: which effects do a script and rules have on each?

use crate::{
    media::{Kind, MediaType, Protocol, Resource, is_held},
    rules::{
        Counters, Facts, Joined, Matched, Plan, Reservations, RuleSet, Script, ScriptFailure,
        ScriptState,
    },
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

/// Longer lines are skipped: vsps does not write them.
const LONGEST_LINE: u64 = 1 << 20;

/// The parts of a line of the event log that are used here. Fields that older logs lack are derived from
/// the others.
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
    /// The key of its random draws, if that is not the path.
    key: Option<String>,
    /// How many redirects preceded it.
    #[serde(default)]
    hop: u8,
    /// Its response was a redirect within the session.
    #[serde(default)]
    redirected: bool,
    #[serde(default)]
    ranged: bool,
    highest_rung: Option<u16>,
    #[serde(default)]
    beside_video: bool,
    joined: Option<u64>,
    resource: Option<Class>,
    /// The effect of an injected fault.
    #[serde(default)]
    rule: String,
    #[serde(default)]
    measured: Measured,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Measured {
    at_unix_us: u64,
    session_ns: Option<u64>,
    process_ns: Option<u64>,
    epoch_ns: Option<u64>,
    host: String,
    reused: bool,
}

/// The requested resource.
#[derive(Debug, Deserialize)]
struct Class {
    protocol: Protocol,
    kind: Kind,
    media: MediaType,
    rendition: Option<String>,
    rung: Option<u16>,
    bandwidth_bps: Option<u64>,
    codecs: Option<String>,
    resolution: Option<(u32, u32)>,
    language: Option<String>,
    role: Option<String>,
    index: Option<u64>,
    number: Option<u64>,
    time_ms: Option<f64>,
    duration_ms: Option<f64>,
    #[serde(default)]
    discontinuity: bool,
    behind_live: Option<u64>,
}

/// The decision for a recorded request.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) session: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) attempt: u32,
    pub(super) plan: Plan,
    /// The failure of the script, if it failed.
    pub(super) failure: Option<ScriptFailure>,
}

/// Identifies a request of the player: key, method, attempt. With redirects it has several addresses.
type Name = (String, String, u32);

/// A request in progress.
#[derive(Default)]
struct Exchange {
    plan: Plan,
    held: bool,
    matched: Matched,
    charges: Reservations,
}

/// The state of one session so far.
#[derive(Default)]
struct Viewer {
    seed: u64,
    started: u64,
    counters: Counters,
    joined: Joined,
    remembered: ScriptState,
    highest: HashMap<MediaType, u16>,
    under_way: HashMap<Name, Exchange>,
}

/// Decides the effects of `script` and `rules` on each request recorded in the file, in order. `on_response`
/// is not called, because responses are not recorded. Lines of other events and of other programs are
/// skipped.
///
/// # Errors
/// If the file can't be read.
pub(super) fn replay(
    path: &Path,
    script: Option<&Script>,
    rules: &RuleSet,
) -> io::Result<Vec<Verdict>> {
    let mut viewers = HashMap::<String, Viewer>::new();
    let mut verdicts = Vec::new();
    rules.loaded(Duration::ZERO);
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
                let (plan, failure) = viewer.plan((script, rules), &line, &resource);
                let Line { session, method, path, attempt, .. } = line;
                verdicts.push(Verdict { session, method, path, attempt, plan, failure });
            }
            ("fault_injected", _) => {
                let exchange = viewer.under_way.get(&line.name());
                exchange.into_iter().for_each(|of| of.charges.struck_by_name(&line.rule));
            }
            ("request_finished", _) if !line.redirected => {
                let exchange = viewer.under_way.get(&line.name());
                exchange.into_iter().for_each(|of| of.charges.give_back());
            }
            _ => {}
        }
    }
    Ok(verdicts)
}

impl Line {
    fn key(&self) -> &str {
        let path = || self.path.split('?').next().unwrap_or_default();
        self.key.as_deref().unwrap_or_else(path)
    }

    fn name(&self) -> Name {
        (self.key().to_owned(), self.method.clone(), self.attempt)
    }
}

impl Viewer {
    fn plan(
        &mut self,
        (script, rules): (Option<&Script>, &RuleSet),
        line: &Line,
        resource: &Resource,
    ) -> (Plan, Option<ScriptFailure>) {
        let method = line.method.parse().unwrap_or(Method::GET);
        let facts = self.facts(line, resource, &method);
        let came = facts.process_time.saturating_sub(facts.session_time);
        self.counters.arm(rules, Duration::ZERO, came);
        let seed = Seed::new(self.seed).named(line.key()).numbered(line.attempt.into());
        let before = self.under_way.remove(&line.name()).filter(|_| line.hop > 0);
        let (first, mut matched, taken, failure) = match before {
            Some(Exchange { plan, held, matched, charges }) => {
                (plan.after_redirect(held), matched, charges, None)
            }
            None => {
                let script = script.filter(|_| method != Method::OPTIONS && line.hop == 0);
                let remembered = &mut self.remembered;
                let scripted = script
                    .map(|script| script.decide(remembered, self.seed, &facts, seed))
                    .transpose();
                let (first, failure) = match scripted {
                    Ok(first) => (first.unwrap_or_default(), None),
                    Err(failure) => (Plan::default(), Some(failure)),
                };
                (first, Matched::default(), Reservations::default(), failure)
            }
        };
        let mut chance = |rule: &str| seed.named("rule").named(rule).stream().random::<f64>();
        let counters = &mut self.counters;
        let (plan, mut charges) =
            rules.decide_once(first, &mut matched, counters, &facts, &mut chance);
        charges.take_over(&taken);
        let held = is_held(resource, &line.path);
        let exchange = Exchange { plan: plan.clone(), held, matched, charges };
        self.under_way.insert(line.name(), exchange);
        (plan, failure)
    }

    fn facts<'a>(
        &mut self,
        line: &'a Line,
        resource: &'a Resource,
        method: &'a Method,
    ) -> Facts<'a> {
        let measured = &line.measured;
        let top = self.highest.entry(resource.media).or_default();
        *top = resource.rung.unwrap_or_default().max(*top);
        let seen = Some(*top).filter(|top| *top > 0);
        let since = Duration::from_micros(measured.at_unix_us.saturating_sub(self.started));
        let epoch = Duration::from_micros(measured.at_unix_us);
        let or = |nanos: Option<u64>, time| nanos.map_or(time, Duration::from_nanos);
        let known = measured.session_ns.is_some();
        let joined = self.joined.edge(resource);
        Facts {
            resource,
            session_time: or(measured.session_ns, since),
            epoch: or(measured.epoch_ns, epoch),
            process_time: or(measured.process_ns, epoch),
            highest_rung: if known { line.highest_rung } else { seen },
            beside_video: line.beside_video,
            joined: line.joined.or(joined),
            attempt: line.attempt,
            method,
            host: &measured.host,
            path: &line.path,
            ranged: line.ranged,
            reused: measured.reused,
        }
    }
}

/// The lines of a file, limited in length.
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

fn resource(class: &Class) -> Resource {
    let span = |ms: Option<f64>| Duration::try_from_secs_f64(ms? / 1e3).ok();
    Resource {
        media: class.media,
        rendition: class.rendition.as_deref().map(Into::into),
        rung: class.rung,
        bandwidth: class.bandwidth_bps.map(BitRate::from_bits_per_second),
        codecs: class.codecs.as_deref().map(Into::into),
        resolution: class.resolution,
        language: class.language.as_deref().map(Into::into),
        role: class.role.as_deref().map(Into::into),
        index: class.index,
        number: class.number,
        time: span(class.time_ms),
        duration: span(class.duration_ms),
        discontinuity: class.discontinuity,
        behind_live: class.behind_live,
        ..Resource::new(class.protocol, class.kind)
    }
}
