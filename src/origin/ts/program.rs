//! A program: one rung with the audio, multiplexed slice by slice.
//!
//! There is no state between segments: times follow from the number, and so do the continuity counters, because
//! the packets of a segment are those of the loop's, and padding is null packets, which are not counted. Any
//! segment continues the one before it of any origin, live and across loops.

use bytes::{Bytes, BytesMut};

use super::access_unit::{ADTS, ParameterSets, adts};
use super::packet::{Clock, NullPackets, PACKET, PES_HEADER, Stream, packets, pes_header};
use super::tables::{self, AUDIO, VIDEO};
use crate::origin::chunk::frames;
use crate::origin::encoded::{EncodedLoop, Fragment};
use crate::origin::error::MediaFault;
use crate::origin::ladder::Rendition;
use crate::origin::timeline::{LOOP_SEGMENTS, PARTS, Span};
use crate::origin::weight::weight;

/// Media type of transport streams.
pub(in crate::origin) const CONTENT_TYPE: &str = "video/mp2t";

/// Ticks of 90 kHz by which presentation is later than media time, so that the clock, which is
/// earlier by what a receiver buffers, is not below zero.
const OFFSET: u64 = 90_000;
const BUFFER: u64 = 63_000;

/// A rung and its audio.
#[derive(Debug)]
pub(in crate::origin) struct Program {
    video: &'static Rendition,
    audio: &'static Rendition,
    sets: ParameterSets,
    /// Packets of video and audio before each segment of the loop, and before the next loop.
    before: Vec<[u64; 2]>,
}

/// A rendition, and its loop.
#[derive(Debug, Clone, Copy)]
pub(in crate::origin) struct Track<'a> {
    pub(in crate::origin) rendition: &'static Rendition,
    pub(in crate::origin) encoded: &'a EncodedLoop,
}

/// A slice being written.
struct Multiplexer<'a> {
    program: &'a Program,
    streams: [Stream; 2],
    nulls: &'a NullPackets,
    made: BytesMut,
    pieces: Vec<Bytes>,
    /// Packets of the segment so far.
    written: u64,
    /// The next access unit with its PES header; kept for its capacity.
    unit: Vec<u8>,
}

impl Program {
    /// The program of `video` and `audio`.
    pub(in crate::origin) fn new(video: Track<'_>, audio: Track<'_>) -> Result<Self, MediaFault> {
        let (pictures, sounds) = (video.encoded, audio.encoded);
        let sets = ParameterSets::read(&pictures.init)?;
        let mut before = vec![[0, 0]];
        let mut sum = [0, 0];
        for (pictures, sounds) in pictures.fragments.iter().zip(&sounds.fragments) {
            for (index, frame) in pictures.frames.iter().enumerate() {
                let unit = sets.unit_length(frame.len(), index == 0);
                sum[0] += packets(PES_HEADER + unit, true);
            }
            for frame in &sounds.frames {
                sum[1] += packets(PES_HEADER + ADTS + frame.len(), false);
            }
            before.push(sum);
        }
        Ok(Self { video: video.rendition, audio: audio.rendition, sets, before })
    }

    /// The parameter sets of the pictures.
    pub(in crate::origin) fn parameter_sets(&self) -> &[u8] {
        &self.sets.bytes
    }

    /// Bytes of segment `number`: those of its two renditions together, in whole packets.
    pub(in crate::origin) fn weight(&self, number: u64) -> u64 {
        self.packets(number) * PACKET as u64
    }

    /// The slices of segment `number`, from 0 to seven.
    pub(in crate::origin) fn slices(
        &self,
        number: u64,
        pictures: &Fragment,
        sounds: &Fragment,
        nulls: &NullPackets,
    ) -> Vec<Vec<Bytes>> {
        let streams = self.streams(number);
        let (made, pieces, unit) = (BytesMut::new(), Vec::new(), Vec::new());
        let mut multiplexer =
            Multiplexer { program: self, streams, nulls, made, pieces, written: 0, unit };
        let slice = |part| multiplexer.slice(number, part, pictures, sounds);
        (0..PARTS).map(slice).collect()
    }

