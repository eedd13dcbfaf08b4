//! One exchange, as far as events told of it.

use crate::{
    event::{Measured, Outcome, RequestTag},
    rules::Plan,
};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

/// Faults, and drops, that are kept one by one of an exchange; the drops beyond are counted.
const MOST_STRIKES: usize = 32;
/// Bytes of a path that are kept of a finished exchange.
const LONGEST_PATH: usize = 2048;

/// One exchange.
pub(super) struct Exchange {
    pub(super) request: Arc<RequestTag>,
    /// By the clock of the world.
    pub(super) started: SystemTime,
    /// As drawn for this request.
    pub(super) latency: Duration,
    pub(super) plan: Option<Arc<Plan>>,
    pub(super) strikes: Vec<Strike>,
    pub(super) drops: Vec<Drop>,
    /// All drops, those that are kept and those that are not.
    pub(super) dropped: u64,
    pub(super) upstream_failure: Option<String>,
    pub(super) end: End,
}

/// A fault that took place.
pub(super) struct Strike {
    pub(super) rule: Arc<str>,
    pub(super) effect: &'static str,
    pub(super) at_byte: Option<u64>,
}

/// A packet that the loss process took.
pub(super) struct Drop {
    pub(super) action: &'static str,
    pub(super) at_byte: u64,
}

/// How it ended.
pub(super) struct End {
    /// 0 = none was answered.
    pub(super) status: u16,
    pub(super) outcome: Outcome,
    /// Of the body, handed over.
    pub(super) bytes: u64,
    pub(super) measured: Measured,
}

impl Exchange {
    /// One that has begun.
    pub(super) fn new(
        request: &Arc<RequestTag>,
        started: SystemTime,
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
            strikes: Vec::new(),
            drops: Vec::new(),
            dropped: 0,
            upstream_failure: None,
            end,
        }
    }

    /// Whether it is that of `request`.
    pub(super) fn is_of(&self, request: &Arc<RequestTag>) -> bool {
        let own = &self.request;
        // A body may turn out to be something else than its address said: that is a tag of its own.
        Arc::ptr_eq(own, request)
            || own.attempt == request.attempt
                && own.details.hop == request.details.hop
                && own.method == request.method
                && own.path == request.path
    }

    pub(super) fn struck(&mut self, rule: &Arc<str>, effect: &'static str, at_byte: Option<u64>) {
        if self.strikes.len() < MOST_STRIKES {
            self.strikes.push(Strike { rule: Arc::clone(rule), effect, at_byte });
        }
    }

    pub(super) fn lost(&mut self, action: &'static str, at_byte: u64) {
        self.dropped += 1;
        if self.drops.len() < MOST_STRIKES {
            self.drops.push(Drop { action, at_byte });
        }
    }

    /// The same, over; `request` is what it turned out to be.
    pub(super) fn finished(mut self, request: &Arc<RequestTag>, end: End) -> Self {
        self.request = match request.path.len() > LONGEST_PATH {
            true => Arc::new(clipped(request)),
            false => Arc::clone(request),
        };
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
