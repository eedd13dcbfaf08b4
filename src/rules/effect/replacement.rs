//! A body that replaces the requested one.

use crate::units::ByteSize;
use std::{fmt, sync::Arc};

/// A body that replaces the requested one. Length and type are those of the new body; it is shaped
/// like any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replacement {
    /// No bytes, with status 200 and the usual content type of the kind; no request goes to the origin.
    Empty,
    /// That many random bytes (from the seed of the request), with status 200; no request goes to the
    /// origin.
    Junk(ByteSize),
    /// These bytes, with status 200; no request goes to the origin.
    Bytes {
        /// The body.
        bytes: Arc<[u8]>,
        /// Its `Content-Type`.
        content_type: Arc<str>,
    },
    /// The previous segment of the same rendition, fetched from the origin. The first segment is not
    /// replaced.
    PreviousSegment,
    /// The same segment (or init segment) of that rung, fetched from the origin. A segment of that rung
    /// itself, or without a counterpart there, is not replaced.
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
