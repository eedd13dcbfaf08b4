//! The tables with which a receiver finds the program: PAT and PMT (ISO 13818-1, 2.4.4).

use bytes::{BufMut, BytesMut};

use super::packet::PACKET;

/// PIDs of the program map, of video (which carries the clock) and of audio.
const MAP: u16 = 0x1000;
pub(super) const VIDEO: u16 = 0x100;
pub(super) const AUDIO: u16 = 0x101;

/// Stream types: H.264, and AAC in ADTS.
const AVC: u8 = 0x1b;
const AAC: u8 = 0x0f;

/// Packets of both tables.
pub(super) const PACKETS: u64 = 2;

/// Appends both tables, which have been written `times` times before.
pub(super) fn write(to: &mut BytesMut, times: u64) {
    let [high, low] = (0xe000 | MAP).to_be_bytes();
    table(to, 0, times, &[0x00, 0x00, 0x01, 0xc1, 0, 0, 0, 1, high, low]);
    let [video, audio] = [VIDEO, AUDIO].map(|pid| (0xe000 | pid).to_be_bytes());
    let mut map = vec![0x02, 0x00, 0x01, 0xc1, 0, 0, video[0], video[1], 0xf0, 0];
    map.extend_from_slice(&[AVC, video[0], video[1], 0xf0, 0]);
    map.extend_from_slice(&[AAC, audio[0], audio[1], 0xf0, 0]);
    table(to, MAP, times, &map);
}

/// A packet with one section: its table id, and what follows its length.
fn table(to: &mut BytesMut, pid: u16, times: u64, section: &[u8]) {
    let end = to.len() + PACKET;
    to.put_u8(0x47);
    to.put_u16(0x4000 | pid);
    to.put_u8(0x10 | (times % 16) as u8);
    to.put_u8(0); // the section starts here
    let start = to.len();
    to.put_u8(section[0]);
    to.put_u16(0xb000 | (section.len() - 1 + 4) as u16);
    to.extend_from_slice(&section[1..]);
    let sum = checksum(&to[start..]);
    to.put_u32(sum);
    to.resize(end, 0xff);
}

/// CRC-32 as in MPEG: not reflected, not inverted.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ (u32::from(*byte) << 24), |sum, _| {
            (sum << 1) ^ if sum & 0x8000_0000 == 0 { 0 } else { 0x04c1_1db7 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_crc_32_mpeg_2() {
        assert_eq!(checksum(b"123456789"), 0x0376_e6e7); // the catalogue's check value
    }

    #[test]
    fn each_table_is_one_packet_whose_section_checks() {
        let mut bytes = BytesMut::new();
        write(&mut bytes, 18);
        assert_eq!(bytes.len(), PACKETS as usize * PACKET);
        for packet in bytes.chunks(PACKET) {
            assert_eq!((packet[0], packet[3]), (0x47, 0x12));
            let length = 3 + (usize::from(packet[6] & 0x0f) << 8 | usize::from(packet[7]));
            assert_eq!(checksum(&packet[5..5 + length]), 0); // sum and all
            assert!(packet[5 + length..].iter().all(|byte| *byte == 0xff));
        }
    }
}
