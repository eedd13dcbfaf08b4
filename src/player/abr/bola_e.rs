//! BOLA-E: BOLA with a placeholder buffer for what other rules or a full buffer kept from it.
//!
//! Source: Spiteri, Sitaraman, Sparacio, "From Theory to Practice: Improving Bitrate Adaptation in the
//! DASH Reference Player", MMSys 2018. The arithmetic is Sabre's.

use super::{
    Abr, Choice, State,
    bola::{best, best_abandonment, min_level, thresholds, utilities},
    insufficient_buffer::InsufficientBuffer,
};
use crate::player::{
    network::Progress, playback::count, presentation::Presentation, session_report::SessionReport,
};

/// The buffer, in ms, at which the lowest rung is as good as none.
const MINIMUM_BUFFER: f64 = 10_000.0;
/// The maximum buffer is at least [`MINIMUM_BUFFER`] and this much for each rung.
const BUFFER_PER_RUNG: f64 = 2000.0;

/// The parameters.
#[derive(Debug, Clone, Copy)]
pub struct BolaEConfig {
    /// γp in segments; used only without the insufficient-buffer rule.
    pub gamma_p: f64,
    /// The maximum buffer in ms.
    pub max_buffer: f64,
    /// BOLA-O: no switch above what the throughput sustains.
    pub avoid_oscillation: bool,
    /// Whether the insufficient-buffer rule is on.
    pub insufficient_buffer: bool,
}

/// See the module.
#[derive(Debug)]
pub struct BolaE {
    config: BolaEConfig,
    utilities: Vec<f64>,
    gamma_p: f64,
    vp: f64,
    steady: bool,
    placeholder: f64,
    last: usize,
    insufficient_buffer: InsufficientBuffer,
}

impl BolaE {
    /// The algorithm for `presentation`.
    #[must_use]
    pub fn new(config: BolaEConfig, presentation: &Presentation) -> Self {
        let utilities = utilities(presentation, 1.0);
        let highest = utilities[presentation.top()];
        let (gamma_p, vp) = if config.insufficient_buffer {
            let buffer = Self::buffer(&config, presentation);
            let gamma_p = (highest - 1.0) / (buffer / MINIMUM_BUFFER - 1.0);
            (gamma_p, MINIMUM_BUFFER / gamma_p)
        } else {
            let gamma_p = config.gamma_p - 1.0;
            (gamma_p, (config.max_buffer - presentation.segment()) / (highest + gamma_p))
        };
        Self {
            config,
            utilities,
            gamma_p,
            vp,
            steady: false,
            placeholder: 0.0,
            last: 0,
            insufficient_buffer: InsufficientBuffer::new(),
        }
    }

    /// The buffer in ms that the parameters are derived from.
    #[must_use]
    pub fn buffer(config: &BolaEConfig, presentation: &Presentation) -> f64 {
        Self::minimum(presentation).max(config.max_buffer)
    }

    /// The least that [`Self::buffer`] can be.
    #[must_use]
    pub fn minimum(presentation: &Presentation) -> f64 {
        MINIMUM_BUFFER + BUFFER_PER_RUNG * count(presentation.bitrates().len())
    }

    fn best(&self, state: &State<'_>) -> usize {
        let level = state.level + self.placeholder;
        best(&self.utilities, state.presentation.bitrates(), self.vp, self.gamma_p, level)
    }

    /// The buffer in ms from which on `rung` is better than all lower ones.
    fn min_level(&self, presentation: &Presentation, rung: usize) -> f64 {
        min_level(&self.utilities, presentation.bitrates(), self.vp, self.gamma_p, rung)
    }

    /// The buffer in ms from which on no download is better than one at `rung`.
    fn max_level(&self, rung: usize) -> f64 {
        self.vp * (self.utilities[rung] + self.gamma_p)
    }

