//! What is done to single requests beside the link, as a proxy's rules do.

use super::Request;
use crate::{model::LinkSpec, seed::Seed, units::SessionTime};
use std::{fmt::Debug, time::Duration};

/// What follows a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answer {
    /// The object that was requested.
    #[default]
    Object,
    /// A status other than success, with a body of this many bytes.
    Status(u16, u64),
    /// The connection ends instead.
    Closed,
    /// Nothing for this long, then the connection ends; `None` = nothing at all.
    Silence(Option<Duration>),
}

/// A point in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyPoint {
    /// Before this byte.
    Byte(u64),
    /// This long after the first byte.
    After(Duration),
}

/// How a body ends before its last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlyEnd {
    /// Where.
    pub at: BodyPoint,
    /// How long nothing follows before the connection ends; zero = it ends there, `None` = never.
    pub closes_after: Option<Duration>,
}

/// What is done to one request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RequestEffects {
    /// A delay before its response, beside the latency of the link.
    pub delay: Duration,
    /// What follows.
    pub answer: Answer,
    /// Round trips more, as of redirects.
    pub round_trips: u32,
    /// Rates that the body keeps to beside the link's.
    pub limits: Vec<LinkSpec>,
    /// Pauses in the body: before which byte, and for how long.
    pub pauses: Vec<(u64, Duration)>,
    /// How the body ends early, if it does.
    pub end: Option<EarlyEnd>,
    /// Whether the connection ends after the response.
    pub closes: bool,
}

/// One attempt of a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RequestAttempt {
    /// The request.
    pub request: Request,
    /// When it is made.
    pub at: SessionTime,
    /// The size of the object in bytes.
    pub bytes: u64,
    /// The root of its random numbers.
    pub seed: Seed,
    /// The number of its connection.
    pub connection: usize,
    /// Whether its connection has carried an earlier request.
    pub reused: bool,
}

/// Decides what is done to the requests of one session.
pub trait EffectSource: Debug + Send {
    /// What is done to the next request.
    fn effects(&mut self, attempt: &RequestAttempt) -> RequestEffects;

    /// `request`, the last one of its stream, did not bring a whole body.
    fn failed(&mut self, request: &Request) {
        let _ = request;
    }

    /// Whether it may limit the rates of single responses.
    fn limits_rates(&self) -> bool {
        false
    }
}
