//! The summary: counts and quantiles of a run, printed at its end.

use super::{error::MetricsError, labels, report::Report, starvation::Starvation, tally::Tally};
use crate::event::{Emitted, Event, Observer, RequestTag};
use parking_lot::Mutex;

/// Sessions are distributed over this number of tallies, so that threads seldom contend for one.
const TALLIES: u64 = 8;

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
            | Event::BufferMeasured { .. }
            | Event::ScriptFailed { .. }
            | Event::PlayerReportIgnored { .. } => {}
        }
    }
}
