//! What an event is about: a session, and a request of it.

use crate::{
    media::Resource,
    units::{ProcessTime, SessionTime, UnixTime},
};
use std::sync::Arc;

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
