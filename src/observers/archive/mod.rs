//! The last exchanges of each session, collected from their events.

mod exchange;
mod session_archive;
mod split;
mod stalls;
mod store;

pub(super) use exchange::{AppliedFault, Drop, Exchange};
pub(super) use split::{Split, SplitView};
pub(super) use stalls::{Stall, Stalls};
pub(super) use store::{Archive, Kept};
