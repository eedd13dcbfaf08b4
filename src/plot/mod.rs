//! Networks as people would rather see them: rate, stalls and latency over time.
//!
//! [`Simulation`] runs a profile's link in virtual time and notes what it does; [`chart`] draws several
//! courses over each other as SVG or PNG; [`sketch`] draws one in a terminal.

mod chart;
mod error;
mod scale;
mod simulation;
mod sketch;

pub use chart::{Format, chart};
pub use error::PlotError;
pub use simulation::Simulation;
pub use sketch::sketch;
