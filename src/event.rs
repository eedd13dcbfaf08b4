//! What happened: all that observers (metrics, logs, API) ever see of the data plane.
//!
//! Events are plain data. Those that record a *verdict* hold only what follows from the seed and
//! the requests; what a clock measured stands apart, in [`Measured`], so that two logs of the same
//! run can be compared.

use crate::{
    media::{Cmcd, MediaType, Resource},
    model::OnDrop,
    rules::{Plan, ScriptFailure},
    units::BitRate,
};
use std::{sync::Arc, time::Duration};

/// Who a session is. Shared by all of its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionTag {
    /// The session's id, as in `/-/s/ID/`.
    pub id: Arc<str>,
    /// The how-manieth session of this process, from 1.
    pub ordinal: u64,
    /// The seed of all its random streams.
    pub seed: u64,
    /// The name given with `vsps.label`, if any.
    pub label: Option<Arc<str>>,
}

/// Which request of a session. `path` and `attempt` identify it, in whatever order requests come.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestTag {
    /// The session it belongs to.
    pub session: Arc<SessionTag>,
    /// The profile in force when it came.
    pub profile: Arc<str>,
    /// `GET`, `HEAD`, ...
    pub method: http::Method,
    /// Path and query at the origin.
    pub path: String,
    /// 1 = the first time the session asks for this path.
    pub attempt: u32,
    /// What it asks for.
    pub resource: Resource,
    /// What was known of it when its fate was decided, and where it belongs.
    pub details: RequestDetails,
}

/// What was known of a request when its fate was decided, beside what it asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestDetails {
    /// What attempts are counted by and chances derive from: method (but for GET), origin (if it is not the
    /// session's), path, and range. Of a request that a redirect led to, that of the first one.
    pub key: Arc<str>,
    /// The host it is for, with its port if that is not the scheme's own.
    pub host: String,
    /// How many redirects led to it: it belongs to the same request of the player as the first one, which
    /// counts once.
    pub hop: u8,
    /// Its answer is a redirect within the session: the request that follows is counted in its place.
    pub redirected: bool,
    /// An earlier request for the same bytes failed.
    pub resumes: bool,
    /// It asks for a range of bytes.
    pub ranged: bool,
    /// Its connection has carried an earlier request.
    pub reused: bool,
    /// The highest rung of its ladder, if a rule or a script may ask for it.
    pub highest_rung: Option<u16>,
    /// It is for sound or text beside pictures, if a rule or a script may ask for it.
    pub beside_video: bool,
    /// The number of the newest segment when the session first asked for one of its media type.
    pub joined: Option<u64>,
    /// When it arrived, in session time.
    pub session_time: Duration,
    /// When it arrived, in the process's time.
    pub process_time: Duration,
    /// When it arrived, since 1970-01-01T00:00:00Z.
    pub epoch: Duration,
}

/// How an exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Every byte was handed over.
    Complete,
    /// Cut by a rule or a drop, as asked.
    Cut,
    /// The player went away first.
    PlayerGone,
    /// The origin cut it, or broke its framing.
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

