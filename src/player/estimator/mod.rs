//! Estimates of throughput and latency from finished downloads.

mod decaying_mean;
mod estimate;
mod ewma;
mod sliding_window;

pub use decaying_mean::DecayingMean;
pub use estimate::{Estimate, Estimator};
pub use ewma::Ewma;
pub(super) use ewma::half_to_the;
pub use sliding_window::SlidingWindow;
