//! Playback of several streams at once, of segments that differ in duration: what is shown as time goes
//! on, and what the viewer sees of it.
//!
//! For one stream of equal segments it says the same as [`Playback`](super::Playback).

mod policy;
mod stream_buffer;
mod totals;

pub use policy::{LiveCatchUp, PlayoutPolicy};
pub use stream_buffer::BufferedSegment;
pub use totals::PlayoutTotals;

use super::{catch_up::CatchUp, replacement::Replacement};
use stream_buffer::{EMPTY, StreamBuffer};

/// What the playback is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlayoutState {
    /// Nothing was shown yet.
    Starting,
    /// Media is shown.
    Playing,
    /// A buffer is empty, and media is to come.
    Rebuffering,
    /// All was shown.
    Ended,
}

/// See the module. The first stream is the one whose quality counts.
#[derive(Debug, Clone)]
pub struct Playout {
    policy: PlayoutPolicy,
    streams: Vec<StreamBuffer>,
    state: PlayoutState,
    now: f64,
    last: Option<BufferedSegment>,
    totals: PlayoutTotals,
    catch_up: Option<LiveCatchUp>,
    /// Seconds of media that are shown in a second.
    rate: f64,
}

impl Playout {
    /// Empty buffers for a number of streams, at time 0.
    #[must_use]
    pub fn new(streams: usize, policy: PlayoutPolicy) -> Self {
        Self {
            policy,
            streams: vec![StreamBuffer::default(); streams],
            state: PlayoutState::Starting,
            now: 0.0,
            last: None,
            totals: PlayoutTotals::default(),
            catch_up: None,
            rate: 1.0,
        }
    }

    /// The same, of a live stream whose latency is caught up.
    #[must_use]
    pub const fn catching_up(mut self, catch_up: LiveCatchUp) -> Self {
        self.catch_up = Some(catch_up);
        self
    }

    /// Seconds of media that are shown in a second.
    #[must_use]
    pub const fn rate(&self) -> f64 {
        self.rate
    }

    /// What was shown so far.
    #[must_use]
    pub const fn totals(&self) -> &PlayoutTotals {
        &self.totals
    }

    /// What the playback is doing.
    #[must_use]
    pub const fn state(&self) -> PlayoutState {
        self.state
    }

    /// The level of a stream's buffer in ms.
    #[must_use]
    pub fn level(&self, stream: usize) -> f64 {
        self.streams.get(stream).map_or(0.0, |stream| stream.level.max(0.0))
    }

    /// The rung that is shown, or was last.
    #[must_use]
    pub fn rung(&self) -> Option<usize> {
        self.last.map(|last| last.rung)
    }

    /// How far what is shown is behind the live edge, in ms, if that is known.
    #[must_use]
    pub fn latency(&self) -> Option<f64> {
        self.streams.first()?.latency(self.now)
    }

    /// How long until everything that is buffered was shown, in ms.
    #[must_use]
    pub fn left(&self) -> f64 {
        self.streams.iter().fold(0.0, |most: f64, stream| most.max(stream.level))
    }

    /// Adds a segment to the end of a stream, at time `now` in ms.
    pub fn append(&mut self, stream: usize, segment: BufferedSegment, now: f64) {
        self.advance(now);
        if let Some(stream) = self.streams.get_mut(stream) {
            stream.append(segment);
        }
        self.go_on();
    }

    /// The segment of the first stream that is to be downloaded again if `rung` was chosen for the next one, and how
    /// many segments are buffered from it on.
    #[must_use]
    pub fn to_replace(
        &self,
        replacement: Replacement,
        rung: usize,
    ) -> Option<(BufferedSegment, usize)> {
        self.streams.first()?.to_replace(replacement, rung)
    }

    /// The rung of the first segment in the buffer of the first stream, and how many are buffered from it on.
    #[must_use]
    pub fn shown(&self) -> Option<(usize, usize)> {
        self.streams.first()?.first()
    }

    /// The rung of the segment of the first stream that is so far from the end of its buffer (1 = the last).
    #[must_use]
    pub fn held_rung(&self, from_end: usize) -> Option<usize> {
        self.streams.first()?.held_rung(from_end)
    }

    /// Puts `segment` in place of the one of the first stream that is found from the same place on, at time `now` in
    /// ms. Of what is shown the rest is replaced. Returns what was there; `None` if that was shown.
    pub fn replace(&mut self, segment: BufferedSegment, now: f64) -> Option<BufferedSegment> {
        self.advance(now);
        self.streams.first_mut()?.replace(segment)
    }

    /// No more segments will be added to a stream.
    pub fn end(&mut self, stream: usize, now: f64) {
        self.advance(now);
        if let Some(stream) = self.streams.get_mut(stream) {
            stream.ended = true;
        }
        self.go_on();
    }

    /// Starts to show where there is enough for it.
    fn go_on(&mut self) {
        let threshold = match self.state {
            PlayoutState::Starting => self.policy.startup,
            PlayoutState::Rebuffering => self.policy.resume,
            PlayoutState::Playing | PlayoutState::Ended => return,
        };
        if self.streams.iter().all(StreamBuffer::is_exhausted) {
            self.state = PlayoutState::Ended;
        } else if self.streams.iter().all(|stream| stream.is_ready(threshold)) {
            self.state = PlayoutState::Playing;
        }
    }

