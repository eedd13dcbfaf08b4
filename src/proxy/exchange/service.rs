//! One request through its phases: identify, classify, decide, fetch, rewrite, shape.

use super::{
    arrival,
    arrival::{Arrival, At},
    cmcd_collector::collect,
    cmcd_post::Listener,
    cmcd_request, cmsd,
    cors::CorsRequest,
    fetch::{Outbound, fetch},
    headers,
    identify::{Identified, identify},
    redirect_hops,
    redirect_hops::RedirectState,
    reply,
    response_script::{ResponseScript, run_response_script},
    ticket::Ticket,
};
use crate::proxy::{
    body::{
        head_shaping,
        request_body::RequestBody,
        response_body::PlayerBody,
        rule_link::RuleLink,
        shaped_body::{BodyPlan, ShapedBody},
        source::Source,
        uplink_loss,
        wake_schedule::WakeSchedule,
    },
    config::ProxyConfig,
    downstream::{connection::Connection, connections::Connections, request_framing},
    error::ProxyError,
    fault,
    upstream::OriginClient,
};
use crate::{
    clock::Clock,
    event::{Bus, Event, Outcome, RequestTag},
    media::{Kind, is_held},
    model::OnDrop,
    profiles::Catalog,
    rules::{Closing, Decision, Facts, Matched, Plan, Policy},
    seed::Seed,
    sessions::{Arming, Origin, RedirectedRequest, Registry, Session},
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

/// The data plane: everything that exchanges share.
pub struct Proxy {
    pub(in crate::proxy) registry: Arc<Registry>,
    pub(in crate::proxy) catalog: Arc<Catalog>,
    pub(in crate::proxy) config: ProxyConfig,
    pub(in crate::proxy) upstream: OriginClient,
    pub(in crate::proxy) connections: Connections,
    wake_schedule: Arc<WakeSchedule>,
}

/// The connection is to close without a response.
#[derive(Debug, thiserror::Error)]
#[error("closed without a response, as a rule or the link requires")]
pub(in crate::proxy) struct Unanswered;

/// An exchange after rules and script have decided it.
struct PlannedExchange {
    ticket: Ticket,
    arming: Arc<Arming>,
    plan: Option<Arc<Plan>>,
    /// The seed of the link's random draws. Those of the rules use that of the attempt.
    seed: Seed,
    /// The rules that have counted the request.
    matched: Matched,
    latency: Duration,
    /// `None` = the script does not process the response.
    response_script: Option<ResponseScript>,
    /// Close the connection after it, without `Connection: close`.
    request_close: bool,
    host: Authority,
}

impl Proxy {
    /// A data plane for the sessions of `registry`. It never fetches from `own`, the proxy's own addresses.
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
            wake_schedule: Arc::default(),
        }
    }

    /// Sends bytes at the exact time, by a timer with its own thread: the runtime's timers have a resolution of a
    /// millisecond. Only for real time: the timer does not follow a paused clock.
    ///
    /// # Errors
    /// When the timer's thread can't be started.
    pub fn use_precise_timer(&self, clock: Clock) -> io::Result<()> {
        self.wake_schedule.use_precise_timer(clock)
    }

    /// Serves one request of `client` on `connection`.
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
            connection.set_multiplexed();
        }
        let checked = request_framing::check(connection, &head, &body, &self.config.limits);
        let identified = checked.and_then(|()| identify(self, client, &head));
        let (session, origin, mut path) = match identified {
            Ok(Identified::Request { session, origin, path }) => (session, origin, path),
            Ok(Identified::Redirect { location }) => {
                return Ok(own_response(connection, cors, reply::redirect(&location)));
            }
            Err(error) => return Ok(own_response(connection, cors, refusal(connection, &error))),
        };
        let cmcd = cmcd_request::read(&path, &head.headers);
        let sent = headers::request_head_size(&head.method, &path, &head.headers);
        if self.config.strip_cmcd {
            cmcd_request::strip(&mut path, &mut head.headers);
        }
        session.settled().await;
        let mut planned = self.plan(connection, session, (&origin, &path), &head, cmcd);
        let body = RequestBody::new(body, Listener::of(&head, &origin, &planned.ticket));
        let (method, requested_path) = (head.method.clone(), path.clone());
        let outbound = Outbound { origin, path, head, body, sent };
        let mut response = self.answer(&mut planned, outbound).await?;
        planned.carry_over_redirect(method, &requested_path);
        if let Some(script) = planned.response_script {
            let PlannedExchange { ticket, plan, host, .. } = &mut planned;
            response = run_response_script(self, script, host, ticket, plan, response).await;
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
        let bodiless =
            head_shaping::remove_body_if_not_allowed(&planned.ticket.request.method, &mut response);
        if let Some(timing) = server_timing(&planned) {
            response.headers_mut().append(SERVER_TIMING, timing);
        }
        if self.config.cmsd {
            cmsd::add(&planned.ticket.session, response.headers_mut());
        }
        if response.body().is_end() {
            head_shaping::pass_downlink(&planned.ticket.session, &response).await;
        }
        Ok(shape(self, planned, response, BodyForm { multiplexed, bodiless }))
    }

    /// Classifies a request, and lets rules and script decide what happens to it.
    fn plan(
        &self,
        connection: &Arc<Connection>,
        session: Arc<Session>,
        (origin, path): (&Origin, &str),
        head: &request::Parts,
        cmcd: cmcd_request::RequestCmcd,
    ) -> PlannedExchange {
        let (now, arming) = (session.begin(), session.arming());
        let led = redirect_hops::take(&session, (origin, path), head, now);
        let known = cmcd.as_ref().ok().and_then(Option::as_ref);
        let visible = known.filter(|_| !self.config.strip_cmcd);
        let needs_ladder = self.config.script.is_some() || arming.rules.needs_ladder();
        let (of, on) = (&session, &**connection);
        let at =
            At { session: of, arming: &arming, connection: on, origin, path, now, needs_ladder };
        let Arrival { request, attempt } = Arrival::new(&at, head, visible, led.as_ref());
        let chances = attempt.seed;
        let first = led.is_none();
        if session.plays(&request.resource) {
            self.registry.bus().emit(&session.link_changed());
        }
        let facts = arrival::facts(&request);
        let response_script = match &led {
            Some(led) => led.scripted.then_some(ResponseScript { seed: chances }),
            None => ResponseScript::of(head, chances),
        };
        let decided = self.decide(&session, &arming, (head, led), &facts, chances);
        let Decision { plan, reservations, matched, failure } = decided;
        let response_script = response_script.filter(|_| failure.is_none());
        let seed = match request.details.hop {
            0 => chances,
            hop => chances.named("hop").numbered(hop.into()),
        };
        let latency = latency(connection, &session, &arming, seed);
        let bus = Arc::clone(self.registry.bus());
        if first {
            note_switch(&session, &request, &bus);
            note_segment(&session, &arming, &request, origin);
        }
        let which = || Arc::clone(&request);
        bus.emit(&Event::RequestPlanned { request: which(), latency, plan: plan.clone() });
        let failure = failure.map(|failure| Event::ScriptFailed { request: which(), failure });
        // CMCD data that is repeated in a redirected request is reported only once.
        let report = first.then(|| cmcd_request::event(&request, cmcd)).flatten();
        failure.iter().chain(&report).for_each(|event| bus.emit(event));
        connection.serves(session.tag.ordinal);
        let connection = Arc::clone(connection);
        let mut ticket = Ticket::new(session, request, attempt, seed, connection, bus);
        ticket.plan.clone_from(&plan);
        ticket.charges = reservations;
        let host = origin.authority.clone();
        PlannedExchange {
            ticket,
            arming,
            plan,
            seed,
            matched,
            latency,
            response_script,
            host,
            request_close: false,
        }
    }

    /// Decides what script and rules do to a request. After a redirect, the script is not run again.
    fn decide(
        &self,
        session: &Session,
        arming: &Arming,
        (head, led): (&request::Parts, Option<RedirectedRequest>),
        facts: &Facts<'_>,
        seed: Seed,
    ) -> Decision {
        // A request within a redirect chain that is no longer pending is not decided again.
        if led.is_none() && fault::hops(head).is_some() {
            return Decision::default();
        }
        let policy = Policy { script: self.config.script.as_deref(), rules: &arming.rules };
        session.decide(policy, facts, seed, led.map(|led| led.carried))
    }

    /// Waits for latency and delay, and returns the response.
    async fn answer(
        &self,
        planned: &mut PlannedExchange,
        outbound: Outbound,
    ) -> Result<Response<Source>, Unanswered> {
        let mut wait = planned.latency - planned.response_delay();
        let PlannedExchange { ticket, plan, seed, .. } = planned;
        // A request that the origin holds is delayed after the response, since both waits would overlap.
        let held = is_held(&ticket.request.resource, &outbound.path);
        let delay =
            plan.as_ref().and_then(|plan| plan.delay.clone().map(|d| (d, plan.is_answered())));
        let (before, after) = match delay {
            Some((delay, answered)) if held && !answered => (None, Some(delay)),
            delay => (delay.map(|(delay, _)| delay), None),
        };
        if let Some(delay) = before {
            ticket.injected(&delay.rule, "delay", None);
            ticket.await_rule(wait);
            wait += delay.effect;
        }
        self.pause(&ticket.session, wait).await;
        ticket.rule_passed();
        let multiplexed = outbound.head.version == http::Version::HTTP_2;
        if let Err(action) = head_shaping::pass_uplink(ticket, *seed, outbound.sent).await {
            return Err(Self::end_on_uplink(ticket, action, multiplexed));
        }
        if let Some(stored) = fault::stored_error(ticket, &outbound) {
            return Ok(stored);
        }
        let response = match (fault::next_hop(ticket, &outbound), plan) {
            (Some(hop), _) => hop,
            (None, Some(plan)) => fault::answer(self, plan, *seed, ticket, outbound).await?,
            (None, None) => self.fetch_from_origin(outbound, ticket).await,
        };
        if let Some(action) = ticket.cut_on_uplink() {
            return Err(Self::end_on_uplink(ticket, action, multiplexed));
        }
        if let Some(delay) = after.filter(|_| ticket.redirect_target.is_none()) {
            ticket.injected(&delay.rule, "delay", None);
            ticket.await_rule(Duration::ZERO);
            self.pause(&ticket.session, delay.effect).await;
            ticket.rule_passed();
        }
        Ok(response)
    }

    /// Ends a request after a loss on the uplink: it gets no response.
    fn end_on_uplink(ticket: &mut Ticket, action: OnDrop, multiplexed: bool) -> Unanswered {
        uplink_loss::end(ticket, action, multiplexed);
        ticket.ended(Outcome::Cut);
        Unanswered
    }

    /// Waits for `wait` in session time.
    pub(in crate::proxy) async fn pause(&self, session: &Session, wait: Duration) {
        self.wake_schedule.pause(session, wait).await;
    }

    /// Sends the request to the origin. A failure becomes an error response.
    pub(in crate::proxy) async fn fetch_from_origin(
        &self,
        mut outbound: Outbound,
        ticket: &mut Ticket,
    ) -> Response<Source> {
        if let Some(collected) = collect(&mut outbound).await {
            return collected;
        }
        match fetch(self, outbound, ticket).await {
            Ok(response) => response,
            Err(error) => refusal(ticket.connection(), &error),
        }
    }
}

