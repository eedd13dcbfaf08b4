//! What can be wrong with a run in Sabre's manner.

use crate::player::{PresentationError, SessionError};
use std::path::PathBuf;

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum SabreError {
    /// An option is not one of Sabre's.
    #[error("{0}")]
    Usage(String),
    /// A file cannot be read.
    #[error("{option} {}: {error}; write a file in Sabre's format", path.display())]
    Read {
        /// The option that names it.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to write instead.
        problem: String,
    },
    /// The movie cannot be played.
    #[error("{}: {error}", path.display())]
    Movie {
        /// The file.
        path: PathBuf,
        /// Why.
        error: PresentationError,
    },
    /// The run ended early.
    #[error("the run ended early: {0}")]
    Run(#[from] SessionError),
}

impl SabreError {
    /// Whether the command line or a file is at fault, and not the run.
    #[must_use]
    pub const fn is_bad_use(&self) -> bool {
        !matches!(self, Self::Run(_))
    }
}
