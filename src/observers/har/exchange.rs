//! One exchange, collected from its events.

use crate::{
    clock::Timestamp,
    event::{Measured, Outcome, RequestTag},
    rules::Plan,
};
use std::{sync::Arc, time::Duration};

/// The most faults, and the most drops, that are listed per exchange. Further drops are only counted.
const MOST_LISTED: usize = 32;
/// The longest path that is kept of a finished exchange.
const LONGEST_PATH: usize = 2048;

/// One exchange.
pub(super) struct Exchange {
    pub(super) request: Arc<RequestTag>,
    /// When its effects were decided.
    pub(super) started: Timestamp,
    /// The latency drawn for this request.
    pub(super) latency: Duration,
    pub(super) plan: Option<Arc<Plan>>,
    pub(super) faults: Vec<AppliedFault>,
    pub(super) drops: Vec<Drop>,
    /// The number of all drops, listed or not.
    pub(super) dropped: u64,
    pub(super) upstream_failure: Option<String>,
    pub(super) end: End,
}

/// A fault that was applied.
pub(super) struct AppliedFault {
    pub(super) rule: Arc<str>,
    pub(super) effect: &'static str,
    pub(super) at_byte: Option<u64>,
}

/// A packet that the loss process dropped.
pub(super) struct Drop {
    pub(super) action: &'static str,
    pub(super) at_byte: u64,
}

/// How it ended.
pub(super) struct End {
    /// 0 = there was no response.
    pub(super) status: u16,
    pub(super) outcome: Outcome,
    /// Body bytes handed over.
    pub(super) bytes: u64,
    pub(super) measured: Measured,
}

impl Exchange {
    /// An exchange that has started.
    pub(super) fn new(
        request: &Arc<RequestTag>,
        started: Timestamp,
        latency: Duration,
        plan: Option<&Arc<Plan>>,
    ) -> Self {
        let end = End {
            status: 0,
            outcome: Outcome::PlayerGone,
            bytes: 0,
            measured: Measured::default(),
        };
        Self {
            request: Arc::clone(request),
            started,
            latency,
            plan: plan.cloned(),
            faults: Vec::new(),
            drops: Vec::new(),
            dropped: 0,
            upstream_failure: None,
            end,
        }
    }

    /// Whether it belongs to `request`.
    pub(super) fn is_of(&self, request: &Arc<RequestTag>) -> bool {
        let own = &self.request;
        // A request that was reclassified by its body has a new tag.
        Arc::ptr_eq(own, request)
            || own.attempt == request.attempt
                && own.details.hop == request.details.hop
                && own.method == request.method
                && own.path == request.path
    }

    pub(super) fn add_fault(
        &mut self,
        rule: &Arc<str>,
        effect: &'static str,
        at_byte: Option<u64>,
    ) {
        if self.faults.len() < MOST_LISTED {
            self.faults.push(AppliedFault { rule: Arc::clone(rule), effect, at_byte });
        }
    }

    pub(super) fn add_drop(&mut self, action: &'static str, at_byte: u64) {
        self.dropped += 1;
        if self.drops.len() < MOST_LISTED {
            self.drops.push(Drop { action, at_byte });
        }
    }

    /// Marks it as finished. `request` is the final tag of the request.
    pub(super) fn finished(mut self, request: &Arc<RequestTag>, end: End) -> Self {
        let too_long = request.path.len() > LONGEST_PATH;
        self.request = if too_long { Arc::new(clipped(request)) } else { Arc::clone(request) };
        self.end = end;
        self
    }
}

fn clipped(request: &RequestTag) -> RequestTag {
    let mut path = request.path.clone();
    let mut ends = (0..=LONGEST_PATH).rev();
    path.truncate(ends.find(|end| path.is_char_boundary(*end)).unwrap_or_default());
    path.shrink_to_fit();
    RequestTag { path, ..request.clone() }
}
