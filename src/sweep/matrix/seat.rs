//! One of the players of a run: what it shows, and what sees its downloads.

use super::shown_quality::ShownQuality;
use crate::player::{Observer, SessionReport, estimator::Estimate};

const MS: f64 = 1000.0;

/// Times of what is shown, in seconds since the first request.
#[derive(Debug, Default)]
pub(super) struct ShownTimes {
    /// When each segment starts to be shown, and its rung.
    pub(super) rungs: Vec<(f64, usize)>,
    /// From when to when playback stood still after its start.
    pub(super) stalls: Vec<(f64, f64)>,
}

impl ShownTimes {
    /// Times in which nothing was shown, from and to; the first is the startup.
    pub(super) fn standstills(&self) -> impl Iterator<Item = (f64, f64)> {
        let startup = self.rungs.first().map(|(shown, _)| (0.0, *shown));
        startup.into_iter().chain(self.stalls.iter().copied())
    }
}

/// Counts what is shown.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) last: Option<usize>,
    pub(super) segments: f64,
    pub(super) up: f64,
    pub(super) down: f64,
    /// What follows from their order; nothing before the ladder is set.
    pub(super) quality: ShownQuality,
    /// When each segment starts to be shown, and when nothing was shown, if that is recorded.
    pub(super) times: Option<ShownTimes>,
}

impl Observer for Shown {
    fn segment_shown(&mut self, rung: usize, shown: f64) {
        self.segments += 1.0;
        match self.last {
            Some(last) if rung > last => self.up += 1.0,
            Some(last) if rung < last => self.down += 1.0,
            _ => {}
        }
        self.last = Some(rung);
        self.quality.show(rung, 1.0, shown);
        if let Some(times) = &mut self.times {
            times.rungs.push((shown / MS, rung));
        }
    }

    fn rebuffered(&mut self, from: f64, to: f64) {
        let Some(times) = &mut self.times else { return };
        let (from, to) = (from / MS, to / MS);
        match times.stalls.last_mut() {
            Some((_, end)) if from <= *end => *end = to,
            _ => times.stalls.push((from, to)),
        }
    }
}

/// Sees each download, and the estimate after it.
pub(super) type See<'a> = Box<dyn FnMut(&SessionReport, Option<Estimate>) + Send + 'a>;

/// One of the players of a run: what it shows, and what sees its downloads.
pub(super) struct Seat<'a> {
    pub(super) shown: Shown,
    pub(super) see: See<'a>,
}

impl Default for Seat<'_> {
    /// Nothing sees the downloads.
    fn default() -> Self {
        Self { shown: Shown::default(), see: Box::new(|_, _| {}) }
    }
}
