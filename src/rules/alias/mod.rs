//! Reads the URL syntax of other tools as rules.

mod chaos;
mod livesim;
mod relaxed;

pub use chaos::{ChaosRequest, is_chaos};
pub use livesim::LivesimRequest;
