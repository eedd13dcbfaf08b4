//! Packets of 188 bytes: a PES packet cut into them, and null packets for padding.

use bytes::{BufMut, Bytes, BytesMut};

use crate::origin::padding::scramble;

/// Bytes of a packet.
pub(super) const PACKET: usize = 188;

/// Bytes of a packet behind its header.
const ROOM: usize = 184;

/// Bytes of an adaptation field with the program clock.
const CLOCK: usize = 8;

/// Times have 33 bits, and wrap after 26.5 hours.
const WRAP: u64 = 1 << 33;

/// One elementary stream's packets: its PID, its PES stream id, and the continuity counter.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) pid: u16,
    pub(super) id: u8,
    /// Packets so far; the counter is its last four bits.
    pub(super) packets: u64,
}

/// The fields of a PES packet's first transport packet, besides the payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// Ticks of 90 kHz; they wrap.
    pub(super) time: u64,
    /// Whether decoding can start here.
    pub(super) random_access: bool,
}

/// Packets of a PES packet with `payload` bytes, PES header and all.
pub(super) fn packets(payload: usize, clock: bool) -> u64 {
    let first = if clock { ROOM - CLOCK } else { ROOM };
    1 + payload.saturating_sub(first).div_ceil(ROOM) as u64
}

/// Bytes of a PES header with one time stamp.
pub(super) const PES_HEADER: usize = 14;

/// The header of a PES packet whose payload has `length` bytes; zero where the length does not fit.
pub(super) fn pes_header(id: u8, length: usize, time: u64) -> [u8; PES_HEADER] {
    // The length counts what follows it: three bytes, the time, the payload.
    let [high, low] = u16::try_from(length + 8).unwrap_or(0).to_be_bytes();
    let time = time % WRAP;
    let bits = |shift: u32, mask: u64| ((time >> shift) & mask) as u8;
    [
        0,
        0,
        1,
        id,
        high,
        low,
        0x84, // the payload starts with an access unit
        0x80, // a presentation time and no decoding time: they are the same
        5,
        0x21 | bits(29, 0x0e),
        bits(22, 0xff),
        bits(14, 0xfe) | 1,
        bits(7, 0xff),
        (bits(0, 0x7f) << 1) | 1,
    ]
}

impl Stream {
    /// Appends `pes`, cut into packets.
    pub(super) fn write(&mut self, to: &mut BytesMut, mut pes: &[u8], mut clock: Option<Clock>) {
        let mut start = true;
        while start || !pes.is_empty() {
            let told = clock.take();
            let mut field = if told.is_some() { CLOCK } else { 0 };
            let taken = pes.len().min(ROOM - field);
            field = ROOM - taken;
            let flags = if start { 0x4000 } else { 0 };
            to.put_u8(0x47);
            to.put_u16(flags | self.pid);
            let control = if field > 0 { 0x30 } else { 0x10 };
            to.put_u8(control | (self.packets % 16) as u8);
            adaptation(to, field, told);
            to.extend_from_slice(&pes[..taken]);
            pes = &pes[taken..];
            self.packets += 1;
            start = false;
        }
    }
}

/// An adaptation field of `length` bytes: the clock, if there is one, and stuffing.
fn adaptation(to: &mut BytesMut, length: usize, clock: Option<Clock>) {
    let end = to.len() + length;
    if length == 0 {
        return;
    }
    to.put_u8((length - 1) as u8);
    if length == 1 {
        return;
    }
    let Some(Clock { time, random_access }) = clock else {
        to.put_u8(0);
        to.resize(end, 0xff);
        return;
    };
    to.put_u8(if random_access { 0x50 } else { 0x10 });
    let base = time % WRAP;
    to.put_u32((base >> 1) as u32);
    to.put_u16(((base & 1) << 15) as u16 | 0x7e00);
    to.resize(end, 0xff);
}

/// A block of null packets that every response shares. Their payload is random, like padding's.
#[derive(Debug, Clone)]
pub(in crate::origin) struct NullPackets {
    block: Bytes,
}

impl NullPackets {
    /// Null packets of a block: about 128 KiB.
    const BLOCK: usize = 700;

    pub(in crate::origin) fn new() -> Self {
        let mut block = BytesMut::with_capacity(Self::BLOCK * PACKET);
        for packet in 0..Self::BLOCK {
            block.put_u32(0x471f_ff10);
            for word in 0..ROOM / 8 {
                block.put_u64(scramble((packet * ROOM / 8 + word) as u64));
            }
        }
        Self { block: block.freeze() }
    }

    /// Appends `count` null packets to `pieces` without copying any.
    pub(super) fn append(&self, count: u64, pieces: &mut Vec<Bytes>) {
        let mut left = usize::try_from(count).unwrap_or(0);
        while left > 0 {
            let taken = left.min(Self::BLOCK);
            pieces.push(self.block.slice(..taken * PACKET));
            left -= taken;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every length is cut into whole packets, in the computed number, that contain the payload.
    #[test]
    fn packets_are_whole_counted_and_hold_the_payload() {
        for length in (1..600).chain([1000, 20_000]) {
            for clock in [None, Some(Clock { time: 1, random_access: true })] {
                let payload: Vec<u8> = (0..length).map(|at| at as u8).collect();
                let mut stream = Stream { pid: 0x100, id: 0xe0, packets: 14 };
                let mut bytes = BytesMut::new();
                stream.write(&mut bytes, &payload, clock);
                assert_eq!(bytes.len() % PACKET, 0);
                assert_eq!((bytes.len() / PACKET) as u64, packets(length, clock.is_some()));
                let mut found = Vec::new();
                for (at, packet) in bytes.chunks(PACKET).enumerate() {
                    assert_eq!((packet[0], packet[3] & 15), (0x47, ((14 + at) % 16) as u8));
                    let field = if packet[3] & 0x20 != 0 { 1 + packet[4] as usize } else { 0 };
                    found.extend_from_slice(&packet[4 + field..]);
                }
                assert_eq!(found, payload, "{length}");
            }
        }
    }

    /// ISO 13818-1, 2.4.3.7: marker bits between the three parts of a time.
    #[test]
    fn times_have_33_bits_between_markers() {
        let header = pes_header(0xe0, 70_000, WRAP + 0x1_5555_5555);
        assert_eq!(header[4..6], [0, 0]);
        let time = &header[9..];
        let bits = |at: usize| u64::from(time[at]);
        assert_eq!((bits(0) & 0xf1, bits(2) & 1, bits(4) & 1), (0x21, 1, 1));
        let read = (bits(0) & 0x0e) << 29 | bits(1) << 22 | (bits(2) & 0xfe) << 14 | bits(3) << 7;
        assert_eq!(read | bits(4) >> 1, 0x1_5555_5555);
        assert_eq!(pes_header(0xc0, 100, 0)[4..6], [0, 108]);
    }
}
