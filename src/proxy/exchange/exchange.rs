//! An exchange: one request of a player and its response. Dropping it emits the final event with what was measured.

use super::{redirect_target::RedirectTarget, stopwatch::Stopwatch};
use crate::proxy::{
    body::uplink_cut::UplinkCut, downstream::connection::Connection, fault::FaultReporter,
};
use crate::{
    event::{Bus, Event, Measured, Outcome, RequestTag},
    model::OnDrop,
    rules::{Attempt, Decision, Plan},
    seed::Seed,
    sessions::{Arming, Session},
    units::SessionTime,
};
use http::uri::Authority;
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

/// What is known of a request when its exchange begins.
pub(in crate::proxy) struct Decided {
    pub(in crate::proxy) request: Arc<RequestTag>,
    /// Its number among the requests for the same bytes, and the seed of its rules' random draws.
    pub(in crate::proxy) attempt: Attempt,
    pub(in crate::proxy) decision: Decision,
    /// The network and the rules in force when it arrived.
    pub(in crate::proxy) arming: Arc<Arming>,
    /// The seed of the link's random draws.
    pub(in crate::proxy) seed: Seed,
    /// The link's latency for it.
    pub(in crate::proxy) latency: Duration,
    /// The script processes its response.
    pub(in crate::proxy) scripted: bool,
    /// The host requested, whose limits apply.
    pub(in crate::proxy) host: Authority,
}

/// One exchange under way. Dropping it ends the exchange.
pub(in crate::proxy) struct Exchange {
    pub(in crate::proxy) session: Arc<Session>,
    pub(in crate::proxy) request: Arc<RequestTag>,
    pub(in crate::proxy) decision: Decision,
    pub(in crate::proxy) attempt: Attempt,
    pub(in crate::proxy) arming: Arc<Arming>,
    pub(in crate::proxy) seed: Seed,
    pub(in crate::proxy) latency: Duration,
    pub(in crate::proxy) scripted: bool,
    pub(in crate::proxy) host: Authority,
    /// The target of its redirect, if it is within the session.
    pub(in crate::proxy) redirect_target: Option<RedirectTarget>,
    /// The packet loss that ended the request on the uplink, if one did. Only a request with a body shares it.
    cut: OnceLock<UplinkCut>,
    connection: Arc<Connection>,
    bus: Arc<Bus>,
    started: SessionTime,
    status: u16,
    outcome: Outcome,
    bytes: u64,
    upstream_ttfb: Option<Duration>,
    first_byte: Option<SessionTime>,
    last_byte: Option<SessionTime>,
    shaper_wait: Duration,
    /// Measures the waits for the origin.
    origin_wait: Stopwatch,
    /// Measures the waits that rules impose.
    rule_wait: Stopwatch,
}

impl Exchange {
    /// Begins the exchange of a request that was decided.
    pub(in crate::proxy) fn begin(
        session: Arc<Session>,
        decided: Decided,
        connection: Arc<Connection>,
        bus: Arc<Bus>,
    ) -> Self {
        let Decided { request, attempt, decision, arming, seed, latency, scripted, host } = decided;
        let started = request.details.session_time;
        session.enter();
        connection.activity.enter();
        Self {
            session,
            request,
            decision,
            attempt,
            arming,
            seed,
            latency,
            scripted,
            host,
            redirect_target: None,
            cut: OnceLock::new(),
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
            origin_wait: Stopwatch::default(),
            rule_wait: Stopwatch::default(),
        }
    }

    /// The effects of rules and script; `None` = no effects.
    pub(in crate::proxy) const fn plan(&self) -> Option<&Arc<Plan>> {
        self.decision.plan.as_ref()
    }

    /// The part of its latency that is applied after the origin's response.
    pub(in crate::proxy) fn response_latency(&self) -> Duration {
        self.arming.link.latency.downlink.min(self.latency)
    }

    /// The packet loss that ended the request on the uplink.
    pub(in crate::proxy) fn cut_on_uplink(&self) -> Option<OnDrop> {
        self.cut.get()?.get().copied()
    }

    /// Where the body of the request says that a packet loss has ended it.
    pub(in crate::proxy) fn uplink_cut(&self) -> UplinkCut {
        UplinkCut::clone(self.cut.get_or_init(UplinkCut::default))
    }

    /// The player's connection.
    pub(in crate::proxy) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Emits `event` on the bus.
    pub(in crate::proxy) fn emit(&self, event: &Event) {
        self.bus.emit(event);
    }

