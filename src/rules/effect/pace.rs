//! Timing of a body's bytes, in addition to the link: stalls, small pieces at intervals, and bursts.

use super::Point;
use crate::units::{ByteSize, span};
use std::{fmt, sync::Arc, time::Duration};

/// Pauses in the body, after which it continues.
#[derive(Debug, Clone, PartialEq)]
pub struct Stall {
    /// Where: 1 to 64 points.
    pub at: Arc<[Point]>,
    /// How long each pause lasts.
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

/// A body that is sent in small pieces at intervals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drip {
    /// The size of a piece; not zero.
    pub size: ByteSize,
    /// The interval between pieces; not zero.
    pub every: Duration,
    /// Where it begins; bytes before this point pass as usual.
    pub from: Point,
}

impl fmt::Display for Drip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} every {} from {}", self.size, span::print(self.every), self.from)
    }
}

/// Bytes that are held back and then sent at once, as chunked transfer looks behind a cache that
/// buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coalesce {
    /// Bytes that arrive within each period of this length are sent at its end.
    For(Duration),
    /// All bytes are sent when the origin's body has ended (or after 16 MiB, whichever is first).
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
