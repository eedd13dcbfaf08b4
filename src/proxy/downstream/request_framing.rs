//! Requests that can't be taken as they stand: refused before anything is made of them.

use super::connection::Connection;
use crate::proxy::{config::Limits, error::ProxyError};
use http::{HeaderValue, Version, header, request};
use hyper::body::{Body as _, Incoming};

/// Refuses a request whose head or body is too large, that names no host or two, or whose end could
/// be read in more than one way (RFC 9112 §3.2, §6).
pub(in crate::proxy) fn check(
    connection: &Connection,
    head: &request::Parts,
    body: &Incoming,
    limits: &Limits,
) -> Result<(), ProxyError> {
    let mut size = head.method.as_str().len() + head.uri.path().len();
    size += head.uri.query().map_or(0, str::len);
    let (mut hosts, mut codings) = (0, 0);
    for (name, value) in &head.headers {
        // As on the wire: a colon, a space and the line's end.
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
        return Err(ProxyError::Framing("name one Host"));
    }
    if codings > 1 || (codings == 1 && connection.declared_length()) {
        return Err(ProxyError::Framing("declare the body's length once, in one way"));
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
    Err(ProxyError::Framing("of the transfer codings, only `chunked` is taken, and once"))
}