/// What a clock measured of an exchange: true, and never the same twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measured {
    /// Request read to the origin's response headers; `None` when the origin was not asked.
    pub upstream_ttfb: Option<Duration>,
    /// Request read to the first body byte handed over (or to the end, without a body).
    pub ttfb: Duration,
    /// Request read to the last body byte handed over.
    pub total: Duration,
    /// Time the body waited for the link (rate, stalls, losses).
    pub shaper_wait: Duration,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A viewer came.
    SessionStarted {
        /// Who.
        session: Arc<SessionTag>,
        /// The profile it starts with.
        profile: Arc<str>,
        /// The rate its link starts with; `None` = no limit.
        rate: Option<BitRate>,
    },
    /// A viewer is gone: idle for too long, deleted, or the proxy stops.
    SessionEnded {
        /// Who.
        session: Arc<SessionTag>,
        /// The profile it ended with.
        profile: Arc<str>,
        /// How long it lasted.
        lasted: Duration,
    },
    /// A live command changed a session's link.
    LinkChanged {
        /// Who.
        session: Arc<SessionTag>,
        /// The profile now in force.
        profile: Arc<str>,
        /// The rate now in force; `None` = no limit.
        rate: Option<BitRate>,
    },
    /// A request was classified and its fate decided (a verdict).
    RequestPlanned {
        /// Which.
        request: Arc<RequestTag>,
        /// The link's latency, as drawn for this request.
        latency: Duration,
        /// What script and rules ask for; `None` = nothing. What a script adds when it sees the answer
        /// is told by [`FaultInjected`](Self::FaultInjected) alone.
        plan: Option<Arc<Plan>>,
    },
    /// A player told about itself with a request (CMCD). Its word, not ours: what it says of buffers and
    /// rates came about by its clock.
    PlayerReported {
        /// With which.
        request: Arc<RequestTag>,
        /// What it said.
        report: Cmcd,
        /// To which host and path it posted that in the request's body, which may hold several reports, of
        /// earlier moments; `None` = it said so with the request itself.
        collector: Option<Arc<str>>,
    },
    /// A player told about itself in a way that must be ignored.
    PlayerReportIgnored {
        /// With which request.
        request: Arc<RequestTag>,
        /// Why: `version`.
        reason: &'static str,
    },
    /// A rule's effect took place (a verdict: `at_byte` follows from the rule, but for a cut after a
    /// time, where it is what had passed by then).
    FaultInjected {
        /// To which request.
        request: Arc<RequestTag>,
        /// The rule's name.
        rule: Arc<str>,
        /// A slot of the plan (`delay`, `stall`, ...), how a cut ended, or an edit of a manifest.
        effect: &'static str,
        /// Where in the body it struck.
        at_byte: Option<u64>,
    },
    /// The loss process dropped a packet (a verdict).
    Dropped {
        /// Of which response.
        request: Arc<RequestTag>,
        /// What that did.
        action: OnDrop,
        /// The packet's first byte.
        at_byte: u64,
    },
    /// The session's link froze while bytes were waiting. Both times follow from the seed; which
    /// stalls find bytes waiting does not.
    Stalled {
        /// Whose link.
        session: Arc<SessionTag>,
        /// Start, in session time.
        at: Duration,
        /// For how long.
        lasts: Duration,
    },
    /// A viewer's requests moved to another rung.
    RenditionSwitched {
        /// Who.
        session: Arc<SessionTag>,
        /// Of video or audio.
        media: MediaType,
        /// From this rung (1 = lowest).
        from: u16,
        /// To this rung.
        to: u16,
    },
    /// The origin failed us.
    UpstreamFailed {
        /// On which request.
        request: Arc<RequestTag>,
        /// `connect`, `timeout`, `reset`, ...: a short, bounded set.
        cause: &'static str,
    },
    /// The script failed on a request, which it then had no say in (a verdict).
    ScriptFailed {
        /// Which.
        request: Arc<RequestTag>,
        /// Where and why.
        failure: ScriptFailure,
    },
    /// A manifest could not be read; it passed through untouched.
    ManifestUnread {
        /// Which.
        request: Arc<RequestTag>,
        /// Why.
        problem: String,
    },
    /// An exchange is over.
    RequestFinished {
        /// Which.
        request: Arc<RequestTag>,
        /// The status that was answered; 0 when none was.
        status: u16,
        /// How it ended.
        outcome: Outcome,
        /// Body bytes handed over.
        bytes: u64,
        /// What the clock said.
        measured: Measured,
    },
}

/// Somebody who wants to know. Called on the byte path: it must be quick and must not block.
pub trait Observer: Send + Sync {
    /// Takes note of `event`.
    fn observe(&self, event: &Event);
}

impl<T: Observer + ?Sized> Observer for Arc<T> {
    fn observe(&self, event: &Event) {
        (**self).observe(event);
    }
}

/// Hands every event to every observer, in the order in which they were added.
#[derive(Default)]
pub struct Bus {
    observers: Vec<Box<dyn Observer>>,
}

impl Bus {
    /// A bus that tells `observers`.
    #[must_use]
    pub fn new(observers: Vec<Box<dyn Observer>>) -> Self {
        Self { observers }
    }

    /// Tells everybody.
    pub fn emit(&self, event: &Event) {
        for observer in &self.observers {
            observer.observe(event);
        }
    }
}
