//! Addresses and patterns of other tools, read as rules.

mod chaos;
mod livesim;
mod relaxed;

pub use chaos::{ChaosRequest, is_chaos};
pub use livesim::LivesimRequest;
