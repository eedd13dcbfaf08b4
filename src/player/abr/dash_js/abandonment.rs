//! dash.js's rule that gives up a download that would take too long.

use crate::player::{abr::State, network::Progress};
use std::collections::BTreeSet;

/// ms after the first byte before the rule looks.
const PATIENCE: f64 = 500.0;
/// This many times its duration is too long for a segment.
const TOO_LONG: f64 = 1.8;
/// No switch up for this many ms (`abandonLoadTimeout`).
const HOLD: f64 = 10_000.0;
const MS: f64 = 1000.0;

/// What was given up.
#[derive(Debug, Clone, Default)]
pub(super) struct Abandonment {
    /// Segments; none is given up twice.
    segments: BTreeSet<usize>,
    /// Until when the rungs cannot rise, in ms.
    until: Option<f64>,
}

impl Abandonment {
    /// Whether a download was given up a short time before `now` ms.
    pub(super) fn holds(&self, now: f64) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// `segment` was given up at `now` ms.
    pub(super) fn begin(&mut self, segment: usize, now: f64) {
        self.segments.insert(segment);
        self.until = Some(now + HOLD);
    }

    /// The throughput of the download in kbit/s, rounded, if it would take too long. The traces of
    /// the request are taken to begin with its first byte.
    pub(super) fn throughput(
        &self,
        state: &State<'_>,
        rung: usize,
        progress: &Progress,
    ) -> Option<f64> {
        let time = progress.time - progress.first_byte;
        let looks = rung > 0
            && progress.received > 0.0
            && progress.received < progress.size
            && time > PATIENCE
            && !self.segments.contains(&state.segment);
        if !looks {
            return None;
        }
        let throughput = (progress.received / time.max(1.0)).round();
        // dash.js keeps two decimals of the seconds.
        let seconds = (progress.size / throughput / MS * 100.0).round() / 100.0;
        (seconds >= state.presentation.segment() / MS * TOO_LONG).then_some(throughput)
    }
}
