//! One request under way, as the network knows it.

use super::{
    Request,
    attempt::{Attempt, BodyEnd},
    deadlines::DeadlineWatch,
};
use crate::{player::Failure, units::LinkTime};
use std::time::Duration;

/// Later than everything.
pub(super) const NEVER: LinkTime = LinkTime::new(Duration::MAX);

/// One request under way.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) request: Request,
    pub(super) attempt: Attempt,
    /// The number of its connection.
    pub(super) connection: usize,
    pub(super) course: Course,
}

/// What a request leads to.
#[derive(Debug)]
pub(super) enum Course {
    /// It brings nothing to play, which is known at a time.
    Fails(Fails),
    /// A body arrives.
    Body(Body),
}

/// The end of a request that brings nothing to play.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fails {
    pub(super) at: LinkTime,
    /// Bytes of the body.
    pub(super) received: u64,
    pub(super) failure: Failure,
}

/// The body of a response.
#[derive(Debug)]
pub(super) struct Body {
    /// When it ends early, if it does, and how long after it the connection ends.
    pub(super) early: Option<LinkTime>,
    pub(super) closes: Option<Duration>,
    /// Whether all of the object is sent.
    pub(super) whole: bool,
    /// The status, if it is none of success.
    pub(super) status: Option<u16>,
    /// Whether the connection ends after it.
    pub(super) last: bool,
    /// The limits of its time.
    pub(super) late: DeadlineWatch,
    /// None of these limits passes before this time.
    pub(super) limit: LinkTime,
}

impl Body {
    /// How the body of `attempt` ends at `time`, if it does then: early, or because it is late. `received` bytes have
    /// arrived.
    pub(super) fn stopped(
        &mut self,
        attempt: &Attempt,
        time: LinkTime,
        received: u64,
    ) -> Option<BodyEnd> {
        if let Some(early) = self.early.filter(|early| *early <= time) {
            return Some(BodyEnd::At(early));
        }
        let limit = self.late.passed(attempt.since(time), received)?;
        Some(BodyEnd::Late(attempt.after(limit)))
    }
}
