//! The timeline: the time of each segment, and the segments that exist now.
//!
//! **Numbers.** Segments are four seconds and numbered from 1. Live numbers count from the Unix epoch
//! (`availabilityStartTime` 1970): any two origins, and one origin before and after a restart, agree on every
//! number and byte, and nothing changes at midnight. Decode times are then large (1.6e14 ticks of 90 kHz in
//! 2026); they fit `tfdt`'s 64 bits and a double exactly.
//!
//! **Audio.** An AAC frame is 1024 samples, so four seconds of 48 kHz are 187.5 frames: audio segments have 188
//! and 187 frames in turn, and start with the first frame at or after the video's. Eight seconds are 375 frames
//! exactly, so a loop of 24 s ends on a frame of audio, on a video frame, and on a segment of both: the loop
//! repeats without a gap or an overlap.

use super::ladder::Rendition;
use crate::units::UnixTime;

/// Seconds of a segment.
pub(super) const SEGMENT_SECONDS: u64 = 4;

/// Parts of a segment: half a second each. They are the parts of low-latency HLS, the chunks of
/// low-latency DASH, and the slices of endless streams.
pub(super) const PARTS: u64 = 8;

/// Milliseconds of a part, nominally.
pub(super) const PART_MILLIS: u64 = SEGMENT_SECONDS * 1000 / PARTS;

/// Segments of the encoded loop.
pub(super) const LOOP_SEGMENTS: u64 = 6;

/// Segments of the presentation on demand: ten minutes.
pub(super) const VOD_SEGMENTS: u64 = 150;

/// Segments in the live window: 48 s.
pub(super) const WINDOW_SEGMENTS: u64 = 12;

/// The span of a segment, in ticks of its rendition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) duration: u64,
}

impl Span {
    /// The span of segment `number`, from 1.
    pub(super) fn of(rendition: &Rendition, number: u64) -> Self {
        let parts = number.saturating_sub(1) * PARTS;
        Self::between(rendition, parts, parts + PARTS)
    }

    /// The span of part `part`, from 0, of segment `number`, from 1.
    pub(super) fn of_part(rendition: &Rendition, number: u64, part: u64) -> Self {
        let parts = number.saturating_sub(1) * PARTS + part;
        Self::between(rendition, parts, parts + 1)
    }

    fn between(rendition: &Rendition, from: u64, to: u64) -> Self {
        let start = first_frame(rendition, from);
        Self { start, duration: first_frame(rendition, to) - start }
    }
}

/// Start of the first frame at or after the end of `parts` nominal parts.
fn first_frame(rendition: &Rendition, parts: u64) -> u64 {
    let nominal = parts * (SEGMENT_SECONDS * rendition.timescale / PARTS);
    nominal.div_ceil(rendition.frame) * rendition.frame
}

/// A number above all that are ever requested; its times are far from overflow.
const LAST: u64 = 1 << 40;

/// The number of the segment that starts at `start` ticks, if one does.
pub(super) fn number_at(rendition: &Rendition, start: u64) -> Option<u64> {
    let number = start / (SEGMENT_SECONDS * rendition.timescale) + 1;
    if number > LAST {
        return None;
    }
    (Span::of(rendition, number).start == start).then_some(number)
}

/// Ticks in microseconds, rounded; seconds and rest apart, so that no product overflows.
pub(super) fn microseconds(ticks: u64, timescale: u64) -> u64 {
    let rest = (ticks % timescale * 1_000_000 + timescale / 2) / timescale;
    (ticks / timescale).saturating_mul(1_000_000).saturating_add(rest)
}

/// Whether a live segment is available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Availability {
    /// It has not ended yet.
    NotYet,
    /// It is available.
    Now,
    /// It left the window too long ago.
    Gone,
}

/// The live segments that manifests list at a given time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) first: u64,
    pub(super) last: u64,
}

impl Window {
    /// The window at `now`: a segment is available as soon as it has ended.
    pub(super) fn at(now: UnixTime) -> Self {
        let last = now.since_zero().as_secs() / SEGMENT_SECONDS;
        Self { first: (last + 1).saturating_sub(WINDOW_SEGMENTS).max(1), last }
    }

    /// When the window last moved.
    pub(super) fn moved_at(self) -> UnixTime {
        ended_at(self.last)
    }

    /// A segment stays for a second window after it left the first: RFC 8216, section 6.2.2 requires the
    /// duration of the longest playlist that contained it.
    pub(super) fn availability(self, number: u64) -> Availability {
        if number > self.last {
            Availability::NotYet
        } else if number < self.first.saturating_sub(WINDOW_SEGMENTS) {
            Availability::Gone
        } else {
            Availability::Now
        }
    }
}

/// When live segment `number` ended.
pub(super) fn ended_at(number: u64) -> UnixTime {
    UnixTime::from_secs(number.saturating_mul(SEGMENT_SECONDS))
}

/// The live edge, in whole parts since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge(u64);

