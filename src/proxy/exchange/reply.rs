//! The proxy's own responses. A header distinguishes them from the origin's.

use crate::proxy::{body::source::Source, downstream::connection::Connection, error::ProxyError};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

/// The header of the proxy's own error responses: `side; cause`.
const ERROR: header::HeaderName = header::HeaderName::from_static("vsps-error");

/// The response to a request that could not be served, on `connection`, which closes if it must.
pub(in crate::proxy) fn refusal(connection: &Connection, error: &ProxyError) -> Response<Source> {
    if error.closes() {
        connection.activity.refuse();
    }
    failure(error)
}

/// The response to a request that could not be served.
fn failure(error: &ProxyError) -> Response<Source> {
    let (side, cause) = (error.side(), error.cause());
    let status = error.status();
    let mut response = error_response(status, side, cause, &error.to_string());
    if error.is_temporary() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if error.closes() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The response with a status that a rule sets.
pub(in crate::proxy) fn injected(status: StatusCode, rule: &str) -> Response<Source> {
    error_response(status, "injected", "rule", &format!("rule `{rule}` sets this status"))
}

/// The response to a request that is not valid for an address of the proxy itself.
pub(in crate::proxy) fn refused(status: StatusCode, detail: &str) -> Response<Source> {
    error_response(status, "player", "request", detail)
}

fn error_response(status: StatusCode, side: &str, cause: &str, detail: &str) -> Response<Source> {
    let body = serde_json::json!({
        "error": { "side": side, "cause": cause, "status": status.as_u16(), "detail": detail }
    });
    let mut response = Response::new(Source::from(Bytes::from(format!("{body}\n"))));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(&format!("{side}; {cause}")) {
        headers.insert(ERROR, value);
    }
    response
}

/// A redirect (307) to `location`.
pub(in crate::proxy) fn redirect(location: &str) -> Response<Source> {
    let mut response = Response::new(Source::default());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(location) {
        headers.insert(header::LOCATION, value);
    }
    response
}
