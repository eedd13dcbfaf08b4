//! What happened in the data plane.

use super::{
    outcome::{Measured, Outcome},
    request_tag::{RequestTag, SessionTag},
};
use crate::{
    media::{Cmcd, MediaType},
    model::OnDrop,
    rules::{Plan, ScriptFailure},
    units::{BitRate, SessionTime},
};
use std::{sync::Arc, time::Duration};

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A session started.
    SessionStarted {
        /// The session.
        session: Arc<SessionTag>,
        /// The profile it starts with.
        profile: Arc<str>,
        /// The rate its link starts with; `None` = no limit.
        rate: Option<BitRate>,
    },
    /// A session ended: idle for too long, deleted, or the proxy stops.
    SessionEnded {
        /// The session.
        session: Arc<SessionTag>,
        /// The profile it ended with.
        profile: Arc<str>,
        /// How long it lasted.
        lasted: Duration,
    },
    /// A live command changed a session's link.
    LinkChanged {
        /// The session.
        session: Arc<SessionTag>,
        /// The profile now in force.
        profile: Arc<str>,
        /// The rate now in force; `None` = no limit.
        rate: Option<BitRate>,
    },
    /// A command changed a session: over the API, or the end of a temporary change.
    CommandApplied {
        /// The session.
        session: Arc<SessionTag>,
        /// `set`, `fault`, `disarm`, `undo`, `reset`, or `revert` for the end of a temporary change.
        kind: &'static str,
        /// What it does, in one line, such as `rate 2 Mbit/s for 30 s`.
        command: Arc<str>,
    },
    /// What a session's link has carried so far, sampled at intervals while the session is active. It is neither in
    /// the event log nor in the event stream.
    LinkSampled {
        /// The session.
        session: Arc<SessionTag>,
        /// When the link was sampled before, in session time.
        since: SessionTime,
        /// When it is sampled now.
        at: SessionTime,
        /// Body bytes handed to the player since the session's start.
        delivered: u64,
        /// Bytes that the link could have carried since the previous sample; `None` = no limit.
        granted: Option<u64>,
    },
    /// A page that plays the session measured the buffer of its player, and posted it over the API. It is neither in
    /// the event log nor in the event stream.
    BufferMeasured {
        /// The session.
        session: Arc<SessionTag>,
        /// When it was measured, in session time.
        at: SessionTime,
        /// The media ahead of the position that is shown.
        buffer: Duration,
    },
    /// A request was classified, and its effects were decided (reproducible).
    RequestPlanned {
        /// The request.
        request: Arc<RequestTag>,
        /// The link's latency, as drawn for this request.
        latency: Duration,
        /// The effects of script and rules; `None` = none. Effects that a script adds in `on_response`
        /// are reported only by [`FaultInjected`](Self::FaultInjected).
        plan: Option<Arc<Plan>>,
    },
    /// A player sent a CMCD report. The values (buffers, rates) are as the player reports them, on its own
    /// clock.
    PlayerReported {
        /// The request that carried it.
        request: Arc<RequestTag>,
        /// The report.
        report: Cmcd,
        /// The host and path that it was posted to. A posted body may hold several reports of earlier times.
        /// `None` = the report came with a request for media.
        collector: Option<Arc<str>>,
    },
    /// A player sent a CMCD report that must be ignored.
    PlayerReportIgnored {
        /// The request.
        request: Arc<RequestTag>,
        /// The reason: `version`.
        reason: &'static str,
    },
    /// An effect of a rule was applied (reproducible: `at_byte` follows from the rule, except for a cut after
    /// a time, where it is the number of bytes sent by then).
    FaultInjected {
        /// The request.
        request: Arc<RequestTag>,
        /// The rule's name.
        rule: Arc<str>,
        /// A slot of the plan (`delay`, `stall`, ...), how a cut ended, or an edit of a manifest.
        effect: &'static str,
        /// The byte offset in the body.
        at_byte: Option<u64>,
    },
    /// The loss process dropped a packet (reproducible).
    Dropped {
        /// The request.
        request: Arc<RequestTag>,
        /// The action on the drop.
        action: OnDrop,
        /// The packet's first byte.
        at_byte: u64,
    },
    /// The session's link stalled while bytes were waiting, or a pause of the network has ended. Both times of a stall
    /// derive from the seed; whether bytes were waiting does not.
    Stalled {
        /// The session.
        session: Arc<SessionTag>,
        /// When it began.
        at: SessionTime,
        /// How long it lasts.
        lasts: Duration,
    },
    /// A session's requests changed to another rung.
    RenditionSwitched {
        /// The session.
        session: Arc<SessionTag>,
        /// Video or audio.
        media: MediaType,
        /// From this rung (1 = lowest).
        from: u16,
        /// To this rung.
        to: u16,
    },
    /// A request to the origin failed.
    UpstreamFailed {
        /// The request.
        request: Arc<RequestTag>,
        /// `connect`, `timeout`, `reset`, ...: a short, bounded set.
        cause: &'static str,
    },
    /// The script failed on a request, and so had no effect on it (reproducible).
    ScriptFailed {
        /// The request.
        request: Arc<RequestTag>,
        /// The position and the error.
        failure: ScriptFailure,
    },
    /// A manifest could not be parsed; it was passed on unchanged.
    ManifestUnread {
        /// The request.
        request: Arc<RequestTag>,
        /// Why.
        problem: String,
    },
    /// An exchange is over.
    RequestFinished {
        /// The request.
        request: Arc<RequestTag>,
        /// The status sent; 0 if none was sent.
        status: u16,
        /// How it ended.
        outcome: Outcome,
        /// Body bytes sent.
        bytes: u64,
        /// Measured times.
        measured: Measured,
    },
}

impl Event {
    /// Whether it is a sample, for analytics only: its values depend on the time of sampling.
    #[must_use]
    pub const fn is_sample(&self) -> bool {
        matches!(self, Self::LinkSampled { .. } | Self::BufferMeasured { .. })
    }
}
