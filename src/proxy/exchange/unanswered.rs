//! The end of an exchange without a response.

/// The connection is to close without a response.
#[derive(Debug, thiserror::Error)]
#[error("closed without a response, as a rule or the link requires")]
pub(in crate::proxy) struct Unanswered;
