//! Refuses requests that are too large or whose framing is invalid, before they are processed.

use super::connection::Connection;
use crate::proxy::{body::incoming_body::IncomingBody, config::Limits, error::ProxyError};
use http::{HeaderValue, Method, Version, header, request, uri::Authority};
use hyper::body::Body as _;

/// Refuses a request whose head or body is too large, that has no valid `Host` or more than one, whose target has no path,
/// or whose length is ambiguous (RFC 9112 §3.2, §6).
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
            header::HOST => {
                hosts += 1;
                host(value)?;
            }
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
    let has_authority = head.uri.authority().is_some() && head.uri.scheme().is_none();
    if has_authority && head.method != Method::CONNECT {
        return Err(ProxyError::Framing("its target must begin with `/` or `http://`"));
    }
    if codings > 1 || (codings == 1 && connection.activity.declared_length()) {
        return Err(ProxyError::Framing("it must declare the body's length exactly once"));
    }
    if body.size_hint().lower() > limits.request_body.bytes() {
        return Err(ProxyError::TooLarge);
    }
    Ok(())
}

/// Whether `value` is a host and perhaps a port (RFC 9110 §7.2). It is empty for targets without a host.
fn host(value: &HeaderValue) -> Result<(), ProxyError> {
    let port = |authority: &Authority| {
        let port = authority.as_str().strip_prefix(authority.host())?.strip_prefix(':')?;
        Some(port.is_empty() || port.parse::<u16>().is_ok())
    };
    let valid = |authority: &Authority| {
        !authority.as_str().contains('@') && port(authority).unwrap_or(true)
    };
    let text = value.as_bytes();
    if is_plain(text) {
        return Ok(());
    }
    if text.is_empty() || Authority::try_from(text).is_ok_and(|authority| valid(&authority)) {
        return Ok(());
    }
    Err(ProxyError::Framing(
        "its Host header must be a host, as in `example.com` or `127.0.0.1:8080`",
    ))
}

/// Whether `text` is a name or an IPv4 address, perhaps with a port of up to four digits, as nearly all hosts are.
fn is_plain(text: &[u8]) -> bool {
    let colon = memchr::memchr(b':', text).unwrap_or(text.len());
    let (name, port) = text.split_at(colon);
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let digits = port.get(1..).unwrap_or_default();
    !name.is_empty()
        && name.iter().all(is_name)
        && digits.len() <= 4
        && digits.iter().all(u8::is_ascii_digit)
}

fn chunked(value: &HeaderValue) -> Result<(), ProxyError> {
    if value.as_bytes().eq_ignore_ascii_case(b"chunked") {
        return Ok(());
    }
    Err(ProxyError::Framing("the only accepted transfer coding is `chunked`, once"))
}
