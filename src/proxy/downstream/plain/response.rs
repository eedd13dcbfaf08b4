//! The head of a response in its usual form, as hyper's server writes it.

use super::date_line::write_date;
use crate::clock::Clock;
use http::{Method, Response, StatusCode, Version, header};
use hyper::{body::Body, ext::ReasonPhrase};

/// The bytes of a field without its name and value.
const FIELD: usize = ": \r\n".len();
/// The status line, the date and the length.
const OTHERS: usize = 128;
/// A body up to this length is sent in one buffer with the head, which costs less than two.
pub(super) const SHORT: usize = 4 * 1024;

/// The head of a response, and how many bytes of its body follow it.
#[derive(Debug)]
pub(super) struct ResponseHead {
    /// With room for a short body.
    pub(super) bytes: Vec<u8>,
    pub(super) length: u64,
}

/// The head of `response` to a request with `method`. Without a date, it gets that of `clock`; if `closes` is set, it announces
/// the end of the connection. `None` = hyper must write it: the length of the body is not known, or the response has fields
/// about its connection or its framing.
pub(super) fn encode<B: Body>(
    response: &Response<B>,
    method: &Method,
    closes: bool,
    clock: Clock,
) -> Option<ResponseHead> {
    let (status, headers) = (response.status(), response.headers());
    // The version is the origin's.
    let usual = matches!(response.version(), Version::HTTP_11 | Version::HTTP_2);
    if !usual || status.is_informational() {
        return None;
    }
    let body = response.body();
    let empty = body.is_end_stream();
    let length = if empty { 0 } else { body.size_hint().exact()? };
    let fields: usize =
        headers.iter().map(|(name, value)| name.as_str().len() + value.len() + FIELD).sum();
    let behind = usize::try_from(length).ok().filter(|length| *length <= SHORT).unwrap_or(0);
    let mut bytes = Vec::with_capacity(fields + OTHERS + behind);
    let mut write = |parts: &[&[u8]]| parts.iter().for_each(|part| bytes.extend_from_slice(part));
    match response.extensions().get::<ReasonPhrase>() {
        None if status == StatusCode::OK => write(&[b"HTTP/1.1 200 OK\r\n"]),
        reason => {
            let usual = || status.canonical_reason().unwrap_or("<none>").as_bytes();
            let reason = reason.map_or_else(usual, ReasonPhrase::as_bytes);
            write(&[b"HTTP/1.1 ", status.as_str().as_bytes(), b" ", reason, b"\r\n"]);
        }
    }
    let is_head = *method == Method::HEAD;
    let has_body = !is_head && !without_body(status);
    let (mut declared, mut dated) = (false, false);
    for (name, value) in headers {
        match *name {
            header::CONNECTION | header::TRANSFER_ENCODING | header::TRAILER => return None,
            header::CONTENT_LENGTH if declared => return None,
            // It is written below, with the true length.
            header::CONTENT_LENGTH if empty && !is_head => continue,
            header::CONTENT_LENGTH => declared = true,
            header::DATE => dated = true,
            _ => {}
        }
        write(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"]);
    }
    if closes {
        write(&[b"connection: close\r\n"]);
    }
    let may_declare = has_body || (is_head && length > 0 && !without_body(status));
    if !declared && may_declare {
        write(&[b"content-length: ", length.to_string().as_bytes(), b"\r\n"]);
    }
    if !dated {
        write_date(&mut bytes, clock.timestamp().unix);
    }
    bytes.extend_from_slice(b"\r\n");
    Some(ResponseHead { bytes, length: if has_body { length } else { 0 } })
}

/// Whether responses with `status` have neither a body nor a length (RFC 9110 §8.6).
const fn without_body(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}
