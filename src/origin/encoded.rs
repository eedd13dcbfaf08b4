//! The encoded loop of a rendition, cut into an initialization segment and fragments.

use std::ops::Range;

use bytes::Bytes;

use super::boxes::{BoxAt, STYP, boxes, child};
use super::error::MediaFault;
use super::ladder::Rendition;
use super::padding::HEADER;
use super::timeline::{LOOP_SEGMENTS, Span};
use super::weight::least_weight;

/// A loop, ready to be served.
#[derive(Debug)]
pub(super) struct EncodedLoop {
    /// `ftyp` and `moov`.
    pub(super) init: Bytes,
    /// One a segment, in order.
    pub(super) fragments: Vec<Fragment>,
}

/// A `moof` and its `mdat`.
#[derive(Debug)]
pub(super) struct Fragment {
    pub(super) moof: Bytes,
    pub(super) mdat: Bytes,
    /// Where in `moof` the sequence number lies: 32 bits.
    pub(super) sequence: Range<usize>,
    /// Where in `moof` the base media decode time lies: 64 bits.
    pub(super) decode_time: Range<usize>,
    /// Where in `mdat` each frame lies, in order; they follow each other without a gap.
    pub(super) frames: Vec<Range<usize>>,
}

impl EncodedLoop {
    /// Cuts the embedded file of `rendition`, which is never copied. Other boxes (`styp`, `sidx`) are left out:
    /// [`super::segment`] builds its own.
    pub(super) fn cut(rendition: &Rendition) -> Result<Self, MediaFault> {
        let file = Bytes::from_static(rendition.encoded);
        let all = boxes(&file, 0..file.len())?;
        let moov =
            all.iter().find(|found| &found.kind == b"moov").ok_or(MediaFault::Missing("moov"))?;
        let fragments: Vec<_> = all
            .windows(2)
            .filter(|pair| &pair[0].kind == b"moof" && &pair[1].kind == b"mdat")
            .map(|pair| Fragment::cut(&file, &pair[0], &pair[1]))
            .collect::<Result<_, _>>()?;
        if fragments.len() as u64 != LOOP_SEGMENTS {
            return Err(MediaFault::Segments(fragments.len()));
        }
        for (number, fragment) in (1..).zip(&fragments) {
            let least = least_weight(rendition, Span::of(rendition, number as u64));
            if fragment.weight() + HEADER > least {
                return Err(MediaFault::Oversized(number));
            }
            let span = Span::of(rendition, number as u64);
            if fragment.frames.len() as u64 * rendition.frame != span.duration {
                return Err(MediaFault::Frames(number));
            }
        }
        Ok(Self { init: file.slice(..moov.extent.end), fragments })
    }

    /// The fragment that segment `number`, from 1, repeats.
    pub(super) fn fragment(&self, number: u64) -> Option<&Fragment> {
        let index = number.checked_sub(1)? % LOOP_SEGMENTS;
        self.fragments.get(usize::try_from(index).ok()?)
    }
}

impl Fragment {
    fn cut(file: &Bytes, moof: &BoxAt, mdat: &BoxAt) -> Result<Self, MediaFault> {
        let header = child(file, moof, "mfhd")?.payload();
        let track = child(file, moof, "traf")?;
        let time = child(file, &track, "tfdt")?.payload();
        if file.get(time.start) != Some(&1) || time.len() < 12 {
            return Err(MediaFault::ShortTime);
        }
        if header.len() < 8 {
            return Err(MediaFault::BadBox(header.start));
        }
        // Both are full boxes: a version and flags, 32 bits in all, come before the number.
        let sequence = header.start + 4 - moof.extent.start;
        let decode_time = time.start + 4 - moof.extent.start;
        let run = child(file, &track, "trun")?.payload();
        let frames = frames(file.get(run).unwrap_or_default(), mdat.extent.len())
            .ok_or(MediaFault::Missing("understandable trun"))?;
        Ok(Self {
            moof: file.slice(moof.extent.clone()),
            mdat: file.slice(mdat.extent.clone()),
            sequence: sequence..sequence + 4,
            decode_time: decode_time..decode_time + 8,
            frames,
        })
    }

    /// The bytes of frame `index`.
    pub(super) fn frame(&self, index: usize) -> Bytes {
        self.frames.get(index).map_or_else(Bytes::new, |extent| self.mdat.slice(extent.clone()))
    }

    /// The bytes of these frames, one after the other.
    pub(super) fn run(&self, frames: &Range<usize>) -> Bytes {
        let extent =
            self.frames.get(frames.clone()).and_then(|run| Some((run.first()?, run.last()?)));
        extent.map_or_else(Bytes::new, |(first, last)| self.mdat.slice(first.start..last.end))
    }

