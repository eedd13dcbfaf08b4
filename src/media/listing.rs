//! A manifest as a list: which tracks there are, and which segments each has, in order. For those who
//! request segments; [`Ladder`](super::Ladder) answers the opposite question.

use super::{Rendition, SegmentIndex, listed_segment::ListedSegment};
use std::time::Duration;

/// The segments of one track.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SegmentList {
    /// In order.
    pub segments: Vec<ListedSegment>,
    /// Whether no further segment will be added.
    pub ended: bool,
    /// The longest duration of a segment, in seconds.
    pub target: f64,
    /// How far behind the end of the list a live player should start, in seconds, if it is said.
    pub hold_back: Option<f64>,
    /// Files whose segments are not listed here, but in their own index.
    pub indexes: Vec<SegmentIndex>,
    /// The segment or part after the last one, if the origin holds a request for it until it exists.
    pub hint: Option<ListedSegment>,
    /// The reload that the origin holds until it has news.
    pub next: Option<NextReload>,
}

/// A blocking reload of a playlist (RFC 8216bis §6.2.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextReload {
    /// The media sequence number that must be in the playlist.
    pub sequence: u64,
    /// The part of that segment that must be.
    pub part: Option<usize>,
}

impl NextReload {
    /// The query that asks for it.
    #[must_use]
    pub fn query(&self) -> String {
        let part = self.part.map(|part| format!("&_HLS_part={part}"));
        format!("_HLS_msn={}{}", self.sequence, part.unwrap_or_default())
    }
}

/// Where the segments of a track are listed.
#[derive(Debug, Clone, PartialEq)]
pub enum TrackSource {
    /// In an HLS media playlist at this URL.
    Playlist(String),
    /// In the manifest itself.
    Segments(SegmentList),
}

/// A track: one rendition.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedTrack {
    /// What it is.
    pub rendition: Rendition,
    /// Its segments.
    pub source: TrackSource,
}

/// What a manifest lists.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Listing {
    /// In the order of the manifest. Periods are joined.
    pub tracks: Vec<ListedTrack>,
    /// DASH: how long the MPD may be used before it must be fetched again.
    pub update: Option<Duration>,
}
