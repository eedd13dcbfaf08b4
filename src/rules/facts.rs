//! The properties of a request that rules can test.

use crate::{
    media::Resource,
    units::{ProcessTime, SessionTime, UnixTime},
};
use http::Method;

/// The properties of a request that rules can test.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The requested resource.
    pub resource: &'a Resource,
    /// When it arrived, as session time.
    pub session_time: SessionTime,
    /// When it arrived, as process time, which all sessions share.
    pub process_time: ProcessTime,
    /// When it arrived, as the time of day.
    pub unix_time: UnixTime,
    /// The highest rung on the ladder of its media type, if known.
    pub highest_rung: Option<u16>,
    /// Whether it is for audio or text of a presentation that also has video.
    pub beside_video: bool,
    /// In a live stream, the number of the newest segment of this media type at the time of the
    /// session's first request for that type: see
    /// [`Decider::joined`](super::Decider::joined).
    pub joined: Option<u64>,
    /// 1 = the first request of the session for this resource, 2 = its first retry, ...
    pub attempt: u32,
    /// `GET`, `HEAD`, ...
    pub method: &'a Method,
    /// The host it is for, with its port if that is not the default of the scheme.
    pub host: &'a str,
    /// Path and query at the origin.
    pub path: &'a str,
    /// Whether it is a range request.
    pub ranged: bool,
    /// Whether its connection has carried an earlier request.
    pub reused: bool,
}

impl<'a> Facts<'a> {
    /// A first GET of `resource` on a new connection, with all clocks at `session_time`; all else is unknown.
    #[must_use]
    pub const fn new(resource: &'a Resource, session_time: SessionTime) -> Self {
        Self {
            resource,
            session_time,
            process_time: ProcessTime::new(session_time.since_zero()),
            unix_time: UnixTime::new(session_time.since_zero()),
            highest_rung: None,
            beside_video: false,
            joined: None,
            attempt: 1,
            method: &Method::GET,
            host: "",
            path: "/",
            ranged: false,
            reused: false,
        }
    }
}
