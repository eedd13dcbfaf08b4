//! What one request did, for logs and observers.

use super::network::Download;

/// What one request did, for logs and observers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SessionReport {
    /// The 0-based segment.
    pub segment: usize,
    /// The requested rung.
    pub rung: usize,
    /// How the download went.
    pub download: Download,
    /// Whether the segment replaced a buffered one.
    pub replaced: bool,
    /// The rung that the algorithm goes to after an abandonment.
    pub abandoned_to: Option<usize>,
    /// Sleep before the request because the buffer was full, in ms.
    pub full_wait: f64,
    /// Sleep before the request that the algorithm asked for, in ms.
    pub chosen_wait: f64,
    /// Levels in ms: at the request, at the end of the download, after the segment was added.
    pub levels: [f64; 3],
    /// Rebuffering during the download, in ms.
    pub rebuffer: f64,
    /// The session's time at the request, in ms.
    pub at: f64,
    /// The requests for it that failed before this one.
    pub failed: FailedRequests,
    /// Bits that it replaced, which were never shown.
    pub discarded: f64,
}

/// Requests that failed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FailedRequests {
    /// How many.
    pub count: u32,
    /// Bits that they received, which are not used.
    pub received: f64,
}
