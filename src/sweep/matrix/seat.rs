//! One of the players of a run: what it shows, and what sees its downloads.

use crate::player::{Observer, SessionReport, estimator::Estimate};

const MS: f64 = 1000.0;

/// Counts what is shown.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) last: Option<usize>,
    pub(super) segments: f64,
    pub(super) up: f64,
    pub(super) down: f64,
    /// When each segment starts to be shown, in seconds, and its rung, if that is wanted.
    pub(super) rungs: Option<Vec<(f64, usize)>>,
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
        if let Some(rungs) = &mut self.rungs {
            rungs.push((shown / MS, rung));
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
