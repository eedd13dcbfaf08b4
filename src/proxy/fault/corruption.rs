//! Corrupts bytes of a body, the same ones in every run.
//!
//! A pure function: which bytes are corrupted depends on the seed and their position in the body, not on how the body
//! is split into pieces.

use crate::{
    rules::{Corruption, Damage},
    seed::{Seed, Stream},
    units::Ratio,
};
use bytes::{Bytes, BytesMut};
use rand::RngExt as _;

const TS_PACKET: u64 = 188;
/// The head of a box: a 32-bit size, a type, and, if the size is 1, a 64-bit size.
const SHORT_HEAD: usize = 8;
const LONG_HEAD: usize = 16;

/// Corrupts one body.
#[derive(Debug)]
pub(super) struct Corrupter {
    wanted: Corruption,
    stream: Stream,
    /// The position in the body at which the next piece begins.
    place: u64,
    /// The position of the next byte, packet or box that may be corrupted.
    next: u64,
    /// The first bytes of a box's head, held until the head is complete.
    held: BytesMut,
    first_corrupted: Option<u64>,
    reported: bool,
}

impl Corrupter {
    pub(super) fn new(wanted: Corruption, seed: Seed) -> Self {
        let mut stream = seed.named("corrupt").stream();
        let next = match wanted.damage {
            Damage::BitFlips | Damage::Zeros => {
                wanted.from.bytes().saturating_add(skip(wanted.rate, &mut stream))
            }
            Damage::TsSync | Damage::BoxSize => 0,
        };
        Self {
            wanted,
            stream,
            place: 0,
            next,
            held: BytesMut::new(),
            first_corrupted: None,
            reported: false,
        }
    }

    /// Corrupts the next piece of the body. Its last bytes may be held until the next piece.
    pub(super) fn damage(&mut self, piece: Bytes) -> Bytes {
        match self.wanted.damage {
            Damage::BitFlips | Damage::Zeros => self.corrupt_bytes(piece),
            Damage::TsSync => self.corrupt_packets(piece),
            Damage::BoxSize => self.corrupt_boxes(piece),
        }
    }

    /// Whether no bytes are held.
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// The held bytes, at the end of the body.
    pub(super) fn rest(&mut self) -> Bytes {
        self.held.split().freeze()
    }

    /// The first corrupted byte; returned once.
    pub(super) fn take_corrupted(&mut self) -> Option<u64> {
        let first = self.first_corrupted.filter(|_| !self.reported);
        self.reported |= first.is_some();
        first
    }

    fn in_range(&self, at: u64) -> bool {
        at >= self.wanted.from.bytes() && self.wanted.to.is_none_or(|to| at < to.bytes())
    }

    fn corrupt_bytes(&mut self, piece: Bytes) -> Bytes {
        let end = self.place + piece.len() as u64;
        let mut bytes = None;
        let mut piece = Some(piece);
        while self.next < end && self.in_range(self.next) {
            let at = (self.next - self.place) as usize;
            let flip = 1u8 << self.stream.random_range(0..8u32);
            let bytes = bytes.get_or_insert_with(|| mutable(piece.take().unwrap_or_default()));
            if let Some(byte) = bytes.get_mut(at) {
                *byte = if self.wanted.damage == Damage::Zeros { 0 } else { *byte ^ flip };
            }
            self.note(self.next);
            let gap = skip(self.wanted.rate, &mut self.stream);
            self.next = self.next.saturating_add(1).saturating_add(gap);
        }
        self.place = end;
        bytes.map(BytesMut::freeze).or(piece).unwrap_or_default()
    }

