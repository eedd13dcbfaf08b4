//! Why playback failed.

use crate::{media::ManifestError, player::Failure};

/// A request that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{url}: {cause}")]
pub struct FetchError {
    /// What was asked for.
    pub url: String,
    /// What came instead.
    pub cause: String,
    /// The kind of failure.
    pub failure: Failure,
    /// Whether the server's certificate is not trusted.
    pub untrusted: bool,
}

/// Why playback ended before its time.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlayError {
    /// A request failed each time that it was tried.
    #[error("{error} (tried {attempts} times)")]
    Fetch {
        /// The last failure.
        error: FetchError,
        /// How often it was tried.
        attempts: u32,
    },
    /// A manifest cannot be read.
    #[error("{url}: {error}")]
    Manifest {
        /// Where it stands.
        url: String,
        /// What is wrong.
        error: ManifestError,
    },
    /// The user's own algorithm failed.
    #[error("{0}")]
    Algorithm(String),
    /// A manifest has nothing to play, or the wrong kind of body.
    #[error("{url}: {problem}")]
    Content {
        /// Where it stands.
        url: String,
        /// What is wrong, and what to write instead.
        problem: String,
    },
}
