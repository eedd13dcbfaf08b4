//! Video.js's HTTP streaming (VHS) 3.17: the highest rendition within the throughput of the last segment
//! alone, limited by the player's size.
//!
//! Source: @videojs/http-streaming 3.17.5, `playlist-selectors`, `playlist-controller`,
//! `segment-loader` and `config`, as published; the selection is checked decision by decision against
//! that code.

use super::{Abr, Choice, State};
use crate::player::{network::Progress, presentation::Presentation, session_report::SessionReport};

const MS: f64 = 1000.0;
/// How far the estimate must be above a rendition's bandwidth (`BANDWIDTH_VARIANCE`).
const VARIANCE: f64 = 1.2;
/// The most seconds of buffer that a switch up can need (`MAX_BUFFER_LOW_WATER_LINE`).
const MAX_LOW_WATER_LINE: f64 = 30.0;
/// A download is not given up before this many ms after its first byte.
const ABORT_AFTER: f64 = 1000.0;
/// Seconds that are left in the buffer when a download counts as too late.
const ABORT_MARGIN: f64 = 1.0;
/// The seconds that giving up must save, and those once the buffer has run empty.
const MINIMUM_SAVING: f64 = 0.5;
const MINIMUM_SAVING_WHEN_EMPTY: f64 = 1.0;
/// A buffer below this, in seconds, counts as empty (`TIME_FUDGE_FACTOR`).
const EMPTY: f64 = 1.0 / 30.0;
/// A rendition whose download was given up is avoided for this many ms.
const EXCLUDED: f64 = 10_000.0;

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct VhsConfig {
    /// `bandwidth`: the estimate before the first segment, in bit/s.
    pub initial_bandwidth: f64,
    /// `throughput`: how fast segments are transmuxed and appended, in bit/s; 0 if that takes no time.
    pub processing_rate: f64,
    /// Width and height of the player, if renditions are limited by them
    /// (`limitRenditionByPlayerDimensions`).
    pub player: Option<(f64, f64)>,
    /// Width and height of each rendition, as far as they are known.
    pub dimensions: Vec<Option<(f64, f64)>>,
    /// Whether the stream is live.
    pub live: bool,
}

impl Default for VhsConfig {
    fn default() -> Self {
        Self {
            initial_bandwidth: 4_194_304.0,
            processing_rate: 0.0,
            player: None,
            dimensions: Vec::new(),
            live: false,
        }
    }
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Vhs {
    config: VhsConfig,
    /// bit/s.
    bandwidth: f64,
    current: usize,
    /// Which media playlists were loaded. One that was is switched to at once; one that was not makes
    /// the loader synchronise again.
    loaded: Vec<bool>,
    /// Whether the loader goes from one segment to the next, and not to the first after a start, a seek
    /// or a switch: only then it looks for another rendition.
    walking: bool,
    walks_next: bool,
    /// Until when each rendition is avoided, in ms.
    excluded: Vec<f64>,
}

impl Vhs {
    /// The algorithm for `presentation`.
    #[must_use]
    pub fn new(config: VhsConfig, presentation: &Presentation) -> Self {
        let bandwidth = config.initial_bandwidth;
        let mut loaded = vec![false; presentation.bitrates().len()];
        let mut vhs = Self {
            config,
            bandwidth,
            current: 0,
            loaded: Vec::new(),
            walking: false,
            walks_next: false,
            excluded: vec![0.0; presentation.bitrates().len()],
        };
        vhs.current = vhs.select(presentation, 0.0);
        loaded[vhs.current] = true;
        vhs.loaded = loaded;
        vhs
    }

    /// `systemBandwidth`: network and processing one after the other, in bit/s.
    fn system_bandwidth(&self) -> f64 {
        let bandwidth = if self.bandwidth > 0.0 { self.bandwidth } else { 1.0 };
        let rate = self.config.processing_rate;
        let processing = if rate > 0.0 { 1.0 / rate } else { 0.0 };
        (1.0 / (1.0 / bandwidth + processing)).floor()
    }

    /// The renditions that are not avoided at `now` ms; all if none is left.
    fn enabled(&self, now: f64) -> Vec<usize> {
        let all = 0..self.excluded.len();
        let enabled: Vec<usize> = all.clone().filter(|rung| now >= self.excluded[*rung]).collect();
        if enabled.is_empty() { all.collect() } else { enabled }
    }

