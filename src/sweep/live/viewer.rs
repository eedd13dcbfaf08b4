//! Playback of a live stream: its rate follows the distance from the live edge.

use super::LiveEdge;
use crate::player::CatchUp;
use std::collections::VecDeque;

/// A viewer of a live stream. Playback starts with the first segment, and goes on after rebuffering with the next.
#[derive(Debug)]
pub struct LiveViewer {
    edge: LiveEdge,
    catch_up: CatchUp,
    segment: f64,
    now: f64,
    /// The rungs that are buffered, the first of which may be shown in part.
    buffer: VecDeque<usize>,
    /// Media shown so far.
    position: f64,
    rate: f64,
    started: bool,
    /// Time in which something was shown, and in which the buffer was empty.
    played: f64,
    rebuffered: f64,
    rebuffer_events: u64,
    /// Latencies while something was shown, each with how long.
    latencies: Vec<(f64, f64)>,
    /// |1 − rate|, integrated over the time in which something was shown.
    unevenness: f64,
}

impl LiveViewer {
    /// A viewer of segments of `segment` ms before the first request.
    #[must_use]
    pub const fn new(segment: f64, edge: LiveEdge, catch_up: CatchUp) -> Self {
        Self {
            edge,
            catch_up,
            segment,
            now: 0.0,
            buffer: VecDeque::new(),
            position: 0.0,
            rate: 1.0,
            started: false,
            played: 0.0,
            rebuffered: 0.0,
            rebuffer_events: 0,
            latencies: Vec::new(),
            unevenness: 0.0,
        }
    }

    /// Time since the first request, in ms.
    #[must_use]
    pub const fn now(&self) -> f64 {
        self.now
    }

    /// Media in the buffer, in ms.
    #[must_use]
    pub fn level(&self) -> f64 {
        self.segment * self.buffer.len() as f64 - self.position % self.segment
    }

    /// How far the picture is behind the live edge, in ms.
    #[must_use]
    pub fn latency(&self) -> f64 {
        self.edge.latency(self.position, self.now)
    }

    /// Seconds of media that are shown in a second.
    #[must_use]
    pub const fn rate(&self) -> f64 {
        self.rate
    }

    /// Time in which something was shown, in which the buffer was empty after the start, and how often it
    /// became empty, in ms.
    #[must_use]
    pub const fn times(&self) -> (f64, f64, u64) {
        (self.played, self.rebuffered, self.rebuffer_events)
    }

    /// A segment at `rung` was downloaded. `show` is called when it starts to be shown.
    pub fn append(&mut self, rung: usize, show: &mut dyn FnMut(usize, f64)) {
        self.buffer.push_back(rung);
        if self.buffer.len() == 1 {
            self.started = true;
            show(rung, self.now);
        }
    }

    /// Lets `time` ms pass.
    pub fn advance(&mut self, mut time: f64, show: &mut dyn FnMut(usize, f64)) {
        while time > 0.0 {
            if self.buffer.is_empty() {
                self.now += time;
                if self.started {
                    self.rebuffered += time;
                }
                return;
            }
            time -= self.play(time, show);
            if self.buffer.is_empty() && time > 0.0 {
                self.rebuffer_events += 1;
            }
        }
    }

    /// Shows what is left in the buffer.
    pub fn play_out(&mut self, show: &mut dyn FnMut(usize, f64)) {
        while !self.buffer.is_empty() {
            self.play(CatchUp::STEP, show);
        }
    }

    /// Shows media for at most `time` ms, with one rate and not beyond the end of a segment; returns for how long.
    fn play(&mut self, time: f64, show: &mut dyn FnMut(usize, f64)) -> f64 {
        self.rate = self.catch_up.rate(self.latency(), self.level());
        let left = self.segment - self.position % self.segment;
        let step = time.min(CatchUp::STEP).min(left / self.rate);
        self.latencies.push((self.latency(), step));
        self.unevenness += (1.0 - self.rate).abs() * step;
        self.now += step;
        self.played += step;
        if step * self.rate < left * (1.0 - 1e-12) {
            self.position += step * self.rate;
            return step;
        }
        // To the end of the segment exactly.
        self.position = ((self.position / self.segment).floor() + 1.0) * self.segment;
        self.buffer.pop_front();
        if let Some(rung) = self.buffer.front() {
            show(*rung, self.now);
        }
        step
    }

