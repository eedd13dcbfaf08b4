//! The summary: what a run was like, kept exactly enough to print at its end.

use super::{error::MetricsError, labels, report::Report, times::Times};
use crate::event::{Event, Measured, Observer, Outcome, RequestTag};
use parking_lot::Mutex;
use std::{collections::BTreeMap, time::Duration};

/// Sessions are spread over this many tallies, so that threads seldom meet at one.
const TALLIES: u64 = 8;
/// Keeps the counts and quantiles of a run.
///
/// Its memory is fixed (about 3 MB): times live in HDR histograms of microseconds up to an hour.
pub struct Summary {
    tallies: Vec<Mutex<Tally>>,
}

impl Summary {
    /// A summary of nothing yet.
    ///
    /// # Errors
    /// When the histograms' bounds make no sense; the tests would have found it.
    pub fn new() -> Result<Self, MetricsError> {
        let tallies = (0..TALLIES).map(|_| Ok(Mutex::new(Tally::new()?)));
        Ok(Self { tallies: tallies.collect::<Result<_, MetricsError>>()? })
    }

    /// What the run was like so far.
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

    fn tally(&self, ordinal: u64) -> &Mutex<Tally> {
        &self.tallies[(ordinal % TALLIES) as usize]
    }
}

impl Observer for Summary {
    fn observe(&self, event: &Event) {
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
            Event::SessionStarted { session, .. } => {
                self.tally(session.ordinal).lock().sessions += 1;
            }
            Event::FaultInjected { request, effect, .. } => {
                let mut tally = self.tally(request.session.ordinal).lock();
                *tally.faults.entry(effect).or_default() += 1;
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
            }
            Event::RenditionSwitched { session, from, to, .. } => {
                let mut tally = self.tally(session.ordinal).lock();
                *tally.switches.entry(if to > from { "up" } else { "down" }).or_default() += 1;
            }
            Event::SessionEnded { .. }
            | Event::LinkChanged { .. }
            | Event::ScriptFailed { .. }
            | Event::PlayerReported { .. }
            | Event::PlayerReportIgnored { .. } => {}
        }
    }
}

/// A count for each of a few names, all known at compile time.
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
    pub(super) outcomes: Counts,
    pub(super) drops: Counts,
    pub(super) faults: Counts,
    pub(super) upstream_errors: Counts,
    pub(super) switches: Counts,
    /// Of answered requests.
    pub(super) ttfb: Times,
    /// Of segments and parts that arrived whole.
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
            outcomes: Counts::new(),
            drops: Counts::new(),
            faults: Counts::new(),
            upstream_errors: Counts::new(),
            switches: Counts::new(),
            ttfb: Times::new()?,
            download: Times::new()?,
        })
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
        *self.outcomes.entry(outcome.as_str()).or_default() += 1;
        if status != 0 {
            self.ttfb.record(measured.ttfb);
        }
        let whole = (200..300).contains(&status) && outcome == Outcome::Complete && bytes > 0;
        if whole && labels::is_media_piece(request) {
            self.download.record(measured.total);
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
