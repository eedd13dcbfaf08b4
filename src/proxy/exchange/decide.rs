//! Classifies a request, and lets script and rules decide what happens to it.

use super::{
    arrival,
    arrival::{Arrival, ArrivalContext},
    cmcd_request::{self, RequestCmcd},
    exchange::{Decided, Exchange},
    proxy::Proxy,
    redirect_hops,
};
use crate::proxy::{downstream::connection::Connection, fault};
use crate::{
    event::{Bus, Event, RequestTag},
    media::Kind,
    rules::{CarriedDecision, Decision, Facts, Policy},
    seed::Seed,
    sessions::{Arming, Session, UpstreamUrl},
};
use http::{Method, request};
use std::{net::IpAddr, sync::Arc, time::Duration};

/// A request whose session is known.
pub(in crate::proxy) struct Received<'a> {
    pub(in crate::proxy) client: IpAddr,
    pub(in crate::proxy) head: &'a request::Parts,
    pub(in crate::proxy) url: &'a UpstreamUrl,
    /// What the player reports with it.
    pub(in crate::proxy) cmcd: RequestCmcd,
}

/// Classifies and decides a request of `session`, and emits the events that say so. Its exchange begins.
pub(in crate::proxy) fn decide(
    proxy: &Proxy,
    connection: &Arc<Connection>,
    session: Arc<Session>,
    received: Received<'_>,
) -> Box<Exchange> {
    let Received { client, head, url, cmcd } = received;
    let (now, arming) = (session.begin(), session.arming());
    let mut redirected = redirect_hops::take(&session, url, head, now);
    let known = cmcd.as_ref().ok().and_then(Option::as_ref);
    if let Some(id) = known.and_then(|report| report.session.as_ref()) {
        session.note_cmcd_id(id);
    }
    let visible = known.filter(|_| !proxy.config.strip_cmcd);
    let needs_ladder = proxy.config.script.is_some() || arming.rules.needs_ladder();
    let at =
        ArrivalContext { session: &session, arming: &arming, connection, url, now, needs_ladder };
    let Arrival { request, attempt } = Arrival::new(&at, head, visible, redirected.as_ref());
    let bus = Arc::clone(proxy.registry.bus());
    if session.plays(&request.resource) {
        bus.emit(&session.link_changed());
    }
    let mut scripted = match &redirected {
        Some(redirected) => redirected.scripted,
        None => head.method != Method::OPTIONS && fault::hops(head).is_none(),
    };
    let first = redirected.is_none();
    let carried = redirected.take().map(|redirected| redirected.carried);
    let facts = arrival::facts(&request);
    let mut decision =
        decide_by_policy(proxy, &session, &arming, head, &facts, attempt.seed, carried);
    let failure = decision.failure.take();
    scripted &= failure.is_none();
    let seed = match request.details.hop {
        0 => attempt.seed,
        hop => attempt.seed.named("hop").numbered(hop.into()),
    };
    let latency = latency(connection, &session, &arming, seed);
    if first {
        note_switch(&session, &request, &bus);
        note_segment(&session, &arming, &request, url);
        note_media(proxy, client, &session, &request);
    }
    let which = || Arc::clone(&request);
    bus.emit(&Event::RequestPlanned { request: which(), latency, plan: decision.plan.clone() });
    let failure = failure.map(|failure| Event::ScriptFailed { request: which(), failure });
    // CMCD data that is repeated in a redirected request is reported only once.
    let report = first.then(|| cmcd_request::event(&request, cmcd)).flatten();
    failure.iter().chain(&report).for_each(|event| bus.emit(event));
    connection.serves(session.tag.ordinal);
    let host = url.origin.authority.clone();
    let decided = Decided { request, attempt, decision, arming, seed, latency, scripted, host };
    // Boxed once: it moves through several futures, and into the body.
    Box::new(Exchange::begin(session, decided, Arc::clone(connection), bus))
}

/// The decision of script and rules. After a redirect, the script is not run again.
fn decide_by_policy(
    proxy: &Proxy,
    session: &Session,
    arming: &Arming,
    head: &request::Parts,
    facts: &Facts<'_>,
    seed: Seed,
    carried: Option<CarriedDecision>,
) -> Decision {
    // A request within a redirect chain that is no longer pending is not decided again.
    if carried.is_none() && fault::hops(head).is_some() {
        return Decision::default();
    }
    let policy = Policy { script: proxy.config.script.as_deref(), rules: &arming.rules };
    session.decide(policy, facts, seed, carried)
}

/// The link's latency for a request.
fn latency(connection: &Connection, session: &Session, arming: &Arming, seed: Seed) -> Duration {
    let latency = &arming.link.latency;
    if latency.is_none() {
        return Duration::ZERO;
    }
    let time = session.downlink.running(session.now());
    connection.path.delay(latency, time, &mut seed.named("latency").stream())
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

/// Records the session of the address `client` whose player requests media.
fn note_media(proxy: &Proxy, client: IpAddr, session: &Arc<Session>, request: &RequestTag) {
    let media = matches!(request.resource.kind, Kind::Segment | Kind::Part);
    if media && request.method == Method::GET && session.note_media() {
        proxy.registry.note_playing(client, session);
    }
}

/// Records requested segments, if a rule swaps them.
fn note_segment(session: &Session, arming: &Arming, request: &RequestTag, url: &UpstreamUrl) {
    if arming.rules.swaps_segments() && request.resource.kind == Kind::Segment {
        session.note_segment(&request.resource, url);
    }
}
