//! Refuses requests that are too large or whose framing is invalid, before they are processed.

use super::connection::Connection;
use crate::proxy::{body::incoming_body::IncomingBody, config::Limits, error::ProxyError};
use http::{HeaderValue, Version, header, request};
use hyper::body::Body as _;

/// Refuses a request whose head or body is too large, that has no `Host` or more than one, or whose length is
/// ambiguous (RFC 9112 §3.2, §6).
pub(in crate::proxy) fn check(
    connection: &Connection,
    head: &request::Parts,
    body: &IncomingBody,
    limits: &Limits,
) -> Result<(), ProxyError> {
    let mut size = head.method.as_str().len() + head.uri.path().len();
    size += head.uri.query().map_or(0, str::len);
    let (mut hosts, mut codings) = (0, 0);
    for (name, value) in &head.headers {
        // On the wire each field also has a colon, a space and a line end.
        size += name.as_str().len() + value.len() + 4;
        match *name {
            header::HOST => hosts += 1,
            header::TRANSFER_ENCODING => {
                codings += 1;
                chunked(value)?;
            }
            _ => {}
        }
    }
    if size as u64 > limits.header.bytes() {
        return Err(ProxyError::HeadTooLarge);
    }
    if hosts > 1 || (hosts == 0 && head.version == Version::HTTP_11) {
        return Err(ProxyError::Framing("it must have exactly one Host header"));
    }
    if codings > 1 || (codings == 1 && connection.declared_length()) {
        return Err(ProxyError::Framing("it must declare the body's length exactly once"));
    }
    if body.size_hint().lower() > limits.request_body.bytes() {
        return Err(ProxyError::TooLarge);
    }
    Ok(())
}

fn chunked(value: &HeaderValue) -> Result<(), ProxyError> {
    if value.as_bytes().eq_ignore_ascii_case(b"chunked") {
        return Ok(());
    }
    Err(ProxyError::Framing("the only accepted transfer coding is `chunked`, once"))
}
