//! The summary: counts and quantiles of a run, printed at its end.

use super::{
    error::MetricsError, labels, report::Report, session_line::SessionLine, starvation::Starvation,
    times::Times,
};
use crate::event::{Emitted, Event, Measured, Observer, Outcome, RequestTag, SessionTag};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

/// Sessions are distributed over this number of tallies, so that threads seldom contend for one.
const TALLIES: u64 = 8;
/// The first sessions of a run, by ordinal, have a line of their own.
const SESSION_LINES: u64 = 100;

/// Keeps the counts and quantiles of a run.
///
/// Its memory is fixed (about 3 MB): times are stored in HDR histograms of microseconds up to an hour.
pub struct Summary {
    tallies: Vec<Mutex<Tally>>,
    starvation: Starvation,
}

impl Summary {
    /// An empty summary.
    ///
    /// # Errors
    /// When the bounds of the histograms are invalid, which tests detect.
    pub fn new() -> Result<Self, MetricsError> {
        let tallies = (0..TALLIES).map(|_| Ok(Mutex::new(Tally::new()?)));
        let tallies = tallies.collect::<Result<_, MetricsError>>()?;
        Ok(Self { tallies, starvation: Starvation::default() })
    }

    /// The report of the run so far.
    ///
    /// # Errors
    /// As [`Summary::new`].
    pub fn report(&self) -> Result<Report, MetricsError> {
        let mut sum = Tally::new()?;
        for tally in &self.tallies {
            sum.add(&tally.lock());
        }
        Ok(Report::of(&sum))
    }

    fn reported(&self, request: &RequestTag, starved: bool, collector: Option<&str>) {
        let ordinal = request.session.ordinal;
        let mut tally = self.tally(ordinal).lock();
        // What arrives after the session's end is not kept to be compared.
        let live = tally.live.contains(&ordinal);
        let news = starved && (!live || self.starvation.is_new(ordinal, collector));
        tally.reported(ordinal, news);
    }

    fn tally(&self, ordinal: u64) -> &Mutex<Tally> {
        &self.tallies[(ordinal % TALLIES) as usize]
    }
}

impl Observer for Summary {
    fn observe(&self, Emitted { event, .. }: Emitted<'_>) {
        match event {
            Event::RequestPlanned { request, .. } => {
                if labels::is_retry(request) {
                    self.tally(request.session.ordinal).lock().retries += 1;
                }
            }
            // Counted with the request that follows the redirect.
            Event::RequestFinished { request, .. } if request.details.redirected => {}
            Event::RequestFinished { request, status, outcome, bytes, measured } => {
                let mut tally = self.tally(request.session.ordinal).lock();
                tally.finished(request, *status, *outcome, *bytes, measured);
            }
            Event::SessionStarted { session, profile, .. } => {
                self.tally(session.ordinal).lock().started(session, profile);
            }
            Event::SessionEnded { session, .. } => {
                let mut tally = self.tally(session.ordinal).lock();
                tally.live.remove(&session.ordinal);
                self.starvation.forget(session.ordinal);
            }
            Event::PlayerReported { request, report, collector } => {
                self.reported(request, report.starved, collector.as_deref());
            }
            Event::FaultInjected { request, effect, .. } => {
                let mut tally = self.tally(request.session.ordinal).lock();
                *tally.faults.entry(effect).or_default() += 1;
                if let Some(line) = tally.lines.get_mut(&request.session.ordinal) {
                    line.faults += 1;
                }
            }
            Event::Dropped { request, action, .. } => {
                let mut tally = self.tally(request.session.ordinal).lock();
                *tally.drops.entry(action.as_str()).or_default() += 1;
            }
            Event::UpstreamFailed { request, cause } => {
                let mut tally = self.tally(request.session.ordinal).lock();
                *tally.upstream_errors.entry(cause).or_default() += 1;
            }
            Event::ManifestUnread { request, .. } => {
                self.tally(request.session.ordinal).lock().manifests_unread += 1;
            }
            Event::Stalled { session, lasts, .. } => {
                let mut tally = self.tally(session.ordinal).lock();
                tally.stalls += 1;
                tally.stalled += *lasts;
                if let Some(line) = tally.lines.get_mut(&session.ordinal) {
                    line.stalled(*lasts);
                }
            }
            Event::RenditionSwitched { session, from, to, .. } => {
                let mut tally = self.tally(session.ordinal).lock();
                let direction = if to > from { "up" } else { "down" };
                *tally.switches.entry(direction).or_default() += 1;
                if let Some(line) = tally.lines.get_mut(&session.ordinal) {
                    *line.rendition_switches.entry(direction).or_default() += 1;
                }
            }
            Event::LinkChanged { .. }
            | Event::CommandApplied { .. }
            | Event::LinkSampled { .. }
            | Event::ScriptFailed { .. }
            | Event::PlayerReportIgnored { .. } => {}
        }
    }
}

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
    live: HashSet<u64>,
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
    fn new() -> Result<Self, MetricsError> {
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

    fn started(&mut self, session: &SessionTag, profile: &Arc<str>) {
        self.sessions += 1;
        self.live.insert(session.ordinal);
        if session.ordinal <= SESSION_LINES {
            self.lines.insert(session.ordinal, SessionLine::new(session, profile));
        }
    }

    fn finished(
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
    fn reported(&mut self, ordinal: u64, rebuffered: bool) {
        let count = u64::from(rebuffered);
        self.player_reports += 1;
        self.rebuffers += count;
        if let Some(line) = self.lines.get_mut(&ordinal) {
            line.rebuffers = Some(line.rebuffers.unwrap_or(0) + count);
        }
    }

    fn add(&mut self, other: &Self) {
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
