//! Reports faults where the exchange is not accessible.

use crate::{
    event::{Bus, Event, RequestTag},
    rules::Reservations,
};
use std::sync::Arc;

/// Reports the faults of one request.
pub(in crate::proxy) struct FaultReporter {
    bus: Arc<Bus>,
    request: Arc<RequestTag>,
    reservations: Option<Arc<Reservations>>,
}

impl FaultReporter {
    pub(in crate::proxy) const fn new(
        bus: Arc<Bus>,
        request: Arc<RequestTag>,
        reservations: Option<Arc<Reservations>>,
    ) -> Self {
        Self { bus, request, reservations }
    }

    /// Emits the event that `effect` of `rule` was applied, and counts it in the rule's budget.
    pub(in crate::proxy) fn injected(
        &self,
        rule: &Arc<str>,
        effect: &'static str,
        at_byte: Option<u64>,
    ) {
        self.reservations.iter().for_each(|reservations| reservations.keep(rule));
        let (request, rule) = (Arc::clone(&self.request), Arc::clone(rule));
        self.bus.emit(&Event::FaultInjected { request, rule, effect, at_byte });
    }
}
