//! When playback starts and continues, and how it catches up with a live stream.

/// The levels of the buffer at which playback starts, and starts again.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PlayoutPolicy {
    /// The level in ms at which playback starts; at least one segment.
    pub startup: f64,
    /// The level in ms at which it continues after it rebuffered; at least one segment.
    pub resume: f64,
}

/// How playback of a live stream catches up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LiveCatchUp {
    /// The latency to keep, in ms; `None` = that at which playback starts.
    pub target: Option<f64>,
    /// The largest difference of the rate from 1.
    pub most: f64,
}
