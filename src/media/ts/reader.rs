//! Reads a transport stream packet by packet, without its tables: the ids of elementary streams give their
//! types.

use super::super::MediaType;
use std::time::Duration;

/// Bytes of a packet.
const PACKET: usize = 188;
/// The byte that each packet begins with.
const SYNC: u8 = 0x47;
/// Clocks are counted modulo 2^33, in ticks of 90 kHz.
const WRAP: u64 = (1 << 33) - 1;
const HERTZ: u64 = 90_000;
/// A clock that jumps further was restarted.
const LEAP: u64 = 10 * HERTZ;
/// After how many bytes without a packet the body is not a transport stream.
const PATIENCE: usize = 64 * PACKET;

/// A clock that is tracked over its wraps.
#[derive(Debug, Clone, Copy, Default)]
struct Clock {
    /// The packet identifier of the stream that it is read from.
    pid: u16,
    last: u64,
    elapsed: u64,
}

impl Clock {
    fn tick(&mut self, now: u64) {
        let forward = now.wrapping_sub(self.last) & WRAP;
        if forward <= LEAP {
            self.elapsed += forward;
            self.last = now;
        } else if (WRAP - forward) > LEAP {
            // Neither slightly ahead nor a reordered frame: the clock was restarted.
            self.last = now;
        }
    }
}

/// The reader. Holds less than two packets.
#[derive(Debug, Default)]
pub(in crate::media) struct Reader {
    held: Vec<u8>,
    lost: usize,
    packets: u64,
    video: bool,
    audio: bool,
    /// The programme clock reference; where there is none, the first stream's presentation times.
    reference: Option<Clock>,
    presentation: Option<Clock>,
}

impl Reader {
    /// Reads the next bytes; false if they are not a transport stream.
    pub(in crate::media) fn feed(&mut self, mut data: &[u8]) -> bool {
        // First the packet that the last bytes began, up to the byte that shows it to be one.
        while !self.held.is_empty() && !data.is_empty() {
            let missing = (PACKET - self.held.len()).min(data.len());
            let (head, rest) = data.split_at(missing);
            self.held.extend_from_slice(head);
            data = rest;
            if let Some(next) = data.first().filter(|_| self.held.len() == PACKET) {
                let held = std::mem::take(&mut self.held);
                if *next == SYNC {
                    self.packet(&held);
                } else {
                    self.lost += 1;
                    self.read(held.get(1..).unwrap_or_default());
                }
            }
        }
        self.read(data);
        self.packets > 0 || self.lost < PATIENCE
    }

    /// Ends the stream: a complete packet need not be followed by another.
    pub(in crate::media) fn finish(&mut self) {
        if self.held.len() == PACKET {
            let held = std::mem::take(&mut self.held);
            self.packet(&held);
        }
    }

    /// Reads the packets that are followed by another, and holds what is left.
    fn read(&mut self, mut data: &[u8]) {
        loop {
            let at = memchr::memchr(SYNC, data).unwrap_or(data.len());
            self.lost += at;
            data = data.get(at..).unwrap_or_default();
            let whole = data.split_at_checked(PACKET);
            let Some((packet, rest)) = whole.filter(|(_, rest)| !rest.is_empty()) else {
                self.held.extend_from_slice(data);
                return;
            };
            // A false start of a packet is not followed by another sync byte.
            if rest.first() == Some(&SYNC) {
                self.packet(packet);
                data = rest;
            } else {
                self.lost += 1;
                data = data.get(1..).unwrap_or_default();
            }
        }
    }

    /// The media type, as far as seen.
    pub(in crate::media) const fn media(&self) -> MediaType {
        match (self.video, self.audio) {
            (true, true) => MediaType::Muxed,
            (true, false) => MediaType::Video,
            (false, true) => MediaType::Audio,
            (false, false) => MediaType::Unknown,
        }
    }

    /// How many packets were read.
    pub(in crate::media) const fn packets(&self) -> u64 {
        self.packets
    }

    /// How much media time has passed since the first clock.
    pub(in crate::media) fn elapsed(&self) -> Option<Duration> {
        let clock = self.reference.or(self.presentation)?;
        Some(Duration::from_micros(clock.elapsed.saturating_mul(100) / 9))
    }

    fn packet(&mut self, packet: &[u8]) {
        let &[SYNC, flags, low, control, ref rest @ ..] = packet else { return };
        self.packets += 1;
        let pid = u16::from_be_bytes([flags & 0x1f, low]);
        let mut payload = rest;
        if control & 0x20 != 0 {
            let Some((length, fields)) = rest.split_first() else { return };
            let Some((field, after)) = fields.split_at_checked(usize::from(*length)) else {
                return;
            };
            if let Some(reference) = program_clock(field) {
                follow(&mut self.reference, pid, reference);
            }
            payload = after;
        }
        if control & 0x10 != 0 && flags & 0x40 != 0 {
            self.elementary(pid, payload);
        }
    }

