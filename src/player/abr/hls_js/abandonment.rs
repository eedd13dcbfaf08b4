//! When the download of a segment is given up.

use super::level_selection::{HlsJs, Pending, Search};
use crate::player::{abr::State, estimator::DecayingMean, network::Progress};

const MS: f64 = 1000.0;
/// The time that a new segment must not take, in durations of the segment.
const UNREASONABLE: f64 = 10.0;
/// A switch that is faster by less than this factor waits until the new segment would have arrived.
const CLEARLY_FASTER: f64 = 2.0;

/// The figures of a check, in seconds and bit/s.
struct Check<'a> {
    state: &'a State<'a>,
    rung: usize,
    /// Until the buffer is empty.
    left: f64,
    /// Until the segment is there.
    remaining: f64,
    /// What the download carries, or the estimate before its first byte.
    bandwidth: f64,
}

impl HlsJs {
    /// Looks at a download at `rung`, with `level` ms in the buffer: returns the level to go to if the
    /// request is to be aborted.
    pub(super) fn check(
        &mut self,
        state: &State<'_>,
        rung: usize,
        progress: &Progress,
        level: f64,
    ) -> Option<usize> {
        self.take_default(state.presentation);
        let left = level / MS / state.playback_rate;
        if let Some(pending) = self.pending.filter(|pending| pending.segment == state.segment) {
            return (progress.time >= pending.at)
                .then(|| self.abort(state, pending.level, left))?;
        }
        self.pending = None;
        if rung == 0 || progress.received >= progress.size {
            self.next = None;
            return None;
        }
        let segment = state.presentation.segment();
        let half = segment / (state.playback_rate * 2.0);
        if progress.time <= self.latency().max(half) {
            return None;
        }
        let check = self.figures(state, rung, progress, left);
        if check.remaining <= left {
            return None;
        }
        let (lower, delay) = self.lower(&check);
        if delay >= check.remaining || delay > segment / MS * UNREASONABLE {
            return None;
        }
        let blocking = self.next.is_some_and(|next| next != rung);
        let level = self.switch(&check, progress, lower);
        if blocking || check.remaining > delay * CLEARLY_FASTER {
            return self.abort(state, level, left);
        }
        let at = progress.time + delay * MS;
        self.pending = Some(Pending { segment: state.segment, at, level });
        None
    }

    fn figures<'a>(
        &self,
        state: &'a State<'a>,
        rung: usize,
        progress: &Progress,
        left: f64,
    ) -> Check<'a> {
        let loaded = progress.received / 8.0;
        let expected = loaded.max((progress.size / 8.0).round());
        let estimate = self.bandwidth();
        if loaded <= 0.0 {
            let remaining = expected * 8.0 / estimate + self.latency() / MS;
            return Check { state, rung, left, remaining, bandwidth: estimate };
        }
        let mut time = progress.time - progress.first_byte;
        if time < 1.0 {
            time = progress.time.min(loaded * 8.0 / estimate);
        }
        let rate = loaded * MS / time;
        let remaining = (expected - loaded) / rate;
        Check { state, rung, left, remaining, bandwidth: rate * 8.0 }
    }

    /// The highest lower level that arrives before the buffer is empty, or level 0, and the seconds
    /// that a segment takes at the last level that was tried.
    fn lower(&self, check: &Check<'_>) -> (usize, f64) {
        let segment = check.state.presentation.segment() / MS;
        let latency = self.latency() / MS;
        let playlist = if self.is_live() { latency } else { 0.0 };
        let bitrates = check.state.presentation.bitrates();
        let mut delay = f64::INFINITY;
        for level in (1..check.rung).rev() {
            let bits = segment * (bitrates[level] * MS);
            delay = latency + bits / check.bandwidth + playlist;
            if delay < check.left.min(segment + latency) {
                return (level, delay);
            }
        }
        (0, delay)
    }

    /// Goes to `lower` or a level below it; the download may go on.
    fn switch(&mut self, check: &Check<'_>, progress: &Progress, lower: usize) -> usize {
        if progress.received > 0.0 {
            let offset = self.latency().min(progress.first_byte);
            self.sample(progress.time - offset, progress.received / 8.0);
        } else {
            self.sample_first_byte(progress.time);
        }
        let bitrate = check.state.presentation.bitrates()[lower] * MS;
        if self.bandwidth() * self.up_factor() > bitrate {
            self.restart(bitrate, lower);
        }
        let best = self.find(check.state, &search(bitrate, check.left, lower));
        let level = best.unwrap_or(lower);
        self.force(level);
        level
    }

    /// Aborts the request, unless it is to be replaced by one at the lowest level.
    fn abort(&mut self, state: &State<'_>, level: usize, left: f64) -> Option<usize> {
        self.pending = None;
        if level == 0 {
            // It goes on, and is not looked at again.
            self.pending = Some(Pending { segment: state.segment, at: f64::INFINITY, level });
            return None;
        }
        let bitrates = state.presentation.bitrates();
        let lowest = self.find(state, &search(bitrates[0] * MS, left, level)).unwrap_or(0);
        self.force(lowest);
        self.restart(bitrates[lowest] * MS, lowest);
        Some(lowest)
    }

    /// The next level is `level` until a segment of it was loaded.
    const fn force(&mut self, level: usize) {
        if !matches!(self.next, Some(next) if next == level) {
            self.next = Some(level);
            self.forced = true;
        }
    }

    /// Forgets all samples, and estimates `bandwidth`.
    fn restart(&mut self, bandwidth: f64, level: usize) {
        let (fast, slow) = self.start_over(bandwidth);
        self.fast = DecayingMean::new(fast);
        self.slow = DecayingMean::new(slow);
        self.first_byte = DecayingMean::new(slow);
        self.floor = Some(level.min(self.first_level()));
    }
}

/// Levels up to `highest` that carry a segment within `left` seconds at exactly `bandwidth`.
const fn search(bandwidth: f64, left: f64, highest: usize) -> Search {
    Search { bandwidth, buffer: 0.0, starvation: left, factor: 1.0, up_factor: 1.0, highest }
}
