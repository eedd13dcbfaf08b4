//! Counts of a session.

use crate::{
    event::Outcome,
    observers::archive::{Exchange, Split},
};

/// Counts and sums of the exchanges of a session that are over.
#[derive(Debug, Clone, Default)]
pub(super) struct Totals {
    pub(super) requests: u64,
    /// Media segments and parts that arrived whole.
    pub(super) segments: u64,
    /// Body bytes.
    pub(super) bytes: u64,
    /// Requests that failed: without a response, with a status from 400, or with a body that was cut.
    pub(super) errors: u64,
    pub(super) faults: u64,
    pub(super) drops: u64,
    /// Where the time went.
    pub(super) split: Split,
}

impl Totals {
    pub(super) fn add(&mut self, exchange: &Exchange) {
        let end = &exchange.end;
        self.requests += 1;
        self.bytes += end.bytes;
        let cut = matches!(end.outcome, Outcome::Cut | Outcome::OriginCut);
        let answered = end.status != 0 || end.outcome == Outcome::PlayerGone;
        self.errors += u64::from(cut || !answered || end.status >= 400);
        self.split += end.split;
    }
}
