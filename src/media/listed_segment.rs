//! A segment of a list, and where it is.

use crate::units::UnixTime;
use std::{ops::Range, sync::Arc};

/// A URL and, if only a part of it is meant, the bytes, end exclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The absolute URL.
    pub url: String,
    /// The bytes; an end of `u64::MAX` is the end of the file.
    pub range: Option<Range<u64>>,
}

/// A segment of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedSegment {
    /// Where it is.
    pub location: Location,
    /// The initialisation segment that it needs.
    pub init: Option<Arc<Location>>,
    /// Orders the segments of all tracks of a media type. HLS: the media sequence number. DASH: the
    /// presentation time in seconds.
    pub position: f64,
    /// The distance to the position of the next segment.
    pub step: f64,
    /// Seconds.
    pub duration: f64,
    /// The wall-clock time at which it begins.
    pub date: Option<UnixTime>,
}
