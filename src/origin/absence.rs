//! Why there is nothing at an address.

use std::time::Duration;

/// Why there is nothing at an address.
#[derive(Debug)]
pub(super) enum Absence {
    /// It is at this relative address.
    Elsewhere(&'static str),
    /// It never exists.
    Never,
    /// The live segment has not ended.
    NotYet,
    /// It will exist at this time since the Unix epoch, so soon that the request may wait.
    Until(Duration),
    /// The live segment is no longer available.
    NoMore,
    /// The request is invalid.
    Senseless,
}
