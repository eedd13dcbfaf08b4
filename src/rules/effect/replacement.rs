//! Another body than the one asked for.

use crate::units::ByteSize;
use std::{fmt, sync::Arc};

/// Another body than the one asked for. Length and type are the new body's; it is shaped as any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replacement {
    /// No bytes, with status 200; the origin is not asked, the content type is what the kind has.
    Empty,
    /// That many random bytes (by the request's seed), with status 200; the origin is not asked.
    Junk(ByteSize),
    /// These bytes, with status 200; the origin is not asked.
    Bytes {
        /// The body.
        bytes: Arc<[u8]>,
        /// Its `Content-Type`.
        content_type: Arc<str>,
    },
    /// The segment before this one of the same rendition, fetched from the origin instead. The
    /// first one stays as it is.
    PreviousSegment,
    /// The same segment (or init segment) of that rung, fetched from the origin instead. What is on
    /// that rung already, or has no such counterpart, stays as it is.
    Rung(u16),
}

impl fmt::Display for Replacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty"),
            Self::Junk(size) => write!(f, "{size} of junk"),
            Self::Bytes { bytes, content_type } => {
                write!(f, "{} of {content_type}", ByteSize::from_bytes(bytes.len() as u64))
            }
            Self::PreviousSegment => f.write_str("previous-segment"),
            Self::Rung(rung) => write!(f, "rung {rung}"),
        }
    }
}
