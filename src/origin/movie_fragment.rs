//! Builds a movie fragment: `moof` and the head of its `mdat` (ISO 14496-12, 8.8), for parts, for Smooth, and
//! for two tracks in one file.

use std::ops::Range;

use bytes::{BufMut, BytesMut};

use super::encoded::Fragment;
use super::ladder::Rendition;
use super::padding::HEADER;

/// The flags of a frame that others can be decoded from alone, and of one that needs others.
const SYNC: u32 = 0x0200_0000;
const NOT_SYNC: u32 = 0x0101_0000;

/// Consecutive frames of one track.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) track: u32,
    /// Decode time of the first frame, in ticks; `None` where another box gives it.
    pub(super) start: Option<u64>,
    /// Ticks of a frame.
    pub(super) frame: u32,
    pub(super) kind: RunKind,
    /// Bytes of each frame.
    pub(super) sizes: Vec<u32>,
    /// More boxes for the track fragment.
    pub(super) extra: Vec<u8>,
}

/// Which frames of a run are sync samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunKind {
    /// All: audio.
    Independent,
    /// The first: video from a key frame on.
    FromKey,
    /// None.
    Dependent,
}

impl Run {
    /// These frames of a segment's fragment, as track 1 from `start` on.
    pub(super) fn of(
        rendition: &Rendition,
        fragment: &Fragment,
        frames: &Range<usize>,
        start: Option<u64>,
    ) -> Self {
        let kind = match (rendition.picture, frames.start) {
            (None, _) => RunKind::Independent,
            (Some(_), 0) => RunKind::FromKey,
            (Some(_), _) => RunKind::Dependent,
        };
        let sizes = fragment.sizes(frames).collect();
        Self { track: 1, start, frame: rendition.frame as u32, kind, sizes, extra: Vec::new() }
    }

    fn fragment_length(&self) -> usize {
        let time = if self.start.is_some() { 20 } else { 0 };
        8 + 24 + time + 24 + 4 * self.sizes.len() + self.extra.len()
    }

    fn data_length(&self) -> u32 {
        self.sizes.iter().sum()
    }

    /// The track fragment; its data lie `offset` bytes after the start of the `moof`.
    fn write(&self, to: &mut BytesMut, offset: u32) {
        let (first, others) = match self.kind {
            RunKind::Independent => (SYNC, SYNC),
            RunKind::FromKey => (SYNC, NOT_SYNC),
            RunKind::Dependent => (NOT_SYNC, NOT_SYNC),
        };
        header(to, self.fragment_length(), b"traf");
        header(to, 24, b"tfhd");
        // The base is the moof; a default duration and default flags follow.
        words(to, &[0x0002_0028, self.track, self.frame, others]);
        if let Some(start) = self.start {
            header(to, 20, b"tfdt");
            to.put_u32(0x0100_0000);
            to.put_u64(start);
        }
        header(to, 24 + 4 * self.sizes.len(), b"trun");
        // A data offset, the first frame's flags, and each frame's size follow.
        words(to, &[0x205, self.sizes.len() as u32, offset, first]);
        words(to, &self.sizes);
        to.extend_from_slice(&self.extra);
    }
}

/// Bytes of the fragment of these runs, up to the data in its `mdat`.
pub(super) fn length(runs: &[Run]) -> u64 {
    (moof_length(runs) + HEADER as usize) as u64
}

/// Appends `moof` and the header of `mdat`, in which the data of the runs follow in order.
pub(super) fn write(to: &mut BytesMut, sequence: u32, runs: &[Run]) {
    let length = moof_length(runs);
    header(to, length, b"moof");
    header(to, 16, b"mfhd");
    words(to, &[0, sequence]);
    let mut offset = length as u32 + HEADER as u32;
    for run in runs {
        run.write(to, offset);
        offset += run.data_length();
    }
    header(to, offset as usize - length, b"mdat");
}

fn moof_length(runs: &[Run]) -> usize {
    8 + 16 + runs.iter().map(Run::fragment_length).sum::<usize>()
}

/// The header of a box of `length` bytes; all our boxes are far below 4 GiB.
pub(super) fn header(to: &mut impl BufMut, length: usize, kind: &[u8; 4]) {
    to.put_u32(length as u32);
    to.put_slice(kind);
}

/// 32-bit numbers.
pub(super) fn words(to: &mut impl BufMut, words: &[u32]) {
    for word in words {
        to.put_u32(*word);
    }
}
