//! An exchange's ticket: carried through all its phases, and handed in, with what was measured, when
//! it is over, however that comes about.

use super::redirect_hops::Leads;
use crate::proxy::{
    body::uplink_loss::Cut, downstream::connection::Connection, fault::FaultReporter,
};
use crate::{
    event::{Bus, Event, Measured, Outcome, RequestTag},
    model::OnDrop,
    rules::{Plan, Reservations},
    seed::Seed,
    sessions::{Asked, Session},
};
use std::{sync::Arc, time::Duration};

/// One exchange under way. Dropping it ends the exchange.
pub(in crate::proxy) struct Ticket {
    pub(in crate::proxy) session: Arc<Session>,
    pub(in crate::proxy) request: Arc<RequestTag>,
    /// What rules ask of it.
    pub(in crate::proxy) plan: Option<Arc<Plan>>,
    /// What that took from budgets.
    pub(in crate::proxy) charges: Option<Arc<Reservations>>,
    /// What its attempts are counted by.
    pub(in crate::proxy) asked: Asked,
    /// Where its answer leads, if that is within the session.
    pub(in crate::proxy) leads: Option<Leads>,
    connection: Arc<Connection>,
    bus: Arc<Bus>,
    started: Duration,
    status: u16,
    outcome: Outcome,
    bytes: u64,
    upstream_ttfb: Option<Duration>,
    first_byte: Option<Duration>,
    last_byte: Option<Duration>,
    shaper_wait: Duration,
    /// What ended the request's body on its way up, if something has.
    pub(in crate::proxy) cut: Cut,
    /// What chances the request has.
    pub(in crate::proxy) seed: Seed,
}

impl Ticket {
    pub(in crate::proxy) fn new(
        session: Arc<Session>,
        request: Arc<RequestTag>,
        asked: Asked,
        connection: Arc<Connection>,
        bus: Arc<Bus>,
    ) -> Self {
        let started = request.details.session_time;
        session.enter();
        connection.enter();
        Self {
            session,
            request,
            plan: None,
            charges: None,
            asked,
            leads: None,
            connection,
            bus,
            started,
            status: 0,
            outcome: Outcome::PlayerGone,
            bytes: 0,
            upstream_ttfb: None,
            first_byte: None,
            last_byte: None,
            shaper_wait: Duration::ZERO,
            cut: Cut::default(),
            seed: Seed::new(0),
        }
    }

    /// What ended the request's body on its way up.
    pub(in crate::proxy) fn cut_on_its_way(&self) -> Option<OnDrop> {
        self.cut.get().copied()
    }

    /// The connection it came on.
    pub(in crate::proxy) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Tells the bus.
    pub(in crate::proxy) fn emit(&self, event: &Event) {
        self.bus.emit(event);
    }

    /// The bus, for those who outlive the ticket's phases.
    pub(in crate::proxy) const fn bus(&self) -> &Arc<Bus> {
        &self.bus
    }

    /// Tells of its faults where it is not at hand.
    pub(in crate::proxy) fn fault_reporter(&self) -> FaultReporter {
        FaultReporter::new(Arc::clone(&self.bus), Arc::clone(&self.request), self.charges.clone())
    }

    /// Tells that `effect` of `rule` took place.
    pub(in crate::proxy) fn injected(
        &self,
        rule: &Arc<str>,
        effect: &'static str,
        at_byte: Option<u64>,
    ) {
        self.fault_reporter().injected(rule, effect, at_byte);
    }

    /// `rule` struck by what later requests will tell of.
    pub(in crate::proxy) fn struck(&self, rule: &Arc<str>) {
        self.charges.iter().for_each(|charges| charges.struck(rule));
    }

    /// The origin answered after `ttfb`.
    pub(in crate::proxy) const fn upstream_answered(&mut self, ttfb: Duration) {
        self.upstream_ttfb = Some(ttfb);
    }

    /// Its answer leads to another address within the session, and the request there is counted in its place.
    pub(in crate::proxy) fn leads_on(&mut self) {
        let mut request = RequestTag::clone(&self.request);
        request.details.redirected = true;
        self.request = Arc::new(request);
    }

    /// The player is answered `status`.
    pub(in crate::proxy) const fn answered(&mut self, status: u16) {
        self.status = status;
    }

    /// `bytes` of the body were handed over at `now`, after a wait for the link.
    pub(in crate::proxy) fn passed(&mut self, bytes: usize, now: Duration, waited: Duration) {
        self.bytes += bytes as u64;
        self.first_byte.get_or_insert(now);
        self.last_byte = Some(now);
        self.shaper_wait += waited;
    }

    /// Body bytes handed over.
    pub(in crate::proxy) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How it ended. Said last, and before the drop.
    pub(in crate::proxy) const fn ended(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // Before anybody hears that it is over, and asks again.
        self.charges.iter().for_each(|charges| charges.give_back());
        let broken = matches!(self.outcome, Outcome::Cut | Outcome::OriginCut);
        if broken || self.status == 0 || self.status >= 400 {
            self.session.attempt_failed(self.asked);
        }
        let since = |time: Duration| time.saturating_sub(self.started);
        // The last byte is the end, unless the player went away after it: then that was.
        let now = match (self.outcome, self.last_byte) {
            (Outcome::Complete, Some(last)) => last,
            _ => self.session.now(),
        };
        let over = self.last_byte.unwrap_or(now);
        let measured = Measured {
            upstream_ttfb: self.upstream_ttfb,
            ttfb: since(self.first_byte.unwrap_or(over)),
            total: since(over),
            shaper_wait: self.shaper_wait,
        };
        self.bus.emit(&Event::RequestFinished {
            request: Arc::clone(&self.request),
            status: self.status,
            outcome: self.outcome,
            bytes: self.bytes,
            measured,
        });
        self.connection.leave(self.session.process_time(now));
        self.session.leave(now);
    }
}
