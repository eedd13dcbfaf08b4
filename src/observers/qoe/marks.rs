//! Marks on the time axis of a session: commands, switches and the like.

use crate::{
    event::{Event, Outcome},
    observers::{archive::Exchange, log_writer::LogLine, request_fields::ms, series::Ring},
    units::{ProcessTime, SessionTime},
};
use serde::Serialize;
use std::sync::Arc;

/// Marks that are kept per session.
const MOST_MARKS: usize = 512;

/// A mark.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Mark {
    pub(super) at_ms: f64,
    /// `command`, `link`, `switch`, `stall`, `session`, `error`, `fault` or `drop`.
    kind: &'static str,
    /// For people; it may contain anything that a client sent.
    text: String,
    /// The rule that applied.
    rule: Option<Arc<str>>,
    /// The number of the request that it is about.
    request: Option<u64>,
}

/// The last marks of a session, of those that do not belong to an exchange.
#[derive(Debug, Clone)]
pub(super) struct Marks(Ring<Mark>);

impl Default for Marks {
    fn default() -> Self {
        Self(Ring::new(MOST_MARKS))
    }
}

impl Marks {
    pub(super) fn push(&mut self, mark: Mark) {
        self.0.push(mark);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Mark> {
        self.0.iter()
    }
}

impl Mark {
    fn new(at: SessionTime, kind: &'static str, text: String) -> Self {
        Self { at_ms: ms(at.since_zero()), kind, text, rule: None, request: None }
    }

    /// The mark of an event, if it has one that does not belong to an exchange.
    pub(super) fn of(event: &Event, now: SessionTime) -> Option<Self> {
        let at = |at: SessionTime, kind, text| Some(Self::new(at, kind, text));
        match event {
            Event::CommandApplied { command, .. } => at(now, "command", command.to_string()),
            Event::LinkChanged { profile, rate, .. } => {
                let rate = rate.map_or_else(|| "no rate limit".to_owned(), |rate| rate.to_string());
                at(now, "link", format!("{profile}, {rate}"))
            }
            Event::RenditionSwitched { media, from, to, .. } => {
                at(now, "switch", format!("{media}: rung {from} to {to}"))
            }
            Event::Stalled { at: start, lasts, .. } => {
                at(*start, "stall", format!("link stalled for {:.0} ms", ms(*lasts)))
            }
            Event::SessionStarted { profile, .. } => {
                at(now, "session", format!("started on {profile}"))
            }
            Event::SessionEnded { .. } => at(now, "session", "ended".to_owned()),
            Event::ScriptFailed { .. } | Event::ManifestUnread { .. } => {
                at(now, "error", LogLine(event).to_string())
            }
            _ => None,
        }
    }

    /// The marks of an exchange so far.
    pub(super) fn of_open_exchange(exchange: &Exchange) -> Vec<Self> {
        let details = &exchange.request.details;
        let zero = details.process_time - details.session_time.since_zero();
        let time = |at: ProcessTime| SessionTime::new(at - zero);
        let request = Some(exchange.number);
        let mark = |at, kind, text| Self { request, ..Self::new(time(at), kind, text) };
        let mut marks = Vec::new();
        for fault in &exchange.faults {
            let text = match fault.at_byte {
                Some(byte) => format!("{} at byte {byte}", fault.effect),
                None => fault.effect.to_owned(),
            };
            let rule = Some(Arc::clone(&fault.rule));
            marks.push(Self { rule, ..mark(fault.at, "fault", text) });
        }
        for drop in &exchange.drops {
            marks.push(mark(drop.at, "drop", format!("{} at byte {}", drop.action, drop.at_byte)));
        }
        marks
    }

    /// The marks of an exchange that is over.
    pub(super) fn of_exchange(exchange: &Exchange) -> Vec<Self> {
        let mut marks = Self::of_open_exchange(exchange);
        let details = &exchange.request.details;
        let request = Some(exchange.number);
        let end = &exchange.end;
        let over = details.session_time + end.lasted;
        let mark = |at, kind, text| Self { request, ..Self::new(at, kind, text) };
        if let Some(cause) = &exchange.upstream_failure {
            marks.push(mark(over, "error", format!("the origin failed: {cause}")));
        } else if end.status >= 400 {
            marks.push(mark(over, "error", format!("status {}", end.status)));
        } else if matches!(end.outcome, Outcome::Cut | Outcome::OriginCut) {
            marks.push(mark(over, "error", end.outcome.as_str().to_owned()));
        }
        marks
    }
}
