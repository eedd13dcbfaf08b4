//! Plots of networks: rate, stalls and latency over time.
//!
//! [`Simulation`] runs a profile's link in virtual time and records its rate, stalls and latency; [`chart`]
//! draws several simulations over each other as SVG or PNG; [`sketch`] draws one in a terminal.

mod chart;
mod error;
mod png;
mod scale;
mod simulation;
mod sketch;

pub use chart::{Format, chart};
pub use error::PlotError;
pub use simulation::Simulation;
pub use sketch::sketch;