    /// The rendition for the present estimate at `now` ms.
    fn select(&self, presentation: &Presentation, now: f64) -> usize {
        let bandwidth = self.system_bandwidth();
        let bitrates = presentation.bitrates();
        let enabled = self.enabled(now);
        let within: Vec<usize> = enabled
            .iter()
            .copied()
            .filter(|rung| bitrates[*rung] * MS * VARIANCE < bandwidth)
            .collect();
        let sized = self.config.player.and_then(|player| self.sized(&within, player));
        sized.or(within.last().copied()).or(enabled.first().copied()).unwrap_or(0)
    }

    /// Of the renditions `within` the estimate, the one of the player's size, or the smallest above it.
    fn sized(&self, within: &[usize], (width, height): (f64, f64)) -> Option<usize> {
        let dimensions = |rung: usize| {
            let known = self.config.dimensions.get(rung).copied().flatten();
            known.filter(|(width, height)| *width > 0.0 && *height > 0.0)
        };
        let mut sized: Vec<(usize, (f64, f64))> =
            within.iter().filter_map(|rung| Some((*rung, dimensions(*rung)?))).collect();
        // Stable: renditions of one width stay in the order of their bandwidth.
        sized.sort_by(|(_, one), (_, other)| one.0.total_cmp(&other.0));
        let highest = |wanted: (f64, f64)| {
            sized.iter().rev().find(|(_, size)| *size == wanted).map(|(rung, _)| *rung)
        };
        highest((width, height)).or_else(|| {
            let (_, above) = sized.iter().find(|(_, (w, h))| *w > width || *h > height)?;
            highest(*above)
        })
    }

    /// Whether the player may go from the present rendition to `next`.
    fn may_switch(&self, state: &State<'_>, next: usize) -> bool {
        let segment = state.presentation.segment();
        let duration = crate::player::playback::count(state.presentation.count()) * segment / MS;
        let low_water_line = (state.position / MS).min(MAX_LOW_WATER_LINE);
        next != self.current
            && (self.config.live
                || duration < MAX_LOW_WATER_LINE
                || next < self.current
                || state.level / MS >= low_water_line)
    }

    /// Goes to `next`.
    fn switch(&mut self, next: usize) {
        self.current = next;
        // A playlist that is complete and known does not make the loader start again.
        self.walks_next &= !self.config.live && self.loaded[next];
        self.loaded[next] = true;
    }
}

impl Abr for Vhs {
    fn first(&mut self) -> usize {
        self.current
    }

    fn choose(&mut self, state: &State<'_>) -> Choice {
        if self.walking {
            let next = self.select(state.presentation, state.now);
            if self.may_switch(state, next) {
                self.switch(next);
            }
        }
        Choice::now(self.current)
    }

    fn abandon(
        &mut self,
        state: &State<'_>,
        rung: usize,
        progress: &Progress,
        level: f64,
    ) -> Option<usize> {
        let now = state.now + progress.time;
        let enabled = self.enabled(now);
        let lowest = enabled.first().copied().unwrap_or(0);
        // The lowest rendition has no time limit, and is never given up.
        if rung <= lowest
            || progress.received <= 0.0
            || progress.time - progress.first_byte < ABORT_AFTER
        {
            return None;
        }
        let bitrates = state.presentation.bitrates();
        let measured = (progress.received * MS / progress.time).floor();
        let segment = state.presentation.segment() / MS;
        let size = |rung: usize| segment * bitrates[rung] * MS;
        let remaining = (size(rung) - progress.received) / measured;
        let left = level / MS / state.playback_rate - ABORT_MARGIN;
        if remaining <= left {
            return None;
        }
        let impact = |rung: usize| size(rung) / measured - left;
        let fits = |rung: &usize| impact(*rung) <= 0.0;
        let candidate = enabled.iter().copied().rev().find(fits).unwrap_or(lowest);
        let saving = remaining - left - impact(candidate);
        let least = if left <= EMPTY { MINIMUM_SAVING_WHEN_EMPTY } else { MINIMUM_SAVING };
        if candidate == rung || saving < least {
            return None;
        }
        self.bandwidth = bitrates[candidate] * MS * VARIANCE + 1.0;
        self.excluded[rung] = now + EXCLUDED;
        let next = self.select(state.presentation, now);
        self.switch(next);
        self.walking = false;
        Some(next)
    }

    fn on_first(&mut self, state: &State<'_>, report: &SessionReport) {
        self.on_download(state, report);
    }

    fn on_download(&mut self, _state: &State<'_>, report: &SessionReport) {
        if report.download.abandoned {
            self.walking = false;
            return;
        }
        let progress = &report.download.progress;
        self.bandwidth = (progress.received / 8.0 / progress.time * 8.0 * MS).floor();
        self.current = report.rung;
        self.loaded[report.rung] = true;
        self.walking = self.walks_next;
        self.walks_next = true;
    }

