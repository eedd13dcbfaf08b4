//! How a body's bytes come, beside the link: pauses, drops, and clumps.

use super::Point;
use crate::units::{ByteSize, span};
use std::{fmt, sync::Arc, time::Duration};

/// Pauses in the body, after which it goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct Stall {
    /// Where: one to 64 points.
    pub at: Arc<[Point]>,
    /// How long each lasts.
    pub lasts: Duration,
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at ", span::print(self.lasts))?;
        let points = self.at.iter().enumerate();
        points
            .into_iter()
            .try_for_each(|(i, at)| write!(f, "{}{at}", if i == 0 { "" } else { " and " }))
    }
}

/// A body that comes in drops.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drip {
    /// The size of a drop; not zero.
    pub size: ByteSize,
    /// From one drop to the next; not zero.
    pub every: Duration,
    /// Where it begins; what comes before it passes as ever.
    pub from: Point,
}

impl fmt::Display for Drip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} every {} from {}", self.size, span::print(self.every), self.from)
    }
}

/// Bytes that are held back and then come at once: what chunked transfer looks like behind a cache
/// that buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coalesce {
    /// What arrived within each such time comes at its end.
    For(Duration),
    /// All comes when the origin's body has ended (or after 16 MiB, whichever is first).
    UntilEnd,
}

impl fmt::Display for Coalesce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::For(time) => f.write_str(&span::print(*time)),
            Self::UntilEnd => f.write_str("until the end"),
        }
    }
}