    /// The beginning of a packet of an elementary stream (ISO/IEC 13818-1, 2.4.3.6).
    fn elementary(&mut self, pid: u16, payload: &[u8]) {
        let &[0, 0, 1, stream, _, _, marks, flags, _, ref fields @ ..] = payload else { return };
        match stream {
            0xe0..=0xef => self.video = true,
            // Private streams carry AC-3, DTS and Opus far more often than subtitles.
            0xc0..=0xdf | 0xbd => self.audio = true,
            _ => return,
        }
        if marks >> 6 == 0b10
            && flags & 0x80 != 0
            && let Some(&[a, b, c, d, e]) = fields.first_chunk()
        {
            let time = u64::from(a >> 1 & 7) << 30
                | u64::from(u16::from_be_bytes([b, c]) >> 1) << 15
                | u64::from(u16::from_be_bytes([d, e]) >> 1);
            follow(&mut self.presentation, pid, time);
        }
    }
}

/// The programme clock reference in an adaptation field, in ticks of 90 kHz.
fn program_clock(field: &[u8]) -> Option<u64> {
    let (flags, fields) = field.split_first()?;
    let [a, b, c, d, e, _] = *fields.first_chunk()?;
    (flags & 0x10 != 0)
        .then(|| u64::from(u32::from_be_bytes([a, b, c, d])) << 1 | u64::from(e >> 7))
}

fn follow(clock: &mut Option<Clock>, pid: u16, now: u64) {
    let clock = clock.get_or_insert(Clock { pid, last: now, elapsed: 0 });
    if clock.pid == pid {
        clock.tick(now);
    }
}

#[cfg(test)]
pub(in crate::media) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A packet with a clock reference, and the beginning of a stream's packet with the same time.
    pub(crate) fn packet(pid: u8, stream: u8, time: u64, clocked: bool) -> Vec<u8> {
        let mut out = vec![SYNC, 0x40, pid, if clocked { 0x30 } else { 0x10 }];
        if clocked {
            out.extend_from_slice(&[7, 0x10]);
            out.extend_from_slice(&((time >> 1) as u32).to_be_bytes());
            out.extend_from_slice(&[(time as u8) << 7, 0]);
        }
        let byte = |shift: u32| (time >> shift) as u8;
        out.extend_from_slice(&[0, 0, 1, stream, 0, 0, 0x80, 0x80, 5]);
        out.extend_from_slice(&[
            byte(29) & 0xe | 0x21,
            byte(22),
            byte(14) | 1,
            byte(7),
            byte(0) << 1 | 1,
        ]);
        out.resize(PACKET, 0xff);
        out
    }

    fn read(packets: &[Vec<u8>]) -> Reader {
        let mut reader = Reader::default();
        packets.iter().for_each(|packet| assert!(reader.feed(packet)));
        reader.finish();
        reader
    }

    #[test]
    fn streams_and_their_time() {
        let second = |n: u64| n * HERTZ;
        let reader = read(&[
            packet(1, 0xe0, 0, true),
            packet(2, 0xc0, 0, false),
            packet(1, 0xe0, second(3), true),
        ]);
        assert_eq!(reader.media(), MediaType::Muxed);
        assert_eq!(reader.elapsed(), Some(Duration::from_secs(3)));
        let sound = read(&[packet(2, 0xbd, second(9), false), packet(2, 0xbd, second(11), false)]);
        assert_eq!(
            (sound.media(), sound.elapsed()),
            (MediaType::Audio, Some(Duration::from_secs(2)))
        );
    }

    #[test]
    fn clocks_wrap_leap_and_run_out_of_order() {
        let start = WRAP + 1 - HERTZ;
        let times = [start, 0, HERTZ / 2, HERTZ / 4, HERTZ, HERTZ * 5000, HERTZ * 5001];
        let packets: Vec<_> = times.iter().map(|time| packet(1, 0xe0, *time, false)).collect();
        assert_eq!(read(&packets).elapsed(), Some(Duration::from_secs(3)));
    }

    #[test]
    fn what_is_no_transport_stream() {
        let mut reader = Reader::default();
        assert!(reader.feed(&[SYNC; 10]), "too little to tell");
        let mut reader = Reader::default();
        let noise = [0x46; PACKET];
        assert!((0..PATIENCE).step_by(PACKET).any(|_| !reader.feed(&noise)));
    }

    proptest! {
        #[test]
        fn pieces_are_one_stream(cut in 1_usize..400, noise in proptest::collection::vec(any::<u8>(), 0..9)) {
            let packets: Vec<u8> = (0..6).flat_map(|n| packet(1, 0xe0, n * 9000, n % 2 == 0)).collect();
            let mut pieces = Reader::default();
            packets.chunks(cut).for_each(|piece| { pieces.feed(piece); });
            pieces.finish();
            prop_assert_eq!((pieces.packets, pieces.elapsed()), (6, Some(Duration::from_millis(400))));
            let mut dirty = Reader::default();
            dirty.feed(&noise);
            prop_assert!(dirty.held.len() < PACKET);
        }

        /// A false start of a packet is detected wherever the pieces end.
        #[test]
        fn false_beginnings_in_pieces(cut in 1_usize..400, noise in "[G.]{0,300}", end in "[G.]{0,300}") {
            let clean = [packet(1, 0xe0, 0, true), packet(1, 0xe0, 9000, true)].concat();
            let stream = [noise.as_bytes(), &clean, end.as_bytes(), &clean].concat();
            let read = |piece| {
                let mut reader = Reader::default();
                stream.chunks(piece).for_each(|piece| { reader.feed(piece); });
                reader.finish();
                (reader.packets, reader.lost, reader.media(), reader.elapsed(), reader.held)
            };
            prop_assert_eq!(read(cut), read(stream.len()));
        }
    }
}
