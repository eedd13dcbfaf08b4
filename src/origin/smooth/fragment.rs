//! Fragments: a segment with its time, and the times of the next ones, in boxes specific to Smooth.

use std::ops::RangeInclusive;

use bytes::{BufMut, Bytes, BytesMut};

use crate::origin::ladder::Rendition;
use crate::origin::library::{Library, Volume};
use crate::origin::movie_fragment::{self, Run, header};
use crate::origin::timeline::{Span, number_at};
use crate::origin::weight::weight;

/// Ticks a second.
pub(super) const TIMESCALE: u64 = 90_000;

/// The number of fragments that a live fragment announces; manifests end this many fragments before the edge.
pub(super) const AHEAD: u64 = 2;

/// The UUIDs of the boxes `tfxd` and `tfrf`.
const TFXD: u128 = 0x6d1d_9b05_42d5_44e6_80e2_141d_aff7_57b2;
const TFRF: u128 = 0xd480_7ef2_ca39_4695_8e54_26cb_9e46_a79f;

/// The number of the fragment that starts at `time` ticks of 90 kHz, if one does.
pub(in crate::origin) fn fragment_at(rendition: &Rendition, time: u64) -> Option<u64> {
    let ticks_of_frame = ticks_of_frame(rendition);
    time.is_multiple_of(ticks_of_frame).then_some(())?;
    number_at(rendition, time / ticks_of_frame * rendition.frame)
}

/// Fragment `number`; a live one announces those that follow it.
pub(in crate::origin) fn fragment(
    library: &Library,
    volume: &Volume,
    number: u64,
    live: bool,
) -> Option<Vec<Bytes>> {
    let Volume { rendition, encoded, .. } = volume;
    let fragment = encoded.fragment(number)?;
    let all = 0..fragment.frames.len();
    let runs = [Run {
        frame: ticks_of_frame(rendition) as u32,
        extra: times(rendition, number, live),
        ..Run::of(rendition, fragment, &all, None)
    }];
    let data = fragment.run(&all);
    let needed = movie_fragment::length(&runs) + data.len() as u64;
    let spare = weight(rendition, number).saturating_sub(needed);
    let mut made = BytesMut::new();
    movie_fragment::write(&mut made, number as u32, &runs);
    Some(library.padding().close(made, [data], spare))
}

/// `tfxd`, when the fragment is, and for live ones `tfrf`, when the next ones are.
fn times(rendition: &Rendition, number: u64, live: bool) -> Vec<u8> {
    let mut to = Vec::new();
    let mut put = |id: u128, numbers: RangeInclusive<u64>, count: Option<u8>| {
        let spans = numbers.map(|number| span(rendition, number));
        header(&mut to, 28 + usize::from(count.is_some()) + 16 * spans.clone().count(), b"uuid");
        to.put_u128(id);
        to.put_u32(0x0100_0000); // times of 64 bits
        count.into_iter().for_each(|count| to.put_u8(count));
        for span in spans {
            to.put_u64(span.start);
            to.put_u64(span.duration);
        }
    };
    put(TFXD, number..=number, None);
    if live {
        put(TFRF, number + 1..=number + AHEAD, Some(AHEAD as u8));
    }
    to
}

/// A segment's span in ticks of 90 kHz: whole frames, so nothing is lost.
pub(super) fn span(rendition: &Rendition, number: u64) -> Span {
    let Span { start, duration } = Span::of(rendition, number);
    let ticks = |time: u64| time / rendition.frame * ticks_of_frame(rendition);
    Span { start: ticks(start), duration: ticks(duration) }
}

fn ticks_of_frame(rendition: &Rendition) -> u64 {
    rendition.frame * TIMESCALE / rendition.timescale
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::boxes::{boxes, child};

    fn numbers(bytes: &[u8]) -> Vec<u64> {
        bytes.as_chunks::<8>().0.iter().map(|number| u64::from_be_bytes(*number)).collect()
    }

    /// Without `tfdt`: the time is in `tfxd`, and those of the next two in `tfrf`.
    #[test]
    fn live_fragments_tell_their_time_and_announce_the_next() {
        let library = Library::open().unwrap();
        for (name, expected) in [
            ("v1", [7 * 360_000, 360_000, 8 * 360_000, 360_000, 9 * 360_000, 360_000]),
            ("a1", [2_520_960, 359_040, 2_880_000, 360_960, 3_240_960, 359_040]),
        ] {
            let volume = library.volume(Rendition::named(name).unwrap()).unwrap();
            let bytes = fragment(&library, volume, 8, true).unwrap().concat();
            assert_eq!(bytes.len() as u64, weight(volume.rendition, 8));
            let top = boxes(&bytes, 0..bytes.len()).unwrap();
            let kinds: Vec<_> = top.iter().map(|found| found.kind).collect();
            assert_eq!(kinds, [*b"moof", *b"mdat", *b"free"]);
            let track = child(&bytes, &top[0], "traf").unwrap();
            let inside = boxes(&bytes, track.payload()).unwrap();
            let kinds: Vec<_> = inside.iter().map(|found| found.kind).collect();
            assert_eq!(kinds, [*b"tfhd", *b"trun", *b"uuid", *b"uuid"]);
            let (this, next) = (inside[2].payload(), inside[3].payload());
            assert_eq!(bytes[this.start..this.start + 4], [0x6d, 0x1d, 0x9b, 0x05]);
            assert_eq!(numbers(&bytes[this.start + 20..this.end]), expected[..2]);
            assert_eq!(bytes[next.start + 20], 2);
            assert_eq!(numbers(&bytes[next.start + 21..next.end]), expected[2..]);
        }
    }

    #[test]
    fn fragments_are_found_by_their_time() {
        for name in ["v2", "a1"] {
            let rendition = Rendition::named(name).unwrap();
            for number in [1, 2, 3, 150, 448_000_001] {
                let start = span(rendition, number).start;
                assert_eq!(fragment_at(rendition, start), Some(number));
                assert_eq!(fragment_at(rendition, start + 1), None);
            }
        }
    }
}
