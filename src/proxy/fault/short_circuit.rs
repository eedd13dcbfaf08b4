//! Responses without a request to the origin: a rule refuses, hangs, answers or redirects the request.

use super::{date::http_date, redirect::redirect};
use crate::{
    event::Outcome,
    proxy::{
        body::source::Source,
        exchange::{Exchange, outbound::Outbound, proxy::Proxy, reply, unanswered::Unanswered},
    },
    rules::{Hang, Plan, Planned, Refusal, RetryAfter, Status},
    seed::Seed,
    units::UnixTime,
};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use rand::RngExt as _;
use std::time::Duration;

/// The number of bytes sent instead of a response: enough that a player rejects the first line.
const NOT_HTTP: usize = 256;

/// The response if a rule decides it without the origin; `None` = the request goes to the origin.
pub(in crate::proxy) async fn short_circuit(
    proxy: &Proxy,
    plan: &Plan,
    exchange: &mut Exchange,
    outbound: &Outbound,
) -> Option<Result<Response<Source>, Unanswered>> {
    if let Some(Planned { rule, effect }) = &plan.refuse {
        exchange.injected(rule, "refuse", None);
        let connection = exchange.connection();
        match effect {
            Refusal::Reset if !connection.is_http2() => connection.end.reset_on_close(),
            Refusal::Close if connection.is_http2() => connection.end.request_close(),
            Refusal::NotHttp if !connection.is_http2() => {
                connection.end.send_last(not_http(exchange.seed));
            }
            Refusal::Reset | Refusal::Close | Refusal::NotHttp => {}
        }
        exchange.ended(Outcome::Cut);
        return Some(Err(Unanswered));
    }
    if let Some(Planned { rule, effect }) = &plan.hang {
        exchange.injected(rule, "hang", None);
        exchange.await_rule(Duration::ZERO);
        match effect {
            Hang::For(time) => proxy.pause(&exchange.session, *time).await,
            Hang::Forever => std::future::pending().await,
        }
        exchange.ended(Outcome::Cut);
        return Some(Err(Unanswered));
    }
    if let Some(response) = status_response(plan, exchange) {
        return Some(Ok(response));
    }
    let Planned { rule, effect } = plan.redirect.as_ref()?;
    exchange.injected(rule, "redirect", None);
    Some(Ok(redirect(proxy, effect, exchange, &outbound.url, &outbound.head)))
}

/// Bytes that are not the start of an HTTP message.
fn not_http(seed: Seed) -> Bytes {
    let mut bytes = [0; NOT_HTTP];
    seed.named("not-http").stream().fill(&mut bytes[..]);
    bytes[0] |= 0x80;
    Bytes::copy_from_slice(&bytes)
}

/// The response with the status that `plan` sets, if it sets one.
pub(in crate::proxy) fn status_response(
    plan: &Plan,
    exchange: &Exchange,
) -> Option<Response<Source>> {
    let Planned { rule, effect } = plan.status.as_ref()?;
    exchange.injected(rule, "status", None);
    let session = &exchange.session;
    Some(status(effect, rule, session.unix_time(session.now())))
}

fn status(status: &Status, rule: &str, now: UnixTime) -> Response<Source> {
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
        RetryAfter::Date(later) => http_date(now + later),
    });
    if let Some(value) = retry.as_deref().and_then(value) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

fn value(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}
