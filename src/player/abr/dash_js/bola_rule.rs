//! dash.js's BOLA with a placeholder buffer. Times are seconds here, as there.

use crate::player::{abr::bola, playback::count, presentation::Presentation};

const MINIMUM_BUFFER: f64 = 10.0;
const BUFFER_PER_RUNG: f64 = 2.0;
const DECAY: f64 = 0.99;

/// See the module.
#[derive(Debug)]
pub(super) struct BolaRule {
    utilities: Vec<f64>,
    gamma_p: f64,
    vp: f64,
    /// `None` before the rule was asked for the first time: nothing is remembered before.
    state: Option<State>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    steady: bool,
    placeholder: f64,
    current: usize,
    /// The duration of the last segment.
    duration: Option<f64>,
    /// When the last segment was finished, in ms.
    finished: Option<f64>,
    /// When the rule was asked last, in ms.
    asked: Option<f64>,
}

/// What the rule needs to know of the moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) presentation: &'a Presentation,
    /// Seconds.
    pub(super) buffer: f64,
    /// ms.
    pub(super) now: f64,
    /// The highest rung within the safe throughput.
    pub(super) sustainable: usize,
}

impl BolaRule {
    /// The rule; `None` for a single rung. `buffer_time` is `bufferTimeDefault` in seconds.
    pub(super) fn new(presentation: &Presentation, buffer_time: f64) -> Option<Self> {
        let rungs = presentation.bitrates().len();
        if rungs < 2 {
            return None;
        }
        let logs: Vec<f64> =
            presentation.bitrates().iter().map(|bitrate| (bitrate * 1000.0).ln()).collect();
        let utilities: Vec<f64> = logs.iter().map(|log| log - logs[0] + 1.0).collect();
        let buffer = buffer_time.max(MINIMUM_BUFFER + BUFFER_PER_RUNG * count(rungs));
        let gamma_p = (utilities[rungs - 1] - 1.0) / (buffer / MINIMUM_BUFFER - 1.0);
        Some(Self { utilities, gamma_p, vp: MINIMUM_BUFFER / gamma_p, state: None })
    }

    /// A segment at `rung` was received: requested at `requested` ms, finished at `finished` ms, with `buffer` seconds before
    /// it is added. One that takes the place of another one adds nothing.
    pub(super) fn on_segment(
        &mut self,
        rung: usize,
        duration: f64,
        requested: f64,
        finished: f64,
        buffer: f64,
        replaces: bool,
    ) {
        let max = self.max_level(rung);
        let Some(state) = &mut self.state else { return };
        state.duration = Some(duration);
        state.current = rung;
        state.finished = Some(finished);
        let at_request = buffer + 0.001 * (finished - requested);
        state.placeholder = (max - at_request).max(0.0).min(state.placeholder * DECAY);
        if replaces {
            state.placeholder += duration;
        }
    }

    /// A download was given up for one at `rung`, with `buffer` seconds: the placeholder is no more than
    /// what that rung needs.
    pub(super) fn on_abandonment(&mut self, presentation: &Presentation, rung: usize, buffer: f64) {
        let wanted = if rung > 0 { self.min_level(presentation, rung) } else { MINIMUM_BUFFER };
        let Some(state) = &mut self.state else { return };
        state.current = rung;
        state.placeholder = state.placeholder.min((wanted - buffer).max(0.0));
    }

    /// The buffer has run empty.
    pub(super) const fn on_empty(&mut self) {
        if let Some(state) = &mut self.state
            && state.steady
        {
            state.placeholder = 0.0;
        }
    }

    /// The viewer jumped: the throughput decides again.
    pub(super) const fn on_seek(&mut self) {
        if let Some(state) = &mut self.state {
            state.steady = false;
            state.placeholder = 0.0;
            state.duration = None;
            state.finished = None;
        }
    }

    /// The rung that the rule proposes.
    pub(super) fn proposal(&mut self, moment: &Moment<'_>) -> usize {
        let state = *self.state.get_or_insert(State {
            steady: false,
            placeholder: 0.0,
            current: 0,
            duration: None,
            finished: None,
            asked: None,
        });
        let next =
            if state.steady { self.steady(state, moment) } else { self.startup(state, moment) };
        self.state = Some(next);
        next.current
    }

    fn startup(&self, mut state: State, moment: &Moment<'_>) -> State {
        let rung = moment.sustainable;
        state.placeholder = (self.min_level(moment.presentation, rung) - moment.buffer).max(0.0);
        state.current = rung;
        state.steady = state.duration.is_some_and(|duration| moment.buffer >= duration);
        state
    }

    fn steady(&self, mut state: State, moment: &Moment<'_>) -> State {
        if let Some(since) = state.finished.or(state.asked) {
            state.placeholder += (0.001 * (moment.now - since)).max(0.0);
        }
        state.asked = Some(moment.now);
        state.finished = None;
        let mut rung = self.best(moment.presentation, moment.buffer + state.placeholder);
        if rung > state.current && rung > moment.sustainable {
            rung = moment.sustainable.max(state.current);
        }
        let wait = (moment.buffer + state.placeholder - self.max_level(rung)).max(0.0);
        // What the placeholder does not cover delays the next request.
        state.placeholder = if wait <= state.placeholder { state.placeholder - wait } else { 0.0 };
        state.current = rung;
        state
    }

    /// The rung of the highest score; the higher one of equals.
    fn best(&self, presentation: &Presentation, level: f64) -> usize {
        let (mut found, mut highest) = (0, f64::NAN);
        for (rung, (utility, bitrate)) in
            self.utilities.iter().zip(presentation.bitrates()).enumerate()
        {
            let score = (self.vp * (utility - 1.0 + self.gamma_p) - level) / (bitrate * 1000.0);
            if highest.is_nan() || score >= highest {
                (found, highest) = (rung, score);
            }
        }
        found
    }

    fn min_level(&self, presentation: &Presentation, rung: usize) -> f64 {
        bola::min_level(&self.utilities, presentation.bitrates(), self.vp, self.gamma_p, rung)
    }

    fn max_level(&self, rung: usize) -> f64 {
        self.vp * (self.utilities[rung] + self.gamma_p)
    }
}
