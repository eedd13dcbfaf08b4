//! Why a recording can't be used.

/// Why a recording can't be used. Each message names the place and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file can't be read.
    #[error("can't be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// More than the limit.
    #[error(
        "is larger than {0} (unpacked); export only the requests of the player, or raise --max-file"
    )]
    TooLarge(crate::units::ByteSize),
    /// Not a form that can be read.
    #[error(
        "is neither a HAR, nor an event log of `vsps run --events`, nor a run file, nor CMCD reports: {0}"
    )]
    Unknown(String),
    /// A value that makes no sense.
    #[error("{place}: {problem}")]
    Invalid {
        /// The line, or the path of the value in the document.
        place: String,
        /// What is wrong, and what to write instead.
        problem: String,
    },
    /// More requests than are used.
    #[error("has more than {0} requests; export a shorter time")]
    TooMany(usize),
    /// Several sessions, none of which was chosen.
    #[error("has no session `{wanted}`; it has {}", .known.join(", "))]
    NoSession {
        /// The session that was asked for.
        wanted: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// Nothing can be estimated from it.
    #[error("{0}")]
    Nothing(&'static str),
}

impl ReplayError {
    pub(super) fn invalid(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid { place: place.into(), problem: problem.into() }
    }
}