impl Edge {
    /// The edge at `now`: a part is available as soon as it has ended.
    pub(super) fn at(now: UnixTime) -> Self {
        Self(u64::try_from(now.since_zero().as_millis()).unwrap_or(u64::MAX) / PART_MILLIS)
    }

    /// The edge when the first `parts` parts of segment `number` are available.
    pub(super) fn after(number: u64, parts: u64) -> Self {
        Self(number.saturating_sub(1).saturating_mul(PARTS).saturating_add(parts))
    }

    /// Parts of the segment that is being produced.
    pub(super) fn parts(self) -> u64 {
        self.0 % PARTS
    }

    /// The last segment that is whole.
    pub(super) fn segment(self) -> u64 {
        self.0 / PARTS
    }

    /// When it is reached.
    pub(super) fn moment(self) -> UnixTime {
        UnixTime::from_millis(self.0.saturating_mul(PART_MILLIS))
    }
}

#[cfg(test)]
mod tests {
    use super::super::ladder::RENDITIONS;
    use super::*;

    /// Segment 448 000 001 started in October 2026.
    const LIVE: u64 = 448_000_001;

    #[test]
    fn video_segments_are_four_seconds_and_audio_segments_188_and_187_frames() {
        for rendition in &RENDITIONS {
            for number in (1..=150).chain(LIVE..LIVE + 20) {
                let span = Span::of(rendition, number);
                if rendition.picture.is_some() {
                    assert_eq!(span, Span { start: (number - 1) * 360_000, duration: 360_000 });
                } else {
                    let frames = if number % 2 == 1 { 188 } else { 187 };
                    assert_eq!(span.duration, frames * 1024);
                    assert_eq!(span.start, ((number - 1) * 375).div_ceil(2) * 1024);
                }
                assert_eq!(span.start + span.duration, Span::of(rendition, number + 1).start);
            }
        }
    }

    #[test]
    fn parts_are_half_a_second_to_a_frame_and_fill_their_segment() {
        for rendition in &RENDITIONS {
            for number in (1..=20).chain(LIVE..LIVE + 20) {
                let segment = Span::of(rendition, number);
                let mut at = segment.start;
                for part in 0..PARTS {
                    let span = Span::of_part(rendition, number, part);
                    assert_eq!(span.start, at);
                    let frames = span.duration / rendition.frame;
                    let known = if rendition.picture.is_some() { 15..=15 } else { 23..=24 };
                    assert!(known.contains(&frames), "{frames}");
                    at += span.duration;
                }
                assert_eq!(at, segment.start + segment.duration);
            }
        }
    }

    #[test]
    fn segments_are_found_by_their_start() {
        for rendition in &RENDITIONS {
            for number in (1..=20).chain(LIVE..LIVE + 20) {
                let start = Span::of(rendition, number).start;
                assert_eq!(number_at(rendition, start), Some(number));
                assert_eq!(number_at(rendition, start + 1), None);
            }
            assert_eq!(number_at(rendition, u64::MAX), None);
        }
    }

    #[test]
    fn the_edge_moves_by_parts() {
        let at = |millis| Edge::at(UnixTime::from_millis(millis));
        assert_eq!((at(0).segment(), at(0).parts()), (0, 0));
        assert_eq!((at(3_999).segment(), at(3_999).parts()), (0, 7));
        assert_eq!((at(4_500).segment(), at(4_500).parts()), (1, 1));
        assert_eq!(at(4_500), Edge::after(2, 1));
        assert_eq!(Edge::after(2, 1).moment(), UnixTime::from_millis(4_500));
        assert_eq!(Edge::after(1, PARTS), Edge::after(2, 0));
    }

    #[test]
    fn a_loop_and_the_whole_vod_end_on_a_frame_of_everything() {
        for rendition in &RENDITIONS {
            for segments in [LOOP_SEGMENTS, VOD_SEGMENTS] {
                let end = Span::of(rendition, segments + 1).start;
                assert_eq!(end, segments * SEGMENT_SECONDS * rendition.timescale);
            }
        }
    }

    #[test]
    fn the_window_slides_with_now() {
        let at = |millis| Window::at(UnixTime::from_millis(millis));
        assert_eq!(at(0), Window { first: 1, last: 0 });
        assert_eq!(at(3_999), Window { first: 1, last: 0 });
        assert_eq!(at(4_000), Window { first: 1, last: 1 });
        assert_eq!(at(48_000), Window { first: 1, last: 12 });
        assert_eq!(at(52_000), Window { first: 2, last: 13 });
        assert_eq!(at(55_999), at(52_000));
    }

    #[test]
    fn a_segment_comes_when_it_has_ended_and_goes_a_window_late() {
        let window = Window::at(UnixTime::from_secs(400)); // lists 89 to 100
        let availability: Vec<_> =
            [101, 100, 89, 88, 77, 76, 1, 0].map(|number| window.availability(number)).into();
        use Availability::{Gone, NotYet, Now};
        assert_eq!(availability, [NotYet, Now, Now, Now, Now, Gone, Gone, Gone]);
    }
}
