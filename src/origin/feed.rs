//! A feed: content that is produced while it is sent, because it is too large to hold at once, or does not
//! exist yet.

use std::fmt;

use bytes::Bytes;

use crate::units::UnixTime;

/// Produces content, one delivery after the other.
pub(super) trait Feed: Send + fmt::Debug {
    /// The next delivery; `None` is the end.
    fn next(&mut self) -> Option<Delivery>;

    /// Skips as much of the next `bytes` as it can without producing them, and returns how many those were, at
    /// most `bytes`. The rest is produced and discarded.
    fn skip(&mut self, _bytes: u64) -> u64 {
        0
    }
}

/// Some content, and the time from which it exists.
#[derive(Debug)]
pub(super) struct Delivery {
    /// From when on the pieces exist; zero for content that always existed.
    pub(super) due: UnixTime,
    pub(super) pieces: Vec<Bytes>,
}
