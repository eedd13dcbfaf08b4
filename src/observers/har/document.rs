//! The structure of HAR 1.2, with the names of its specification.

use crate::{
    event::{Outcome, SessionTag},
    observers::{
        archive::{AppliedFault, Drop, Exchange, Kept, SplitView},
        event_line::{PlanFields, plan_fields},
        request_fields::{ResourceFields, ms, resource_fields},
    },
    units::UnixTime,
};
use chrono::{DateTime, SecondsFormat, Utc};
use http::StatusCode;
use serde::Serialize;
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use url::form_urlencoded;

/// An unknown size or time.
const UNKNOWN: i8 = -1;

/// What the link of a session carried, for readers that want more than the exchanges tell.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::observers) struct HarLink<L> {
    /// Session time zero.
    started_date_time: String,
    /// As in the timeline of the session.
    #[serde(flatten)]
    link: L,
}

impl<L> HarLink<L> {
    /// `zero` is the Unix time of session time zero.
    pub(in crate::observers) fn new(zero: UnixTime, link: L) -> Self {
        Self { started_date_time: date_time(zero), link }
    }
}

/// The exchanges `kept` of a session as HAR 1.2. Their URLs start with `base`.
pub(in crate::observers) fn document(
    kept: &Kept,
    base: &str,
    link: Option<HarLink<impl Serialize>>,
) -> String {
    let document = Document::new(&kept.session, kept.left_off, &kept.finished, base, link);
    // Strings and numbers can always be serialised.
    serde_json::to_string(&document).unwrap_or_default()
}

/// `time` in ISO 8601.
fn date_time(time: UnixTime) -> String {
    let time = DateTime::<Utc>::from(SystemTime::UNIX_EPOCH + time.since_zero());
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// An HTTP archive.
#[derive(Serialize)]
struct Document<'a, L> {
    log: Log<'a, L>,
}

#[derive(Serialize)]
struct Log<'a, L> {
    version: &'static str,
    creator: Creator,
    /// In the order of their start.
    entries: Vec<Entry<'a>>,
    #[serde(rename = "_vsps")]
    session: Session<'a, L>,
}

#[derive(Serialize)]
struct Creator {
    name: &'static str,
    version: &'static str,
}

/// The session of the exchanges.
#[derive(Serialize)]
struct Session<'a, L> {
    session: &'a str,
    ordinal: u64,
    seed: u64,
    label: Option<&'a str>,
    /// The number of exchanges that are no longer kept.
    left_off: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<HarLink<L>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    started_date_time: String,
    time: f64,
    request: Request<'a>,
    response: Response,
    cache: Empty,
    timings: Timings,
    #[serde(rename = "_vsps")]
    own: OwnFields<'a>,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    method: &'a str,
    url: String,
    http_version: &'static str,
    cookies: [Empty; 0],
    headers: [Empty; 0],
    query_string: Vec<Pair>,
    headers_size: i8,
    body_size: i8,
}

#[derive(Serialize)]
struct Pair {
    name: String,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    /// 0 = there was no response.
    status: u16,
    status_text: &'static str,
    http_version: &'static str,
    cookies: [Empty; 0],
    headers: [Empty; 0],
    content: Content,
    #[serde(rename = "redirectURL")]
    redirect_url: &'static str,
    headers_size: i8,
    body_size: u64,
    /// How it ended, unless it was complete: a 200 that was cut is an error.
    #[serde(rename = "_error", skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    size: u64,
    mime_type: &'static str,
}

/// In milliseconds.
#[derive(Serialize)]
struct Timings {
    blocked: i8,
    dns: i8,
    connect: i8,
    ssl: i8,
    send: f64,
    wait: f64,
    receive: f64,
    /// The same time as `wait` and `receive` together, by its cause.
    #[serde(rename = "_vsps")]
    parts: SplitView,
}

/// Data that HAR has no field for, with the names of the event log.
#[derive(Serialize)]
struct OwnFields<'a> {
    profile: &'a str,
    attempt: u32,
    resource: ResourceFields<'a>,
    latency_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<PlanFields<'a>>,
    faults: Vec<Fault<'a>>,
    drops: Vec<Dropped>,
    /// The number of all drops; only the first ones are listed.
    dropped: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_failure: Option<&'a str>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_ttfb_ms: Option<f64>,
    shaper_wait_ms: f64,
}

