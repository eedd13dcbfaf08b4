//! Keeps a record of each session, and answers questions about it.

use super::{
    figures::rebuffer_count,
    qoe_view::QoeView,
    record::SessionRecord,
    run_file::{Part, RunFile},
    session_view::SCHEMA,
    timeline::{LinkView, Timeline},
};
use crate::{
    event::{Emitted, Event, Observer, SessionTag},
    observers::{
        access_log,
        archive::{Archive, Kept},
        event_line::subject,
        feed::Feed,
        har::{self, HarLink},
        starvation::Starvation,
    },
    qoe::Qoe,
    units::{SessionTime, UnixTime},
};
use foldhash::fast::RandomState;
use parking_lot::{Mutex, RwLock};
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

/// Ended sessions that are kept, as in the archive of exchanges.
const MOST_ENDED: usize = 64;

/// Keeps what is known of each session: its exchanges, timeline and QoE.
///
/// It is called on the byte path, a few times per exchange. Each session has a lock of its own; answers are made from
/// copies, without a lock.
#[derive(Default)]
pub struct Analytics {
    archive: Archive,
    records: RwLock<Records>,
    starvation: Starvation,
}

#[derive(Default)]
struct Records {
    by_id: HashMap<Arc<str>, Arc<Mutex<SessionRecord>>, RandomState>,
    /// Ended sessions, in the order of their end.
    ended: VecDeque<Arc<str>>,
}

/// A session, and its present time.
#[derive(Debug, Clone)]
pub struct Moment {
    /// The session's id.
    pub id: Arc<str>,
    /// Session time now; `None` = the session has ended or has no request yet: the time of its last event.
    pub now: Option<SessionTime>,
}

/// A few figures of a session, for lists.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Brief {
    /// Exchanges that are over.
    requests: u64,
    /// The player's buffer: as it reported it last, or else as estimated.
    buffer_ms: Option<f64>,
    /// Rebufferings, as reported or else as estimated.
    rebuffers: u64,
    /// The rung of each media type that was requested last.
    rung: BTreeMap<&'static str, u16>,
}

/// The timelines of several sessions.
#[derive(Serialize)]
struct Timelines {
    schema: u32,
    sessions: Vec<Timeline>,
}

/// The QoE of several sessions.
#[derive(Serialize)]
struct Qoes {
    schema: u32,
    together: Qoe,
    sessions: Vec<QoeView>,
}

impl Analytics {
    /// The exchanges of the session `id` as HAR 1.2. `None` = there is no such session, or it ended long ago. `base` is
    /// the address of the session, without a trailing slash.
    #[must_use]
    pub fn har(&self, id: &str, base: &str) -> Option<String> {
        let kept = self.archive.kept(id)?;
        let record = self.records.read().by_id.get(id).cloned();
        let link = record.and_then(|record| {
            let record = record.lock();
            let link = LinkView::of(&record, SessionTime::ZERO);
            (!link.is_empty()).then(|| HarLink::new(record.unix_time_of_zero(), link))
        });
        Some(har::document(&kept, base, link))
    }

    /// The timeline of a session as JSON; of values with a time, only those at `since` or later.
    #[must_use]
    pub fn timeline(&self, of: &Moment, since: SessionTime) -> Option<String> {
        let (record, kept) = self.copy(of)?;
        Some(json(&Timeline::new(&record, &kept, since)))
    }

    /// The timelines of several sessions as JSON.
    #[must_use]
    pub fn timelines(&self, of: &[Moment], since: SessionTime) -> String {
        let copies = of.iter().filter_map(|moment| self.copy(moment));
        let sessions = copies.map(|(record, kept)| Timeline::new(&record, &kept, since)).collect();
        json(&Timelines { schema: SCHEMA, sessions })
    }

    /// The QoE of a session as JSON.
    #[must_use]
    pub fn qoe(&self, of: &Moment) -> Option<String> {
        Some(json(&QoeView::of(&self.record(of)?)))
    }

    /// The QoE of several sessions as JSON: together, and of each.
    #[must_use]
    pub fn qoes(&self, of: &[Moment]) -> String {
        let records = of.iter().filter_map(|moment| self.record(moment));
        let sessions: Vec<_> = records.map(|record| QoeView::of(&record)).collect();
        let all: Vec<_> = sessions.iter().map(|view| view.qoe).collect();
        json(&Qoes { schema: SCHEMA, together: Qoe::together(&all), sessions })
    }

