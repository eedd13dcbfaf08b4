//! The estimates, and the level of the next segment.

use crate::player::{
    abr::{Abr, Choice, State},
    estimator::DecayingMean,
    network::Progress,
    presentation::Presentation,
    session_report::SessionReport,
};

/// Weights below this are no estimate.
const SMALLEST_WEIGHT: f64 = 0.001;
/// The shortest time of a sample in ms; for small downloads 1 ms for each 100 kB.
const SHORTEST: f64 = 50.0;
const BYTES_PER_MS: f64 = 100_000.0;
/// The time to the first byte in ms before anything is known, and the least that is believed.
const DEFAULT_FIRST_BYTE: f64 = 100.0;
const SMALLEST_FIRST_BYTE: f64 = 5.0;
/// The highest bitrate that replaces the default estimate.
const LARGEST_DEFAULT: f64 = 5_000_000.0;
const MS: f64 = 1000.0;

/// A switch that was decided on, but leaves the download some time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pending {
    pub(super) segment: usize,
    /// ms since the request.
    pub(super) at: f64,
    pub(super) level: usize,
}

/// The settings, by their names in hls.js.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HlsJsConfig {
    /// `abrEwmaFastVoD`, or `abrEwmaFastLive`: half-life in seconds.
    pub fast: f64,
    /// `abrEwmaSlowVoD`, or `abrEwmaSlowLive`: half-life in seconds.
    pub slow: f64,
    /// `abrEwmaDefaultEstimate` in bit/s.
    pub default_estimate: f64,
    /// `abrBandWidthFactor`
    pub factor: f64,
    /// `abrBandWidthUpFactor`
    pub up_factor: f64,
    /// `maxStarvationDelay` in seconds.
    pub max_starvation: f64,
    /// Whether the stream is live.
    pub live: bool,
    /// The level that the multivariant playlist lists first: where nothing is known and nothing fits.
    pub first_level: usize,
}

