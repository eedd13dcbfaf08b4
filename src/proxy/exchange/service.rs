//! One request through its phases: identify, classify, decide, fetch, rewrite, shape.

use super::{
    arrival,
    arrival::{Arrival, At},
    cmcd_post::Listener,
    cmcd_request,
    cors::CorsRequest,
    fetch::{Outbound, fetch},
    headers,
    identify::{Identified, identify},
    redirect_hops,
    redirect_hops::Onward,
    reply,
    response_script::{FirstLook, run_response_script},
    ticket::Ticket,
};
use crate::proxy::{
    body::{
        head_shaping,
        request_body::RequestBody,
        response_body::PlayerBody,
        response_shaper::Own,
        shaped_body::{BodyPlan, ShapedBody},
        source::Source,
        uplink_loss,
        wake_schedule::Pace,
    },
    config::ProxyConfig,
    downstream::{connection::Connection, connections::Connections, request_framing},
    error::ProxyError,
    fault,
    upstream::OriginClient,
};
use crate::{
    event::{Bus, Event, Outcome, RequestTag},
    media::{Kind, is_held},
    model::OnDrop,
    profiles::Catalog,
    rules::{Closing, Facts, Matched, Plan, Reservations, ScriptFailure},
    seed::Seed,
    sessions::{Arming, Clock, Led, Origin, Registry, Session},
};
use http::{HeaderName, HeaderValue, Method, Request, Response, request, uri::Authority};
use hyper::body::Incoming;
use std::{
    fmt::Write as _,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The data plane: everything an exchange needs.
pub struct Proxy {
    pub(in crate::proxy) registry: Arc<Registry>,
    pub(in crate::proxy) catalog: Arc<Catalog>,
    pub(in crate::proxy) config: ProxyConfig,
    pub(in crate::proxy) upstream: OriginClient,
    pub(in crate::proxy) connections: Connections,
    pace: Arc<Pace>,
}

/// The connection shall close without an answer.
#[derive(Debug, thiserror::Error)]
#[error("closed without an answer, as asked")]
pub(in crate::proxy) struct Unanswered;

/// An exchange whose fate is decided.
struct Planned {
    ticket: Ticket,
    arming: Arc<Arming>,
    plan: Option<Arc<Plan>>,
    /// Where the chances of rules come from; the link's come from `seed`.
    chances: Seed,
    seed: Seed,
    /// The rules that have counted it.
    matched: Matched,
    latency: Duration,
    /// `None` = the script has no further say in it.
    first_look: Option<FirstLook>,
    /// Its connection shall close after it, unannounced.
    request_close: bool,
    host: Authority,
}

/// What rules and script decided of a request.
#[derive(Default)]
struct Decided {
    plan: Option<Arc<Plan>>,
    /// What that took from budgets.
    charges: Option<Arc<Reservations>>,
    matched: Matched,
    failure: Option<ScriptFailure>,
}

impl Proxy {
    /// A data plane over the sessions of `registry`, which never fetches from the addresses `own`.
    #[must_use]
    pub fn new(
        registry: Arc<Registry>,
        catalog: Arc<Catalog>,
        config: ProxyConfig,
        own: Vec<SocketAddr>,
    ) -> Self {
        let upstream = OriginClient::new(&config, own);
        Self {
            registry,
            catalog,
            config,
            upstream,
            connections: Connections::default(),
            pace: Arc::default(),
        }
    }

    /// Lets bytes leave at the very moment, from an alarm with a thread of its own, where the runtime's timers
    /// are of whole milliseconds. For real time alone: with the runtime's clock paused nothing would move.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn use_precise_timer(&self, clock: Clock) -> io::Result<()> {
        self.pace.use_precise_timer(clock)
    }

    /// Serves one request that came from `client` on `connection`.
    pub(in crate::proxy) async fn serve(
        &self,
        connection: &Arc<Connection>,
        client: IpAddr,
        request: Request<Incoming>,
    ) -> Result<Response<PlayerBody>, Unanswered> {
        let (mut head, body) = request.into_parts();
        let cors = if self.config.cors { CorsRequest::of(&head) } else { None };
        let multiplexed = head.version == http::Version::HTTP_2;
        if multiplexed {
            connection.multiplexes();
        }
        let sound = request_framing::check(connection, &head, &body, &self.config.limits);
        let identified = sound.and_then(|()| identify(self, client, &head));
        let (session, origin, mut path) = match identified {
            Ok(Identified::Request { session, origin, path }) => (session, origin, path),
            Ok(Identified::Redirect { location }) => {
                return Ok(own(connection, cors, reply::redirect(&location)));
            }
            Err(error) => return Ok(own(connection, cors, refusal(connection, &error))),
        };
        let told = cmcd_request::read(&path, &head.headers);
        let sent = headers::request_head_size(&head.method, &path, &head.headers);
        if self.config.strip_cmcd {
            cmcd_request::strip(&mut path, &mut head.headers);
        }
        session.settled().await;
        let mut planned = self.plan(connection, session, (&origin, &path), &head, told);
        let body = RequestBody::new(body, Listener::of(&head, &origin, &planned.ticket));
        let (method, asked) = (head.method.clone(), path.clone());
        let outbound = Outbound { origin, path, head, body, sent };
        let mut response = self.answer(&mut planned, outbound).await?;
        planned.hand_on(method, &asked);
        if let Some(first) = planned.first_look {
            let Planned { ticket, plan, host, .. } = &mut planned;
            response = run_response_script(self, first, host, ticket, plan, response).await;
        }
        self.pause(&planned.ticket.session, planned.response_delay()).await;
        if let Some(cors) = cors {
            cors.permit(&mut response);
        }
        if let Some(plan) = &planned.plan {
            let ticket = &planned.ticket;
            fault::apply_header_faults(plan, ticket, &mut response);
            planned.request_close = fault::close(plan, ticket, multiplexed, &mut response);
            if plan.close.as_ref().is_some_and(|close| close.effect == Closing::IdleConnections) {
                self.connections.close_idle(ticket.session.tag.ordinal);
            }
        }
        let bodiless = head_shaping::bare(&planned.ticket.request.method, &mut response);
        if let Some(timing) = server_timing(&planned) {
            response.headers_mut().append(SERVER_TIMING, timing);
        }
        if response.body().is_end() {
            head_shaping::go_down(&planned.ticket.session, &response).await;
        }
        Ok(shape(self, planned, response, (multiplexed, bodiless)))
    }

    /// Classifies a request and decides its fate.
    fn plan(
        &self,
        connection: &Arc<Connection>,
        session: Arc<Session>,
        (origin, path): (&Origin, &str),
        head: &request::Parts,
        told: cmcd_request::Notice,
    ) -> Planned {
        let (now, arming) = (session.begin(), session.arming());
        let led = redirect_hops::take(&session, (origin, path), head, now);
        let known = told.as_ref().ok().and_then(Option::as_ref);
        let heard = known.filter(|_| !self.config.strip_cmcd);
        let asks_ladder = self.config.script.is_some() || arming.rules.needs_ladder();
        let (of, on) = (&session, &**connection);
        let at =
            At { session: of, arming: &arming, connection: on, origin, path, now, asks_ladder };
        let Arrival { request, asked, chances } = Arrival::new(&at, head, heard, led.as_ref());
        let first = led.is_none();
        if session.plays(&request.resource) {
            self.registry.bus().emit(&session.link_changed());
        }
        let facts = arrival::facts(&request);
        let first_look = match &led {
            Some(led) => led.scripted.then_some(FirstLook { seed: chances }),
            None => FirstLook::of(head, chances),
        };
        let decided = self.decide(&session, &arming, (head, led), &facts, chances);
        let Decided { plan, charges, matched, failure } = decided;
        let first_look = first_look.filter(|_| failure.is_none());
        let seed = match request.details.hop {
            0 => chances,
            hop => chances.named("hop").numbered(hop.into()),
        };
        let latency = latency(connection, &session, &arming, seed);
        let bus = Arc::clone(self.registry.bus());
        if first {
            note_switch(&session, &request, &bus);
            note_step(&session, &arming, &request, origin);
        }
        let which = || Arc::clone(&request);
        bus.emit(&Event::RequestPlanned { request: which(), latency, plan: plan.clone() });
        let failure = failure.map(|failure| Event::ScriptFailed { request: which(), failure });
        // What is said again on the way to one answer is no news.
        let report = first.then(|| cmcd_request::event(&request, told)).flatten();
        failure.iter().chain(&report).for_each(|event| bus.emit(event));
        connection.serves(session.tag.ordinal);
        let mut ticket = Ticket::new(session, request, asked, Arc::clone(connection), bus);
        ticket.plan.clone_from(&plan);
        ticket.seed = seed;
        ticket.charges = charges;
        let host = origin.authority.clone();
        Planned {
            ticket,
            arming,
            plan,
            chances,
            seed,
            matched,
            latency,
            first_look,
            host,
            request_close: false,
        }
    }

    /// What script and rules do to a request, what that took from budgets, and how the script failed
    /// if it did. Where a redirect led to the request, the script has had its say.
    fn decide(
        &self,
        session: &Session,
        arming: &Arming,
        (head, led): (&request::Parts, Option<Led>),
        facts: &Facts<'_>,
        seed: Seed,
    ) -> Decided {
        if let Some(Led { plan, charges: taken, mut matched, .. }) = led {
            let (plan, charges) =
                session.decide(plan, &mut matched, &arming.rules, facts, seed, taken);
            return Decided { plan, charges, matched, failure: None };
        }
        // A redirect within a chain that nobody waits for any more is no request of its own.
        if fault::hops(head).is_some() {
            return Decided::default();
        }
        // Whether a browser asks first depends on its caches; scripts are about what it gets.
        let script = self.config.script.as_ref().filter(|_| head.method != Method::OPTIONS);
        let scripted = script.map(|script| session.ask(script, facts, seed)).transpose();
        let (first, failure) = match scripted {
            Ok(plan) => (plan.unwrap_or_default(), None),
            Err(failure) => (Plan::default(), Some(failure)),
        };
        let mut matched = Matched::default();
        let (plan, charges) = session.decide(first, &mut matched, &arming.rules, facts, seed, None);
        Decided { plan, charges, matched, failure }
    }

    /// Waits as planned, and gets the answer.
    async fn answer(
        &self,
        planned: &mut Planned,
        outbound: Outbound,
    ) -> Result<Response<Source>, Unanswered> {
        let mut wait = planned.latency - planned.response_delay();
        let Planned { ticket, plan, seed, .. } = planned;
        // What the origin holds, it would hold during the delay as well.
        let held = is_held(&ticket.request.resource, &outbound.path);
        let delay =
            plan.as_ref().and_then(|plan| plan.delay.clone().map(|d| (d, plan.is_answered())));
        let (before, after) = match delay {
            Some((delay, answered)) if held && !answered => (None, Some(delay)),
            delay => (delay.map(|(delay, _)| delay), None),
        };
        if let Some(delay) = before {
            ticket.injected(&delay.rule, "delay", None);
            wait += delay.effect;
        }
        self.pause(&ticket.session, wait).await;
        let multiplexed = outbound.head.version == http::Version::HTTP_2;
        if let Err(action) = head_shaping::go_up(ticket, *seed, outbound.sent).await {
            return Err(Self::ended_on_its_way(ticket, action, multiplexed));
        }
        if let Some(kept) = fault::kept(ticket, &outbound) {
            return Ok(kept);
        }
        let response = match (fault::next_hop(ticket, &outbound), plan) {
            (Some(hop), _) => hop,
            (None, Some(plan)) => fault::answer(self, plan, *seed, ticket, outbound).await?,
            (None, None) => self.ask(outbound, ticket).await,
        };
        if let Some(action) = ticket.cut_on_its_way() {
            return Err(Self::ended_on_its_way(ticket, action, multiplexed));
        }
        if let Some(delay) = after.filter(|_| ticket.leads.is_none()) {
            ticket.injected(&delay.rule, "delay", None);
            self.pause(&ticket.session, delay.effect).await;
        }
        Ok(response)
    }

    /// A loss on the uplink has ended the request: it stays unanswered.
    fn ended_on_its_way(ticket: &mut Ticket, action: OnDrop, multiplexed: bool) -> Unanswered {
        uplink_loss::end(ticket, action, multiplexed);
        ticket.ended(Outcome::Cut);
        Unanswered
    }

    /// Waits for so much session time.
    pub(in crate::proxy) async fn pause(&self, session: &Session, wait: Duration) {
        self.pace.pause(session, wait).await;
    }

    /// Asks the origin; a failure of its becomes an answer.
    pub(in crate::proxy) async fn ask(
        &self,
        outbound: Outbound,
        ticket: &mut Ticket,
    ) -> Response<Source> {
        match fetch(self, outbound, ticket).await {
            Ok(response) => response,
            Err(error) => refusal(ticket.connection(), &error),
        }
    }
}

