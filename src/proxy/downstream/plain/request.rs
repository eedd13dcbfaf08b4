//! The head of a request in its usual form.

use crate::proxy::{
    body::incoming_body::IncomingBody,
    plain_head::{Field, PlainHead, RequestLine},
};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri, Version, header};

/// The longest head of a plain request, in bytes.
pub(super) const LONGEST: usize = 8 * 1024;
/// The most fields of one.
const MOST_FIELDS: usize = 64;
/// How many fields there is room for at first.
const USUAL_FIELDS: usize = 16;

/// A plain request.
pub(super) struct PlainRequest {
    pub(super) request: Request<IncomingBody>,
    /// The length of its head.
    pub(super) length: usize,
    /// The player wants the connection to be closed after the response.
    pub(super) closes: bool,
}

/// The request that `bytes` begin with. `None` = hyper reads it: the head is not complete or has another form, it is invalid,
/// the request has a body, or it asks for another protocol.
pub(super) fn decode(bytes: &Bytes) -> Option<PlainRequest> {
    let mut lines = PlainHead::new(bytes);
    let RequestLine { method, target } = lines.request_line()?;
    let method = match method {
        b"GET" => Method::GET,
        b"HEAD" => Method::HEAD,
        _ => return None,
    };
    if !target.starts_with(b"/") || !target.iter().copied().all(is_usual) {
        return None;
    }
    let mut request = Request::new(IncomingBody::Empty);
    (*request.method_mut(), *request.version_mut()) = (method, Version::HTTP_11);
    *request.uri_mut() = Uri::from_maybe_shared(bytes.slice_ref(target)).ok()?;
    let fields = request.headers_mut();
    fields.reserve(USUAL_FIELDS);
    let mut closes = false;
    while let Some(Field { name, value }) = lines.field()? {
        let name = match usual_name(name) {
            Some(name) => name,
            None => HeaderName::from_bytes(name).ok()?,
        };
        match name {
            header::CONNECTION if value.eq_ignore_ascii_case(b"keep-alive") => {}
            header::CONNECTION if value.eq_ignore_ascii_case(b"close") => closes = true,
            header::CONNECTION
            | header::CONTENT_LENGTH
            | header::EXPECT
            | header::TRANSFER_ENCODING
            | header::UPGRADE => return None,
            _ => {}
        }
        fields.append(name, HeaderValue::from_maybe_shared(bytes.slice_ref(value)).ok()?);
        if fields.len() > MOST_FIELDS {
            return None;
        }
    }
    let length = lines.read();
    (length <= LONGEST).then_some(PlainRequest { request, length, closes })
}

/// Whether `byte` may be in a path or query (RFC 3986 §3.3, §3.4), or is sent there by browsers all the same.
const fn is_usual(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.' | b'_' | b'~' | b'!' | b'$'..=b'/' | b':' | b';' | b'=' | b'?' | b'@'
        )
}

/// The name of a field that most requests have, in its usual spelling: it need not be parsed.
fn usual_name(name: &[u8]) -> Option<HeaderName> {
    Some(match name {
        b"Accept" | b"accept" => header::ACCEPT,
        b"Accept-Encoding" | b"accept-encoding" => header::ACCEPT_ENCODING,
        b"Accept-Language" | b"accept-language" => header::ACCEPT_LANGUAGE,
        b"Cache-Control" | b"cache-control" => header::CACHE_CONTROL,
        b"Connection" | b"connection" => header::CONNECTION,
        b"Cookie" | b"cookie" => header::COOKIE,
        b"Host" | b"host" => header::HOST,
        b"Origin" | b"origin" => header::ORIGIN,
        b"Pragma" | b"pragma" => header::PRAGMA,
        b"Range" | b"range" => header::RANGE,
        b"Referer" | b"referer" => header::REFERER,
        b"User-Agent" | b"user-agent" => header::USER_AGENT,
        _ => return None,
    })
}