impl Default for HlsJsConfig {
    fn default() -> Self {
        Self {
            fast: 3.0,
            slow: 9.0,
            default_estimate: 500_000.0,
            factor: 0.95,
            up_factor: 0.7,
            max_starvation: 4.0,
            live: false,
            first_level: 0,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct HlsJs {
    config: HlsJsConfig,
    pub(super) fast: DecayingMean,
    pub(super) slow: DecayingMean,
    pub(super) first_byte: DecayingMean,
    last: Option<usize>,
    /// The level chosen last (`_nextAutoLevel`).
    pub(super) next: Option<usize>,
    /// Whether that level stands until a segment of it was loaded.
    pub(super) forced: bool,
    /// A switch during the present download.
    pub(super) pending: Option<Pending>,
    /// The highest level before the first estimate, after an abandonment (`firstAutoFloor`).
    pub(super) floor: Option<usize>,
}

/// How a level is looked for.
pub(super) struct Search {
    /// bit/s.
    pub(super) bandwidth: f64,
    /// Seconds of buffer.
    pub(super) buffer: f64,
    /// Seconds of rebuffering that are accepted.
    pub(super) starvation: f64,
    pub(super) factor: f64,
    pub(super) up_factor: f64,
    /// The highest level that is looked at.
    pub(super) highest: usize,
}

impl HlsJs {
    /// The algorithm.
    #[must_use]
    pub fn new(config: HlsJsConfig) -> Self {
        Self {
            config,
            fast: DecayingMean::new(config.fast),
            slow: DecayingMean::new(config.slow),
            first_byte: DecayingMean::new(config.slow),
            last: None,
            next: None,
            forced: false,
            pending: None,
            floor: None,
        }
    }

    /// The estimate in bit/s.
    pub(super) fn bandwidth(&self) -> f64 {
        if self.fast.weight() >= SMALLEST_WEIGHT {
            self.fast.mean().min(self.slow.mean())
        } else {
            self.config.default_estimate
        }
    }

    /// Goes on with other half-lives in seconds, as when a live stream turns out to be one.
    pub fn set_half_lives(&mut self, fast: f64, slow: f64) {
        self.fast.set_half_life(fast);
        self.slow.set_half_life(slow);
        self.first_byte.set_half_life(slow);
    }

    /// The time to the first byte in ms.
    pub(super) fn latency(&self) -> f64 {
        if self.first_byte.weight() >= SMALLEST_WEIGHT {
            self.first_byte.mean()
        } else {
            DEFAULT_FIRST_BYTE
        }
    }

    /// Before anything was measured, the lowest bitrate is the least that is estimated.
    pub(super) fn take_default(&mut self, presentation: &Presentation) {
        if self.last.is_none() && self.config.default_estimate < LARGEST_DEFAULT {
            let lowest = presentation.bitrates()[0] * MS;
            self.config.default_estimate =
                self.config.default_estimate.max(lowest.min(LARGEST_DEFAULT));
        }
    }

    pub(super) const fn is_live(&self) -> bool {
        self.config.live
    }

    pub(super) const fn up_factor(&self) -> f64 {
        self.config.up_factor
    }

    pub(super) const fn first_level(&self) -> usize {
        self.config.first_level
    }

    /// Takes `bandwidth` for the default estimate; returns the half-lives of new averages, which are
    /// those of on-demand streams until a playlist was loaded again.
    pub(super) const fn start_over(&mut self, bandwidth: f64) -> (f64, f64) {
        self.config.default_estimate = bandwidth;
        (self.config.fast, self.config.slow)
    }

    /// Takes a finished download: bytes, and ms to the first byte and to the end.
    fn learn(&mut self, bytes: f64, first_byte: f64, time: f64) {
        self.sample_first_byte(first_byte);
        self.sample(time - first_byte.min(self.latency()), bytes);
    }

    /// Takes a time to the first byte in ms.
    pub(super) fn sample_first_byte(&mut self, first_byte: f64) {
        let seconds = first_byte / MS;
        let weight = 2.0_f64.sqrt() * (-seconds.powi(2) / 2.0).exp();
        self.first_byte.push(weight, first_byte.max(SMALLEST_FIRST_BYTE));
    }

    /// Takes `bytes` that took `time` ms.
    pub(super) fn sample(&mut self, time: f64, bytes: f64) {
        if bytes <= 0.0 {
            return;
        }
        let shortest = SHORTEST.min(bytes / BYTES_PER_MS);
        let seconds = time.max(shortest) / MS;
        let bandwidth = 8.0 * bytes / seconds;
        self.fast.push(seconds, bandwidth);
        self.slow.push(seconds, bandwidth);
    }

    /// The highest level that fits, from the top.
    pub(super) fn find(&self, state: &State<'_>, search: &Search) -> Option<usize> {
        let bitrates = state.presentation.bitrates();
        if bitrates.len() == 1 {
            return Some(0);
        }
        let latency = self.latency() / MS;
        // Before anything is loaded, no duration is known, and 1 s is taken.
        let known = self.last.is_some();
        let segment = if known { state.presentation.segment() / MS } else { 1.0 };
        // A level whose playlist is not known, or is live, costs another round trip.
        let playlist = if self.config.live || !known { latency } else { 0.0 };
        let base = self.last.unwrap_or(self.config.first_level);
        let most = search.buffer + search.starvation;
        (0..=search.highest.min(state.presentation.top())).rev().find(|&rung| {
            let factor = if rung > base { search.up_factor } else { search.factor };
            let bandwidth = factor * search.bandwidth;
            let bitrate = bitrates[rung] * MS;
            let time = latency + bitrate * segment / bandwidth + playlist;
            bandwidth >= bitrate
                && (time <= latency || !time.is_finite() || self.config.live || time < most)
        })
    }
}

impl HlsJs {
    /// The level by the averages.
    fn best(&self, state: &State<'_>) -> usize {
        let bandwidth = self.bandwidth();
        let highest = state.presentation.top();
        let buffer = state.level / MS / state.playback_rate;
        if self.last.is_none() || self.fast.weight() < SMALLEST_WEIGHT {
            let (buffer, starvation) = (buffer / 2.0, self.config.max_starvation);
            let search =
                Search { bandwidth, buffer, starvation, factor: 1.0, up_factor: 1.0, highest };
            let first = self.config.first_level.min(self.floor.unwrap_or(highest)).min(highest);
            return self.find(state, &search).unwrap_or(first);
        }
        let (factor, up_factor) = (self.config.factor, self.config.up_factor);
        let search = Search { bandwidth, buffer, starvation: 0.0, factor, up_factor, highest };
        if buffer > 0.0
            && let Some(rung) = self.find(state, &search)
        {
            return rung;
        }
        let segment = state.presentation.segment() / MS;
        let search = Search { starvation: segment.min(self.config.max_starvation), ..search };
        // Nothing fits: the lowest level, which is the current one or below it.
        self.find(state, &search).unwrap_or(0)
    }
}

impl Abr for HlsJs {
    fn choose(&mut self, state: &State<'_>) -> Choice {
        if let Some(next) = self.next.filter(|_| self.forced) {
            return Choice::now(next);
        }
        let best = self.best(state);
        self.next = Some(best);
        self.forced = false;
        Choice::now(best)
    }

    fn abandon(
        &mut self,
        state: &State<'_>,
        rung: usize,
        progress: &Progress,
        level: f64,
    ) -> Option<usize> {
        self.check(state, rung, progress, level)
    }

    fn on_first(&mut self, state: &State<'_>, report: &SessionReport) {
        self.on_download(state, report);
    }

    fn on_download(&mut self, state: &State<'_>, report: &SessionReport) {
        if report.download.abandoned {
            return;
        }
        self.take_default(state.presentation);
        self.pending = None;
        if self.next == Some(report.rung) {
            (self.next, self.forced) = (None, false);
        }
        self.last = Some(report.rung);
        let progress = &report.download.progress;
        self.learn(progress.received / 8.0, progress.first_byte, progress.time);
        if self.fast.weight() >= SMALLEST_WEIGHT {
            self.floor = None;
        }
    }

    fn estimate(&self) -> Option<f64> {
        Some(self.bandwidth())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimates(hls: &mut HlsJs, times: [f64; 3]) -> [f64; 3] {
        times.map(|time| {
            hls.learn(1_000_000.0, 0.0, time);
            hls.bandwidth()
        })
    }

    fn close(found: &[f64], expected: &[f64]) {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    /// The vectors of hls.js's own unit test of its estimator.
    #[test]
    fn estimates_are_those_of_the_published_vectors() {
        let times = [8000.0, 4000.0, 1000.0];
        for (fast, slow, expected) in [
            (4.0, 15.0, [1_000_000.0, 1_396_480.154_473_622_6, 2_056_826.948_982_794_8]),
            (5.0, 9.0, [1_000_000.0, 1_439_580.319_105_247, 2_208_342.324_322_311]),
            (0.0, 0.0, [1_000_000.0, 2_000_000.0, 8_000_000.0]),
        ] {
            let mut hls = HlsJs::new(HlsJsConfig { fast, slow, ..HlsJsConfig::default() });
            close(&estimates(&mut hls, times), &expected);
        }
    }

    /// The same for half-lives that change after the second sample.
    #[test]
    fn half_lives_change_as_in_the_published_vectors() {
        let mut hls = HlsJs::new(HlsJsConfig::default());
        hls.set_half_lives(3.0, 9.0);
        for (time, expected) in [(8000.0, 1_000_000.0), (4000.0, 1_439_580.319_105_247)] {
            hls.learn(1_000_000.0, 0.0, time);
            close(&[hls.bandwidth()], &[expected]);
        }
        hls.set_half_lives(4.0, 15.0);
        close(&[hls.bandwidth()], &[1_878_125.393_685_882]);
        hls.learn(1_000_000.0, 0.0, 1000.0);
        close(&[hls.bandwidth()], &[2_966_543.443_461_984]);
    }

    const LADDER: [f64; 6] = [105.0, 246.44, 460.56, 836.28, 2149.28, 6221.6];

    /// The vectors of hls.js's own unit test of its controller: the level before anything is loaded.
    #[test]
    fn first_levels_are_those_of_the_published_vectors() {
        let presentation = Presentation::endless(10_000.0, LADDER.to_vec()).unwrap();
        for (default_estimate, expected) in
            [(500_000.0, 2), (2_149_280.0, 4), (1_000_000_000.0, 5), (1.0, 3)]
        {
            let config = HlsJsConfig { default_estimate, first_level: 3, ..HlsJsConfig::default() };
            let state = State::new(&presentation, 0.0, None, 0, 0.0);
            assert_eq!(HlsJs::new(config).choose(&state).rung, expected, "{default_estimate}");
        }
    }

    /// A segment at 460560 / 0.7 + 1 bit/s, with 8 s of buffer, allows level 2.
    #[test]
    fn the_next_level_is_that_of_the_published_vector() {
        let presentation = Presentation::endless(5000.0, LADDER.to_vec()).unwrap();
        let mut hls = HlsJs::new(HlsJsConfig::default());
        hls.last = Some(0);
        hls.learn((460_560.0 / 0.7 + 1.0) / 8.0, 0.0, 1000.0);
        let state = State::new(&presentation, 8000.0, None, 1, 0.0);
        assert_eq!(hls.choose(&state).rung, 2);
    }
}