impl Planned {
    /// Hands it on to where its answer leads, if that is within the session.
    fn hand_on(&mut self, method: Method, path: &str) {
        let Some(leads) = self.ticket.leads.take() else { return };
        let onward = Onward {
            method,
            path,
            plan: self.plan.clone(),
            chances: self.chances,
            matched: std::mem::take(&mut self.matched),
            scripted: self.first_look.is_some(),
        };
        if redirect_hops::hand_on(&mut self.ticket, leads, onward) {
            (self.plan, self.first_look, self.ticket.plan) = (None, None, None);
        }
    }

    /// The part of its latency that comes after the origin's answer.
    fn response_delay(&self) -> Duration {
        self.arming.link.latency.downlink.min(self.latency)
    }
}

/// What a request waits for on the link.
fn latency(connection: &Connection, session: &Session, arming: &Arming, seed: Seed) -> Duration {
    let law = &arming.link.latency;
    match law.is_none() {
        true => Duration::ZERO,
        false => {
            let time = session.downlink.running(session.now());
            connection.delay(law, time, &mut seed.named("latency").stream())
        }
    }
}

/// The answer to a request that could not be served.
fn refusal(connection: &Connection, error: &ProxyError) -> Response<Source> {
    if error.closes() {
        connection.refuse();
    }
    reply::failure(error)
}

