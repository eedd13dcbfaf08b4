//! Requests that the origin never sees: refused, left hanging, answered or redirected by a rule.

use super::date::http_date;
use crate::{
    event::Outcome,
    proxy::{
        exchange::{Proxy, Unanswered},
        reply,
        source::Source,
        ticket::Ticket,
    },
    rules::{Goal, Hang, Plan, Planned, Redirect, Refusal, RetryAfter, Status},
    sessions::Origin,
};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header, request};
use std::time::Duration;

/// The parameter by which a chain of redirects counts down; the origin never sees it.
const HOPS: &str = "vsps.hops=";

/// What becomes of a request without asking the origin; `None` = the origin is asked.
pub(in crate::proxy) async fn fate(
    proxy: &Proxy,
    plan: &Plan,
    ticket: &mut Ticket,
    (origin, path): (&Origin, &str),
    head: &request::Parts,
) -> Option<Result<Response<Source>, Unanswered>> {
    if let Some(Planned { rule, effect }) = &plan.refuse {
        ticket.injected(rule, "refuse", None);
        let multiplexed = head.version == http::Version::HTTP_2;
        match effect {
            Refusal::Reset if !multiplexed => ticket.connection().reset_on_close(),
            Refusal::Close if multiplexed => ticket.connection().dismiss(),
            Refusal::Reset | Refusal::Close => {}
        }
        ticket.ended(Outcome::Cut);
        return Some(Err(Unanswered));
    }
    if let Some(Planned { rule, effect }) = &plan.hang {
        ticket.injected(rule, "hang", None);
        match effect {
            Hang::For(time) => proxy.pause(&ticket.session, *time).await,
            Hang::Forever => std::future::pending().await,
        }
        ticket.ended(Outcome::Cut);
        return Some(Err(Unanswered));
    }
    if let Some(response) = replaced(plan, ticket) {
        return Some(Ok(response));
    }
    let Planned { rule, effect } = plan.redirect.as_ref()?;
    ticket.injected(rule, "redirect", None);
    Some(Ok(redirect(effect, (origin, path), head)))
}

/// The answer in place of the origin's, if `plan` has a status for it.
pub(in crate::proxy) fn replaced(plan: &Plan, ticket: &Ticket) -> Option<Response<Source>> {
    let Planned { rule, effect } = plan.status.as_ref()?;
    ticket.injected(rule, "status", None);
    let session = &ticket.session;
    Some(status(effect, rule, session.epoch(session.now())))
}

fn status(status: &Status, rule: &str, epoch: Duration) -> Response<Source> {
    let code = StatusCode::from_u16(status.code).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let mut response = reply::injected(code, rule);
    if let Some(body) = &status.body {
        *response.body_mut() = Source::from(Bytes::copy_from_slice(body));
    }
    let usual = status.body.is_some().then_some("text/html; charset=utf-8");
    if let Some(value) = status.content_type.as_deref().or(usual).and_then(value) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    let retry = status.retry_after.map(|retry| match retry {
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::Date(later) => http_date(epoch.saturating_add(later)),
    });
    if let Some(value) = retry.as_deref().and_then(value) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

fn redirect(
    redirect: &Redirect,
    (origin, path): (&Origin, &str),
    head: &request::Parts,
) -> Response<Source> {
    let here = own_address(head);
    let location = match &redirect.to {
        Goal::Url(url) => url.to_string(),
        Goal::Host(host) => format!("{}://{host}{path}", origin.scheme),
        // The first hop is this one; the last one leads to what was asked for.
        Goal::Chain(hops) => hop(&here, hops.saturating_sub(1)),
        Goal::Loop => here,
    };
    let status = StatusCode::from_u16(redirect.status).unwrap_or(StatusCode::FOUND);
    led(status, &location)
}

/// The number of hops still to come, of a request within a chain of redirects.
pub(in crate::proxy) fn hops(head: &request::Parts) -> Option<u8> {
    let query = head.uri.query()?;
    query.split('&').find_map(|pair| pair.strip_prefix(HOPS))?.parse().ok()
}

/// The answer within a chain, while there are hops to come.
pub(in crate::proxy) fn next_hop(head: &request::Parts, hops: u8) -> Option<Response<Source>> {
    let left = hops.checked_sub(1)?;
    Some(led(StatusCode::FOUND, &hop(&own_address(head), left)))
}

fn hop(here: &str, left: u8) -> String {
    let joint = if here.contains('?') { '&' } else { '?' };
    format!("{here}{joint}{HOPS}{left}")
}

/// The address that the player asked for, without its count of hops.
fn own_address(head: &request::Parts) -> String {
    let Some(query) = head.uri.query().filter(|query| query.contains(HOPS)) else {
        return head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    };
    let kept: Vec<_> = query.split('&').filter(|pair| !pair.starts_with(HOPS)).collect();
    match kept.is_empty() {
        true => head.uri.path().to_owned(),
        false => format!("{}?{}", head.uri.path(), kept.join("&")),
    }
}

fn led(status: StatusCode, location: &str) -> Response<Source> {
    let mut response = reply::redirect(location);
    *response.status_mut() = status;
    response
}

fn value(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}
