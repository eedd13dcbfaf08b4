//! Decides recorded requests again, as live traffic is decided.

mod line;
mod replay;

pub(super) use replay::{Replayed, replay};
