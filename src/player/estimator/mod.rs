//! Estimates of throughput and latency from finished downloads.

mod estimate;
mod ewma;
mod sliding_window;

pub use estimate::{Estimate, Estimator};
pub use ewma::Ewma;
pub use sliding_window::SlidingWindow;