    /// Goes on to time `now` in ms.
    pub fn advance(&mut self, now: f64) {
        let mut time = (now - self.now).max(0.0);
        while time > 0.0 {
            let passed = match self.state {
                PlayoutState::Starting => {
                    self.totals.startup += time;
                    time
                }
                PlayoutState::Rebuffering => {
                    self.totals.rebuffer += time;
                    time
                }
                PlayoutState::Ended => time,
                PlayoutState::Playing => self.play(time),
            };
            self.now += passed;
            time -= passed;
        }
        self.now = self.now.max(now);
    }

    /// Shows at most `time` ms; returns how much.
    fn play(&mut self, time: f64) -> f64 {
        let left = self.streams.iter().filter(|stream| !stream.is_exhausted());
        let playable = left.fold(f64::INFINITY, |least: f64, stream| least.min(stream.level));
        if playable.is_infinite() {
            self.state = PlayoutState::Ended;
            return 0.0;
        }
        if playable <= EMPTY {
            self.state = PlayoutState::Rebuffering;
            self.totals.rebuffer_count += 1;
            return 0.0;
        }
        let time = self.set_rate(time, playable);
        let shown = (time * self.rate).min(playable);
        let passed = shown / self.rate;
        self.totals.played += passed;
        for stream in 0..self.streams.len() {
            self.show(stream, shown);
        }
        passed
    }

    /// Sets the rate for at most `time` ms, with `level` ms buffered; returns for how long.
    fn set_rate(&mut self, time: f64, level: f64) -> f64 {
        let latency = self.latency();
        let Some((LiveCatchUp { target, most }, latency)) = self.catch_up.as_mut().zip(latency)
        else {
            return time;
        };
        let target = *target.get_or_insert(latency);
        self.rate = CatchUp { target, most: *most }.rate(latency, level);
        time.min(CatchUp::STEP)
    }

