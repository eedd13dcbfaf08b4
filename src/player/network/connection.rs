//! One connection of a player in virtual time.

use crate::model::Path;

/// What a connection remembers between requests.
#[derive(Debug, Default)]
pub(super) struct Connection {
    pub(super) path: Path,
    /// Whether it has carried a request.
    pub(super) reused: bool,
}

impl Connection {
    /// It has ended: the next request opens another one.
    pub(super) fn close(&mut self) {
        *self = Self::default();
    }
}