impl PlannedExchange {
    /// If its response is a redirect within the session, keeps its state for the request that follows.
    fn carry_over_redirect(&mut self, method: Method, path: &str) {
        let Some(target) = self.ticket.redirect_target.take() else { return };
        let state = RedirectState {
            method,
            path,
            plan: self.plan.clone(),
            matched: std::mem::take(&mut self.matched),
            scripted: self.response_script.is_some(),
        };
        if redirect_hops::carry_over(&mut self.ticket, target, state) {
            (self.plan, self.response_script, self.ticket.plan) = (None, None, None);
        }
    }

    /// The part of its latency that is applied after the origin's response.
    fn response_delay(&self) -> Duration {
        self.arming.link.latency.downlink.min(self.latency)
    }
}

/// The link's latency for a request.
fn latency(connection: &Connection, session: &Session, arming: &Arming, seed: Seed) -> Duration {
    let latency = &arming.link.latency;
    if latency.is_none() {
        return Duration::ZERO;
    }
    let time = session.downlink.running(session.now());
    connection.delay(latency, time, &mut seed.named("latency").stream())
}

/// The response to a request that could not be served.
fn refusal(connection: &Connection, error: &ProxyError) -> Response<Source> {
    if error.closes() {
        connection.refuse();
    }
    reply::failure(error)
}

