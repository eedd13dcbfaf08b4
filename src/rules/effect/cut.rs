//! A body that ends early: where, how, and which length its headers declare.

use super::{Hang, Point};
use crate::units::ByteSize;
use std::fmt;

/// How a cut body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// TCP reset (HTTP/2: RST_STREAM).
    Reset,
    /// The connection closes cleanly, by FIN (HTTP/2: RST_STREAM where the declared length is kept,
    /// else END_STREAM).
    Truncate,
    /// HTTP/2: GOAWAY and then the connection closes; over HTTP/1.1 as [`Truncate`](Self::Truncate).
    Goaway,
    /// Over HTTP/1.1 the body is chunked. Instead of the next chunk size, invalid bytes are sent; then
    /// the connection closes by FIN. HTTP/2 has no chunks: RST_STREAM.
    BadChunk,
    /// Nothing more is sent, and the connection stays open; after this time it closes by FIN.
    Silence(Hang),
}

impl Ending {
    /// The effect's name, used in labels and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Truncate => "truncate",
            Self::Goaway => "goaway",
            Self::BadChunk => "bad-chunk",
            Self::Silence(_) => "silence",
        }
    }
}

/// The length that the headers of a cut body declare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Length {
    /// The original length: more than is sent, so the player can detect the cut.
    #[default]
    Keep,
    /// The number of bytes sent: a short body that looks complete. (With an ending by FIN the
    /// connection may stay open.)
    Fix,
    /// None: chunked if the protocol has chunks, else until the connection closes.
    Drop,
}

impl Length {
    /// The name used in files and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Fix => "fix",
            Self::Drop => "drop",
        }
    }
}

/// A body that ends early.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// Where the body is cut; a body that does not reach this point stays complete.
    pub at: Point,
    /// How it ends.
    pub ending: Ending,
    /// The length that its headers declare.
    pub length: Length,
}

impl Cut {
    /// A cut at byte `at` that keeps the declared length.
    #[must_use]
    pub const fn after(at: ByteSize, ending: Ending) -> Self {
        Self { at: Point::Bytes(at), ending, length: Length::Keep }
    }
}

/// `reset after 64 KiB`.
impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, ending, length } = self;
        write!(f, "{} after {at}", ending.as_str())?;
        if let Ending::Silence(time) = ending {
            write!(f, " for {time}")?;
        }
        match length {
            Length::Keep => Ok(()),
            _ if *ending == Ending::BadChunk => Ok(()),
            other => write!(f, " (length: {})", other.as_str()),
        }
    }
}
