//! The counts and times of some sessions.

use super::{error::MetricsError, labels, session_line::SessionLine, times::Times};
use crate::event::{Measured, Outcome, RequestTag, SessionTag};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

/// The first sessions of a run, by ordinal, have a line of their own.
const SESSION_LINES: u64 = 100;

/// Counts by name. The names are known at compile time.
pub(super) type Counts = BTreeMap<&'static str, u64>;

/// The counts and times of some sessions.
pub(super) struct Tally {
    pub(super) sessions: u64,
    pub(super) requests: u64,
    pub(super) bytes: u64,
    pub(super) retries: u64,
    pub(super) manifests_unread: u64,
    pub(super) stalls: u64,
    pub(super) stalled: Duration,
    /// How often viewers rebuffered, as players report it.
    pub(super) rebuffers: u64,
    /// Reports of players.
    pub(super) player_reports: u64,
    /// Sessions that have not ended.
    pub(super) live: HashSet<u64>,
    /// By ordinal.
    pub(super) lines: BTreeMap<u64, SessionLine>,
    pub(super) outcomes: Counts,
    pub(super) drops: Counts,
    pub(super) faults: Counts,
    pub(super) upstream_errors: Counts,
    pub(super) switches: Counts,
    /// Of requests with a response.
    pub(super) ttfb: Times,
    /// Of complete segments and parts.
    pub(super) download: Times,
}

impl Tally {
    pub(super) fn new() -> Result<Self, MetricsError> {
        Ok(Self {
            sessions: 0,
            requests: 0,
            bytes: 0,
            retries: 0,
            manifests_unread: 0,
            stalls: 0,
            stalled: Duration::ZERO,
            rebuffers: 0,
            player_reports: 0,
            live: HashSet::new(),
            lines: BTreeMap::new(),
            outcomes: Counts::new(),
            drops: Counts::new(),
            faults: Counts::new(),
            upstream_errors: Counts::new(),
            switches: Counts::new(),
            ttfb: Times::new()?,
            download: Times::new()?,
        })
    }

    pub(super) fn started(&mut self, session: &SessionTag, profile: &Arc<str>) {
        self.sessions += 1;
        self.live.insert(session.ordinal);
        if session.ordinal <= SESSION_LINES {
            self.lines.insert(session.ordinal, SessionLine::new(session, profile));
        }
    }

    pub(super) fn finished(
        &mut self,
        request: &RequestTag,
        status: u16,
        outcome: Outcome,
        bytes: u64,
        measured: &Measured,
    ) {
        self.requests += 1;
        self.bytes += bytes;
        if let Some(line) = self.lines.get_mut(&request.session.ordinal) {
            line.requests += 1;
            line.bytes += bytes;
        }
        *self.outcomes.entry(outcome.as_str()).or_default() += 1;
        if status != 0 {
            self.ttfb.record(measured.ttfb);
        }
        let whole = (200..300).contains(&status) && outcome == Outcome::Complete && bytes > 0;
        if whole && labels::is_media_piece(request) {
            self.download.record(measured.total);
        }
    }

    /// A player of session number `ordinal` reported on itself; `rebuffered` = and that it ran dry,
    /// which was not known.
    pub(super) fn reported(&mut self, ordinal: u64, rebuffered: bool) {
        let count = u64::from(rebuffered);
        self.player_reports += 1;
        self.rebuffers += count;
        if let Some(line) = self.lines.get_mut(&ordinal) {
            line.rebuffers = Some(line.rebuffers.unwrap_or(0) + count);
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.sessions += other.sessions;
        self.requests += other.requests;
        self.bytes += other.bytes;
        self.retries += other.retries;
        self.manifests_unread += other.manifests_unread;
        self.stalls += other.stalls;
        self.stalled += other.stalled;
        self.rebuffers += other.rebuffers;
        self.player_reports += other.player_reports;
        self.lines.extend(other.lines.iter().map(|(ordinal, line)| (*ordinal, line.clone())));
        for (to, from) in [
            (&mut self.outcomes, &other.outcomes),
            (&mut self.drops, &other.drops),
            (&mut self.faults, &other.faults),
            (&mut self.upstream_errors, &other.upstream_errors),
            (&mut self.switches, &other.switches),
        ] {
            for (name, count) in from {
                *to.entry(name).or_default() += count;
            }
        }
        self.ttfb.add(&other.ttfb);
        self.download.add(&other.download);
    }
}
