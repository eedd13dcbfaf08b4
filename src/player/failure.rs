//! Why a request failed.

use std::fmt;

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// A time of the policy was over.
    Timeout,
    /// The origin answered with this status.
    Status(u16),
    /// Anything else: the connection, the body.
    Other,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("a time-out"),
            Self::Status(code) => write!(f, "status {code}"),
            Self::Other => f.write_str("the connection ended"),
        }
    }
}
