//! Reads the lines of an event log: of `--events`, of a stream of events, or of a run file.

use super::{
    har::ending_of,
    measured::{Parts, settle_latency, span_of_ms},
};
use crate::{
    media::{Kind, MediaType},
    replay::{
        error::ReplayError,
        own_effects::{Applied, faults, sets_pace},
        record::{Class, MOST_RECORDS, Record, Recording},
    },
};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{
    collections::{BTreeSet, HashMap},
    io::{BufRead, Read as _},
    time::Duration,
};

/// vsps writes no longer lines.
const LONGEST_LINE: u64 = 4 << 20;
/// The most sessions of a log.
const MOST_SESSIONS: usize = 10_000;

/// The parts of a line that are used.
#[derive(Debug, Deserialize)]
struct Line {
    event: String,
    #[serde(default)]
    session: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    attempt: u32,
    #[serde(default)]
    hop: u8,
    #[serde(default)]
    redirected: bool,
    resource: Option<LineResource>,
    latency_ms: Option<f64>,
    #[serde(default)]
    plan: Map<String, Value>,
    #[serde(default)]
    rule: String,
    #[serde(default)]
    effect: String,
    #[serde(default)]
    status: u16,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    bytes: u64,
    /// Of a stall: session time and length.
    at_ms: Option<f64>,
    lasts_ms: Option<f64>,
    #[serde(default)]
    measured: LineMeasured,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct LineResource {
    kind: Kind,
    media: MediaType,
    index: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LineMeasured {
    at_unix_us: u64,
    session_ns: u64,
    epoch_ns: u64,
    host: String,
    ttfb_ms: Option<f64>,
    total_ms: Option<f64>,
    upstream_ttfb_ms: Option<f64>,
    shaper_wait_ms: Option<f64>,
    origin_wait_ms: Option<f64>,
    rule_wait_ms: Option<f64>,
}

/// A request that is not over.
#[derive(Debug)]
struct Pending {
    at: Duration,
    epoch_us: u64,
    latency: Duration,
    host: String,
    plan: Map<String, Value>,
    applied: Vec<Applied>,
}

/// One session of the log.
#[derive(Debug, Default)]
struct LoggedSession {
    pending: HashMap<(String, u32, u8), Pending>,
    records: Vec<Record>,
    silences: BTreeSet<(Duration, Duration)>,
    notes: Vec<String>,
    bytes: u64,
}

/// The sessions of a log.
#[derive(Debug, Default)]
pub(super) struct LoggedSessions {
    sessions: HashMap<String, LoggedSession>,
    records: usize,
}

/// Reads an event log, of which `wanted` is used; without it, the session with the most bytes.
pub(super) fn read(mut file: impl BufRead, wanted: Option<&str>) -> Result<Recording, ReplayError> {
    let mut all = LoggedSessions::default();
    let mut note = None;
    for number in 1.. {
        let mut text = Vec::new();
        if file.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut text)? == 0 {
            break;
        }
        let whole = text.ends_with(b"\n");
        if text.trim_ascii().is_empty() {
            continue;
        }
        let place = format!("line {number}");
        match serde_json::from_slice::<Line>(&text) {
            Ok(line) => all.add(line, &place)?,
            // The program that wrote it was stopped in the middle of a line.
            Err(_) if !whole && (text.len() as u64) < LONGEST_LINE => {
                note = Some(format!("{place}, the last one, is cut off and was left out"));
            }
            Err(cause) => {
                let problem = format!("{cause}; a line is one event, a JSON object");
                return Err(ReplayError::invalid(place, problem));
            }
        }
    }
    let mut recording = all.chosen(wanted)?;
    recording.notes.extend(note);
    Ok(recording)
}

impl LoggedSessions {
    /// Adds an event, in JSON.
    pub(super) fn add_json(&mut self, event: Value, place: &str) -> Result<(), ReplayError> {
        let line = serde_json::from_value(event);
        let line = line.map_err(|cause| ReplayError::invalid(place, cause.to_string()))?;
        self.add(line, place)
    }

