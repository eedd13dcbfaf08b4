//! Media3 1.11 (ExoPlayer): the median of weighted throughputs, and limits by the buffer on switches.
//!
//! Source: androidx/media 1.11.0-rc01, `AdaptiveTrackSelection`, `DefaultBandwidthMeter` and
//! `SlidingPercentile`, as published. Single precision where Media3 has it.

mod bandwidth_meter;
mod sliding_percentile;
mod track_selection;

pub use track_selection::{Media3, Media3Config};
