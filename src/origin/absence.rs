//! Absence: why there is nothing at an address.

use std::time::Duration;

/// Why there is nothing at an address.
#[derive(Debug)]
pub(super) enum Absence {
    /// It is at this relative address.
    Elsewhere(&'static str),
    /// There never is.
    Never,
    /// The live segment has not ended.
    NotYet,
    /// It will be there at this moment since the Unix epoch, so soon that the client may wait.
    Until(Duration),
    /// The live segment is too long ago.
    NoMore,
    /// What is asked for makes no sense.
    Senseless,
}