/// An answer of our own to a request that reached no session's network.
fn own(
    connection: &Connection,
    cors: Option<CorsRequest>,
    mut response: Response<Source>,
) -> Response<PlayerBody> {
    connection.enter();
    connection.leave(connection.now());
    if let Some(cors) = cors {
        cors.permit(&mut response);
    }
    response.map(|source| PlayerBody::Plain(Box::new(source)))
}

/// Hands the answer over to the session's link.
fn shape(
    proxy: &Proxy,
    planned: Planned,
    mut response: Response<Source>,
    (multiplexed, bodiless): (bool, bool),
) -> Response<PlayerBody> {
    let Planned { mut ticket, arming, plan, seed, host, request_close, .. } = planned;
    ticket.answered(response.status().as_u16());
    let own = plan.as_deref().map(|plan| own_link(&proxy.catalog, plan, &ticket));
    let body_gate = plan
        .as_ref()
        .filter(|_| !bodiless)
        .and_then(|plan| fault::apply_body_faults(plan, seed, &ticket, multiplexed, &mut response));
    let link = Arc::clone(&arming.link);
    let pace = Arc::clone(&proxy.pace);
    let (own, host) = (own.unwrap_or_default(), Some(host));
    let head = headers::head_size(response.status(), response.headers());
    let treatment = BodyPlan { link, own, body_gate, request_close, multiplexed, pace, head, host };
    response.map(|source| {
        PlayerBody::Shaped(Box::new(ShapedBody::new(source, treatment, seed, ticket)))
    })
}

