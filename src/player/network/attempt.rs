//! One attempt of a request under way.

use super::Progress;
use crate::{seed::Seed, units::LinkTime};
use std::time::Duration;

pub(super) const NANOS_PER_MS: f64 = 1_000_000.0;
const NANOS_PER_S: u64 = 1_000_000_000;
pub(super) const BITS: f64 = 8.0;

/// How a body ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum BodyEnd {
    /// With its last byte, or the one before its early end.
    Sent,
    /// With a lost packet.
    Lost,
    /// Early, at this time.
    At(LinkTime),
    /// The player gave it up.
    GivenUp,
    /// A limit of the player's time passed then.
    Late(LinkTime),
}

/// One attempt under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    /// The size of the object in bits.
    pub(super) size: f64,
    pub(super) seed: Seed,
    /// When the request was made, and when the head of the response comes.
    pub(super) asked: LinkTime,
    pub(super) head: LinkTime,
}

impl Attempt {
    /// `time` in ms since the request.
    pub(super) fn since(&self, time: LinkTime) -> f64 {
        millis(time - self.asked)
    }

    /// The time this many ms after the request.
    pub(super) fn after(&self, ms: f64) -> LinkTime {
        self.asked + duration(ms)
    }

    /// How far the body has come.
    pub(super) fn progress(&self, time: LinkTime, received: u64) -> Progress {
        let received = self.size.min(received as f64 * BITS);
        let (time, first_byte) = (self.since(time), self.since(self.head.min(time)));
        Progress { size: self.size, received, time, first_byte }
    }
}

/// A size in bits as whole bytes, one at least.
pub(super) fn whole_bytes(bits: f64) -> u64 {
    ((bits / BITS).ceil() as u64).max(1)
}

pub(super) fn millis(time: Duration) -> f64 {
    // Quicker than of the 128 bits of `as_nanos`: this is most of what a session calculates. 584 years fit.
    let nanos = time.as_secs().saturating_mul(NANOS_PER_S);
    nanos.saturating_add(time.subsec_nanos().into()) as f64 / NANOS_PER_MS
}

/// The nearest whole number, as by `f64::round`, which is a call without SSE 4.1; 0 below 0.
pub(super) fn rounded(number: f64) -> u64 {
    let whole = number as u64;
    whole.saturating_add(u64::from(number - whole as f64 >= 0.5))
}

/// This many ms; what is too long is the longest time.
pub(super) fn duration(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1000.0).unwrap_or(Duration::MAX)
}
