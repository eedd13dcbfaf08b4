//! Buffer and playback: what has been downloaded, what is shown, and what the viewer sees of it.

use super::{network::CapacityChange, presentation::Presentation};
use std::collections::VecDeque;

/// Receives what is shown, when it is shown.
pub trait Observer {
    /// A segment at `rung` starts to be shown, `shown` ms after the start of the session.
    fn segment_shown(&mut self, rung: usize, shown: f64) {
        let _ = (rung, shown);
    }

    /// Playback stood still between these times in ms since the start of the session. Times may follow each other
    /// without a gap.
    fn rebuffered(&mut self, from: f64, to: f64) {
        let _ = (from, to);
    }

    /// Playback went on up to `shown` ms after the start of the session.
    fn advanced(&mut self, shown: f64) {
        let _ = shown;
    }

    /// The network's capacity changed while `buffer` was held. Called before playback goes on.
    fn capacity_changed(&mut self, change: &CapacityChange, buffer: &VecDeque<usize>) {
        let _ = (change, buffer);
    }

    /// The viewer jumped, `shown` ms after the start of the session.
    fn sought(&mut self, shown: f64) {
        let _ = shown;
    }

    /// A replacement was downloaded too late.
    fn replacement_late(&mut self) {}

    /// The player slept `time` ms; `level` ms are left in the buffer.
    fn waited(&mut self, cause: WaitCause, time: f64, level: f64) {
        let _ = (cause, time, level);
    }
}

/// Why a player sleeps before a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitCause {
    /// The buffer is full.
    FullBuffer,
    /// The algorithm asked for it.
    Algorithm,
}

impl Observer for () {}

/// Sums over what was shown so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Totals {
    /// Sum of the utilities ln(bitrate ÷ lowest bitrate) of the segments shown.
    pub utility: f64,
    /// Sum of the bitrates of the segments shown, in kbit/s.
    pub bitrate: f64,
    /// Time since the session's start in ms: startup, playback and rebuffering.
    pub time: f64,
    /// Time in which playback stood still in ms; the startup is no part of it.
    pub rebuffer: f64,
    /// How often the buffer ran empty while the session went on.
    pub rebuffer_events: u64,
    /// Sum of |difference of bitrates| over switches shown, in kbit/s.
    pub bitrate_change: f64,
    /// Sum of |ln(ratio of bitrates)| over switches shown.
    pub log_bitrate_change: f64,
}

/// The buffer of one media type and its playback.
#[derive(Debug, Clone)]
pub struct Playback {
    segment: f64,
    bitrates: std::sync::Arc<[f64]>,
    utilities: Vec<f64>,
    /// The rung of each buffered segment; the first may be shown in part.
    buffer: VecDeque<usize>,
    /// How much of the first buffered segment was shown.
    shown: f64,
    last: Option<usize>,
    totals: Totals,
}

impl Playback {
    /// An empty buffer for `presentation`.
    #[must_use]
    pub fn new(presentation: &Presentation) -> Self {
        let bitrates: std::sync::Arc<[f64]> = presentation.bitrates().into();
        let offset = -bitrates.first().map_or(0.0, |lowest| lowest.ln());
        Self {
            segment: presentation.segment(),
            utilities: bitrates.iter().map(|bitrate| bitrate.ln() + offset).collect(),
            bitrates,
            buffer: VecDeque::new(),
            shown: 0.0,
            last: None,
            totals: Totals::default(),
        }
    }

    /// The buffer level in ms.
    #[must_use]
    pub fn level(&self) -> f64 {
        self.segment * count(self.buffer.len()) - self.shown
    }

    /// The rungs in the buffer, first to be shown first.
    #[must_use]
    pub const fn buffer(&self) -> &VecDeque<usize> {
        &self.buffer
    }

    /// How much of the first buffered segment was shown, in ms.
    #[must_use]
    pub const fn shown(&self) -> f64 {
        self.shown
    }

    /// Sums over what was shown so far.
    #[must_use]
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Appends a segment at `rung`.
    pub fn append(&mut self, rung: usize) {
        self.buffer.push_back(rung);
    }

    /// Counts `time` in which nothing is shown yet.
    pub fn wait_for_start(&mut self, time: f64) {
        self.totals.time += time;
    }

    /// Puts `rung` in place of the segment that is `from_end` segments from the end (1 = the last); returns what
    /// was there.
    pub fn replace(&mut self, from_end: usize, rung: usize) -> Option<usize> {
        let index = self.buffer.len().checked_sub(from_end)?;
        self.buffer.get_mut(index).map(|slot| std::mem::replace(slot, rung))
    }

    /// Throws away the last buffered segment; returns its rung.
    pub(super) fn discard_last(&mut self) -> Option<usize> {
        self.buffer.pop_back()
    }

