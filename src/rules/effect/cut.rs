//! A body that ends early: where, how, and what its headers said of its length.

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
    /// Over HTTP/1.1 the body is chunked, and in place of the next chunk size come bytes that are none; then
    /// the connection closes by FIN. HTTP/2 has no chunks: RST_STREAM.
    BadChunk,
    /// Nothing more comes on a connection that stays open; after the time it closes by FIN.
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

/// What the headers say of the length of a cut body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Length {
    /// What they said: more than comes, so the player can tell.
    #[default]
    Keep,
    /// The bytes that come: a short body that looks whole. (With an ending by FIN the connection
    /// may live on.)
    Fix,
    /// Nothing: chunked where the protocol has chunks, else until the close.
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
    /// How much of the body still passes; a body that never comes to that point is left whole.
    pub at: Point,
    /// How it ends.
    pub ending: Ending,
    /// What its headers say of its length.
    pub length: Length,
}

impl Cut {
    /// A cut after so many bytes, with the declared length kept.
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