    fn corrupt_packets(&mut self, piece: Bytes) -> Bytes {
        let end = self.place + piece.len() as u64;
        let mut bytes = None;
        let mut piece = Some(piece);
        while self.next < end {
            let hit = self.stream.random::<f64>() < self.wanted.rate.get();
            let at = (self.next - self.place) as usize;
            if hit && self.in_range(self.next) {
                let bytes = bytes.get_or_insert_with(|| mutable(piece.take().unwrap_or_default()));
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = 0;
                }
                self.note(self.next);
            }
            self.next += TS_PACKET;
        }
        self.place = end;
        bytes.map(BytesMut::freeze).or(piece).unwrap_or_default()
    }

    fn corrupt_boxes(&mut self, piece: Bytes) -> Bytes {
        let mut bytes = if self.held.is_empty() {
            mutable(piece)
        } else {
            let mut held = self.held.split();
            held.extend_from_slice(&piece);
            held
        };
        let end = self.place + bytes.len() as u64;
        while self.next < end {
            let at = (self.next - self.place) as usize;
            let Some(size) = bytes.get_mut(at..).and_then(BoxHead::read) else {
                // The head is split: hold it.
                self.held = bytes.split_off(at);
                self.place = self.next;
                return bytes.freeze();
            };
            let hit = self.stream.random::<f64>() < self.wanted.rate.get();
            if hit && self.in_range(self.next) {
                size.increment(&mut bytes[at..]);
                self.note(self.next);
            }
            // After a box that extends to the end, or a broken one, there is no further box.
            self.next = match size.bytes {
                0..8 => u64::MAX,
                bytes => self.next.saturating_add(bytes),
            };
        }
        self.place = end;
        bytes.freeze()
    }

    fn note(&mut self, at: u64) {
        if self.first_corrupted.is_none() {
            self.first_corrupted = Some(at);
        }
    }
}

/// The head of an ISO BMFF box (ISO/IEC 14496-12 §4.2).
#[derive(Debug, Clone, Copy)]
struct BoxHead {
    /// The size it declares.
    bytes: u64,
    long: bool,
}

impl BoxHead {
    /// Reads a head; `None` if it is incomplete.
    fn read(bytes: &mut [u8]) -> Option<Self> {
        let head = bytes.get(..SHORT_HEAD)?;
        let size = u32::from_be_bytes(head.get(..4)?.try_into().ok()?);
        if size != 1 {
            return Some(Self { bytes: size.into(), long: false });
        }
        let long = bytes.get(SHORT_HEAD..LONG_HEAD)?;
        Some(Self { bytes: u64::from_be_bytes(long.try_into().ok()?), long: true })
    }

    /// Increases the size by one.
    fn increment(self, bytes: &mut [u8]) {
        let more = self.bytes.saturating_add(1);
        if self.long {
            bytes[SHORT_HEAD..LONG_HEAD].copy_from_slice(&more.to_be_bytes());
        } else {
            bytes[..4].copy_from_slice(&(more as u32).to_be_bytes());
        }
    }
}

fn mutable(piece: Bytes) -> BytesMut {
    piece.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]))
}

