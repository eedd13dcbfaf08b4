//! What an algorithm sees, and what it answers.

use crate::player::{
    estimator::Estimate, network::Progress, playback::count, presentation::Presentation,
    session_report::SessionReport,
};

/// What an algorithm sees.
#[derive(Debug, Clone, Copy)]
pub struct State<'a> {
    /// What is played.
    pub presentation: &'a Presentation,
    /// The buffer level in ms.
    pub level: f64,
    /// The estimate from the downloads so far.
    pub estimate: Option<Estimate>,
    /// The 0-based segment that is requested next.
    pub segment: usize,
    /// The session's time in ms.
    pub now: f64,
    /// The media time that is shown, in ms.
    pub position: f64,
    /// How far the viewer is behind the live edge, in ms; 0 where it is not known.
    pub live_latency: f64,
    /// Seconds of media that are shown in a second.
    pub playback_rate: f64,
}

impl<'a> State<'a> {
    /// The state at `now` ms, before `segment` is requested.
    #[must_use]
    pub fn new(
        presentation: &'a Presentation,
        level: f64,
        estimate: Option<Estimate>,
        segment: usize,
        now: f64,
    ) -> Self {
        let position = (count(segment) * presentation.segment() - level).max(0.0);
        let (live_latency, playback_rate) = (0.0, 1.0);
        Self { presentation, level, estimate, segment, now, position, live_latency, playback_rate }
    }

    /// The highest rung whose segments take no longer than they last, latency included, at
    /// `throughput` kbit/s; the lowest if none does.
    #[must_use]
    pub fn sustainable(&self, throughput: f64) -> usize {
        let segment = self.presentation.segment();
        let latency = self.estimate.map_or(0.0, |estimate| estimate.latency);
        let bitrates = self.presentation.bitrates();
        let fits = |bitrate: &&f64| latency + segment * **bitrate / throughput <= segment;
        bitrates.iter().skip(1).take_while(fits).count()
    }
}

/// A choice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// The 0-based rung.
    pub rung: usize,
    /// Sleep before the request, in ms.
    pub wait: f64,
}

impl Choice {
    /// `rung`, requested at once.
    #[must_use]
    pub const fn now(rung: usize) -> Self {
        Self { rung, wait: 0.0 }
    }
}

/// An algorithm of which each call of [`Abr::choose`] follows a call of [`Abr::on_first`] or
/// [`Abr::on_download`], but for the first segment. Implement [`Abr::choose`]; the rest is for algorithms that remember more than
/// [`State`] has.
pub trait Abr: Send {
    /// The rung of the first segment.
    fn first(&mut self) -> usize {
        0
    }

    /// The rung of the next segment.
    fn choose(&mut self, state: &State<'_>) -> Choice;

    /// Whether to give up the download of a segment at `rung`, when `level` ms are left in the buffer:
    /// returns the rung to go to. The segment is requested at that rung, or at a lower one that the next call of
    /// [`Abr::choose`] returns.
    fn abandon(
        &mut self,
        state: &State<'_>,
        rung: usize,
        progress: &Progress,
        level: f64,
    ) -> Option<usize> {
        let _ = (state, rung, progress, level);
        None
    }

    /// The first segment was downloaded.
    fn on_first(&mut self, state: &State<'_>, report: &SessionReport) {
        let _ = (state, report);
    }

    /// A later segment was downloaded, or given up.
    fn on_download(&mut self, state: &State<'_>, report: &SessionReport) {
        let _ = (state, report);
    }

    /// The player slept `time` ms because the buffer was full.
    fn on_wait(&mut self, time: f64) {
        let _ = time;
    }

    /// The algorithm's own estimate of the throughput in bit/s, if it keeps one.
    fn estimate(&self) -> Option<f64> {
        None
    }

    /// Why the algorithm cannot go on, if it cannot: a script or a program that failed. Its choices mean
    /// nothing from then on.
    fn failure(&self) -> Option<&str> {
        None
    }

    /// The rung that the estimate allows, whatever the buffer is, of an algorithm that says so: for players that throw
    /// lower ones away.
    fn ideal(&self, state: &State<'_>) -> Option<usize> {
        let _ = state;
        None
    }

    /// Buffered segments were thrown away; the last one that is left is at `rung`.
    fn on_discard(&mut self, rung: usize) {
        let _ = rung;
    }

    /// The viewer jumped to media time `target` ms.
    fn on_seek(&mut self, target: f64, presentation: &Presentation) {
        let _ = (target, presentation);
    }
}