    fn estimate(&self) -> Option<f64> {
        Some(self.system_bandwidth())
    }

    fn on_seek(&mut self, _target: f64, _presentation: &Presentation) {
        self.walks_next = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ladder of 640×360 at 0.5 and 1 Mbit/s, 1280×720 at 2 and 3, and 1920×1080 at 5.
    fn vhs(player: Option<(f64, f64)>, bandwidth: f64) -> usize {
        let bitrates = vec![500.0, 1000.0, 2000.0, 3000.0, 5000.0];
        let presentation = Presentation::endless(4000.0, bitrates).unwrap();
        let (small, middle, large) = ((640.0, 360.0), (1280.0, 720.0), (1920.0, 1080.0));
        let dimensions = [small, small, middle, middle, large].map(Some).to_vec();
        let config =
            VhsConfig { initial_bandwidth: bandwidth, player, dimensions, ..VhsConfig::default() };
        Vhs::new(config, &presentation).first()
    }

    #[test]
    fn a_fifth_of_the_estimate_is_kept() {
        assert_eq!(vhs(None, 6_000_000.0), 3);
        assert_eq!(vhs(None, 6_000_001.0), 4);
        assert_eq!(vhs(None, 1.0), 0);
    }

    #[test]
    fn the_player_s_size_is_the_limit() {
        assert_eq!(vhs(Some((640.0, 360.0)), 1e8), 1);
        assert_eq!(vhs(Some((641.0, 360.0)), 1e8), 3);
        assert_eq!(vhs(Some((1280.0, 720.0)), 2_500_000.0), 2);
        assert_eq!(vhs(Some((4000.0, 2000.0)), 1e8), 4);
        // Nothing that fits the estimate is as large as the player.
        assert_eq!(vhs(Some((1920.0, 1080.0)), 4_000_000.0), 3);
    }

    /// When VHS goes to another rendition: always down and in live streams, up once the buffer is as long
    /// as what was played, at most 30 s; in presentations shorter than that always.
    #[test]
    fn a_switch_up_needs_a_buffer() {
        let endless = Presentation::endless(4000.0, vec![500.0, 1000.0, 2000.0]).unwrap();
        let short = Presentation::constant(4000.0, vec![500.0, 1000.0, 2000.0], 7).unwrap();
        let may = |presentation: &Presentation, live, position, level, next| {
            let config = VhsConfig { initial_bandwidth: 1.5e6, live, ..VhsConfig::default() };
            let vhs = Vhs::new(config, presentation);
            let mut state = State::new(presentation, level, None, 20, 0.0);
            state.position = position;
            vhs.may_switch(&state, next)
        };
        assert!(!may(&endless, false, 20_000.0, 19_999.0, 2));
        assert!(may(&endless, false, 20_000.0, 20_000.0, 2));
        assert!(!may(&endless, false, 500_000.0, 29_999.0, 2));
        assert!(may(&endless, false, 500_000.0, 30_000.0, 2));
        assert!(may(&endless, false, 500_000.0, 0.0, 0));
        assert!(may(&endless, true, 500_000.0, 0.0, 2));
        assert!(may(&short, false, 20_000.0, 0.0, 2));
        assert!(!may(&endless, true, 0.0, 0.0, 1));
    }

    #[test]
    fn a_slow_download_is_given_up() {
        let bitrates = vec![500.0, 1000.0, 2000.0, 3000.0, 5000.0];
        let presentation = Presentation::endless(4000.0, bitrates).unwrap();
        let mut vhs = Vhs::new(VhsConfig::default(), &presentation);
        let state = State::new(&presentation, 8000.0, None, 3, 20_000.0);
        // 1 Mbit in 1.25 s of 12 Mbit: 800 kbit/s.
        let progress = Progress { size: 12e6, received: 1e6, time: 1250.0, first_byte: 200.0 };
        assert_eq!(vhs.abandon(&state, 3, &progress, 6750.0), Some(1));
        assert_eq!(vhs.estimate(), Some(1_200_001.0));
        let early = Progress { first_byte: 251.0, ..progress };
        assert_eq!(vhs.abandon(&state, 3, &early, 6750.0), None);
        assert_eq!(vhs.abandon(&state, 0, &progress, 0.0), None);
        // 14 s to go, 16 s in the buffer.
        assert_eq!(vhs.abandon(&state, 3, &progress, 16_000.0), None);
    }
}
