//! What can be wrong with lines for `vsps bench decide`.

use crate::{player::PresentationError, sweep::catalogue::CatalogueError};

/// Why there are no more decisions.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// There is no such algorithm.
    #[error("{0}")]
    Name(CatalogueError),
    /// A line is not what it should be.
    #[error("line {line}: {problem}")]
    Line {
        /// The 1-based line.
        line: usize,
        /// What is wrong, and what to write instead.
        problem: String,
    },
    /// The ladder cannot be played.
    #[error("line 1: the ladder {0}")]
    Ladder(#[from] PresentationError),
    /// A setting is not one of the algorithm's.
    #[error("line 1: {0}")]
    Config(CatalogueError),
    /// The script or program cannot be used.
    #[error("--abr: {0}")]
    External(String),
    /// The script or program failed.
    #[error("{0}")]
    Failed(String),
    /// The input ended before the first line.
    #[error("the input is empty; write a line with `ladder` and `segment_s` first")]
    Empty,
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
