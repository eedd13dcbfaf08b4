//! Feeds of what is being made now: the parts of a segment, and an endless transport stream.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::feed::{Delivery, Feed};
use super::ladder::Rendition;
use super::library::Library;
use super::timeline::{Edge, PARTS};

/// The parts of a segment, each when it has ended.
#[derive(Debug)]
pub(super) struct GrowingSegment {
    library: Arc<Library>,
    rendition: &'static Rendition,
    number: u64,
    part: u64,
}

impl GrowingSegment {
    /// Segment `number` from its first part.
    pub(super) fn new(library: Arc<Library>, rendition: &'static Rendition, number: u64) -> Self {
        Self { library, rendition, number, part: 0 }
    }
}

impl Feed for GrowingSegment {
    fn next(&mut self) -> Option<Delivery> {
        if self.part == PARTS {
            return None;
        }
        let pieces = self.library.part(self.rendition, self.number, self.part)?;
        self.part += 1;
        Some(Delivery { due: Edge::after(self.number, self.part).moment(), pieces })
    }
}

/// A rung with the sound, for ever, half a second at a time.
#[derive(Debug)]
pub(super) struct EndlessStream {
    library: Arc<Library>,
    rung: &'static Rendition,
    number: u64,
    /// What is left of segment `number`.
    slices: VecDeque<Vec<Bytes>>,
}

impl EndlessStream {
    /// The stream from the start of the segment that `edge` is in: there is a key frame.
    pub(super) fn new(library: Arc<Library>, rung: &'static Rendition, edge: Edge) -> Self {
        Self { library, rung, number: edge.segment(), slices: VecDeque::new() }
    }
}

impl Feed for EndlessStream {
    fn next(&mut self) -> Option<Delivery> {
        if self.slices.is_empty() {
            self.number = self.number.checked_add(1)?;
            self.slices = self.library.slices(self.rung, self.number)?.into();
        }
        let pieces = self.slices.pop_front()?;
        let parts = PARTS - self.slices.len() as u64;
        Some(Delivery { due: Edge::after(self.number, parts).moment(), pieces })
    }
}
