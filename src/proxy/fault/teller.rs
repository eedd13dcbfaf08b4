//! Who tells of faults where the exchange's ticket is not at hand.

use crate::event::{Bus, Event, RequestTag};
use std::sync::Arc;

/// Tells of one request's faults.
pub(in crate::proxy) struct Teller {
    bus: Arc<Bus>,
    request: Arc<RequestTag>,
}

impl Teller {
    pub(in crate::proxy) const fn new(bus: Arc<Bus>, request: Arc<RequestTag>) -> Self {
        Self { bus, request }
    }

    /// Tells that `effect` of `rule` took place.
    pub(in crate::proxy) fn injected(
        &self,
        rule: &Arc<str>,
        effect: &'static str,
        at_byte: Option<u64>,
    ) {
        let (request, rule) = (Arc::clone(&self.request), Arc::clone(rule));
        self.bus.emit(&Event::FaultInjected { request, rule, effect, at_byte });
    }
}