/// A response of the proxy that is not shaped by a session's link.
fn own_response(
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

/// The form of a response body.
#[derive(Clone, Copy)]
struct BodyForm {
    /// It is sent on an HTTP/2 connection.
    multiplexed: bool,
    /// The response may not have a body.
    bodiless: bool,
}

/// Makes the shaped response for the player.
fn shape(
    proxy: &Proxy,
    planned: PlannedExchange,
    mut response: Response<Source>,
    BodyForm { multiplexed, bodiless }: BodyForm,
) -> Response<PlayerBody> {
    let PlannedExchange { mut ticket, arming, plan, seed, host, request_close, .. } = planned;
    ticket.answered(response.status().as_u16());
    let rule_link = plan.as_deref().map(|plan| rule_link(&proxy.catalog, plan, &ticket));
    let body_gate = plan
        .as_ref()
        .filter(|_| !bodiless)
        .and_then(|plan| fault::apply_body_faults(plan, seed, &ticket, multiplexed, &mut response));
    let link = Arc::clone(&arming.link);
    let wake_schedule = Arc::clone(&proxy.wake_schedule);
    let (rule_link, host) = (rule_link.unwrap_or_default(), Some(host));
    let head = headers::head_size(response.status(), response.headers());
    let plan = BodyPlan {
        link,
        rule_link,
        body_gate,
        request_close,
        multiplexed,
        wake_schedule,
        head,
        host,
    };
    response.map(|source| PlayerBody::Shaped(Box::new(ShapedBody::new(source, plan, seed, ticket))))
}

/// Rate and link that rules set for the response. An invalid profile is logged and has no effect.
fn rule_link(catalog: &Catalog, plan: &Plan, ticket: &Ticket) -> RuleLink {
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
            tracing::warn!(rule = %planned.rule, %problem, "a rule's profile can't be used");
            None
        }
    });
    RuleLink { rate, link }
}

/// The delays before the first byte, as `Server-Timing` for the player's network panel (W3C Server Timing).
fn server_timing(planned: &PlannedExchange) -> Option<HeaderValue> {
    let PlannedExchange { arming, latency, .. } = planned;
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

/// Emits an event when the player requests segments of another rung than before.
fn note_switch(session: &Session, request: &RequestTag, bus: &Bus) {
    let resource = &request.resource;
    let fetched = resource.kind == Kind::Segment && request.method == Method::GET;
    let Some(to) = resource.rung.filter(|_| fetched) else { return };
    if let Some(from) = session.switch(resource.media, to) {
        let session = Arc::clone(&session.tag);
        bus.emit(&Event::RenditionSwitched { session, media: resource.media, from, to });
    }
}

/// Records requested segments, if a rule swaps them.
fn note_segment(session: &Session, arming: &Arming, request: &RequestTag, origin: &Origin) {
    if arming.rules.swaps_segments() && request.resource.kind == Kind::Segment {
        session.recent_segments.lock().note(&request.resource, origin, &request.path);
    }
}