    /// Throws away what is buffered, as a seek does.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.shown = 0.0;
    }

    /// Shows the rest of the buffer.
    pub fn play_out(&mut self, observer: &mut impl Observer) {
        self.advance(self.level(), observer);
        self.clear();
    }

    /// Goes on by `time` ms: shows what is buffered, and rebuffers where that is not enough.
    ///
    /// A rebuffering event is counted when the buffer runs empty within `time`. Where it was empty
    /// before, the time alone is counted.
    pub fn advance(&mut self, mut time: f64, observer: &mut impl Observer) {
        if self.buffer.is_empty() {
            self.stand_still(time, observer);
            return;
        }
        if self.shown > 0.0 {
            if time + self.shown < self.segment {
                self.shown += time;
                self.totals.time += time;
                return;
            }
            time -= self.segment - self.shown;
            self.totals.time += self.segment - self.shown;
            self.buffer.pop_front();
            self.shown = 0.0;
        }
        while time > 0.0 {
            let Some(&rung) = self.buffer.front() else { break };
            self.show(rung, observer);
            if time >= self.segment {
                self.buffer.pop_front();
                self.totals.time += self.segment;
                time -= self.segment;
            } else {
                self.shown = time;
                self.totals.time += time;
                time = 0.0;
            }
        }
        if time > 0.0 {
            self.stand_still(time, observer);
            self.totals.rebuffer_events += 1;
        }
        observer.advanced(self.totals.time);
    }

    /// Lets `time` ms pass in which nothing is shown, whatever is buffered: other media is missing. `begins`: what was
    /// shown has come to a standstill.
    pub(super) fn hold(&mut self, time: f64, begins: bool, observer: &mut impl Observer) {
        self.stand_still(time, observer);
        self.totals.rebuffer_events += u64::from(begins && time > 0.0);
        observer.advanced(self.totals.time);
    }

    /// Counts `time` in which the buffer is empty.
    fn stand_still(&mut self, time: f64, observer: &mut impl Observer) {
        let from = self.totals.time;
        self.totals.rebuffer += time;
        self.totals.time += time;
        if time > 0.0 {
            observer.rebuffered(from, self.totals.time);
        }
    }

    /// Counts a segment at `rung` that starts to be shown.
    fn show(&mut self, rung: usize, observer: &mut impl Observer) {
        self.totals.utility += self.utilities[rung];
        self.totals.bitrate += self.bitrates[rung];
        if let Some(last) = self.last.filter(|last| *last != rung) {
            self.totals.bitrate_change += (self.bitrates[rung] - self.bitrates[last]).abs();
            self.totals.log_bitrate_change +=
                (self.bitrates[rung] / self.bitrates[last]).ln().abs();
        }
        self.last = Some(rung);
        observer.segment_shown(rung, self.totals.time);
    }
}

/// A small count as a number of the arithmetic here; exact below 2⁵³.
#[expect(clippy::cast_precision_loss, reason = "counts of segments are far below 2^53")]
pub(super) const fn count(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn presentation() -> Presentation {
        Presentation::constant(4000.0, vec![300.0, 750.0, 1200.0], 10).unwrap()
    }

    #[test]
    fn a_switch_is_counted_when_it_is_shown() {
        let mut playback = Playback::new(&presentation());
        playback.append(0);
        playback.append(2);
        playback.advance(4000.0, &mut ());
        assert_eq!(playback.totals().bitrate_change, 0.0);
        playback.advance(1.0, &mut ());
        assert_eq!(playback.totals().bitrate_change, 900.0);
        assert_eq!(playback.level(), 3999.0);
    }

    #[test]
    fn an_empty_buffer_rebuffers_once() {
        let mut playback = Playback::new(&presentation());
        playback.append(1);
        playback.advance(5000.0, &mut ());
        playback.advance(500.0, &mut ());
        assert_eq!((playback.totals().rebuffer, playback.totals().rebuffer_events), (1500.0, 1));
        assert_eq!(playback.totals().time, 5500.0);
    }

    proptest! {
        /// Time is either shown or rebuffered, and the level is never negative.
        #[test]
        fn time_and_media_are_conserved(steps in prop::collection::vec((0u32..20_000, 0usize..4), 1..60)) {
            let mut playback = Playback::new(&presentation());
            let mut appended = 0.0;
            for (time, segments) in steps {
                for _ in 0..segments {
                    playback.append(segments % 3);
                    appended += 4000.0;
                }
                playback.advance(f64::from(time), &mut ());
                prop_assert!(playback.level() >= 0.0);
                let shown = playback.totals().time - playback.totals().rebuffer;
                prop_assert!((shown + playback.level() - appended).abs() < 1e-6);
            }
        }
    }
}
