//! Padding: `free` boxes that players skip, with incompressible bytes.

use bytes::{BufMut, Bytes, BytesMut};

/// Bytes of a box's header, and so of the smallest `free` box.
pub(super) const HEADER: u64 = 8;

/// Twice and more the window of deflate (32 KiB): so gzip finds no repetition in a repeated block. Zeros would
/// be compressed away, and a measurement would count bytes that were never sent.
const BLOCK: usize = 128 * 1024;

/// A block of pseudo-random bytes that every response shares.
#[derive(Debug, Clone)]
pub(super) struct Padding {
    block: Bytes,
}

impl Padding {
    /// Fills the block: always with the same bytes, so that a segment is always the same.
    pub(super) fn new() -> Self {
        let mut block = BytesMut::with_capacity(BLOCK);
        for word in 0..(BLOCK / 8) as u64 {
            block.put_u64(scramble(word));
        }
        Self { block: block.freeze() }
    }

    /// Pieces of what was `made`, the `data` behind it, and `spare` bytes of padding, at least eight.
    pub(super) fn close(
        &self,
        mut made: BytesMut,
        data: impl IntoIterator<Item = Bytes>,
        spare: u64,
    ) -> Vec<Bytes> {
        let mut pieces = vec![made.split().freeze()];
        pieces.extend(data);
        let spare = spare.max(HEADER);
        // What is served is below 4 GiB.
        made.extend_from_slice(&free_header(u32::try_from(spare).unwrap_or(u32::MAX)));
        pieces.push(made.freeze());
        self.append(spare - HEADER, &mut pieces);
        pieces
    }

    /// Appends `length` bytes to `pieces` without copying any.
    fn append(&self, mut length: u64, pieces: &mut Vec<Bytes>) {
        while length > 0 {
            let taken = usize::try_from(length).unwrap_or(BLOCK).min(BLOCK);
            pieces.push(self.block.slice(..taken));
            length -= taken as u64;
        }
    }
}

/// The header of a `free` box of `length` bytes in all.
fn free_header(length: u32) -> [u8; 8] {
    let [a, b, c, d] = length.to_be_bytes();
    [a, b, c, d, b'f', b'r', b'e', b'e']
}

/// Maps a counter to 64 pseudo-random bits (the finalizer of SplitMix64).
pub(super) fn scramble(counter: u64) -> u64 {
    let mut bits = counter.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_has_the_asked_length_and_shares_one_block() {
        let padding = Padding::new();
        for length in [0, 1, BLOCK as u64, BLOCK as u64 + 1, 4_600_000] {
            let mut pieces = Vec::new();
            padding.append(length, &mut pieces);
            assert_eq!(pieces.iter().map(|piece| piece.len() as u64).sum::<u64>(), length);
            assert!(pieces.iter().all(|piece| piece.as_ptr() == padding.block.as_ptr()));
        }
    }

    #[test]
    fn every_byte_value_is_about_as_frequent() {
        let padding = Padding::new();
        let mut counts = [0u32; 256];
        padding.block.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
        assert!(counts.iter().all(|count| (400..=630).contains(count)), "{counts:?}");
    }
}
