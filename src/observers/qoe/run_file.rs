//! A run file: everything that is known of one or more sessions, in one JSON document.

use super::{qoe_view::QoeView, record::SessionRecord, timeline::Timeline};
use crate::{
    clock::Timestamp,
    event::Event,
    observers::{archive::Kept, event_line::EventLine, request_fields::ms},
    units::{SessionTime, UnixTime},
};
use serde::{Serialize, Serializer};
use std::sync::Arc;

/// The name of the format, and its version. A reader refuses a greater version.
const FORMAT: &str = "vsps-run";
const VERSION: u32 = 1;

/// A run file.
#[derive(Serialize)]
pub(super) struct RunFile {
    format: &'static str,
    version: u32,
    meta: Meta,
    sessions: Vec<Part>,
}

#[derive(Serialize)]
struct Meta {
    /// The version of the program.
    vsps: &'static str,
    saved_unix_ms: f64,
    /// Those of the first session.
    label: Option<Arc<str>>,
    profile: Option<Arc<str>>,
    seed: Option<u64>,
}

/// One session of a run file.
#[derive(Serialize)]
pub(super) struct Part {
    #[serde(skip)]
    about: (Option<Arc<str>>, Arc<str>, u64),
    timeline: Timeline,
    qoe: QoeView,
    /// Lines of the event log, oldest first, as far as they are kept.
    #[serde(serialize_with = "lines")]
    events: Vec<(Timestamp, Event)>,
}

impl Part {
    pub(super) fn new(
        record: &SessionRecord,
        kept: &Kept,
        events: Vec<(Timestamp, Event)>,
    ) -> Self {
        let session = &record.session;
        Self {
            about: (session.label.clone(), Arc::clone(&record.profile), session.seed),
            timeline: Timeline::new(record, kept, SessionTime::ZERO),
            qoe: QoeView::of(record),
            events,
        }
    }
}

impl RunFile {
    /// The file of these sessions, saved at `saved`.
    pub(super) fn new(sessions: Vec<Part>, saved: UnixTime) -> Self {
        let first = sessions.first().map(|part| &part.about);
        let meta = Meta {
            vsps: env!("CARGO_PKG_VERSION"),
            saved_unix_ms: ms(saved.since_zero()),
            label: first.and_then(|(label, ..)| label.clone()),
            profile: first.map(|(_, profile, _)| Arc::clone(profile)),
            seed: first.map(|(.., seed)| *seed),
        };
        Self { format: FORMAT, version: VERSION, meta, sessions }
    }
}

fn lines<S: Serializer>(events: &[(Timestamp, Event)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(events.iter().map(|(at, event)| EventLine::new(event, *at)))
}
