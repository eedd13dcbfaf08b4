//! An algorithm with its estimator: what a player decides, whatever drives its downloads.

use super::{
    abr::{Abr, Choice, State},
    estimator::{Estimate, Estimator},
    network::Progress,
    presentation::Presentation,
    session::SessionReport,
};

/// See the module.
pub struct RateControl {
    presentation: Presentation,
    abr: Box<dyn Abr>,
    /// None for an algorithm that measures the network itself.
    estimator: Option<Box<dyn Estimator>>,
    estimate: Option<Estimate>,
    started: bool,
    /// How far the viewer is behind the live edge, in ms; 0 where it is not known.
    pub live_latency: f64,
    /// Seconds of media that are shown in a second.
    pub playback_rate: f64,
}

impl std::fmt::Debug for RateControl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RateControl").field("estimate", &self.estimate).finish_non_exhaustive()
    }
}

impl RateControl {
    /// An algorithm before its first download.
    #[must_use]
    pub fn new(
        presentation: Presentation,
        abr: Box<dyn Abr>,
        estimator: Option<Box<dyn Estimator>>,
    ) -> Self {
        Self {
            presentation,
            abr,
            estimator,
            estimate: None,
            started: false,
            live_latency: 0.0,
            playback_rate: 1.0,
        }
    }

    /// What is played.
    #[must_use]
    pub const fn presentation(&self) -> &Presentation {
        &self.presentation
    }

    /// The estimate in bit/s: the algorithm's own, else the estimator's.
    #[must_use]
    pub fn throughput(&self) -> Option<f64> {
        let estimated = self.estimate.map(|estimate| estimate.throughput * 1000.0);
        self.abr.estimate().or(estimated).filter(|estimate| estimate.is_finite())
    }

    /// The estimator's newest estimate.
    #[must_use]
    pub const fn estimate(&self) -> Option<Estimate> {
        self.estimate
    }

    /// Why the algorithm cannot go on, if it cannot.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.abr.failure()
    }

    /// The rung of the next segment, `segment`, with `level` ms in the buffer.
    pub fn choose(&mut self, level: f64, segment: usize, now: f64) -> Choice {
        let top = self.presentation.top();
        if !self.started {
            return Choice::now(self.abr.first().min(top));
        }
        let mut state = State::new(&self.presentation, level, self.estimate, segment, now);
        state.live_latency = self.live_latency;
        state.playback_rate = self.playback_rate;
        let choice = self.abr.choose(&state);
        Choice { rung: choice.rung.min(top), ..choice }
    }

    /// Whether to give up a download at `rung` that began with `level` ms in the buffer.
    pub fn abandon(
        &mut self,
        rung: usize,
        progress: &Progress,
        level: f64,
        segment: usize,
        now: f64,
    ) -> Option<usize> {
        if !self.started {
            return None;
        }
        let state = State::new(&self.presentation, level, self.estimate, segment, now);
        self.abr.abandon(&state, rung, progress, (level - progress.time).max(0.0))
    }

    /// Learns from a download that ended at `now` ms, or was given up.
    pub fn learn(&mut self, report: &SessionReport, next: usize, now: f64) {
        let level = report.levels[2];
        let progress = &report.download.progress;
        let time = progress.time - progress.first_byte;
        let throughput = progress.received / time;
        if self.started {
            let state = State::new(&self.presentation, level, self.estimate, next, now);
            self.abr.on_download(&state, report);
        }
        // A body that came with its head has taken no time that could be measured.
        let measured = !report.download.abandoned && throughput.is_finite() && time > 0.0;
        if let Some(estimator) = self.estimator.as_mut().filter(|_| measured) {
            self.estimate = Some(estimator.push(time, throughput, progress.first_byte));
        }
        if !self.started {
            self.started = true;
            let state = State::new(&self.presentation, level, self.estimate, next, now);
            self.abr.on_first(&state, report);
        }
    }

    /// The player slept `time` ms because the buffer was full.
    pub fn waited(&mut self, time: f64) {
        self.abr.on_wait(time);
    }

    /// Whether nothing was downloaded yet.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        !self.started
    }
}
