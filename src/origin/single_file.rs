//! A rendition in one file: initialization, index, and all segments of the ten minutes, for `SegmentBase` and
//! byte-range playlists.

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::feed::{Delivery, Feed};
use super::file_layout::INDEX;
use super::ladder::Rendition;
use super::library::Library;
use super::movie_fragment::{header, words};
use super::timeline::{Span, VOD_SEGMENTS};
use super::weight::weight;
use crate::units::UnixTime;

/// A reference starts with a key frame: `starts_with_SAP`, type 1.
const SAP: u32 = 0x9000_0000;

/// The index (ISO 14496-12, 8.16.3) of segments with the sizes of `weight`.
pub(super) fn index(rendition: &Rendition, weight: impl Fn(u64) -> u64) -> Bytes {
    let mut index = BytesMut::with_capacity(INDEX as usize);
    header(&mut index, INDEX as usize, b"sidx");
    words(&mut index, &[0, 1, rendition.timescale as u32, 0, 0, VOD_SEGMENTS as u32]);
    for number in 1..=VOD_SEGMENTS {
        // A segment is below 2 GiB, and its duration below 2^32 ticks.
        let duration = Span::of(rendition, number).duration as u32;
        words(&mut index, &[weight(number) as u32, duration, SAP]);
    }
    index.freeze()
}

/// A file that consists of parts: a head, then segments 1 to 150.
pub(super) trait FileParts: Send + fmt::Debug {
    /// Bytes of part `number`; `None` after the last.
    fn length(&self, number: u64) -> Option<u64>;

    /// Makes part `number`.
    fn make(&self, number: u64) -> Option<Vec<Bytes>>;
}

/// Builds a file's parts as they are sent.
#[derive(Debug)]
pub(super) struct FileFeed<C> {
    parts: C,
    next: u64,
}

impl<C: FileParts> FileFeed<C> {
    /// The file from its start.
    pub(super) fn new(parts: C) -> Self {
        Self { parts, next: 0 }
    }

    /// Bytes of the whole file.
    pub(super) fn length(&self) -> u64 {
        (0..).map_while(|number| self.parts.length(number)).sum()
    }
}

impl<C: FileParts> Feed for FileFeed<C> {
    fn next(&mut self) -> Option<Delivery> {
        let pieces = self.parts.make(self.next)?;
        self.next += 1;
        Some(Delivery { due: UnixTime::ZERO, pieces })
    }

    fn skip(&mut self, bytes: u64) -> u64 {
        let mut skipped = 0;
        while let Some(length) = self.parts.length(self.next)
            && skipped + length <= bytes
        {
            skipped += length;
            self.next += 1;
        }
        skipped
    }
}

/// The parts of one rendition's file.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) library: Arc<Library>,
    pub(super) rendition: &'static Rendition,
}

impl FileParts for Whole {
    fn length(&self, number: u64) -> Option<u64> {
        match number {
            0 => Some(self.library.volume(self.rendition)?.layout().index().end),
            1..=VOD_SEGMENTS => Some(weight(self.rendition, number)),
            _ => None,
        }
    }

    fn make(&self, number: u64) -> Option<Vec<Bytes>> {
        match number {
            0 => {
                let init = self.library.volume(self.rendition)?.encoded.init.clone();
                Some(vec![init, index(self.rendition, |number| weight(self.rendition, number))])
            }
            1..=VOD_SEGMENTS => self.library.segment(self.rendition, number),
            _ => None,
        }
    }
}