/// What rules hold the response to. A profile that is at fault is told of, and holds it to nothing.
fn own_link(catalog: &Catalog, plan: &Plan, ticket: &Ticket) -> Own {
    let rate = plan.rate.as_ref().map(|planned| {
        ticket.injected(&planned.rule, "rate", None);
        planned.effect
    });
    let link = plan.profile.as_ref().and_then(|planned| match catalog.named(&planned.effect) {
        Ok(profile) => {
            ticket.injected(&planned.rule, "profile", None);
            Some(Arc::new(profile.link.clone()))
        }
        Err(problem) => {
            tracing::warn!(rule = %planned.rule, %problem, "a rule's profile is at fault");
            None
        }
    });
    Own { rate, link }
}

/// What was added before the first byte, for the player's network panel (W3C Server Timing).
fn server_timing(planned: &Planned) -> Option<HeaderValue> {
    let Planned { arming, latency, .. } = planned;
    let plan = planned.plan.as_deref();
    if arming.link.is_transparent() && plan.is_none() {
        return None;
    }
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    // Writing to a String can't fail.
    let mut text = String::new();
    let _ = write!(text, "vsps-latency;dur={:.1}", ms(*latency));
    if let Some(delay) = plan.and_then(|plan| plan.delay.as_ref()) {
        let _ = write!(text, ", vsps-delay;dur={:.1}", ms(delay.effect));
    }
    if let Some(rate) = plan.and_then(|plan| plan.rate.as_ref()) {
        let _ = write!(text, ", vsps-rate;desc=\"{}\"", rate.effect);
    }
    HeaderValue::from_str(&text).ok()
}

/// Tells when a viewer's segments come from another rung than before.
fn note_switch(session: &Session, request: &RequestTag, bus: &Bus) {
    let resource = &request.resource;
    let fetched = resource.kind == Kind::Segment && request.method == Method::GET;
    let Some(to) = resource.rung.filter(|_| fetched) else { return };
    if let Some(from) = session.switch(resource.media, to) {
        let session = Arc::clone(&session.tag);
        bus.emit(&Event::RenditionSwitched { session, media: resource.media, from, to });
    }
}

/// Remembers the segments asked for, if a rule swaps them.
fn note_step(session: &Session, arming: &Arming, request: &RequestTag, origin: &Origin) {
    if arming.rules.swaps_segments() && request.resource.kind == Kind::Segment {
        session.trail.lock().note(&request.resource, origin, &request.path);
    }
}
