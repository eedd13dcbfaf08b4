//! The recorder: counts every event in the Prometheus families.

use super::{
    error::MetricsError,
    exchange::{Exchange, Exchanges},
    exposition::Exposition,
    instruments::Instruments,
    labels::{self, ProfileId, Profiles},
    memory,
    starvation::Starvation,
    zeros,
};
use crate::{
    event::{Emitted, Event, Observer, RequestTag, SessionTag},
    memory::MemoryBudget,
    output::LossCounter,
    units::BitRate,
};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};

/// Counts events for `/metrics`.
///
/// It is called on the byte path. The two events of every request are cheap: a plan costs a comparison, and a finished
/// exchange one lookup and a few atomic additions, without an allocation once its label set is known. All other events
/// are rare, and look up their labels by name.
pub struct Recorder {
    instruments: Instruments,
    profiles: Profiles,
    exchanges: Exchanges,
    /// The profile of each active session, by ordinal: a stall event contains only its session.
    sessions: Mutex<HashMap<u64, ProfileId>>,
    starvation: Starvation,
    losses: Mutex<Losses>,
    memory: Mutex<Arc<MemoryBudget>>,
}

/// Counters of what other parts of the program could not write.
#[derive(Default)]
struct Losses {
    log_lines: LossCounter,
    events: LossCounter,
}

impl Recorder {
    /// An empty recorder.
    ///
    /// # Errors
    /// When the table of families is invalid, which tests detect.
    pub fn new() -> Result<Self, MetricsError> {
        let instruments = Instruments::new()?;
        zeros::show(&instruments);
        Ok(Self {
            instruments,
            profiles: Profiles::new(),
            exchanges: Exchanges::new(),
            sessions: Mutex::default(),
            starvation: Starvation::default(),
            losses: Mutex::default(),
            memory: Mutex::default(),
        })
    }

    /// Shows what is counted of sessions on `profile`, which are expected, as zero.
    pub fn expect_profile(&self, profile: &str) {
        let id = self.profiles.id(&profile.into());
        zeros::show_profile(&self.instruments, self.profiles.label(id));
    }

    /// Shows `losses` as the log lines that were dropped.
    pub fn show_lost_log_lines(&self, losses: LossCounter) {
        self.losses.lock().log_lines = losses;
    }

    /// Exports `losses` as the number of dropped events.
    pub fn show_lost_events(&self, losses: LossCounter) {
        self.losses.lock().events = losses;
    }

    /// Exports what `memory` counts.
    pub fn show_memory(&self, memory: Arc<MemoryBudget>) {
        *self.memory.lock() = memory;
    }

    /// Exports how often the shared state was `lost`, and how many sessions were `restored` in it.
    pub fn show_state(&self, lost: u64, restored: u64) {
        let shown = &self.instruments;
        for (shown, counted) in [(&shown.state_losses, lost), (&shown.state_restored, restored)] {
            shown.inc_by(counted.saturating_sub(shown.get()));
        }
    }

    /// All metrics as text in this format, without its [`end`](Exposition::end).
    #[must_use]
    pub fn render(&self, format: Exposition) -> String {
        let losses = self.losses.lock();
        for (shown, counted) in [
            (&self.instruments.log_lines_dropped, &losses.log_lines),
            (&self.instruments.events_dropped, &losses.events),
        ] {
            shown.inc_by(counted.get().saturating_sub(shown.get()));
        }
        drop(losses);
        memory::show(&self.instruments, &self.memory.lock());
        format.render(&self.instruments.registry, Some(&self.instruments.exemplars))
    }

    fn session_started(&self, session: &SessionTag, profile: &Arc<str>, rate: Option<BitRate>) {
        let id = self.profiles.id(profile);
        self.sessions.lock().insert(session.ordinal, id);
        if rate.is_some() {
            self.note_rate(id, rate);
        }
        self.instruments.sessions_active.inc();
        let label = self.profiles.label(id);
        zeros::show_profile(&self.instruments, label);
        self.instruments.sessions_started.with_label_values(&[label]).inc();
    }

    /// Whether a report of an empty buffer was not reported before by another way. After its session has ended, a report
    /// is not compared.
    fn is_news(&self, request: &RequestTag, collector: Option<&str>) -> bool {
        // The lock is held during the comparison: otherwise an entry made while the session ends would stay forever.
        let sessions = self.sessions.lock();
        let live = sessions.contains_key(&request.session.ordinal);
        !live || self.starvation.is_new(request.session.ordinal, collector)
    }

