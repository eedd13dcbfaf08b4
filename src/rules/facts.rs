//! What a rule may ask about a request.

use crate::media::Resource;
use http::Method;
use std::time::Duration;

/// What a rule may ask about a request.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// What it asks for.
    pub resource: &'a Resource,
    /// When it arrived, since the session's time zero.
    pub session_time: Duration,
    /// When it arrived, since the process's time zero: what all sessions share.
    pub process_time: Duration,
    /// When it arrived, since 1970-01-01T00:00:00Z.
    pub epoch: Duration,
    /// The highest rung there is on the ladder of its media type, if that is known.
    pub highest_rung: Option<u16>,
    /// Whether it is for sound or text of a presentation that has pictures too.
    pub beside_video: bool,
    /// The number of the segment that was the newest one of this media type when the session first
    /// asked for any, in a live stream: see [`Joined`](super::Joined).
    pub joined: Option<u64>,
    /// 1 = the first time the session asks for this, 2 = its first retry, ...
    pub attempt: u32,
    /// `GET`, `HEAD`, ...
    pub method: &'a Method,
    /// The host it is for, with its port if that is not the scheme's own.
    pub host: &'a str,
    /// Path and query at the origin.
    pub path: &'a str,
    /// Whether it asks for a range of bytes.
    pub ranged: bool,
    /// Whether its connection has carried an earlier request.
    pub reused: bool,
}

impl<'a> Facts<'a> {
    /// A first GET of `resource` on a fresh connection, of which nothing else is known.
    #[must_use]
    pub const fn new(resource: &'a Resource, session_time: Duration) -> Self {
        Self {
            resource,
            session_time,
            process_time: session_time,
            epoch: session_time,
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
