//! Which track the next chunk has.

use super::bandwidth_meter::{BandwidthMeter, single};
use crate::player::{
    abr::{Abr, Choice, State},
    presentation::Presentation,
    session_report::SessionReport,
};

const MS: f64 = 1000.0;

/// The settings, by their names in Media3.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Media3Config {
    /// The initial bitrate estimate in bit/s. Media3 has a table of countries and networks; this is its
    /// value for a network that it does not know.
    pub initial_estimate: f64,
    /// `slidingWindowMaxWeight`
    pub max_weight: i64,
    /// `minDurationForQualityIncreaseMs`
    pub min_for_increase: f64,
    /// `maxDurationForQualityDecreaseMs`
    pub max_for_decrease: f64,
    /// `bandwidthFraction`
    pub bandwidth_fraction: f32,
    /// `bufferedFractionToLiveEdgeForQualityIncrease`
    pub live_edge_fraction: f32,
    /// The time to the first byte in ms that the meter reports; the default meter reports none.
    pub first_byte: Option<f64>,
    /// Whether the stream is live.
    pub live: bool,
}

impl Default for Media3Config {
    fn default() -> Self {
        Self {
            initial_estimate: 1_000_000.0,
            max_weight: 2000,
            min_for_increase: 10_000.0,
            max_for_decrease: 25_000.0,
            bandwidth_fraction: 0.7,
            live_edge_fraction: 0.75,
            first_byte: None,
            live: false,
        }
    }
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Media3 {
    config: Media3Config,
    meter: BandwidthMeter,
    last: usize,
}

impl Media3 {
    /// The algorithm for `presentation`.
    #[must_use]
    pub fn new(config: Media3Config, presentation: &Presentation) -> Self {
        let meter = BandwidthMeter::new(config.initial_estimate, config.max_weight);
        let mut media3 = Self { config, meter, last: 0 };
        media3.last = media3.allowed(presentation, 1.0);
        media3
    }

    /// bit/s that the selection may use.
    fn usable(&self, presentation: &Presentation, rate: f64) -> f64 {
        let (rate, chunk) = (single(rate), single(presentation.segment() * MS));
        let cautious = single(self.meter.estimate()) * self.config.bandwidth_fraction;
        let cautious = single(f64::from(cautious).trunc());
        let usable = match self.config.first_byte {
            None => cautious / rate,
            Some(first_byte) => {
                let time = (chunk / rate - single(first_byte * MS)).max(0.0);
                cautious * time / chunk
            }
        };
        f64::from(usable).trunc()
    }

    /// The highest track within the usable bandwidth; the lowest if none is.
    fn allowed(&self, presentation: &Presentation, rate: f64) -> usize {
        let usable = self.usable(presentation, rate);
        let within = |bitrate: &&f64| **bitrate * MS <= usable;
        presentation.bitrates().iter().take_while(within).count().saturating_sub(1)
    }

    /// The buffer in ms that a switch up needs.
    fn for_increase(&self, state: &State<'_>) -> f64 {
        if !self.config.live || state.live_latency <= 0.0 {
            return self.config.min_for_increase;
        }
        let available = single((state.live_latency - state.presentation.segment()) * MS);
        let share = f64::from(available * self.config.live_edge_fraction).trunc() / MS;
        share.min(self.config.min_for_increase)
    }
}

impl Abr for Media3 {
    fn first(&mut self) -> usize {
        self.last
    }

    fn choose(&mut self, state: &State<'_>) -> Choice {
        let ideal = self.allowed(state.presentation, state.playback_rate);
        let too_early = ideal > self.last && state.level < self.for_increase(state);
        let not_needed = ideal < self.last && state.level >= self.config.max_for_decrease;
        if !too_early && !not_needed {
            self.last = ideal;
        }
        Choice::now(self.last)
    }

    fn ideal(&self, state: &State<'_>) -> Option<usize> {
        Some(self.allowed(state.presentation, state.playback_rate))
    }

    fn on_discard(&mut self, rung: usize) {
        self.last = rung;
    }

    fn on_first(&mut self, state: &State<'_>, report: &SessionReport) {
        self.on_download(state, report);
    }

    fn on_download(&mut self, state: &State<'_>, report: &SessionReport) {
        let progress = &report.download.progress;
        if !report.download.abandoned {
            self.last = report.rung;
        }
        // Media3's clock has whole milliseconds.
        let time = state.now.trunc() - (state.now - progress.time).trunc();
        self.meter.push(progress.received / 8.0, time);
    }

    fn estimate(&self) -> Option<f64> {
        Some(self.meter.estimate())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 500, 1000 and 2000 bit/s, the second selected at first, and then an estimate of `estimate`: the
    /// vectors of Media3's unit tests of its selection, in chunks of 2 s.
    fn selected(config: Media3Config, estimate: f64, level: f64, latency: f64) -> usize {
        let presentation = Presentation::endless(2000.0, vec![0.5, 1.0, 2.0]).unwrap();
        let config = Media3Config { initial_estimate: 1000.0, bandwidth_fraction: 1.0, ..config };
        let mut media3 = Media3::new(config, &presentation);
        assert_eq!(media3.last, 1);
        media3.meter = BandwidthMeter::new(estimate, 2000);
        let mut state = State::new(&presentation, level, None, 5, 10_000.0);
        state.live_latency = latency;
        media3.choose(&state).rung
    }

    #[test]
    fn switches_need_the_published_buffers() {
        let config = Media3Config::default();
        assert_eq!(selected(config, 2000.0, 9999.0, 0.0), 1);
        assert_eq!(selected(config, 2000.0, 10_000.0, 0.0), 2);
        assert_eq!(selected(config, 500.0, 25_000.0, 0.0), 1);
        assert_eq!(selected(config, 500.0, 24_999.0, 0.0), 0);
    }

    #[test]
    fn a_live_stream_needs_a_share_of_what_is_available() {
        let config = Media3Config { live: true, min_for_increase: 5000.0, ..Default::default() };
        assert_eq!(selected(config, 2000.0, 1600.0, 5600.0), 1);
        assert_eq!(selected(config, 2000.0, 3600.0, 5600.0), 2);
    }

    #[test]
    fn the_first_track_fits_the_fraction_and_the_first_byte() {
        let presentation = Presentation::endless(2000.0, vec![0.5, 1.0, 2.0]).unwrap();
        let config = Media3Config { initial_estimate: 2000.0, ..Media3Config::default() };
        let first = |config| Media3::new(config, &presentation).first();
        assert_eq!(first(Media3Config { bandwidth_fraction: 1.0, ..config }), 2);
        assert_eq!(first(Media3Config { bandwidth_fraction: 0.5, ..config }), 1);
        let late = Media3Config { bandwidth_fraction: 1.0, first_byte: Some(1000.0), ..config };
        assert_eq!(first(late), 1);
        assert_eq!(first(Media3Config { initial_estimate: 499.0, ..config }), 0);
    }
}
