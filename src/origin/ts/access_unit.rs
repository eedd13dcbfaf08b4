//! Frames as a transport stream requires them: H.264 with start codes, AAC with a header each.

use bytes::Bytes;

use crate::origin::boxes::descend;
use crate::origin::error::MediaFault;

const START: [u8; 4] = [0, 0, 0, 1];

/// An access unit delimiter, for any kind of picture.
const DELIMITER: [u8; 6] = [0, 0, 0, 1, 9, 0xf0];

/// Bytes of an ADTS header without a checksum.
pub(super) const ADTS: usize = 7;

/// Parameter sets, which MP4 stores separately and a transport stream repeats before each key frame.
#[derive(Debug)]
pub(in crate::origin) struct ParameterSets {
    /// Each with its start code.
    pub(in crate::origin) bytes: Vec<u8>,
}

impl ParameterSets {
    /// Reads them from an initialization segment's `avcC` box (ISO 14496-15, 5.3.3.1).
    pub(super) fn read(init: &Bytes) -> Result<Self, MediaFault> {
        let config = descend(init, b"avcC").ok_or(MediaFault::Missing("avcC"))?;
        Self::parse(&init[config]).ok_or(MediaFault::Missing("understandable avcC"))
    }

    fn parse(config: &[u8]) -> Option<Self> {
        let (head, mut rest) = config.split_at_checked(5)?;
        if head[4] & 3 != 3 {
            return None; // lengths of four bytes, which start codes replace in place
        }
        let mut bytes = Vec::new();
        for mask in [0x1f, 0xff] {
            let (count, sets) = rest.split_first()?;
            rest = sets;
            for _ in 0..count & mask {
                let (length, sets) = rest.split_first_chunk::<2>()?;
                let (set, sets) = sets.split_at_checked(u16::from_be_bytes(*length).into())?;
                bytes.extend_from_slice(&START);
                bytes.extend_from_slice(set);
                rest = sets;
            }
        }
        Some(Self { bytes })
    }

    /// Bytes of the access unit of a frame of `size` bytes.
    pub(super) fn unit_length(&self, size: usize, key: bool) -> usize {
        DELIMITER.len() + if key { self.bytes.len() } else { 0 } + size
    }

    /// Appends the access unit of `frame`: start codes in place of lengths.
    pub(super) fn write(&self, to: &mut Vec<u8>, frame: &[u8], key: bool) {
        to.extend_from_slice(&DELIMITER);
        if key {
            to.extend_from_slice(&self.bytes);
        }
        let mut at = to.len();
        to.extend_from_slice(frame);
        while let Some(length) = to.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<4>) {
            let next = u32::from_be_bytes(*length) as usize;
            *length = START;
            at = at.saturating_add(4).saturating_add(next);
        }
    }
}

/// The ADTS header (ISO 13818-7, 6.2) of an AAC-LC frame of `size` bytes: 48 kHz, two channels.
pub(super) fn adts(size: usize) -> [u8; ADTS] {
    let length = size + ADTS;
    [
        0xff,
        0xf1,
        0x4c, // profile 1 (LC), frequency index 3, and channels 2 in the bits that follow
        0x80 | (length >> 11) as u8,
        (length >> 3) as u8,
        (length << 5) as u8 | 0x1f,
        0xfc,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_become_start_codes() {
        let sets =
            ParameterSets::parse(&[1, 0, 0, 0, 0xff, 0xe1, 0, 1, 0x67, 1, 0, 1, 0x68]).unwrap();
        let mut unit = Vec::new();
        let frame = [0, 0, 0, 2, 0x65, 0xaa, 0, 0, 0, 1, 0x41];
        sets.write(&mut unit, &frame, true);
        let expected =
            b"\0\0\0\x01\x09\xf0\0\0\0\x01\x67\0\0\0\x01\x68\0\0\0\x01\x65\xaa\0\0\0\x01\x41";
        assert_eq!(unit, expected);
        assert_eq!(unit.len(), sets.unit_length(frame.len(), true));
    }

    #[test]
    fn damaged_parameter_sets_are_refused() {
        let whole = [1, 0, 0, 0, 0xff, 0xe1, 0, 1, 0x67, 1, 0, 1, 0x68];
        for length in 0..whole.len() {
            assert!(ParameterSets::parse(&whole[..length]).is_none(), "{length}");
        }
        assert!(ParameterSets::parse(&[1, 0, 0, 0, 0xfc, 0xe0, 0]).is_none());
    }

    #[test]
    fn an_adts_header_tells_the_length_with_itself() {
        assert_eq!(adts(93), [0xff, 0xf1, 0x4c, 0x80, 0x0c, 0x9f, 0xfc]); // 100 bytes
    }
}
