//! A part of a live segment as it is served: a fragment of its own, with its capture time.
//!
//! The parts of a segment, one after the other, are the segment: the same bytes whether a client takes them as
//! parts of low-latency HLS, or as chunks of a response that continues as they are produced.

use std::ops::Range;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};

use super::boxes::STYP;
use super::encoded::Fragment;
use super::ladder::Rendition;
use super::movie_fragment::{self, Run, header};
use super::padding::{HEADER, Padding};
use super::timeline::{PARTS, Span, microseconds};
use super::weight::weight;

/// Bytes of a `prft` box, version 1.
const PRFT: u64 = 32;

/// Seconds from the epoch of NTP, 1900, to that of Unix.
const NTP_TO_UNIX: u64 = 2_208_988_800;

/// Assembles part `part`, from 0, of segment `number`.
pub(super) fn chunk(
    rendition: &Rendition,
    fragment: &Fragment,
    number: u64,
    part: u64,
    padding: &Padding,
) -> Vec<Bytes> {
    let frames = frames(rendition, number, part);
    let data = fragment.run(&frames);
    let runs = [run(rendition, fragment, number, part)];
    let spare = spare(rendition, fragment, number, part);

    let mut made = BytesMut::new();
    if part == 0 {
        made.extend_from_slice(STYP);
    }
    producer_reference(&mut made, rendition, &runs[0]);
    // Like the segment's, the sequence number may wrap.
    movie_fragment::write(&mut made, (number * PARTS + part) as u32, &runs);
    padding.close(made, [data], spare)
}

/// Which frames of the segment's fragment are the part's.
pub(super) fn frames(rendition: &Rendition, number: u64, part: u64) -> Range<usize> {
    let first = Span::of(rendition, number).start;
    let span = Span::of_part(rendition, number, part);
    let index = |time: u64| ((time - first) / rendition.frame) as usize;
    index(span.start)..index(span.start + span.duration)
}

fn run(rendition: &Rendition, fragment: &Fragment, number: u64, part: u64) -> Run {
    let start = Span::of_part(rendition, number, part).start;
    Run::of(rendition, fragment, &frames(rendition, number, part), Some(start))
}

/// Bytes of padding: the segment's, in equal shares.
fn spare(rendition: &Rendition, fragment: &Fragment, number: u64, part: u64) -> u64 {
    let all = (0..PARTS).map(|part| {
        let run = run(rendition, fragment, number, part);
        PRFT + movie_fragment::length(&[run])
    });
    let data = fragment.mdat.len() as u64 - HEADER;
    let needed = STYP.len() as u64 + all.sum::<u64>() + data;
    let spare = weight(rendition, number).saturating_sub(needed).max(PARTS * HEADER);
    spare / PARTS + if part + 1 == PARTS { spare % PARTS } else { 0 }
}

/// `prft` (ISO 14496-12, 8.16.5): the wall clock's time at the encoder when the run's first frame
/// went in. Live media time is the wall clock's, so the one is the other.
fn producer_reference(to: &mut BytesMut, rendition: &Rendition, run: &Run) {
    let start = run.start.unwrap_or_default();
    let wall = Duration::from_micros(microseconds(start, rendition.timescale));
    let seconds = (wall.as_secs() + NTP_TO_UNIX) as u32; // NTP's era 1 begins in 2036
    let fraction = ((u64::from(wall.subsec_nanos()) << 32) / 1_000_000_000) as u32;
    header(to, PRFT as usize, b"prft");
    movie_fragment::words(to, &[0x0100_0000, run.track, seconds, fraction]);
    to.put_u64(start);
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

    /// Parts are continuous in time, have together the size and the frames of the segment, and each has the
    /// bytes it refers to.
    #[test]
    fn the_parts_of_a_segment_are_the_segment() {
        let padding = Padding::new();
        for rendition in &RENDITIONS {
            let encoded = EncodedLoop::cut(rendition).unwrap();
            for number in [1, 2, 7, 448_000_001, 448_000_002] {
                let fragment = encoded.fragment(number).unwrap();
                let (mut length, mut data) = (0, Vec::new());
                for part in 0..PARTS {
                    let bytes = chunk(rendition, fragment, number, part, &padding).concat();
                    length += bytes.len() as u64;
                    let top = boxes(&bytes, 0..bytes.len()).unwrap();
                    let kinds: Vec<_> = top.iter().map(|found| found.kind).collect();
                    let all = [*b"styp", *b"prft", *b"moof", *b"mdat", *b"free"];
                    assert_eq!(kinds, all[usize::from(part > 0)..]);
                    let (moof, mdat) = (&top[top.len() - 3], &top[top.len() - 2]);
                    let track = child(&bytes, moof, "traf").unwrap();
                    let time = child(&bytes, &track, "tfdt").unwrap().payload().start + 4;
                    let span = Span::of_part(rendition, number, part);
                    assert_eq!(number_at(&bytes, time, 8), span.start);
                    let run = child(&bytes, &track, "trun").unwrap().payload().start;
                    let frames = number_at(&bytes, run + 4, 4);
                    assert_eq!(frames * rendition.frame, span.duration);
                    let offset = number_at(&bytes, run + 8, 4) as usize;
                    assert_eq!(moof.extent.start + offset, mdat.payload().start);
                    let sizes =
                        (0..frames as usize).map(|i| number_at(&bytes, run + 16 + 4 * i, 4));
                    assert_eq!(sizes.sum::<u64>(), mdat.payload().len() as u64);
                    data.extend_from_slice(&bytes[mdat.payload()]);
                }
                assert_eq!(length, weight(rendition, number), "{} {number}", rendition.name);
                assert_eq!(data, fragment.mdat[8..]);
            }
        }
    }

    /// 2026-11-22T14:08:04Z in NTP's seconds, and half of one.
    #[test]
    fn parts_tell_the_wall_clock() {
        let rendition = &RENDITIONS[0];
        let encoded = EncodedLoop::cut(rendition).unwrap();
        let number = 448_839_122;
        let fragment = encoded.fragment(number).unwrap();
        let bytes = chunk(rendition, fragment, number, 1, &Padding::new()).concat();
        assert_eq!(&bytes[4..8], b"prft");
        let expected = 1_795_356_484 + NTP_TO_UNIX;
        assert_eq!((number_at(&bytes, 16, 4), number_at(&bytes, 20, 4)), (expected, 1 << 31));
    }
}