    fn packets(&self, number: u64) -> u64 {
        (weight(self.video, number) + weight(self.audio, number)) / PACKET as u64
    }

    /// The streams with the packets before segment `number` counted, four bits of them at least.
    fn streams(&self, number: u64) -> [Stream; 2] {
        let index = number.saturating_sub(1);
        // As many entries as segments and one, so both are there.
        let part = self.before.get((index % LOOP_SEGMENTS) as usize).copied().unwrap_or_default();
        let whole = self.before.last().copied().unwrap_or_default();
        let count = |of: usize| (index / LOOP_SEGMENTS % 16) * whole[of] + part[of];
        [
            Stream { pid: VIDEO, id: 0xe0, packets: count(0) },
            Stream { pid: AUDIO, id: 0xc0, packets: count(1) },
        ]
    }
}

impl Multiplexer<'_> {
    fn slice(&mut self, number: u64, part: u64, video: &Fragment, audio: &Fragment) -> Vec<Bytes> {
        let Program { video: rung, audio: sound, .. } = self.program;
        let start = Span::of(sound, number).start;
        let time_of =
            |index: usize| (start + index as u64 * sound.frame) * 90_000 / sound.timescale;
        tables::write(&mut self.made, number * PARTS + part);
        self.written += tables::PACKETS;
        let mut sounds = frames(sound, number, part).peekable();
        let pictures = frames(rung, number, part);
        let last = pictures.end;
        for index in pictures {
            let time = Span::of(rung, number).start + index as u64 * rung.frame;
            while let Some(sound) = sounds.next_if(|index| time_of(*index) <= time) {
                self.sound(&audio.frame(sound), time_of(sound));
            }
            self.picture(&video.frame(index), time, index == 0);
            if index + 1 < last {
                self.pad(number, index + 1, video.frames.len());
            }
        }
        for index in sounds {
            self.sound(&audio.frame(index), time_of(index));
        }
        self.pad(number, last, video.frames.len());
        self.flush();
        std::mem::take(&mut self.pieces)
    }

    fn picture(&mut self, frame: &[u8], time: u64, key: bool) {
        let length = self.program.sets.unit_length(frame.len(), key);
        self.unit.clear();
        let header = pes_header(self.streams[0].id, length, time + OFFSET);
        self.unit.extend_from_slice(&header);
        self.program.sets.write(&mut self.unit, frame, key);
        let clock = Clock { time: time + OFFSET - BUFFER, random_access: key };
        let before = self.streams[0].packets;
        self.streams[0].write(&mut self.made, &self.unit, Some(clock));
        self.written += self.streams[0].packets - before;
    }

    fn sound(&mut self, frame: &[u8], time: u64) {
        self.unit.clear();
        let header = pes_header(self.streams[1].id, ADTS + frame.len(), time + OFFSET);
        self.unit.extend_from_slice(&header);
        self.unit.extend_from_slice(&adts(frame.len()));
        self.unit.extend_from_slice(frame);
        let before = self.streams[1].packets;
        self.streams[1].write(&mut self.made, &self.unit, None);
        self.written += self.streams[1].packets - before;
    }

    /// Null packets until the segment has as many packets as `pictures` of `all` are due.
    fn pad(&mut self, number: u64, pictures: usize, all: usize) {
        let due = self.program.packets(number) * pictures as u64 / all.max(1) as u64;
        let missing = due.saturating_sub(self.written);
        if missing > 0 {
            self.flush();
            self.nulls.append(missing, &mut self.pieces);
            self.written += missing;
        }
    }

    fn flush(&mut self) {
        if !self.made.is_empty() {
            self.pieces.push(self.made.split().freeze());
        }
    }
}
