//! AES-128 as in HLS (RFC 8216, 5.2): whole segments in CBC with PKCS#7 padding, the segment's number as the
//! initialization vector; encrypted piece by piece as they are sent.

use std::fmt;
use std::vec;

use aes::Aes128;
use aes::cipher::{BlockEncryptMut, KeyIvInit};
use bytes::{Bytes, BytesMut};
use cbc::Encryptor;

use super::feed::{Delivery, Feed};
use crate::units::UnixTime;

/// The key. It is not secret: any client may fetch it.
pub(super) const KEY: &[u8; 16] = b"vsps test origin";

/// Bytes of a block of the cipher.
const BLOCK: usize = 16;

/// Bytes that are encrypted at once, at most.
const STEP: usize = 64 * 1024;

/// A segment being encrypted.
pub(super) struct EncryptedFeed {
    cipher: Encryptor<Aes128>,
    pieces: vec::IntoIter<Bytes>,
    /// The rest of the current piece.
    piece: Bytes,
    ended: bool,
}

impl EncryptedFeed {
    /// Segment `number`, whose bytes these are.
    pub(super) fn new(number: u64, pieces: Vec<Bytes>) -> Self {
        let vector = u128::from(number).to_be_bytes();
        let cipher = Encryptor::new(KEY.into(), &vector.into());
        Self { cipher, pieces: pieces.into_iter(), piece: Bytes::new(), ended: false }
    }

    /// Bytes of a segment that has `length` bytes before it is encrypted.
    pub(super) fn length(length: u64) -> u64 {
        (length / BLOCK as u64 + 1) * BLOCK as u64
    }
}

impl Feed for EncryptedFeed {
    fn next(&mut self) -> Option<Delivery> {
        if self.ended {
            return None;
        }
        let mut step = BytesMut::with_capacity(STEP);
        while step.len() < STEP {
            if self.piece.is_empty() {
                match self.pieces.next() {
                    Some(piece) => self.piece = piece,
                    None => {
                        // One to sixteen bytes, each of which is their number.
                        let missing = BLOCK - step.len() % BLOCK;
                        step.resize(step.len() + missing, missing as u8);
                        self.ended = true;
                        break;
                    }
                }
            }
            let taken = self.piece.len().min(STEP - step.len());
            step.extend_from_slice(&self.piece.split_to(taken));
        }
        for block in step.as_chunks_mut::<BLOCK>().0 {
            self.cipher.encrypt_block_mut(block.into());
        }
        Some(Delivery { due: UnixTime::ZERO, pieces: vec![step.freeze()] })
    }
}

impl fmt::Debug for EncryptedFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptedFeed").field("ended", &self.ended).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use aes::cipher::BlockDecryptMut;

    use super::*;

    /// However it is cut into pieces, decryption with the number as the vector gives the original, and the
    /// padding states its own length.
    #[test]
    fn what_is_encrypted_is_decrypted() {
        for length in [0, 1, 15, 16, 17, STEP - 1, STEP, STEP + 1, 3 * STEP + 5] {
            let plain: Vec<u8> = (0..length).map(|at| (at * 7) as u8).collect();
            let pieces = plain.chunks(1000).map(Bytes::copy_from_slice).collect();
            let mut feed = EncryptedFeed::new(17, pieces);
            let mut sealed = Vec::new();
            while let Some(delivery) = feed.next() {
                sealed.extend(delivery.pieces.concat());
            }
            assert_eq!(sealed.len() as u64, EncryptedFeed::length(length as u64));
            let vector = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 17];
            let mut cipher = cbc::Decryptor::<Aes128>::new(KEY.into(), &vector.into());
            for block in sealed.as_chunks_mut::<BLOCK>().0 {
                cipher.decrypt_block_mut(block.into());
            }
            let padding = sealed.split_off(length);
            assert!(padding.iter().all(|byte| usize::from(*byte) == padding.len()));
            assert_eq!(sealed, plain);
        }
    }
}
