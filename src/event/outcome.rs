//! How an exchange ended, and what was measured of it.

use std::time::Duration;

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
