//! Effects on response heads: header edits, CORS, dates, and closing the connection.

use super::date::{http_date, moved_http_date};
use crate::{
    proxy::{
        body::source::Source,
        exchange::{Exchange, headers},
    },
    rules::{Closing, Cors, HeaderEdit, Plan, Planned},
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

const ELSEWHERE: HeaderValue = HeaderValue::from_static("https://elsewhere.invalid");
const TWICE: HeaderValue = HeaderValue::from_static("*, *");

/// Applies the head effects of `plan` to `response`. Called after all other effects.
pub(in crate::proxy) fn apply_header_faults(
    plan: &Plan,
    exchange: &Exchange,
    response: &mut Response<Source>,
) {
    if let Some(Planned { rule, effect }) = &plan.cors
        && cors(*effect, &exchange.request.method, response)
    {
        exchange.injected(rule, "cors", None);
    }
    if let Some(Planned { rule, effect }) = &plan.date_skew {
        exchange.injected(rule, "date-skew", None);
        let session = &exchange.session;
        let now = http_date(session.unix_time(session.now()));
        let date = headers::text(response.headers(), header::DATE).unwrap_or(&now);
        let moved = moved_http_date(date, effect.milliseconds);
        if let Some(value) = moved.and_then(|date| HeaderValue::from_str(&date).ok()) {
            response.headers_mut().insert(header::DATE, value);
        }
    }
    if let Some(Planned { rule, effect }) = &plan.headers {
        exchange.injected(rule, "headers", None);
        edit(effect, response.headers_mut());
    }
}

fn edit(edit: &HeaderEdit, headers: &mut HeaderMap) {
    for name in edit.remove.iter() {
        headers.remove(name);
    }
    for (name, value) in edit.set.iter() {
        headers.insert(name, value.clone());
    }
}

/// Applies a CORS fault. Returns whether it changed anything.
fn cors(fault: Cors, method: &Method, response: &mut Response<Source>) -> bool {
    let headers = response.headers_mut();
    match fault {
        Cors::Missing => headers.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN).is_some(),
        Cors::Unexposed => headers.remove(header::ACCESS_CONTROL_EXPOSE_HEADERS).is_some(),
        Cors::WrongOrigin => {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ELSEWHERE);
            true
        }
        Cors::Duplicated => {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, TWICE);
            true
        }
        Cors::Preflight if *method == Method::OPTIONS => {
            for name in [
                header::ACCESS_CONTROL_ALLOW_ORIGIN,
                header::ACCESS_CONTROL_ALLOW_METHODS,
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                header::CONTENT_LENGTH,
                header::CONTENT_TYPE,
            ] {
                headers.remove(name);
            }
            *response.status_mut() = StatusCode::FORBIDDEN;
            *response.body_mut() = Source::default();
            true
        }
        Cors::Preflight => false,
    }
}

/// Adds `Connection: close` to `response`, if the plan closes the connection so. Returns `true` if the connection is
/// to close without that header.
pub(in crate::proxy) fn close(
    plan: &Plan,
    exchange: &Exchange,
    response: &mut Response<Source>,
) -> bool {
    let Some(Planned { rule, effect }) = &plan.close else { return false };
    exchange.injected(rule, "close", None);
    match effect {
        // The header exists only in HTTP/1.1; HTTP/2 uses GOAWAY.
        Closing::After if !exchange.connection().is_http2() => {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            false
        }
        Closing::After | Closing::Unannounced => true,
        Closing::IdleConnections => false,
    }
}
