//! `Max-Forwards`: how often a request with OPTIONS or TRACE may still be forwarded (RFC 9110 §7.6.2).

use super::outbound::Outbound;
use crate::proxy::body::source::Source;
use bytes::Bytes;
use http::{HeaderValue, Method, Response, header, request};
use std::fmt::Write as _;

/// Counts one step. Returns the answer if the request must not be forwarded any more.
pub(in crate::proxy) fn count(outbound: &mut Outbound) -> Option<Response<Source>> {
    let head = &mut outbound.head;
    if head.method != Method::OPTIONS && head.method != Method::TRACE {
        return None;
    }
    let left = head.headers.get(header::MAX_FORWARDS)?.to_str().ok()?.trim().parse::<u64>().ok()?;
    let Some(left) = left.checked_sub(1) else { return Some(answer(head)) };
    head.headers.insert(header::MAX_FORWARDS, left.into());
    None
}

/// The answer of the last recipient: to OPTIONS an empty one, to TRACE the request, without what is secret.
fn answer(head: &request::Parts) -> Response<Source> {
    if head.method == Method::OPTIONS {
        return Response::new(Source::default());
    }
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let mut text = format!("TRACE {target} HTTP/1.1\r\n");
    for (name, value) in &head.headers {
        let secret =
            [header::AUTHORIZATION, header::PROXY_AUTHORIZATION, header::COOKIE].contains(name);
        if let Ok(value) = value.to_str()
            && !secret
        {
            // Writing to a String can't fail.
            let _ = write!(text, "{name}: {value}\r\n");
        }
    }
    text.push_str("\r\n");
    let mut response = Response::new(Source::from(Bytes::from(text)));
    let kind = HeaderValue::from_static("message/http");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
