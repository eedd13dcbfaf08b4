//! BBA-2: sizes of segments mapped to the buffer level, after a start by the growth of the buffer.
//!
//! Source: Huang, Johari, McKeown, Trunnell, Watson, "A Buffer-Based Approach to Rate Adaptation",
//! SIGCOMM 2014, sections 5 and 6. The paper's buffer of 240 s is a parameter here; its other times
//! scale with it.

use super::{Abr, Choice, State};
use crate::player::{playback::count, presentation::Presentation, session_report::SessionReport};

/// The paper's buffer in ms, and the smallest and largest reservoir.
const PAPER_BUFFER: f64 = 240_000.0;
const SMALLEST_RESERVOIR: f64 = 8000.0;
const LARGEST_RESERVOIR: f64 = 140_000.0;
/// The share of the buffer at which the highest rung is reached.
const UPPER: f64 = 0.9;
/// How far ahead the reservoir looks, in lengths of the buffer.
const LOOK_AHEAD: f64 = 2.0;
/// The growth of the buffer for each segment, as a share of its duration, from which on the rung is
/// raised during the start: with an empty buffer, and with a full cushion.
const GROWTH_EMPTY: f64 = 0.875;
const GROWTH_FULL: f64 = 0.5;

/// The parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bba2Config {
    /// The maximum buffer in ms.
    pub max_buffer: f64,
}

impl Default for Bba2Config {
    fn default() -> Self {
        Self { max_buffer: PAPER_BUFFER }
    }
}

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Bba2 {
    config: Bba2Config,
    last: usize,
    /// Whether the buffer map has not taken over yet.
    starting: bool,
    /// How the level changed with the last segment, in ms.
    growth: f64,
}

impl Bba2 {
    /// The algorithm.
    #[must_use]
    pub const fn new(config: Bba2Config) -> Self {
        Self { config, last: 0, starting: true, growth: 0.0 }
    }

    /// What a buffer must hold to play the next segments at the lowest rung on a link of exactly its
    /// bitrate, in ms, within bounds.
    fn reservoir(&self, state: &State<'_>) -> f64 {
        let presentation = state.presentation;
        let scale = self.config.max_buffer / PAPER_BUFFER;
        let ahead = LOOK_AHEAD * self.config.max_buffer;
        let lowest = presentation.bitrates()[0];
        let (mut time, mut need, mut segment) = (0.0, 0.0, state.segment);
        while time < ahead {
            let Some(size) = presentation.size(segment, 0) else { break };
            need += size / lowest - presentation.segment();
            time += presentation.segment();
            segment += 1;
        }
        need.clamp(SMALLEST_RESERVOIR * scale, LARGEST_RESERVOIR * scale)
    }

    /// The size in bits that the map allows at the present level.
    fn allowed(&self, state: &State<'_>, reservoir: f64) -> f64 {
        let upper = (UPPER * self.config.max_buffer).max(reservoir + 1.0);
        let share = ((state.level - reservoir) / (upper - reservoir)).clamp(0.0, 1.0);
        let smallest = mean_size(state.presentation, 0);
        let largest = mean_size(state.presentation, state.presentation.top());
        smallest + share * (largest - smallest)
    }

    /// The rung that the map proposes.
    fn mapped(&self, state: &State<'_>) -> usize {
        let (presentation, top) = (state.presentation, state.presentation.top());
        let reservoir = self.reservoir(state);
        if state.level <= reservoir {
            return 0;
        }
        if state.level >= UPPER * self.config.max_buffer {
            return top;
        }
        let allowed = self.allowed(state, reservoir);
        let size = |rung: usize| next_size(presentation, state.segment, rung);
        let last = self.last.min(top);
        let highest = |fits: &dyn Fn(f64) -> bool| (0..=top).rev().find(|rung| fits(size(*rung)));
        if last < top && size(last + 1) <= allowed {
            // The highest that fits, at least one above the present.
            highest(&|size| size <= allowed).unwrap_or(0).max(last)
        } else if size(last) >= allowed {
            highest(&|size| size < allowed).unwrap_or(0).min(last)
        } else {
            last
        }
    }

    /// The growth of the buffer that raises the rung during the start, in ms.
    fn needed_growth(&self, state: &State<'_>) -> f64 {
        let upper = UPPER * self.config.max_buffer;
        let share = (state.level / upper).clamp(0.0, 1.0);
        let factor = GROWTH_EMPTY - share * (GROWTH_EMPTY - GROWTH_FULL);
        factor * state.presentation.segment()
    }
}

impl Abr for Bba2 {
    fn choose(&mut self, state: &State<'_>) -> Choice {
        let mapped = self.mapped(state);
        let mut rung = mapped;
        if self.starting {
            let raised = self.growth > self.needed_growth(state);
            let next = self.last + usize::from(raised && self.last < state.presentation.top());
            if self.growth < 0.0 || mapped > next {
                self.starting = false;
            } else {
                rung = next;
            }
        }
        self.last = rung;
        Choice::now(rung)
    }

    fn on_first(&mut self, state: &State<'_>, report: &SessionReport) {
        self.on_download(state, report);
    }

    fn on_download(&mut self, state: &State<'_>, report: &SessionReport) {
        if report.download.abandoned {
            return;
        }
        self.last = report.rung;
        // Time that the player slept on a full buffer is no sign of a slow network.
        self.growth = state.presentation.segment() - report.download.progress.time;
    }

    fn on_seek(&mut self, _target: f64, _presentation: &Presentation) {
        self.starting = true;
        self.growth = 0.0;
    }
}

/// The size of a segment; what its bitrate says where no size is known.
fn next_size(presentation: &Presentation, segment: usize, rung: usize) -> f64 {
    let nominal = presentation.bitrates()[rung] * presentation.segment();
    presentation.size(segment, rung).unwrap_or(nominal)
}

/// The mean size of segments at `rung` in bits.
fn mean_size(presentation: &Presentation, rung: usize) -> f64 {
    let sizes = presentation.sizes_of(rung);
    let (sum, number) = sizes.fold((0.0, 0_usize), |(sum, number), size| (sum + size, number + 1));
    sum / count(number)
}
