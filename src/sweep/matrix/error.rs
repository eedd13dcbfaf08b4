//! Why a sweep cannot run.

use crate::{
    player::{PresentationError, SessionError},
    profiles::ProfileError,
    sweep::catalogue::CatalogueError,
};
use std::path::PathBuf;

/// Why a sweep cannot run.
#[derive(Debug, thiserror::Error)]
pub enum MatrixError {
    /// No algorithm has this name.
    #[error("--abr: there is no algorithm '{name}'; {hint}")]
    Algorithm {
        /// The name.
        name: String,
        /// The nearest names, or all.
        hint: String,
    },
    /// A profile is missing or at fault.
    #[error("--profile: {0}")]
    Profile(#[from] ProfileError),
    /// The ladder's file cannot be read.
    #[error("--ladder {}: {error}; write demo, sabre, pensieve, a file in Sabre's movie format, or a URL", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        error: std::io::Error,
    },
    /// The ladder's file is not what it should be.
    #[error("--ladder {}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The ladder cannot be played.
    #[error("--ladder: '{name}' {error}")]
    Ladder {
        /// Its name or file.
        name: String,
        /// What is wrong with it.
        error: PresentationError,
    },
    /// An option has a value that makes no sense.
    #[error("{option}: {problem}")]
    Option {
        /// The option.
        option: &'static str,
        /// What is wrong, and what to write instead.
        problem: String,
    },
    /// A file of results is not what it should be.
    #[error("{}: {problem}", path.display())]
    Results {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

/// Why one run did not end.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RunError {
    /// The session could not go on.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The algorithm could not be made.
    #[error(transparent)]
    Algorithm(#[from] CatalogueError),
    /// A figure of the session is no number.
    #[error("the figure {0} is not a finite number")]
    NotFinite(&'static str),
    /// The user's own algorithm failed.
    #[error("{0}")]
    External(String),
}