    /// Shows `time` ms of a stream.
    fn show(&mut self, stream: usize, mut time: f64) {
        let (mut at, rate) = (self.now, self.rate);
        let Some(buffer) = self.streams.get_mut(stream) else { return };
        while time > 0.0 {
            let Some(shown) = buffer.show(time) else { return };
            let passed = shown.duration / rate;
            if stream == 0 {
                self.totals.count(&shown, self.last, passed, at);
                if shown.from <= 0.0 {
                    self.last = Some(shown.segment);
                }
            }
            at += passed;
            time -= shown.duration;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::player::{Playback, Presentation};
    use proptest::prelude::*;

    fn of(rung: usize, duration: f64) -> BufferedSegment {
        let bitrate = [1e6, 3e6, 6e6][rung];
        BufferedSegment { rung, bitrate, duration, found_from: 0.0, live_at: None }
    }

    #[test]
    fn startup_playback_and_rebuffering_are_told_apart() {
        let mut playout = Playout::new(1, PlayoutPolicy::default());
        playout.append(0, of(0, 4000.0), 500.0);
        playout.append(0, of(2, 2000.0), 7500.0);
        playout.end(0, 8000.0);
        playout.advance(20_000.0);
        let totals = playout.totals();
        assert_eq!((totals.startup, totals.played, totals.rebuffer), (500.0, 6000.0, 3000.0));
        assert_eq!((totals.rebuffer_count, totals.switches_up, totals.switches_down), (1, 1, 0));
        assert_eq!(totals.bitrate_time / totals.played, (1e6 * 4.0 + 6e6 * 2.0) / 6.0);
        assert_eq!(playout.state(), PlayoutState::Ended);
    }

    #[test]
    fn the_stream_with_less_holds_the_other_up() {
        let mut playout = Playout::new(2, PlayoutPolicy::default());
        playout.append(0, of(0, 8000.0), 100.0);
        assert_eq!(playout.state(), PlayoutState::Starting);
        playout.append(1, of(0, 2000.0), 200.0);
        playout.advance(3200.0);
        assert_eq!((playout.totals().played, playout.totals().rebuffer), (2000.0, 1000.0));
        assert_eq!((playout.level(0), playout.level(1)), (6000.0, 0.0));
        // A stream that has ended holds nothing up.
        playout.end(1, 3200.0);
        playout.advance(4200.0);
        assert_eq!((playout.totals().played, playout.totals().rebuffer), (3000.0, 1000.0));
    }

    /// A better segment takes the place of one that is not shown yet; what was shown stays shown.
    #[test]
    fn a_buffered_segment_is_replaced() {
        let at = |rung, found_from| BufferedSegment { found_from, ..of(rung, 2000.0) };
        let mut playout = Playout::new(1, PlayoutPolicy::default());
        for number in 0..5 {
            playout.append(0, at(0, f64::from(number)), 0.0);
        }
        playout.advance(500.0);
        let (held, from_end) = playout.to_replace(Replacement::First, 2).unwrap();
        assert_eq!((held.found_from, from_end), (2.0, 3));
        assert_eq!(playout.to_replace(Replacement::Never, 2), None);
        assert_eq!(playout.to_replace(Replacement::First, 0), None);
        let old = playout.replace(at(2, 2.0), 1000.0);
        assert_eq!(old, Some(at(0, 2.0)));
        assert_eq!(playout.level(0), 9000.0);
        // The rest of the one that is shown is replaced; one that was shown is not.
        assert_eq!(playout.replace(at(2, 0.0), 1500.0), Some(at(0, 0.0)));
        assert_eq!(playout.shown(), Some((2, 5)));
        playout.advance(2500.0);
        assert_eq!(playout.totals().bitrate_time, 1e6 * 1500.0 + 6e6 * 500.0 + 1e6 * 500.0);
        assert_eq!(playout.replace(at(2, 0.0), 2500.0), None);
        playout.end(0, 2500.0);
        playout.advance(20_000.0);
        let totals = playout.totals();
        assert_eq!((totals.switches_up, totals.switches_down, totals.shown), (1, 1, 5));
        assert_eq!(totals.bitrate_time / totals.played, (1e6 * 7.5 + 6e6 * 2.5) / 10.0);
    }

    #[test]
    fn playback_waits_for_its_thresholds() {
        let policy = PlayoutPolicy { startup: 3000.0, resume: 2000.0 };
        let mut playout = Playout::new(1, policy);
        playout.append(0, of(0, 2000.0), 100.0);
        assert_eq!(playout.state(), PlayoutState::Starting);
        playout.append(0, of(0, 2000.0), 300.0);
        assert_eq!((playout.state(), playout.totals().startup), (PlayoutState::Playing, 300.0));
        playout.append(0, of(0, 1000.0), 5000.0);
        assert_eq!(playout.state(), PlayoutState::Rebuffering);
        playout.append(0, of(0, 1000.0), 6000.0);
        assert_eq!((playout.state(), playout.totals().rebuffer), (PlayoutState::Playing, 1700.0));
    }

    /// 3 s too late, playback is up to a tenth faster until it is not; all time is playback.
    #[test]
    fn the_latency_is_caught_up_by_the_rate() {
        let live = |at: f64| BufferedSegment { live_at: Some(at), ..of(0, 2000.0) };
        let catch_up = LiveCatchUp { target: Some(3000.0), most: 0.1 };
        let mut playout = Playout::new(1, PlayoutPolicy::default()).catching_up(catch_up);
        for segment in 0..40 {
            playout.append(0, live(f64::from(segment) * 2000.0 - 6000.0), 0.0);
        }
        playout.advance(20_000.0);
        assert!((playout.latency().unwrap() - 4000.0).abs() < 50.0, "{:?}", playout.latency());
        assert!(playout.rate() > 1.09);
        playout.advance(60_000.0);
        assert!((playout.latency().unwrap() - 3000.0).abs() < 50.0, "{:?}", playout.latency());
        assert!((playout.rate() - 1.0).abs() < 0.01);
        assert!((playout.totals().played - 60_000.0).abs() < 1e-6, "{:?}", playout.totals());
    }

    #[test]
    fn rebuffering_adds_to_the_latency() {
        let live = |at: f64| BufferedSegment { live_at: Some(at), ..of(0, 2000.0) };
        let mut playout = Playout::new(1, PlayoutPolicy::default());
        playout.append(0, live(-6000.0), 0.0);
        playout.append(0, live(-4000.0), 3000.0);
        playout.advance(5000.0);
        // 2 s at a latency of 6 s, then 2 s at one of 7 s.
        let totals = playout.totals();
        assert_eq!(totals.latency_time / totals.latency_known, 6500.0);
    }

    proptest! {
        /// All time is startup, playback or rebuffering; media is conserved; and one stream of equal
        /// segments is played as `Playback` plays it.
        #[test]
        fn it_agrees_with_playback(steps in prop::collection::vec((1u32..9000, 0usize..3), 1..60)) {
            let presentation = Presentation::constant(4000.0, vec![1.0, 2.0, 3.0], 10).unwrap();
            let mut playback = Playback::new(&presentation);
            let mut playout = Playout::new(1, PlayoutPolicy::default());
            playout.append(0, of(1, 4000.0), 0.0);
            playback.append(1);
            let (mut now, mut appended) = (0.0, 4000.0);
            for (time, segments) in steps {
                now += f64::from(time);
                playout.advance(now);
                playback.advance(f64::from(time), &mut ());
                for rung in 0..segments {
                    playout.append(0, of(rung, 4000.0), now);
                    playback.append(rung);
                    appended += 4000.0;
                }
                let totals = playout.totals();
                prop_assert!((totals.startup + totals.played + totals.rebuffer - now).abs() < 1e-6);
                prop_assert!((totals.played + playout.level(0) - appended).abs() < 1e-6);
                prop_assert!((playout.level(0) - playback.level()).abs() < 1e-6);
                prop_assert!((totals.rebuffer - playback.totals().rebuffer).abs() < 1e-6);
            }
        }
    }
}
