//! Errors of the API: toxiproxy's messages and status codes.

use std::fmt;

/// Why a request failed, with the HTTP status that toxiproxy answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// The text of the member `error`.
    pub message: String,
    /// The HTTP status, also in the member `status`.
    pub status: u16,
}

impl ApiError {
    fn new(status: u16, message: impl Into<String>) -> Self {
        Self { message: message.into(), status }
    }

    /// A body that can't be read, and why.
    pub(super) fn bad_body(problem: impl fmt::Display) -> Self {
        Self::new(400, format!("bad request body: {problem}"))
    }

    pub(super) fn missing_field(field: impl fmt::Display) -> Self {
        Self::new(400, format!("missing required field: {field}"))
    }

    pub(super) fn invalid_stream() -> Self {
        Self::new(400, "stream was invalid, can be either upstream or downstream")
    }

    pub(super) fn invalid_toxic_type() -> Self {
        Self::new(400, "invalid toxic type")
    }

    pub(super) fn proxy_not_found() -> Self {
        Self::new(404, "proxy not found")
    }

    pub(super) fn proxy_exists() -> Self {
        Self::new(409, "proxy already exists")
    }

    pub(super) fn toxic_not_found() -> Self {
        Self::new(404, "toxic not found")
    }

    pub(super) fn toxic_exists() -> Self {
        Self::new(409, "toxic already exists")
    }

    /// More proxies or toxics than are held.
    pub(super) fn too_many(what: impl fmt::Display) -> Self {
        Self::new(500, format!("too many {what}"))
    }

    /// All connections of the API are in use. toxiproxy has no limit.
    pub(super) fn busy() -> Self {
        Self::new(503, "all connections of the API are in use; close some, or try again")
    }

    /// What the operating system refused: an address that can't be listened on, for example.
    pub(super) fn system(problem: impl Into<String>) -> Self {
        Self::new(500, problem)
    }
}