    /// A run file of sessions, with the events that `feed` still has, saved at `saved`. `None` = none of
    /// the sessions is known.
    #[must_use]
    pub fn run(&self, of: &[Moment], feed: &Feed, saved: UnixTime) -> Option<String> {
        let copies: Vec<_> = of.iter().filter_map(|moment| self.copy(moment)).collect();
        if copies.is_empty() {
            return None;
        }
        let parts = copies.into_iter().map(|(record, kept)| {
            let events = feed.kept(&record.session.id);
            Part::new(&record, &kept, events)
        });
        Some(json(&RunFile::new(parts.collect(), saved)))
    }

    /// The ids of all known sessions with this label, oldest first, also of ended ones.
    #[must_use]
    pub fn labelled(&self, label: &str) -> Vec<Arc<str>> {
        let mut found: Vec<Arc<SessionTag>> = Vec::new();
        for record in self.records.read().by_id.values() {
            let session = Arc::clone(&record.lock().session);
            if session.label.as_deref() == Some(label) {
                found.push(session);
            }
        }
        found.sort_by_key(|session| session.ordinal);
        found.iter().map(|session| Arc::clone(&session.id)).collect()
    }

    /// A few figures of a session.
    #[must_use]
    pub fn brief(&self, id: &str) -> Option<Brief> {
        let record = self.records.read().by_id.get(id).cloned()?;
        let record = record.lock();
        let buffer = record.points.reported_buffer().or_else(|| record.playback.buffer());
        Some(Brief {
            requests: record.totals.requests,
            buffer_ms: buffer.map(crate::observers::request_fields::ms),
            rebuffers: rebuffer_count(&record),
            rung: record.renditions.rungs().collect(),
        })
    }

    /// Passes the records of the `most` oldest sessions that have not ended to `work`.
    pub(super) fn with_live_records(&self, most: usize, mut work: impl FnMut(&SessionRecord)) {
        if most == 0 {
            return;
        }
        let all: Vec<_> = self.records.read().by_id.values().cloned().collect();
        let ordinal = |record: &Mutex<SessionRecord>| {
            let record = record.lock();
            (!record.ended).then_some(record.session.ordinal)
        };
        let live = all.iter().filter_map(|record| Some((ordinal(record)?, record)));
        let mut live: Vec<_> = live.collect();
        live.sort_unstable_by_key(|(ordinal, _)| *ordinal);
        live.iter().take(most).for_each(|(_, record)| work(&record.lock()));
    }

    fn record(&self, of: &Moment) -> Option<SessionRecord> {
        let record = self.records.read().by_id.get(&of.id).cloned()?;
        let mut copy = record.lock().clone();
        if let Some(now) = of.now.filter(|_| !copy.ended) {
            copy.advance(now);
        }
        Some(copy)
    }

    fn copy(&self, of: &Moment) -> Option<(SessionRecord, Kept)> {
        // The record last, so that its time is not before that of an exchange.
        let kept = self.archive.kept(&of.id)?;
        Some((self.record(of)?, kept))
    }

    /// Whether an event reports an empty buffer that was not reported before in another way.
    fn is_new_starvation(&self, event: &Event) -> bool {
        match event {
            Event::PlayerReported { request, report, collector } if report.starved => {
                self.starvation.is_new(request.session.ordinal, collector.as_deref())
            }
            _ => false,
        }
    }
}

impl Observer for Analytics {
    fn observe(&self, emitted: Emitted<'_>) {
        let Emitted { at, event } = emitted;
        let finished = self.archive.observe(emitted);
        let (session, _) = subject(event);
        if let Event::SessionStarted { session, profile, .. } = event {
            self.records.write().start(SessionRecord::new(session, profile, at));
        }
        let Some(record) = self.records.read().by_id.get(&session.id).cloned() else { return };
        let mut record = record.lock();
        // After its end, nothing is compared: the counts would stay forever.
        let new_starvation = !record.ended && self.is_new_starvation(event);
        record.observe(emitted, new_starvation);
        if let Some(exchange) = &finished {
            record.finished(exchange);
        }
        drop(record);
        if let Some(exchange) = &finished {
            access_log::write(exchange);
        }
        if let Event::SessionEnded { session, .. } = event {
            self.starvation.forget(session.ordinal);
            self.records.write().end(&session.id);
        }
    }
}

impl Records {
    fn start(&mut self, record: SessionRecord) {
        let id = Arc::clone(&record.session.id);
        // The anonymous session may end and start again.
        self.ended.retain(|ended| *ended != id);
        self.by_id.insert(id, Arc::new(Mutex::new(record)));
    }

    fn end(&mut self, id: &Arc<str>) {
        self.ended.push_back(Arc::clone(id));
        if self.ended.len() > MOST_ENDED
            && let Some(id) = self.ended.pop_front()
        {
            self.by_id.remove(&id);
        }
    }
}

/// Strings and numbers can always be serialised.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