/// How many units are skipped before the next corrupted one, if each is corrupted with probability `rate`.
fn skip(rate: Ratio, stream: &mut Stream) -> u64 {
    let rate = rate.get();
    if rate <= 0.0 {
        return u64::MAX;
    }
    if rate >= 1.0 {
        return 0;
    }
    let draw: f64 = 1.0 - stream.random::<f64>();
    // The inverse of the geometric distribution.
    (draw.ln() / (-rate).ln_1p()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::ByteSize;
    use proptest::prelude::*;

    fn wanted(damage: Damage, rate: f64, from: u64, to: Option<u64>) -> Corruption {
        let (from, to) = (ByteSize::from_bytes(from), to.map(ByteSize::from_bytes));
        Corruption { damage, rate: Ratio::new(rate).unwrap(), from, to }
    }

    fn damaged(wanted: Corruption, body: &[u8], pieces: &[usize]) -> (Vec<u8>, Option<u64>) {
        let mut corrupter = Corrupter::new(wanted, Seed::new(7));
        let mut rest = Bytes::copy_from_slice(body);
        let mut out = Vec::new();
        let mut pieces = pieces.iter().cycle();
        while !rest.is_empty() {
            let size = (*pieces.next().unwrap()).min(rest.len());
            out.extend_from_slice(&corrupter.damage(rest.split_to(size)));
        }
        out.extend_from_slice(&corrupter.rest());
        (out, corrupter.take_corrupted())
    }

    fn boxes() -> Vec<u8> {
        let mut body = Vec::new();
        for size in [16u32, 0x1ff, 24] {
            body.extend_from_slice(&size.to_be_bytes());
            body.extend_from_slice(b"free");
            body.resize(body.len() + size as usize - 8, 0xaa);
        }
        body.extend_from_slice(&[
            0, 0, 0, 1, b'm', b'd', b'a', b't', 0, 0, 0, 0, 0, 0, 0, 20, 1, 2, 3, 4,
        ]);
        body
    }

    #[test]
    fn a_share_of_the_bytes_has_one_bit_flipped() {
        let body = vec![0u8; 1_000_000];
        let (out, first_corrupted) =
            damaged(wanted(Damage::BitFlips, 0.01, 500_000, None), &body, &[4096]);
        let hit: Vec<_> = out.iter().enumerate().filter(|(_, byte)| **byte != 0).collect();
        assert!(hit.iter().all(|(at, byte)| *at >= 500_000 && byte.count_ones() == 1));
        assert_eq!(first_corrupted, Some(hit[0].0 as u64));
        // 5000 expected, with a standard deviation of 70.
        assert!((4650..5350).contains(&hit.len()), "{}", hit.len());
    }

    #[test]
    fn zeros_keep_to_their_range() {
        let (out, _) = damaged(wanted(Damage::Zeros, 1.0, 3, Some(6)), &[1; 9], &[2]);
        assert_eq!(out, [1, 1, 1, 0, 0, 0, 1, 1, 1]);
    }

    #[test]
    fn every_sync_byte_is_lost() {
        let body: Vec<_> = (0..188 * 5).map(|i| if i % 188 == 0 { 0x47 } else { 1 }).collect();
        let (out, first_corrupted) = damaged(wanted(Damage::TsSync, 1.0, 1, None), &body, &[100]);
        let lost: Vec<_> = (0..out.len()).filter(|at| out[*at] == 0).collect();
        assert_eq!((lost, first_corrupted), (vec![188, 376, 564, 752], Some(188)));
    }

    #[test]
    fn box_sizes_lie_by_one_across_pieces() {
        let body = boxes();
        let sizes = |body: &[u8]| {
            [0, 16, 16 + 0x1ff].map(|at| u32::from_be_bytes(body[at..at + 4].try_into().unwrap()))
        };
        for piece in 1..40 {
            let (out, first_corrupted) =
                damaged(wanted(Damage::BoxSize, 1.0, 0, None), &body, &[piece]);
            assert_eq!(out.len(), body.len());
            assert_eq!(sizes(&out), [17, 0x200, 25], "{piece}");
            assert_eq!(out[out.len() - 5], 21, "the long size");
            assert_eq!(first_corrupted, Some(0));
        }
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(
            sort in 0usize..4, rate in 0.0f64..=1.0, body in prop::collection::vec(any::<u8>(), 0..2000),
            pieces in prop::collection::vec(1usize..300, 1..8), from in 0u64..500,
        ) {
            let wanted = wanted(Damage::ALL[sort], rate, from, None);
            let (whole, first_corrupted) = damaged(wanted, &body, &[usize::MAX]);
            let (cut, first_corrupted_again) = damaged(wanted, &body, &pieces);
            prop_assert_eq!(whole.len(), body.len());
            prop_assert_eq!(&whole[..(from as usize).min(body.len())], &body[..(from as usize).min(body.len())]);
            prop_assert_eq!(whole, cut);
            prop_assert_eq!(first_corrupted, first_corrupted_again);
        }
    }
}
