//! Why there is nothing at an address.

use std::time::Duration;

use crate::units::UnixTime;

/// Why there is nothing at an address.
#[derive(Debug)]
pub(super) enum Absence {
    /// It is at this relative address.
    Elsewhere(&'static str),
    /// It never exists.
    Never,
    /// The live segment exists from this time on.
    NotYet(UnixTime),
    /// It will exist at this time, so soon that the request may wait.
    Until(UnixTime),
    /// The live segment is no longer available.
    NoMore,
    /// The request is invalid.
    Senseless,
}

impl Absence {
    /// That of content which exists from `moment` on: a client that asks up to `early` before then waits.
    pub(super) fn until(moment: UnixTime, now: UnixTime, early: Duration) -> Self {
        if moment <= now.saturating_add(early) { Self::Until(moment) } else { Self::NotYet(moment) }
    }
}