    /// The event bus, for parts that outlive the exchange.
    pub(in crate::proxy) const fn bus(&self) -> &Arc<Bus> {
        &self.bus
    }

    /// A reporter of its faults, for parts that have no access to the exchange.
    pub(in crate::proxy) fn fault_reporter(&self) -> FaultReporter {
        let reservations = self.decision.reservations.clone();
        FaultReporter::new(Arc::clone(&self.bus), Arc::clone(&self.request), reservations)
    }

    /// Reports that `effect` of `rule` was applied.
    pub(in crate::proxy) fn injected(
        &self,
        rule: &Arc<str>,
        effect: &'static str,
        at_byte: Option<u64>,
    ) {
        self.fault_reporter().injected(rule, effect, at_byte);
    }

    /// Counts that `rule` applied, where the effect shows only on later requests.
    pub(in crate::proxy) fn applied(&self, rule: &Arc<str>) {
        self.decision.reservations.iter().for_each(|reserved| reserved.keep(rule));
    }

    /// The origin answered after `ttfb`.
    pub(in crate::proxy) const fn upstream_answered(&mut self, ttfb: Duration) {
        self.upstream_ttfb = Some(ttfb);
    }

    /// Marks the request as redirected within the session: the request that follows is counted instead.
    pub(in crate::proxy) fn mark_redirected(&mut self) {
        let mut request = RequestTag::clone(&self.request);
        request.details.redirected = true;
        self.request = Arc::new(request);
    }

    /// Records the status of the response.
    pub(in crate::proxy) const fn answered(&mut self, status: u16) {
        self.status = status;
    }

    /// Records that `bytes` of the body were handed over at `now`, after waiting for the link.
    pub(in crate::proxy) fn passed(&mut self, bytes: usize, now: SessionTime, waited: Duration) {
        self.bytes += bytes as u64;
        self.session.count_delivered(bytes as u64);
        self.first_byte.get_or_insert(now);
        self.last_byte = Some(now);
        self.shaper_wait += waited;
    }

    /// Measures the time until [`Self::origin_delivered`] as a wait for the origin.
    pub(in crate::proxy) fn await_origin(&mut self) {
        if !self.origin_wait.runs() {
            self.origin_wait.start(self.session.now());
        }
    }

    /// The same from `now` on, which is the current time.
    pub(in crate::proxy) fn await_origin_from(&mut self, now: SessionTime) {
        if !self.origin_wait.runs() {
            self.origin_wait.start(now);
        }
    }

    /// Ends a wait for the origin, if there is one.
    pub(in crate::proxy) fn origin_delivered(&mut self) {
        if self.origin_wait.runs() {
            self.origin_wait.stop(self.session.now());
        }
    }

    /// The same at `now`, which is the current time.
    pub(in crate::proxy) fn origin_delivered_at(&mut self, now: SessionTime) {
        if self.origin_wait.runs() {
            self.origin_wait.stop(now);
        }
    }

    /// Measures the time from `after` to [`Self::rule_passed`] as a wait that a rule imposes.
    pub(in crate::proxy) fn await_rule(&mut self, after: Duration) {
        if !self.rule_wait.runs() {
            self.rule_wait.start(self.session.now() + after);
        }
    }

    /// Ends a wait that a rule imposes, if there is one.
    pub(in crate::proxy) fn rule_passed(&mut self) {
        if self.rule_wait.runs() {
            self.rule_wait.stop(self.session.now());
        }
    }

    /// Body bytes handed over.
    pub(in crate::proxy) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Records how the exchange ended. Called last, before the drop.
    pub(in crate::proxy) const fn ended(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // Release reservations before the final event, so that a next request finds them.
        self.decision.reservations.iter().for_each(|reserved| reserved.give_back());
        let broken = matches!(self.outcome, Outcome::Cut | Outcome::OriginCut);
        if broken || self.status == 0 || self.status >= 400 {
            self.session.attempt_failed(self.attempt.counted_by);
        }
        let since = |time: SessionTime| time.since(self.started);
        // The exchange ended with its last byte, or later if the player closed the connection.
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
            origin_wait: self.origin_wait.total(now),
            rule_wait: self.rule_wait.total(now),
        };
        self.bus.emit(&Event::RequestFinished {
            request: Arc::clone(&self.request),
            status: self.status,
            outcome: self.outcome,
            bytes: self.bytes,
            measured,
        });
        self.connection.activity.leave(self.session.process_time(now));
        self.session.leave(now);
    }
}
