//! What a request is for.

use crate::media::Location;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Purpose<'a> {
    /// What is requested.
    pub(super) object: Object,
    /// The bitrate of the rendition in bit/s.
    pub(super) bitrate: Option<f64>,
    /// The duration of the segment in ms.
    pub(super) duration: Option<f64>,
    /// Whether nothing with a lower bitrate could be requested instead.
    pub(super) lowest: bool,
    /// What will be requested after it.
    pub(super) next: Option<&'a Location>,
}

/// Sorts of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Object {
    Manifest,
    Init,
    /// The index of a file that lists its segments itself.
    Index,
    /// A segment.
    Segment {
        /// The number of its stream: 0 is the main one.
        stream: usize,
        /// CMCD's object type.
        media: &'static str,
    },
}

impl Purpose<'_> {
    pub(super) const fn of(object: Object) -> Self {
        Self { object, bitrate: None, duration: None, lowest: true, next: None }
    }
}