    /// The sizes of these frames.
    pub(super) fn sizes(&self, frames: &Range<usize>) -> impl ExactSizeIterator<Item = u32> {
        let run = self.frames.get(frames.clone()).unwrap_or_default();
        // A fragment is below 4 GiB.
        run.iter().map(|extent| extent.len() as u32)
    }

    /// Bytes of the segment before it is padded.
    pub(super) fn weight(&self) -> u64 {
        (STYP.len() + self.moof.len() + self.mdat.len()) as u64
    }
}

/// Where the frames of a `trun` box lie in an `mdat` box of `length` bytes that holds nothing else. Each must
/// have its own size and nothing else: time and kind are the defaults.
fn frames(run: &[u8], length: usize) -> Option<Vec<Range<usize>>> {
    const FIRST_FLAGS: u32 = 0x4;
    const OFFSET: u32 = 0x1;
    const SIZE: u32 = 0x200;
    let words = run.as_chunks::<4>().0;
    let mut words = words.iter().map(|word| u32::from_be_bytes(*word));
    let (flags, count) = (words.next()?, words.next()?);
    // The first byte is the version, which concerns composition offsets: there are none.
    if flags & 0x00ff_ffff & !FIRST_FLAGS != OFFSET | SIZE {
        return None;
    }
    words.next()?;
    if flags & FIRST_FLAGS != 0 {
        words.next()?;
    }
    let mut end = HEADER as usize;
    let frames: Vec<_> = words
        .map(|size| {
            let start = end;
            end = end.saturating_add(size as usize);
            start..end
        })
        .collect();
    (frames.len() == count as usize && end == length).then_some(frames)
}

#[cfg(test)]
mod tests {
    use super::super::ladder::RENDITIONS;
    use super::*;

    #[test]
    fn encoded_segments_leave_a_seventh_of_the_declared_bitrate_for_padding() {
        for rendition in &RENDITIONS {
            let encoded = EncodedLoop::cut(rendition).unwrap();
            for (number, fragment) in (1..).zip(&encoded.fragments) {
                let seconds = Span::of(rendition, number).duration / rendition.timescale;
                let declared = rendition.bits_per_second * seconds / 8;
                assert!(fragment.weight() * 100 < declared * 85, "{} {number}", rendition.name);
            }
        }
    }

    #[test]
    fn the_first_times_of_the_encoded_fragments_are_those_of_the_timeline() {
        for rendition in &RENDITIONS {
            let encoded = EncodedLoop::cut(rendition).unwrap();
            for (number, fragment) in (1..).zip(&encoded.fragments) {
                let time = &fragment.moof[fragment.decode_time.clone()];
                let time = u64::from_be_bytes(time.try_into().unwrap());
                assert_eq!(time, Span::of(rendition, number).start, "{}", rendition.name);
            }
        }
    }

    #[test]
    fn the_loop_goes_round_after_six_segments() {
        for rendition in &RENDITIONS {
            let encoded = EncodedLoop::cut(rendition).unwrap();
            let media = |number| &encoded.fragment(number).unwrap().mdat;
            for number in [1, 2, 3, 4, 5, 6, 145, 448_839_133] {
                let index = usize::try_from((number - 1) % 6).unwrap();
                assert_eq!(media(number), &encoded.fragments[index].mdat);
                assert_eq!(media(number), media(number + 6));
                assert_eq!(media(number + 1), &encoded.fragments[(index + 1) % 6].mdat);
            }
            assert!(encoded.fragment(0).is_none());
        }
    }

    #[test]
    fn damaged_media_is_named() {
        let cut = |encoded: &'static [u8]| {
            EncodedLoop::cut(&Rendition { encoded, ..sample() }).map(|_| ()).unwrap_err()
        };
        let whole = RENDITIONS[0].encoded;
        assert_eq!(cut(&whole[..whole.len() - 1]), MediaFault::BadBox(66_370 + 24));
        assert_eq!(cut(&[]), MediaFault::Missing("moov"));
        assert_eq!(cut(&whole[..765]), MediaFault::Segments(0));
        let slow = Rendition { bits_per_second: 20_000, ..sample() };
        assert_eq!(EncodedLoop::cut(&slow).unwrap_err(), MediaFault::Oversized(1));
    }

    fn sample() -> Rendition {
        let v1 = &RENDITIONS[0];
        Rendition {
            name: v1.name,
            picture: v1.picture,
            bits_per_second: v1.bits_per_second,
            swing: v1.swing,
            codecs: v1.codecs,
            timescale: v1.timescale,
            frame: v1.frame,
            encoded: v1.encoded,
        }
    }
}
