//! Why `vsps bench pensieve` fails.

use crate::player::{PresentationError, SessionError};
use std::path::PathBuf;

/// Why there are no results.
#[derive(Debug, thiserror::Error)]
pub enum PensieveError {
    /// A file cannot be read.
    #[error("{option} {}: {error}; write {instead}", path.display())]
    Read {
        /// The option that names it.
        option: &'static str,
        /// What to write there.
        instead: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A line of a file is not what it should be.
    #[error("{}:{line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The 1-based line.
        line: usize,
        /// What is wrong, and what to write instead.
        problem: String,
    },
    /// A trace has no rates to play over.
    #[error(
        "{}: is not a trace to play over; write at least two lines of ascending seconds and Mbit/s, \
         with a rate above 0",
        path.display()
    )]
    Trace {
        /// The file.
        path: PathBuf,
    },
    /// The chunk sizes cannot be played.
    #[error("{}: {error}", path.display())]
    Sizes {
        /// The folder.
        path: PathBuf,
        /// Why.
        error: PresentationError,
    },
    /// A run ended early.
    #[error("{}: the run ended early: {error}", path.display())]
    Run {
        /// The trace.
        path: PathBuf,
        /// Why.
        error: SessionError,
    },
}

impl PensieveError {
    /// Whether the command line or a file is at fault, and not the run.
    #[must_use]
    pub const fn is_bad_use(&self) -> bool {
        !matches!(self, Self::Run { .. })
    }
}
