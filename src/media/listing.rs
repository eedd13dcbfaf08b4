//! A manifest as a list: which tracks there are, and which segments each has, in order. For those who
//! request segments; [`Ladder`](super::Ladder) answers the opposite question.

use super::{
    At, ManifestError, ManifestFault, ManifestFormat, Rendition, SegmentIndex, base::Base, dash,
    hls,
};
use std::{ops::Range, sync::Arc, time::Duration};
use url::Url;

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
    /// The wall-clock time at which it begins, in seconds since the Unix epoch.
    pub date: Option<f64>,
}

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

impl Listing {
    /// Reads the manifest at `url`. `now` is the time in seconds since the Unix epoch: some live
    /// manifests leave it to the clock which segments there are.
    ///
    /// # Errors
    /// When the body is no such manifest, or a format of which no lists are made.
    pub fn read(
        url: &Url,
        format: ManifestFormat,
        body: &[u8],
        now: f64,
    ) -> Result<Self, ManifestError> {
        let base = Base::new(url);
        match format {
            ManifestFormat::Hls => hls::list(&base, body),
            ManifestFormat::Mpd => dash::list(&base, body, now),
            _ => {
                let cause = "is read to classify requests, not to play; write an HLS playlist or a DASH MPD";
                let cause = ManifestFault::Syntax(cause.to_owned());
                Err(ManifestError::new(format, At::Whole, cause))
            }
        }
    }
}
