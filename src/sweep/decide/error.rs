//! What can be wrong with lines for `vsps bench decide`.

use crate::player::PresentationError;

/// Why there are no more decisions.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// There is no such algorithm.
    #[error("there is no algorithm '{name}'; {hint}")]
    Name {
        /// The name.
        name: String,
        /// The nearest names.
        hint: String,
    },
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
    #[error("line 1: config: {0}")]
    Config(String),
    /// The input ended before the first line.
    #[error("the input is empty; write a line with `ladder` and `segment_s` first")]
    Empty,
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
