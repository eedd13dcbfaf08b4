//! The buffer of one stream of a player, as it follows from the segments that arrived whole.

use std::collections::VecDeque;

/// Media times closer than this are the same, in seconds: durations in manifests are rounded.
const SAME: f64 = 0.25;
/// A jump is a seek from this number of segment durations on (the first), if it is also at least this number of seconds
/// (the second).
const JUMP: (f64, f64) = (3.0, 10.0);
/// The most segments that are remembered as buffered. Older ones count, without their bitrate.
const MOST_SEGMENTS: usize = 1024;

/// A segment that arrived whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Arrived {
    /// Where it starts in media time, in seconds; `None` = not known.
    pub(super) start: Option<f64>,
    /// Its duration in seconds.
    pub(super) duration: f64,
    /// Its number or index, to recognise a repetition if the media time is not known.
    pub(super) number: Option<u64>,
    /// The declared bandwidth in bit/s.
    pub(super) bitrate: Option<f64>,
    /// Its position on the ladder.
    pub(super) rung: Option<u16>,
}

/// What a segment means for the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It continues the buffer.
    Appended,
    /// Its media was there already.
    Repeated,
    /// The viewer has sought: the buffer holds this segment only.
    Sought,
}

/// Media that is in the buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    left: f64,
    /// Whether some of it was shown.
    begun: bool,
    pub(super) bitrate: Option<f64>,
    pub(super) rung: Option<u16>,
}

/// The buffer of one stream. Times are seconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Stream {
    level: f64,
    /// The media time at which the buffer ends.
    end: Option<f64>,
    number: Option<u64>,
    pieces: VecDeque<Piece>,
}

impl Stream {
    /// How much is buffered.
    pub(super) const fn level(&self) -> f64 {
        self.level
    }

    /// Adds a segment.
    pub(super) fn add(&mut self, segment: &Arrived) -> Effect {
        let effect = self.effect(segment);
        match effect {
            Effect::Repeated => return effect,
            Effect::Sought => {
                self.level = 0.0;
                self.pieces.clear();
            }
            Effect::Appended => {}
        }
        self.level += segment.duration;
        self.end = segment.start.map(|start| start + segment.duration);
        self.number = segment.number;
        if self.pieces.len() < MOST_SEGMENTS {
            let (bitrate, rung) = (segment.bitrate, segment.rung);
            self.pieces.push_back(Piece { left: segment.duration, begun: false, bitrate, rung });
        }
        effect
    }

    fn effect(&self, segment: &Arrived) -> Effect {
        let Some((start, end)) = segment.start.zip(self.end) else {
            let same = segment.number.is_some() && segment.number == self.number;
            return if same { Effect::Repeated } else { Effect::Appended };
        };
        let jump = (JUMP.0 * segment.duration).max(JUMP.1);
        let shown = end - self.level;
        if start > end + jump || start + segment.duration < shown - SAME - segment.duration {
            return Effect::Sought;
        }
        if start + segment.duration <= end + SAME { Effect::Repeated } else { Effect::Appended }
    }

    /// Shows `span` seconds, at most what is buffered. `show` gets each piece with the time shown of it, and whether it
    /// is shown for the first time.
    pub(super) fn play(&mut self, span: f64, show: &mut dyn FnMut(&Piece, f64, bool)) {
        self.level = (self.level - span).max(0.0);
        let mut left = span;
        while left > 0.0 {
            let Some(piece) = self.pieces.front_mut() else { return };
            let part = left.min(piece.left);
            show(piece, part, !piece.begun);
            piece.begun = true;
            piece.left -= part;
            left -= part;
            if piece.left <= 1e-9 {
                self.pieces.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: f64) -> Arrived {
        Arrived { start: Some(start), duration: 4.0, number: None, bitrate: None, rung: None }
    }

    #[test]
    fn segments_in_order_fill_the_buffer() {
        let mut stream = Stream::default();
        for start in [0.0, 4.0, 8.0] {
            assert_eq!(stream.add(&at(start)), Effect::Appended);
        }
        stream.play(5.0, &mut |_, _, _| {});
        assert_eq!(stream.level(), 7.0);
    }

    #[test]
    fn a_better_quality_of_buffered_media_adds_nothing() {
        let mut stream = Stream::default();
        stream.add(&at(0.0));
        stream.add(&at(4.0));
        assert_eq!(stream.add(&at(4.0)), Effect::Repeated);
        assert_eq!(stream.add(&at(0.0)), Effect::Repeated);
        assert_eq!(stream.level(), 8.0);
    }

    #[test]
    fn a_skipped_segment_is_no_seek_and_a_jump_is_one() {
        let mut stream = Stream::default();
        stream.add(&at(0.0));
        assert_eq!(stream.add(&at(8.0)), Effect::Appended);
        assert_eq!(stream.add(&at(100.0)), Effect::Sought);
        assert_eq!(stream.level(), 4.0);
        assert_eq!(stream.add(&at(20.0)), Effect::Sought);
    }

    #[test]
    fn without_media_times_numbers_tell_repetitions() {
        let mut stream = Stream::default();
        let number = |number| Arrived { start: None, number, ..at(0.0) };
        assert_eq!(stream.add(&number(Some(1))), Effect::Appended);
        assert_eq!(stream.add(&number(Some(1))), Effect::Repeated);
        assert_eq!(stream.add(&number(Some(2))), Effect::Appended);
        assert_eq!(stream.add(&number(None)), Effect::Appended);
        assert_eq!(stream.level(), 12.0);
    }
}
