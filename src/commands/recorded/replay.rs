//! Replays requests recorded by `vsps run --events`: which effects do a script and rules have on each?

use super::line::{Class, Line};
use crate::{
    media::{MediaType, Resource, is_held},
    rules::{CarriedDecision, Decider, Decision, Facts, Plan, Policy, ScriptFailure},
    seed::Seed,
    units::{ProcessTime, SessionTime, UnixTime},
};
use http::Method;
use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufRead as _, BufReader},
    path::Path,
    sync::Arc,
    time::Duration,
};

/// Longer lines are skipped: vsps does not write them.
const LONGEST_LINE: u64 = 1 << 20;

/// A recorded request, and what was decided about it.
#[derive(Debug)]
pub(in crate::commands) struct Replayed {
    pub(in crate::commands) session: String,
    pub(in crate::commands) method: String,
    pub(in crate::commands) path: String,
    pub(in crate::commands) attempt: u32,
    /// The effects; `None` = none.
    pub(in crate::commands) plan: Option<Arc<Plan>>,
    /// The failure of the script, if it failed.
    pub(in crate::commands) failure: Option<ScriptFailure>,
}

/// Identifies a request of the player: key, method, attempt. With redirects it has several addresses.
type Name = (String, String, u32);

/// A decided request that is not over yet.
struct Pending {
    decision: Decision,
    /// The origin may hold back its response.
    held: bool,
}

/// The state of one session so far.
struct RecordedSession {
    decider: Decider,
    /// When its first event was recorded, in microseconds since 1970.
    started: u64,
    /// The highest rung requested so far, for logs that do not say which the highest of the ladder is.
    highest: HashMap<MediaType, u16>,
    pending: HashMap<Name, Pending>,
}

/// Decides the effects of `policy` on each request recorded in the file, in order. `on_response` is not called,
/// because responses are not recorded. Lines of other events and of other programs are skipped.
///
/// # Errors
/// If the file can't be read.
pub(in crate::commands) fn replay(path: &Path, policy: Policy<'_>) -> io::Result<Vec<Replayed>> {
    let mut sessions = HashMap::<String, RecordedSession>::new();
    let mut replayed = Vec::new();
    policy.rules.loaded(ProcessTime::ZERO);
    for line in lines(path)? {
        let Ok(line) = serde_json::from_str::<Line>(&line?) else { continue };
        if line.event == "session_started" {
            sessions.insert(line.session.clone(), RecordedSession::new(&line));
            continue;
        }
        let session =
            sessions.entry(line.session.clone()).or_insert_with(|| RecordedSession::new(&line));
        match (line.event.as_str(), &line.resource) {
            ("request_planned", Some(class)) => replayed.push(session.decide(policy, &line, class)),
            ("fault_injected", _) => session.injected(&line),
            ("request_finished", _) if !line.redirected => session.finished(&line),
            _ => {}
        }
    }
    Ok(replayed)
}

impl RecordedSession {
    /// A session whose first event is `line`.
    fn new(line: &Line) -> Self {
        Self {
            decider: Decider::new(Seed::new(line.seed)),
            started: line.measured.at_unix_us,
            highest: HashMap::new(),
            pending: HashMap::new(),
        }
    }

    fn decide(&mut self, policy: Policy<'_>, line: &Line, class: &Class) -> Replayed {
        let resource = class.resource();
        let method = line.method.parse().unwrap_or(Method::GET);
        let facts = self.facts(line, &resource, &method);
        // Rules come into force with the session: at session time zero.
        let started = facts.process_time - facts.session_time.since_zero();
        self.decider.arm(policy.rules, SessionTime::ZERO, started);
        let before = self.pending.remove(&line.name());
        let carried = (line.hop > 0).then(|| match before {
            Some(Pending { decision, held }) => decision.after_redirect(held),
            None => CarriedDecision::default(),
        });
        let seed = self.decider.request_seed(line.key(), line.attempt);
        let mut decision = self.decider.decide(policy, &facts, seed, carried);
        let replayed = Replayed {
            session: line.session.clone(),
            method: line.method.clone(),
            path: line.path.clone(),
            attempt: line.attempt,
            plan: decision.plan.clone(),
            failure: decision.failure.take(),
        };
        let held = is_held(&resource, &line.path);
        self.pending.insert(line.name(), Pending { decision, held });
        replayed
    }

    /// An effect of a rule was applied: the rule's use of its budget is final.
    fn injected(&self, line: &Line) {
        let pending = self.pending.get(&line.name());
        let reserved = pending.and_then(|pending| pending.decision.reservations.as_ref());
        reserved.into_iter().for_each(|reserved| reserved.keep_by_name(&line.rule));
    }

    /// A request is over: what was reserved for it and not used goes back to the budgets.
    fn finished(&self, line: &Line) {
        let pending = self.pending.get(&line.name());
        let reserved = pending.and_then(|pending| pending.decision.reservations.as_ref());
        reserved.into_iter().for_each(|reserved| reserved.give_back());
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
        let unix = Duration::from_micros(measured.at_unix_us);
        let or = |nanos: Option<u64>, time| nanos.map_or(time, Duration::from_nanos);
        let known = measured.session_ns.is_some();
        let joined = self.decider.joined(resource);
        Facts {
            resource,
            session_time: SessionTime::new(or(measured.session_ns, since)),
            unix_time: UnixTime::new(or(measured.epoch_ns, unix)),
            process_time: ProcessTime::new(or(measured.process_ns, unix)),
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
