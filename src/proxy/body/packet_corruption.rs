//! Corrupts bytes of lost packets, for profiles whose loss action is `corrupt`.

use crate::seed::Seed;
use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;

/// The name of the random stream. It stays as it is: another one would change what a seed gives.
const STREAM: &str = "harm";

/// The bytes of one body still to be corrupted, and how much of the body has been handed over.
#[derive(Debug)]
pub(in crate::proxy) struct PacketCorruption {
    places: VecDeque<u64>,
    handed: u64,
    seed: Seed,
}

impl PacketCorruption {
    /// Starts with nothing to corrupt, for a body of which `handed` bytes have been handed over.
    pub(in crate::proxy) fn new(handed: u64, seed: Seed) -> Self {
        Self { places: VecDeque::new(), handed, seed: seed.named(STREAM) }
    }

    /// Marks the packet that begins at `byte` for corruption. Calls must be in order.
    pub(in crate::proxy) fn corrupt_packet(&mut self, byte: u64) {
        self.places.push_back(byte);
    }

    /// Returns the next piece of the body, with one bit flipped in the first byte of each marked packet.
    pub(in crate::proxy) fn damage(&mut self, piece: Bytes) -> Bytes {
        let end = self.handed + piece.len() as u64;
        let start = std::mem::replace(&mut self.handed, end);
        if self.places.front().is_none_or(|place| *place >= end) {
            return piece;
        }
        let mut damaged = BytesMut::from(piece);
        while let Some(place) = self.places.front().copied().filter(|place| *place < end) {
            self.places.pop_front();
            let bit = self.seed.numbered(place).value() % 8;
            let at = place.checked_sub(start).and_then(|at| usize::try_from(at).ok());
            if let Some(byte) = at.and_then(|at| damaged.get_mut(at)) {
                *byte ^= 1 << bit;
            }
        }
        damaged.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bit_of_each_struck_byte_differs_however_the_body_is_cut() {
        let body: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        let whole = |sizes: &[usize]| {
            let (mut corruption, mut out) = (PacketCorruption::new(0, Seed::new(7)), Vec::new());
            [0, 1448, 1500, 9999].into_iter().for_each(|place| corruption.corrupt_packet(place));
            let mut rest = Bytes::from(body.clone());
            for size in sizes.iter().cycle() {
                if rest.is_empty() {
                    return out;
                }
                out.extend_from_slice(&corruption.damage(rest.split_to((*size).min(rest.len()))));
            }
            out
        };
        let out = whole(&[10_000]);
        assert_eq!(out, whole(&[1, 1447, 3, 52, 700]));
        let differ: Vec<usize> = (0..body.len()).filter(|at| out[*at] != body[*at]).collect();
        assert_eq!(differ, [0, 1448, 1500, 9999]);
        assert!(differ.iter().all(|at| (out[*at] ^ body[*at]).count_ones() == 1));
    }
}