#[derive(Serialize)]
struct Fault<'a> {
    rule: &'a str,
    effect: &'static str,
    at_byte: Option<u64>,
}

#[derive(Serialize)]
struct Dropped {
    action: &'static str,
    at_byte: u64,
}

impl<'a, L> Document<'a, L> {
    fn new(
        session: &'a SessionTag,
        left_off: u64,
        exchanges: &'a [Arc<Exchange>],
        base: &str,
        link: Option<HarLink<L>>,
    ) -> Self {
        let creator = Creator { name: "vsps", version: env!("CARGO_PKG_VERSION") };
        let entries = exchanges.iter().map(|exchange| Entry::new(exchange, base)).collect();
        let session = Session {
            session: &session.id,
            ordinal: session.ordinal,
            seed: session.seed,
            label: session.label.as_deref(),
            left_off,
            link,
        };
        Self { log: Log { version: "1.2", creator, entries, session } }
    }
}

impl<'a> Entry<'a> {
    fn new(exchange: &'a Exchange, base: &str) -> Self {
        let measured = &exchange.end.measured;
        let receive = exchange.end.lasted.saturating_sub(measured.ttfb);
        Self {
            started_date_time: date_time(exchange.started.unix),
            // By definition the sum of the known `timings`.
            time: ms(measured.ttfb + receive),
            request: Request::new(exchange, base),
            response: Response::new(exchange),
            cache: Empty {},
            timings: Timings::new(measured.ttfb, receive, exchange.end.split.into()),
            own: OwnFields::new(exchange),
        }
    }
}

impl<'a> Request<'a> {
    fn new(exchange: &'a Exchange, base: &str) -> Self {
        let path = &exchange.request.path;
        let query = path.split_once('?').map_or("", |(_, query)| query);
        let pairs = form_urlencoded::parse(query.as_bytes());
        let pairs =
            pairs.map(|(name, value)| Pair { name: name.into_owned(), value: value.into_owned() });
        Self {
            method: exchange.request.method.as_str(),
            url: format!("{base}{path}"),
            http_version: "unknown",
            cookies: [],
            headers: [],
            query_string: pairs.collect(),
            headers_size: UNKNOWN,
            body_size: UNKNOWN,
        }
    }
}

impl Response {
    fn new(exchange: &Exchange) -> Self {
        let end = &exchange.end;
        let text = StatusCode::from_u16(end.status).ok().and_then(|s| s.canonical_reason());
        Self {
            status: end.status,
            status_text: text.unwrap_or_default(),
            http_version: "unknown",
            cookies: [],
            headers: [],
            content: Content { size: end.bytes, mime_type: "x-unknown" },
            redirect_url: "",
            headers_size: UNKNOWN,
            body_size: end.bytes,
            error: (end.outcome != Outcome::Complete).then(|| end.outcome.as_str()),
        }
    }
}

impl Timings {
    fn new(wait: Duration, receive: Duration, parts: SplitView) -> Self {
        let (wait, receive) = (ms(wait), ms(receive));
        let [blocked, dns, connect, ssl] = [UNKNOWN; 4];
        Self { blocked, dns, connect, ssl, send: 0.0, wait, receive, parts }
    }
}

impl<'a> OwnFields<'a> {
    fn new(exchange: &'a Exchange) -> Self {
        let Exchange { request, end, .. } = exchange;
        Self {
            profile: &request.profile,
            attempt: request.attempt,
            resource: resource_fields(request),
            latency_ms: ms(exchange.latency),
            plan: exchange.plan.as_deref().map(plan_fields),
            faults: exchange.faults.iter().map(Fault::from).collect(),
            drops: exchange.drops.iter().map(Dropped::from).collect(),
            dropped: exchange.dropped,
            upstream_failure: exchange.upstream_failure.as_deref(),
            outcome: end.outcome.as_str(),
            upstream_ttfb_ms: end.measured.upstream_ttfb.map(ms),
            shaper_wait_ms: ms(end.measured.shaper_wait),
        }
    }
}

impl<'a> From<&'a AppliedFault> for Fault<'a> {
    fn from(fault: &'a AppliedFault) -> Self {
        Self { rule: &fault.rule, effect: fault.effect, at_byte: fault.at_byte }
    }
}

impl From<&Drop> for Dropped {
    fn from(drop: &Drop) -> Self {
        Self { action: drop.action, at_byte: drop.at_byte }
    }
}