    fn add(&mut self, line: Line, place: &str) -> Result<(), ReplayError> {
        let known = self.sessions.len();
        if known >= MOST_SESSIONS && !self.sessions.contains_key(&line.session) {
            return Ok(());
        }
        let session = self.sessions.entry(line.session.clone()).or_default();
        match line.event.as_str() {
            "request_planned" => session.begin(line, place)?,
            "fault_injected" => session.applied(line),
            "stalled" => {
                let at = span_of_ms(line.at_ms, || format!("{place}: at_ms"))?;
                let lasts = span_of_ms(line.lasts_ms, || format!("{place}: lasts_ms"))?;
                // Each response that a stall holds up reports it.
                if session.silences.len() < MOST_RECORDS {
                    session.silences.insert((at, lasts));
                }
            }
            "request_finished" => {
                self.records += 1;
                if self.records > MOST_RECORDS {
                    return Err(ReplayError::TooMany(MOST_RECORDS));
                }
                session.finish(&line, place)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The recording of the session `wanted`, or of the one with the most bytes.
    pub(super) fn chosen(mut self, wanted: Option<&str>) -> Result<Recording, ReplayError> {
        self.sessions.retain(|_, session| !session.records.is_empty());
        let mut known: Vec<String> = self.sessions.keys().cloned().collect();
        known.sort_unstable();
        let most = self.sessions.iter().max_by_key(|(id, session)| (session.bytes, *id));
        let most = most.map(|(id, _)| id.clone());
        let Some(id) = wanted.map(str::to_owned).or(most) else {
            return Err(ReplayError::Nothing("has no request that is over"));
        };
        let Some(session) = self.sessions.remove(&id) else {
            known.truncate(20);
            return Err(ReplayError::NoSession { wanted: id, known });
        };
        let mut notes = session.notes;
        if known.len() > 1 && wanted.is_none() {
            notes.push(format!(
                "session {id}, which has the most bytes, of {}; --session chooses another",
                known.len()
            ));
        }
        let LoggedSession { mut records, silences, .. } = session;
        records.sort_by_key(|record| record.at);
        settle_latency(&mut records);
        let silences = silences.into_iter().collect();
        Ok(Recording { form: "event log", records, silences, notes, ..Recording::default() })
    }
}

impl LoggedSession {
    fn begin(&mut self, line: Line, place: &str) -> Result<(), ReplayError> {
        let latency = span_of_ms(line.latency_ms, || format!("{place}: latency_ms"))?;
        let measured = line.measured;
        let pending = Pending {
            at: Duration::from_nanos(measured.session_ns),
            epoch_us: measured.epoch_ns / 1000,
            latency,
            host: measured.host,
            plan: line.plan,
            applied: Vec::new(),
        };
        // A request that never ends stays here; there are as many as connections.
        if self.pending.len() < MOST_RECORDS {
            self.pending.insert((line.path, line.attempt, line.hop), pending);
        }
        Ok(())
    }

    fn applied(&mut self, line: Line) {
        let key = (line.path, line.attempt, line.hop);
        if let Some(pending) = self.pending.get_mut(&key)
            && pending.applied.len() < 64
        {
            pending.applied.push((line.rule, line.effect));
        }
    }

    fn finish(&mut self, line: &Line, place: &str) -> Result<(), ReplayError> {
        let key = (line.path.clone(), line.attempt, line.hop);
        let (Some(pending), Some(resource), false) =
            (self.pending.remove(&key), line.resource, line.redirected)
        else {
            return Ok(());
        };
        let measured = &line.measured;
        let ms = |value, member: &str| span_of_ms(value, || format!("{place}: {member}"));
        let wait = ms(measured.ttfb_ms, "ttfb_ms")?;
        let total = ms(measured.total_ms, "total_ms")?.max(wait);
        let parts = Parts {
            latency: pending.latency,
            fault: ms(measured.rule_wait_ms, "rule_wait_ms")?,
            origin: ms(measured.origin_wait_ms, "origin_wait_ms")?,
            origin_headers: ms(measured.upstream_ttfb_ms, "upstream_ttfb_ms")?,
            link: ms(measured.shaper_wait_ms, "shaper_wait_ms")?,
        };
        let (faults, unknown) = faults(&pending.plan, &pending.applied);
        self.notes.extend(unknown.iter().take(20).map(|effect| {
            format!("{place}: `{effect}` can't be written as a rule; it is left out")
        }));
        let (start, paced) = (pending.at + wait, sets_pace(&pending.plan));
        let body = parts.body(start, wait, total - wait, line.bytes, paced);
        let until = Duration::from_micros(measured.at_unix_us.saturating_sub(pending.epoch_us));
        let class =
            Class { kind: resource.kind, media: resource.media, index: resource.index, told: true };
        self.bytes += line.bytes;
        self.records.push(Record {
            place: place.to_owned(),
            at: pending.at,
            class,
            path: line.path.split('?').next().unwrap_or_default().to_owned(),
            host: pending.host,
            attempt: line.attempt,
            status: line.status,
            wait,
            latency: Some(pending.latency),
            link_wait: Some(parts.link),
            delayed: parts.delay(wait),
            // Longer than until the last byte if it was broken off; but a clock may have been set.
            lasts: if until < total + Duration::from_secs(3600) { total.max(until) } else { total },
            body: (line.bytes > 0).then_some(body),
            ending: ending_of(&line.outcome),
            faults: Some(faults),
            ..Record::default()
        });
        Ok(())
    }
}
