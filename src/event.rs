//! Events: everything that observers (metrics, logs, API) see of the data plane.
//!
//! Events are plain data. Events that record a *verdict* hold only values that derive from the seed and
//! the requests. Measured times are separate, in [`Measured`], so that the logs of two runs with the
//! same seed can be compared. The time of an event is not part of it: the [`Bus`] adds it.

mod bus;

pub use bus::{Bus, Emitted, Observer};

use crate::{
    media::{Cmcd, MediaType, Resource},
    model::OnDrop,
    rules::{Plan, ScriptFailure},
    units::{BitRate, ProcessTime, SessionTime, UnixTime},
};
use std::{sync::Arc, time::Duration};

/// Identifies a session. Shared by all its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionTag {
    /// The session's id, as in `/-/s/ID/`.
    pub id: Arc<str>,
    /// The session's ordinal number in this process, from 1.
    pub ordinal: u64,
    /// The seed of all its random streams.
    pub seed: u64,
    /// The name given with `vsps.label`, if any.
    pub label: Option<Arc<str>>,
}

/// Identifies a request of a session by `path` and `attempt`, independent of the order of requests.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestTag {
    /// The session it belongs to.
    pub session: Arc<SessionTag>,
    /// The profile in force when it arrived.
    pub profile: Arc<str>,
    /// `GET`, `HEAD`, ...
    pub method: http::Method,
    /// Path and query at the origin.
    pub path: String,
    /// 1 = the session's first request for this path.
    pub attempt: u32,
    /// The requested resource.
    pub resource: Resource,
    /// The properties that the decision was based on.
    pub details: RequestDetails,
}

/// The properties of a request that the decision was based on, in addition to the resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestDetails {
    /// Attempts are counted by this key, and random draws derive from it: method (except GET), origin (if it
    /// is not the session's), path, and range. After a redirect it is the key of the first request.
    pub key: Arc<str>,
    /// The host it is for, with its port if that is not the default of the scheme.
    pub host: String,
    /// How many redirects preceded it. All requests of a redirect chain count as one request of the player.
    pub hop: u8,
    /// Its response is a redirect within the session. The request that follows is counted instead of it.
    pub redirected: bool,
    /// An earlier request for the same bytes failed.
    pub resumes: bool,
    /// It is a range request.
    pub ranged: bool,
    /// Its connection has carried an earlier request.
    pub reused: bool,
    /// The highest rung of its ladder, if a rule or a script may use it.
    pub highest_rung: Option<u16>,
    /// It is for audio or text of a presentation with video. Set only if a rule or a script may use it.
    pub beside_video: bool,
    /// The number of the newest segment at the time of the session's first request for its media type.
    pub joined: Option<u64>,
    /// When it arrived, in session time.
    pub session_time: SessionTime,
    /// When it arrived, in process time.
    pub process_time: ProcessTime,
    /// When it arrived, as the time of day.
    pub unix_time: UnixTime,
}

/// How an exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Every byte was sent.
    Complete,
    /// Cut by a rule or by the loss process.
    Cut,
    /// The player closed the connection or stream early.
    PlayerGone,
    /// The origin ended it early, or sent wrong framing.
    OriginCut,
}

impl Outcome {
    /// The name used in labels and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Cut => "cut",
            Self::PlayerGone => "player-gone",
            Self::OriginCut => "origin-cut",
        }
    }
}

/// Measured times of an exchange. They differ from run to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measured {
    /// From the end of the request to the origin's response headers; `None` if no request went to the origin.
    pub upstream_ttfb: Option<Duration>,
    /// From the end of the request to the first body byte sent (or to the end, without a body).
    pub ttfb: Duration,
    /// From the end of the request to the last body byte sent.
    pub total: Duration,
    /// How long the body waited for the link (rate, stalls, losses).
    pub shaper_wait: Duration,
    /// How long it waited for the origin: for its headers, and for bytes of its body.
    pub origin_wait: Duration,
    /// How long rules held it: delays, hangs and pauses of the body.
    pub rule_wait: Duration,
}

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
    /// A request was classified, and its effects were decided (a verdict).
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
    /// An effect of a rule was applied (a verdict: `at_byte` follows from the rule, except for a cut after
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
    /// The loss process dropped a packet (a verdict).
    Dropped {
        /// The request.
        request: Arc<RequestTag>,
        /// The action on the drop.
        action: OnDrop,
        /// The packet's first byte.
        at_byte: u64,
    },
    /// The session's link stalled while bytes were waiting. Both times derive from the seed; whether bytes
    /// were waiting does not.
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
    /// The script failed on a request, and so had no effect on it (a verdict).
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
