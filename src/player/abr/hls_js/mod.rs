//! hls.js 1.7: the highest level whose segment arrives before the buffer runs empty, by the lower of two
//! averages; a segment that comes too slowly is given up.
//!
//! Source: hls.js 1.7.4, `abr-controller` and `ewma-bandwidth-estimator`, as published; checked decision
//! by decision against that code.

mod abandonment;
mod level_selection;

pub use level_selection::{HlsJs, HlsJsConfig};
