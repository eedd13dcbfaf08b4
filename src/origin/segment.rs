//! A media segment as it is served: the loop's fragment with patched times, padded to its size.

use bytes::{Bytes, BytesMut};

use super::boxes::STYP;
use super::encoded::Fragment;
use super::ladder::Rendition;
use super::padding::{HEADER, Padding};
use super::timeline::Span;
use super::weight::weight;

/// Assembles segment `number`. Only `styp`, `moof` and the padding's header are built: the media and the
/// padding are shared with every other response.
pub(super) fn assemble(
    rendition: &Rendition,
    fragment: &Fragment,
    number: u64,
    padding: &Padding,
) -> Vec<Bytes> {
    // `EncodedLoop::cut` has checked that there is room.
    let spare = weight(rendition, number).saturating_sub(fragment.weight());
    let mut made = BytesMut::with_capacity(STYP.len() + fragment.moof.len() + HEADER as usize);
    made.extend_from_slice(STYP);
    made.extend_from_slice(&patched(rendition, fragment, number));
    padding.close(made, [fragment.mdat.clone()], spare)
}

/// The fragment's `moof` with the sequence number and the decode time of segment `number`.
fn patched(rendition: &Rendition, fragment: &Fragment, number: u64) -> Bytes {
    let mut moof = BytesMut::from(&fragment.moof[..]);
    // The sequence number has 32 bits: live numbers use a tenth of them, and may wrap.
    moof[fragment.sequence.clone()].copy_from_slice(&(number as u32).to_be_bytes());
    let time = Span::of(rendition, number).start;
    moof[fragment.decode_time.clone()].copy_from_slice(&time.to_be_bytes());
    moof.freeze()
}

#[cfg(test)]
mod tests {
    use super::super::boxes::{boxes, child};
    use super::super::encoded::EncodedLoop;
    use super::super::ladder::RENDITIONS;
    use super::*;

    fn number_at(bytes: &[u8], at: usize, length: usize) -> u64 {
        bytes[at..at + length].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }

    #[test]
    fn served_segments_are_whole_boxes_with_the_times_and_weight_of_their_number() {
        let padding = Padding::new();
        for rendition in &RENDITIONS {
            let encoded = EncodedLoop::cut(rendition).unwrap();
            for number in [1, 2, 6, 7, 8, 149, 150, 448_000_001, 448_000_002] {
                let fragment = encoded.fragment(number).unwrap();
                let bytes = assemble(rendition, fragment, number, &padding).concat();
                assert_eq!(bytes.len() as u64, weight(rendition, number));

                let top = boxes(&bytes, 0..bytes.len()).unwrap();
                let kinds: Vec<_> = top.iter().map(|found| &found.kind).collect();
                assert_eq!(kinds, [b"styp", b"moof", b"mdat", b"free"]);
                let sequence = child(&bytes, &top[1], "mfhd").unwrap().payload().start + 4;
                assert_eq!(number_at(&bytes, sequence, 4), number);
                let track = child(&bytes, &top[1], "traf").unwrap();
                let time = child(&bytes, &track, "tfdt").unwrap().payload().start + 4;
                assert_eq!(number_at(&bytes, time, 8), Span::of(rendition, number).start);
                assert_eq!(bytes[top[2].extent.clone()], fragment.mdat);
            }
        }
    }

    /// The fragments must have the durations of the timeline, or there would be gaps between them.
    #[test]
    fn fragments_hold_as_many_frames_as_their_span() {
        for rendition in &RENDITIONS {
            let encoded = EncodedLoop::cut(rendition).unwrap();
            for (number, fragment) in (1..).zip(&encoded.fragments) {
                let moof = &boxes(&fragment.moof, 0..fragment.moof.len()).unwrap()[0];
                let track = child(&fragment.moof, moof, "traf").unwrap();
                let run = child(&fragment.moof, &track, "trun").unwrap().payload().start;
                let frames = number_at(&fragment.moof, run + 4, 4);
                assert_eq!(frames * rendition.frame, Span::of(rendition, number).duration);
            }
        }
    }
}