    fn session_ended(&self, session: &SessionTag) {
        self.instruments.sessions_active.dec();
        let mut sessions = self.sessions.lock();
        self.starvation.forget(session.ordinal);
        if let Some(id) = sessions.remove(&session.ordinal) {
            self.forget_if_unused(id, &sessions);
        }
    }

    fn session_moved(&self, session: &SessionTag, to: ProfileId) {
        let mut sessions = self.sessions.lock();
        let before = sessions.insert(session.ordinal, to);
        if let Some(before) = before.filter(|before| *before != to) {
            self.forget_if_unused(before, &sessions);
        }
    }

    /// Removes the rate of a profile without sessions.
    fn forget_if_unused(&self, id: ProfileId, sessions: &HashMap<u64, ProfileId>) {
        if !sessions.values().any(|other| *other == id) {
            self.forget_link_rate(id);
        }
    }

    fn note_rate(&self, id: ProfileId, rate: Option<BitRate>) {
        match rate {
            Some(rate) => {
                let gauge =
                    self.instruments.link_rate.with_label_values(&[self.profiles.label(id)]);
                gauge.set(rate.bits_per_second() as f64);
            }
            None => self.forget_link_rate(id),
        }
    }

    fn forget_link_rate(&self, id: ProfileId) {
        // Fails if there is no such gauge, which does not matter.
        let _ = self.instruments.link_rate.remove_label_values(&[self.profiles.label(id)]);
    }

    fn stalled(&self, session: &SessionTag, seconds: f64) {
        let id = self.sessions.lock().get(&session.ordinal).copied();
        let label = id.map_or("unknown", |id| self.profiles.label(id));
        self.instruments.stalls.with_label_values(&[label]).observe(seconds);
    }
}

impl Observer for Recorder {
    fn observe(&self, Emitted { at, event }: Emitted<'_>) {
        let to = &self.instruments;
        match event {
            Event::RequestPlanned { request, .. } => {
                if labels::is_retry(request) {
                    to.retries.with_label_values(&[request.resource.kind.as_str()]).inc();
                }
            }
            // Counted with the request that follows the redirect.
            Event::RequestFinished { request, .. } if request.details.redirected => {}
            Event::RequestFinished { request, status, outcome, bytes, measured } => {
                let (status, outcome, bytes) = (*status, *outcome, *bytes);
                let exchange = Exchange { at, request, status, outcome, bytes, measured };
                self.exchanges.record(&exchange, to, &self.profiles);
            }
            Event::PlayerReported { request, report, collector } => {
                let profile = self.profiles.label(self.profiles.id(&request.profile));
                if let Some(buffer) = report.buffer {
                    let labels = [request.resource.media.as_str(), profile];
                    to.player_buffer.with_label_values(&labels).observe(buffer.as_secs_f64());
                }
                if report.starved && self.is_news(request, collector.as_deref()) {
                    to.player_starvation.with_label_values(&[profile]).inc();
                }
            }
            Event::PlayerReportIgnored { reason, .. } => {
                to.player_reports_ignored.with_label_values(&[reason]).inc();
            }
            Event::SessionStarted { session, profile, rate } => {
                self.session_started(session, profile, *rate);
            }
            Event::SessionEnded { session, .. } => self.session_ended(session),
            Event::LinkChanged { session, profile, rate } => {
                let id = self.profiles.id(profile);
                self.session_moved(session, id);
                self.note_rate(id, *rate);
            }
            Event::CommandApplied { kind, .. } => {
                to.commands.with_label_values(&[kind]).inc();
            }
            Event::LinkSampled { .. } | Event::BufferMeasured { .. } => {}
            Event::FaultInjected { effect, .. } => to.faults.with_label_values(&[effect]).inc(),
            Event::ScriptFailed { failure, .. } => {
                to.script_errors.with_label_values(&[failure.function]).inc();
            }
            Event::Dropped { action, .. } => to.drops.with_label_values(&[action.as_str()]).inc(),
            Event::Stalled { session, lasts, .. } => self.stalled(session, lasts.as_secs_f64()),
            Event::RenditionSwitched { from, to: rung, .. } => {
                let direction = if rung > from { "up" } else { "down" };
                to.switches.with_label_values(&[direction]).inc();
            }
            Event::UpstreamFailed { cause, .. } => {
                to.upstream_errors.with_label_values(&[cause]).inc();
            }
            Event::ManifestUnread { request, .. } => {
                let protocol = request.resource.protocol.as_str();
                to.manifest_errors.with_label_values(&[protocol]).inc();
            }
        }
    }
}
