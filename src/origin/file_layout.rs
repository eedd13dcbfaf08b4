//! How the file of a rendition is laid out: initialization, index, segments.

use std::ops::Range;

use super::encoded::EncodedLoop;
use super::ladder::Rendition;
use super::timeline::VOD_SEGMENTS;
use super::weight::weight;

/// Bytes of the index: a `sidx` box, version 0, with a reference a segment.
pub(super) const INDEX: u64 = 32 + 12 * VOD_SEGMENTS;

/// The layout of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    init: u64,
}

impl Layout {
    /// The layout of the file with this loop.
    pub(super) fn of(encoded: &EncodedLoop) -> Self {
        Self { init: encoded.init.len() as u64 }
    }

    /// The initialization segment.
    pub(super) fn init(self) -> Range<u64> {
        0..self.init
    }

    /// The index, which follows it.
    pub(super) fn index(self) -> Range<u64> {
        self.init..self.init + INDEX
    }

    /// The segments, in order, each where the one before ends.
    pub(super) fn segments(self, rendition: &Rendition) -> impl Iterator<Item = Range<u64>> {
        (1..=VOD_SEGMENTS).scan(self.index().end, |at, number| {
            let start = *at;
            *at += weight(rendition, number);
            Some(start..*at)
        })
    }
}
