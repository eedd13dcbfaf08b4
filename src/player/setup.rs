//! What a player requests beside segments: manifests, playlists, initialization segments.

use crate::{media::Kind, seed::Name};

/// A request for something that is no segment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SetupRequest {
    /// Its size in bits.
    pub size: f64,
    /// Its path as a proxy sees it, if it is known.
    pub name: Option<Name>,
    /// What it is for.
    pub kind: Kind,
}

impl SetupRequest {
    /// A request for `bytes` at `path`.
    #[must_use]
    pub fn new(bytes: u64, path: &str, kind: Kind) -> Self {
        Self { size: bytes as f64 * 8.0, name: Some(Name::new(path)), kind }
    }
}

/// What is requested before segments, in order. Each is requested once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Setup {
    /// Before the first segment: the manifests.
    pub start: Vec<SetupRequest>,
    /// Before the first segment of each rung: its playlist and its initialization segment. A rung without
    /// an entry needs nothing.
    pub rungs: Vec<Vec<SetupRequest>>,
    /// Before the first segment of separate audio: its playlist and its initialization segment.
    pub audio: Vec<SetupRequest>,
}

impl Setup {
    /// The same for a player that reads the lowest playlist before it chooses a rung: the first request of that rung comes
    /// before all others.
    #[must_use]
    pub fn reading_lowest(mut self) -> Self {
        if let Some(lowest) = self.rungs.first_mut().filter(|lowest| !lowest.is_empty()) {
            self.start.push(lowest.remove(0));
        }
        self
    }
}