    /// The integral of `of(latency)` over the time in which something was shown; latency and time are in ms.
    #[must_use]
    pub fn integral(&self, of: &dyn Fn(f64) -> f64) -> f64 {
        self.latencies.iter().map(|(latency, time)| of(*latency) * time).sum()
    }

    /// |1 − playback rate|, integrated over the same time.
    #[must_use]
    pub const fn unevenness(&self) -> f64 {
        self.unevenness
    }

    /// The mean latency, its 95th percentile, both over the time in which something was shown, and the latency at
    /// the end minus that at the start, in ms; 0 if nothing was shown.
    #[must_use]
    pub fn latencies(&self) -> (f64, f64, f64) {
        let Some((first, last)) = self.latencies.first().zip(self.latencies.last()) else {
            return (0.0, 0.0, 0.0);
        };
        let total: f64 = self.latencies.iter().map(|(_, time)| time).sum();
        let mean = self.latencies.iter().map(|(latency, time)| latency * time).sum::<f64>() / total;
        let mut sorted = self.latencies.clone();
        sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut below = 0.0;
        let high = sorted.iter().find(|(_, time)| {
            below += time;
            below >= 0.95 * total
        });
        (mean, high.map_or(last.0, |(latency, _)| *latency), last.0 - first.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    fn viewer(most: f64) -> LiveViewer {
        let edge = LiveEdge::join(2000.0, 1, 4000.0, Seed::new(1));
        LiveViewer::new(2000.0, edge, CatchUp { target: 4000.0, most })
    }

    #[test]
    fn the_rate_is_that_of_dash_js() {
        let catch_up = CatchUp { target: 4000.0, most: 0.1 };
        assert_eq!(catch_up.rate(4000.0, 3000.0), 1.0);
        assert!((catch_up.rate(9000.0, 3000.0) - 1.1).abs() < 1e-9);
        assert!(
            (catch_up.rate(4200.0, 3000.0) - (0.9 + 0.2 / (1.0 + (-1.0f64).exp()))).abs() < 1e-12
        );
        // Not faster with little in the buffer.
        assert_eq!(catch_up.rate(9000.0, 400.0), 1.0);
    }

    #[test]
    fn playback_catches_up_to_its_target() {
        let mut viewer = viewer(0.1);
        let mut shown = Vec::new();
        viewer.advance(3000.0, &mut |_, _| {});
        let start = viewer.latency();
        for _ in 0..80 {
            viewer.append(0, &mut |_, at| shown.push(at));
        }
        viewer.advance(120_000.0, &mut |_, at| shown.push(at));
        assert!(start > 6500.0 && (viewer.latency() - 4000.0).abs() < 30.0, "{}", viewer.latency());
        let (played, rebuffered, events) = viewer.times();
        assert_eq!((played.round(), rebuffered, events), (120_000.0, 0.0, 0));
        // More media than time.
        assert!(shown.len() >= 61, "{}", shown.len());
        let (mean, high, drift) = viewer.latencies();
        assert!(mean < high && drift < -2000.0, "{mean} {high} {drift}");
    }

    #[test]
    fn an_empty_buffer_adds_latency() {
        let mut viewer = viewer(0.0);
        viewer.append(0, &mut |_, _| {});
        let start = viewer.latency();
        viewer.advance(3500.0, &mut |_, _| {});
        assert_eq!(viewer.times(), (2000.0, 1500.0, 1));
        viewer.append(1, &mut |_, _| {});
        viewer.advance(500.0, &mut |_, _| {});
        assert_eq!((viewer.latency() - start, viewer.level()), (1500.0, 1500.0));
        assert_eq!(viewer.latencies().2, 1400.0 + 100.0);
    }
}