    /// The first choice: by throughput, with a placeholder that makes BOLA agree.
    fn start(&mut self, state: &State<'_>, throughput: f64) -> usize {
        self.steady = true;
        self.insufficient_buffer = InsufficientBuffer::new();
        let rung = state.sustainable(throughput);
        self.placeholder = (self.min_level(state.presentation, rung) - state.level).max(0.0);
        rung
    }

    /// How long to wait before a request at `rung`; the placeholder is spent first.
    fn wait(&mut self, state: &State<'_>, rung: usize) -> f64 {
        let mut wait = state.level + self.placeholder - self.max_level(rung);
        if wait <= 0.0 {
            return 0.0;
        }
        if wait <= self.placeholder {
            self.placeholder -= wait;
            return 0.0;
        }
        wait -= self.placeholder;
        self.placeholder = 0.0;
        if rung == state.presentation.top() { 0.0 } else { wait }
    }

    /// The buffer levels in ms at which the algorithm is indifferent: for each rung that at which no
    /// download is as good, and but for the lowest that at which the rung below is as good.
    #[must_use]
    pub fn thresholds(&self, presentation: &Presentation) -> Vec<(f64, Option<f64>)> {
        thresholds(&self.utilities, presentation.bitrates(), self.vp, self.gamma_p)
    }
}

impl Abr for BolaE {
    fn choose(&mut self, state: &State<'_>) -> Choice {
        let Some(estimate) = state.estimate else { return Choice::now(self.last) };
        if !self.steady {
            return Choice::now(self.start(state, estimate.throughput));
        }
        let mut rung = self.best(state);
        let sustainable = state.sustainable(estimate.throughput);
        if rung > self.last && rung > sustainable {
            rung = self.last.max(sustainable);
            if !self.config.avoid_oscillation {
                rung += 1;
            }
        }
        let wait = self.wait(state, rung);
        if self.config.insufficient_buffer
            && let Some(limit) = self.insufficient_buffer.limit(state, rung)
        {
            let most = (self.min_level(state.presentation, limit) - state.level).max(0.0);
            self.placeholder = self.placeholder.min(most);
            return Choice::now(limit);
        }
        Choice { rung, wait }
    }

    fn abandon(
        &mut self,
        state: &State<'_>,
        rung: usize,
        progress: &Progress,
        level: f64,
    ) -> Option<usize> {
        let left = progress.size - progress.received;
        if progress.received <= 0.0 || left <= 0.0 {
            return None;
        }
        // A new request costs another latency.
        let level = (level + self.placeholder - progress.first_byte).max(0.0);
        let throughput = progress.received / (progress.time - progress.first_byte);
        let left = left - progress.first_byte * throughput;
        if left <= 0.0 {
            return None;
        }
        let worth = |rung: usize| self.vp * (self.gamma_p + self.utilities[rung]) - level;
        let bitrates = state.presentation.bitrates();
        best_abandonment(bitrates, rung, progress.size, left, worth(rung) / left, worth)
    }

    fn on_wait(&mut self, time: f64) {
        self.placeholder += time;
    }

    fn on_download(&mut self, state: &State<'_>, report: &SessionReport) {
        self.last = report.rung;
        let level = state.level;
        if report.download.abandoned {
            let Some(wanted) = report.abandoned_to.filter(|_| !report.replaced) else { return };
            let level_wanted = if wanted > 0 {
                self.min_level(state.presentation, wanted)
            } else {
                MINIMUM_BUFFER
            };
            self.placeholder = self.placeholder.min((level_wanted - level).max(0.0));
        } else if report.replaced {
            self.placeholder += state.presentation.segment();
        } else {
            let before = level + report.download.progress.time;
            self.placeholder =
                self.placeholder.min((self.max_level(report.rung) - before).max(0.0));
            // Not while rebuffering, which the placeholder must not hide.
            if level > 0.0 {
                let least = self.min_level(state.presentation, report.rung) - before;
                self.placeholder = self.placeholder.max(least);
            }
        }
    }

    fn on_seek(&mut self, _target: f64, _presentation: &Presentation) {
        self.steady = false;
    }
}
