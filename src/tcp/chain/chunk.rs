//! What moves along a chain: chunks of a stream, and its end.

use crate::units::ProcessTime;
use bytes::Bytes;

/// Bytes of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tcp) struct Chunk {
    pub data: Bytes,
    /// When they arrived where they are: at the proxy, or behind the last delay.
    pub arrived: ProcessTime,
}

/// How a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tcp) enum Ending {
    /// The source has sent all: the sink's direction is shut down, the other direction goes on.
    Finished,
    /// The whole connection is closed.
    Closed,
    /// The whole connection is reset.
    Reset,
}
