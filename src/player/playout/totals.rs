//! What a viewer has seen of a playback, in sums.

use super::stream_buffer::{BufferedSegment, ShownPart};

/// Sums over what was shown. Times are ms.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PlayoutTotals {
    /// Time until the first picture.
    pub startup: f64,
    /// Time in which media was shown.
    pub played: f64,
    /// Time in which playback stood still after its start.
    pub rebuffer: f64,
    /// How often it did.
    pub rebuffer_count: u64,
    /// Sum of bitrate × time shown, in bit/s × ms.
    pub bitrate_time: f64,
    /// Switches to a higher rung, when shown.
    pub switches_up: u64,
    /// Switches to a lower rung, when shown.
    pub switches_down: u64,
    /// Sum of the bitrates of segments shown, in bit/s.
    pub bitrate: f64,
    /// Sum of |difference of bitrates| between neighbouring segments shown, in bit/s.
    pub bitrate_change: f64,
    /// Segments shown, the last one maybe in part.
    pub shown: u64,
    /// Sum of latency × time shown, in ms × ms, and the time shown of which the latency is known.
    pub latency_time: f64,
    /// See [`Self::latency_time`].
    pub latency_known: f64,
}

impl PlayoutTotals {
    /// Counts a part of a segment of the first stream, which was shown for `time` ms from time `at` on; `last` is the
    /// segment that was shown before it.
    pub(super) fn count(
        &mut self,
        shown: &ShownPart,
        last: Option<BufferedSegment>,
        time: f64,
        at: f64,
    ) {
        let segment = &shown.segment;
        self.bitrate_time += segment.bitrate * time;
        if shown.from <= 0.0 {
            self.shown += 1;
            self.bitrate += segment.bitrate;
            if let Some(last) = last {
                self.switches_up += u64::from(segment.rung > last.rung);
                self.switches_down += u64::from(segment.rung < last.rung);
                if segment.rung != last.rung {
                    self.bitrate_change += (segment.bitrate - last.bitrate).abs();
                }
            }
        }
        // A pause within a segment adds to its latency.
        if let Some(live) = segment.live_at {
            self.latency_time += (at - shown.from - live) * time;
            self.latency_known += time;
        }
    }
}
