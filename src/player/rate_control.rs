//! An algorithm with its estimator: what a player decides, whatever drives its downloads.

use super::{
    abr::{Abr, Choice, State},
    estimator::{Estimate, Estimator},
    network::Progress,
    presentation::Presentation,
    session_report::SessionReport,
};
use std::borrow::Borrow;

/// The order of a player's decisions: a choice before each request, a check while it goes on, a lesson
/// from its end. [`Session`](super::Session) and the player over HTTP both decide through it.
pub struct RateControl<P, A, E> {
    presentation: P,
    abr: A,
    /// None for an algorithm that measures the network itself.
    estimator: Option<E>,
    estimate: Option<Estimate>,
    started: bool,
    /// The highest rung that is left for the next segment after downloads of it were given up.
    left: Option<usize>,
    /// Whether the rung of a segment whose download was given up is chosen anew.
    anew: bool,
    /// How far the viewer is behind the live edge, in ms; 0 where it is not known.
    pub live_latency: f64,
    /// Seconds of media that are shown in a second.
    pub playback_rate: f64,
}

/// A control that owns all its parts.
pub type OwnedRateControl = RateControl<Presentation, Box<dyn Abr>, Box<dyn Estimator>>;

impl<P, A, E> std::fmt::Debug for RateControl<P, A, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RateControl").field("estimate", &self.estimate).finish_non_exhaustive()
    }
}

impl<P: Borrow<Presentation>, A: Abr, E: Estimator> RateControl<P, A, E> {
    /// An algorithm before its first download.
    #[must_use]
    pub const fn new(presentation: P, abr: A, estimator: Option<E>) -> Self {
        Self {
            presentation,
            abr,
            estimator,
            estimate: None,
            started: false,
            left: None,
            anew: false,
            live_latency: 0.0,
            playback_rate: 1.0,
        }
    }

    /// The same, which requests a segment whose download was given up at whatever rung it would choose then. The estimate
    /// has learnt nothing from that download, so that the same rung may be requested again and again; Sabre does so.
    #[must_use]
    pub const fn choosing_anew(mut self) -> Self {
        self.anew = true;
        self
    }

    /// What is played.
    #[must_use]
    pub fn presentation(&self) -> &Presentation {
        self.presentation.borrow()
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
        let presentation = self.presentation.borrow();
        let top = presentation.top();
        if !self.started {
            return Choice::now(self.abr.first().min(top));
        }
        let mut state = State::new(presentation, level, self.estimate, segment, now);
        state.live_latency = self.live_latency;
        state.playback_rate = self.playback_rate;
        let choice = self.abr.choose(&state);
        Choice { rung: choice.rung.min(self.left.unwrap_or(top)).min(top), ..choice }
    }

    /// The rung that the estimate allows, if the algorithm says so: see [`Abr::ideal`].
    pub fn ideal(&self, level: f64, segment: usize, now: f64) -> Option<usize> {
        if !self.started {
            return None;
        }
        let presentation = self.presentation.borrow();
        self.abr.ideal(&State::new(presentation, level, self.estimate, segment, now))
    }

    /// Buffered segments were thrown away; the last one that is left is at `rung`.
    pub fn discarded(&mut self, rung: usize) {
        self.abr.on_discard(rung);
    }

    /// Whether to give up a download at `rung` that began at `now` with `level` ms in the buffer: the
    /// rung to go to. The segment is then requested at that rung, or a lower one.
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
        let state = State::new(self.presentation.borrow(), level, self.estimate, segment, now);
        let wanted = self.abr.abandon(&state, rung, progress, (level - progress.time).max(0.0));
        if wanted.is_some() && !self.anew {
            self.left = wanted;
        }
        wanted
    }

    /// Learns from a download that ended, or was given up; `next` is the next segment. Returns its
    /// throughput in kbit/s, which is not finite if its body took no time.
    pub fn learn(&mut self, report: &SessionReport, next: usize, now: f64) -> f64 {
        let level = report.levels[2];
        let presentation = self.presentation.borrow();
        let progress = &report.download.progress;
        let time = progress.time - progress.first_byte;
        let throughput = progress.received / time;
        if !report.download.abandoned && !report.replaced {
            self.left = None;
        }
        if self.started {
            let state = State::new(presentation, level, self.estimate, next, now);
            self.abr.on_download(&state, report);
        }
        // A body that came with its head took no time that could be measured.
        let measured = !report.download.abandoned && throughput.is_finite() && time > 0.0;
        if let Some(estimator) = self.estimator.as_mut().filter(|_| measured) {
            self.estimate = Some(estimator.push(time, throughput, progress.first_byte));
        }
        if !self.started {
            self.started = true;
            let state = State::new(presentation, level, self.estimate, next, now);
            self.abr.on_first(&state, report);
        }
        throughput
    }

    /// The player slept `time` ms because the buffer was full.
    pub fn waited(&mut self, time: f64) {
        self.abr.on_wait(time);
    }

    /// The viewer jumped to media time `target` ms.
    pub fn sought(&mut self, target: f64) {
        self.abr.on_seek(target, self.presentation.borrow());
    }

    /// Whether nothing was downloaded yet.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        !self.started
    }
}
