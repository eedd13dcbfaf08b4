//! Why a session cannot go on.

use super::{failure::Failure, network::NeverEnds};

/// Why a session cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum SessionError {
    /// The network carries nothing.
    #[error(transparent)]
    NeverEnds(#[from] NeverEnds),
    /// A segment was asked for that the presentation does not have.
    #[error("there is no segment {segment} at rung {rung}; the seek goes beyond the end")]
    NoSegment {
        /// The 0-based segment.
        segment: usize,
        /// The 0-based rung.
        rung: usize,
    },
    /// Requests for a segment failed, and the player gave up.
    #[error(
        "segment {segment} did not arrive: {failure} at rung {rung}, after {attempts} requests"
    )]
    Failed {
        /// The 0-based segment.
        segment: usize,
        /// The 0-based rung.
        rung: usize,
        /// Why the last request failed.
        failure: Failure,
        /// How many requests failed.
        attempts: u32,
    },
    /// Requests for a segment of separate audio failed, and the player gave up.
    #[error("segment {segment} of the audio did not arrive: {failure}, after {attempts} requests")]
    FailedAudio {
        /// The 0-based segment.
        segment: usize,
        /// Why the last request failed.
        failure: Failure,
        /// How many requests failed.
        attempts: u32,
    },
    /// A manifest or an initialization segment did not arrive.
    #[error("a manifest or an initialization segment did not arrive: {0}")]
    NoSetup(Failure),
    /// A figure is no number, as after a download that took no time.
    #[error("the {0} is not a finite number: a download took no time or carried nothing")]
    NotFinite(&'static str),
}

impl SessionError {
    /// The same about a segment of separate audio.
    pub(super) const fn of_audio(self) -> Self {
        match self {
            Self::Failed { segment, failure, attempts, .. } => {
                Self::FailedAudio { segment, failure, attempts }
            }
            other => other,
        }
    }

    /// Whether a player has given up because a time of its policy was over.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(
            self,
            Self::Failed { failure: Failure::Timeout, .. }
                | Self::FailedAudio { failure: Failure::Timeout, .. }
                | Self::NoSetup(Failure::Timeout)
        )
    }
}
