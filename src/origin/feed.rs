//! A feed: content that is made while it is sent, because all of it at once would be too much, or
//! because it does not exist yet.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

/// Makes content, one delivery after the other.
pub(super) trait Feed: Send + fmt::Debug {
    /// The next delivery; `None` is the end.
    fn next(&mut self) -> Option<Delivery>;

    /// Passes over what it need not make of the next `bytes`, and tells how many bytes those were:
    /// at most as many. The rest is made and thrown away.
    fn skip(&mut self, _bytes: u64) -> u64 {
        0
    }
}

/// Some content, and since when it exists.
#[derive(Debug)]
pub(super) struct Delivery {
    /// Since the Unix epoch; zero for what always did.
    pub(super) due: Duration,
    pub(super) pieces: Vec<Bytes>,
}
