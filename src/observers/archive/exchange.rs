//! One exchange, collected from its events.

use super::split::Split;
use crate::{
    clock::Timestamp,
    event::{Measured, Outcome, RequestTag},
    rules::Plan,
    units::ProcessTime,
};
use std::{sync::Arc, time::Duration};

/// The most faults, and the most drops, that are listed per exchange. Further drops are only counted.
const MOST_LISTED: usize = 32;
/// The longest path that is kept of a finished exchange.
const LONGEST_PATH: usize = 2048;

/// One exchange.
#[derive(Debug, Clone)]
pub(in crate::observers) struct Exchange {
    /// Its number in its session, from 1, in the order of arrival.
    pub(in crate::observers) number: u64,
    pub(in crate::observers) request: Arc<RequestTag>,
    /// When its effects were decided.
    pub(in crate::observers) started: Timestamp,
    /// The latency drawn for this request.
    pub(in crate::observers) latency: Duration,
    pub(in crate::observers) plan: Option<Arc<Plan>>,
    pub(in crate::observers) faults: Vec<AppliedFault>,
    pub(in crate::observers) drops: Vec<Drop>,
    /// The number of all drops, listed or not.
    pub(in crate::observers) dropped: u64,
    pub(in crate::observers) upstream_failure: Option<String>,
    pub(in crate::observers) end: End,
}

/// A fault that was applied.
#[derive(Debug, Clone)]
pub(in crate::observers) struct AppliedFault {
    pub(in crate::observers) rule: Arc<str>,
    pub(in crate::observers) effect: &'static str,
    pub(in crate::observers) at_byte: Option<u64>,
    pub(in crate::observers) at: ProcessTime,
}

/// A packet that the loss process dropped.
#[derive(Debug, Clone)]
pub(in crate::observers) struct Drop {
    pub(in crate::observers) action: &'static str,
    pub(in crate::observers) at_byte: u64,
    pub(in crate::observers) at: ProcessTime,
}

/// How it ended.
#[derive(Debug, Clone)]
pub(in crate::observers) struct End {
    /// 0 = there was no response.
    pub(in crate::observers) status: u16,
    pub(in crate::observers) outcome: Outcome,
    /// Body bytes handed over.
    pub(in crate::observers) bytes: u64,
    pub(in crate::observers) measured: Measured,
    /// From its arrival to its end; for a response that was broken off, longer than until its last byte.
    pub(in crate::observers) lasted: Duration,
    /// Where this time went.
    pub(in crate::observers) split: Split,
}

impl End {
    /// Whether the response is a success, and its body arrived whole.
    pub(in crate::observers) fn is_whole(&self) -> bool {
        self.outcome == Outcome::Complete && matches!(self.status, 200..=299) && self.bytes > 0
    }
}

impl Exchange {
    /// An exchange that has started.
    pub(in crate::observers) fn new(
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
            lasted: Duration::ZERO,
            split: Split::default(),
        };
        Self {
            number: 0,
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
    pub(in crate::observers) fn is_of(&self, request: &Arc<RequestTag>) -> bool {
        let own = &self.request;
        // A request that was reclassified by its body has a new tag.
        Arc::ptr_eq(own, request)
            || own.attempt == request.attempt
                && own.details.hop == request.details.hop
                && own.method == request.method
                && own.path == request.path
    }

    pub(in crate::observers) fn add_fault(
        &mut self,
        rule: &Arc<str>,
        effect: &'static str,
        at_byte: Option<u64>,
        at: ProcessTime,
    ) {
        if self.faults.len() < MOST_LISTED {
            self.faults.push(AppliedFault { rule: Arc::clone(rule), effect, at_byte, at });
        }
    }

    pub(in crate::observers) fn add_drop(
        &mut self,
        action: &'static str,
        at_byte: u64,
        at: ProcessTime,
    ) {
        self.dropped += 1;
        if self.drops.len() < MOST_LISTED {
            self.drops.push(Drop { action, at_byte, at });
        }
    }

    /// Marks it as finished. `request` is the final tag of the request.
    pub(in crate::observers) fn finish(&mut self, request: &Arc<RequestTag>, end: End) {
        if request.path.len() > LONGEST_PATH {
            self.request = Arc::new(clipped(request));
        } else if !Arc::ptr_eq(&self.request, request) {
            self.request = Arc::clone(request);
        }
        self.end = end;
    }
}

fn clipped(request: &RequestTag) -> RequestTag {
    let mut path = request.path.clone();
    let mut ends = (0..=LONGEST_PATH).rev();
    path.truncate(ends.find(|end| path.is_char_boundary(*end)).unwrap_or_default());
    path.shrink_to_fit();
    RequestTag { path, ..request.clone() }
}
