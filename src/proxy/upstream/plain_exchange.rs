//! A request without a body over HTTP/1.1, and its response if that is plain: its head arrives at once, and the end of
//! its body is not that of the connection. Most responses are. hyper gets all others, with what was sent and received so far, and so decides what is
//! an error.

use super::{
    answer_framing::{digits, names_close},
    earlier_traffic::EarlierTraffic,
    throttled_stream::ThrottledStream,
};
use crate::{
    proxy::plain_head::{Field, PlainHead, StatusLine},
    sessions::Origin,
};
use bytes::{Bytes, BytesMut};
use http::{
    HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version, header,
    uri::PathAndQuery,
};
use hyper::ext::ReasonPhrase;
use std::{
    future::{Future as _, poll_fn},
    io,
    pin::{Pin, pin},
    task::{Poll, ready},
};
use tokio::io::{AsyncReadExt as _, AsyncWrite as _};

/// The most fields of a plain head.
const MOST_FIELDS: usize = 64;
/// How many fields there is room for at first, with those that the proxy adds.
const USUAL_FIELDS: usize = 12;
/// hyper refuses bodies that are longer.
const LONGEST: u64 = u64::MAX - 2;

/// How the body of a plain response ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many bytes.
    Length(u64),
    /// With the last chunk.
    Chunked,
}

/// The head of a plain response, and what was read with it.
#[derive(Debug)]
pub(super) struct PlainResponse {
    pub(super) head: Response<()>,
    pub(super) framing: Framing,
    /// The bytes that followed the head.
    pub(super) ready: Bytes,
    /// The size of its head.
    pub(super) head_size: usize,
    /// The connection stays open after it.
    pub(super) stays_open: bool,
}

/// Whether `request`, which has no body, may be sent by [`exchange`].
pub(super) fn is_plain<B>(request: &Request<B>) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
}

/// Sends `request`, which has no body, to `origin` on `stream`, and reads a plain response. `None` = hyper is to go on: it
/// sends the same request on the stream.
pub(super) async fn exchange<B>(
    stream: &mut ThrottledStream,
    request: &Request<B>,
    origin: &Origin,
) -> Option<PlainResponse> {
    let mut earlier = EarlierTraffic::default();
    let head = encode(request, origin);
    let sent = poll_fn(|cx| Poll::Ready(Pin::new(&mut *stream).poll_write(cx, &head))).await;
    match sent {
        Poll::Ready(Ok(bytes)) => earlier.written = bytes,
        Poll::Ready(Err(error)) => earlier.unwritable = Some(error),
        Poll::Pending => {}
    }
    if earlier.written == head.len() && !stream.has_unsent_bytes() {
        drop(head);
        match read(stream).await {
            Ok(bytes) => {
                let response = decode(&bytes, request.method());
                if response.is_some() {
                    return response;
                }
                earlier.end = bytes.is_empty().then_some(Ok(()));
                earlier.read = bytes;
            }
            Err(error) => earlier.end = Some(Err(error)),
        }
    }
    stream.show_again(earlier);
    None
}

/// The head of `request`, as hyper writes it.
fn encode<B>(request: &Request<B>, origin: &Origin) -> Vec<u8> {
    let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let authority = origin.authority.as_str();
    let fields: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len())
        .sum();
    let rest = "OPTIONS  HTTP/1.1\r\nhost: \r\n\r\n".len();
    let mut head = Vec::with_capacity(path.len() + authority.len() + fields + rest);
    let mut write = |parts: [&[u8]; 4]| parts.iter().for_each(|part| head.extend_from_slice(part));
    let start: &[u8] = if path.starts_with('/') { b" " } else { b" /" };
    write([request.method().as_str().as_bytes(), start, path.as_bytes(), b" HTTP/1.1\r\n"]);
    let mut has_host = false;
    for (name, value) in request.headers() {
        match *name {
            header::TRANSFER_ENCODING => continue,
            header::HOST => has_host = true,
            _ => {}
        }
        write([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"]);
    }
    if !has_host {
        write([b"host: ", authority.as_bytes(), b"\r\n", b""]);
    }
    write([b"\r\n", b"", b"", b""]);
    head
}

/// The first bytes of a response; none = the connection has ended.
async fn read(stream: &mut ThrottledStream) -> io::Result<Bytes> {
    poll_fn(|cx| {
        // No buffer is held while the origin sends nothing.
        ready!(stream.poll_readable(cx))?;
        let mut buffer = BytesMut::with_capacity(stream.first_read());
        ready!(pin!(stream.read_buf(&mut buffer)).poll(cx))?;
        Poll::Ready(Ok(buffer.freeze()))
    })
    .await
}

/// The response in `bytes` to a request with `method`, if it is plain.
///
/// Its head is without a `Connection` that says only that the connection stays open, as nearly all do: the proxy passes
/// none on.
fn decode(bytes: &Bytes, method: &Method) -> Option<PlainResponse> {
    let mut lines = PlainHead::new(bytes);
    // hyper knows what HTTP/1.0 means for a connection, and skips interim responses.
    let StatusLine { code, reason } = lines.status_line()?;
    let status = StatusCode::from_u16(code).ok().filter(|status| !status.is_informational())?;
    let mut head = Response::new(());
    (*head.status_mut(), *head.version_mut()) = (status, Version::HTTP_11);
    if status.canonical_reason().is_none_or(|usual| usual.as_bytes() != reason) {
        // hyper replaces those that are not ASCII.
        let reason = Some(reason).filter(|reason| reason.is_ascii())?;
        head.extensions_mut().insert(ReasonPhrase::try_from(reason).ok()?);
    }
    let fields = head.headers_mut();
    fields.reserve(USUAL_FIELDS);
    let (mut framing, mut stays_open) = (None, true);
    while let Some(Field { name, value }) = lines.field()? {
        let name = match usual_name(name) {
            Some(name) => name,
            None => HeaderName::from_bytes(name).ok()?,
        };
        match name {
            // What one of them means beside others is for hyper to say.
            header::TRANSFER_ENCODING | header::CONTENT_LENGTH if framing.is_some() => return None,
            header::TRANSFER_ENCODING => {
                framing = Some(Framing::Chunked).filter(|_| value.eq_ignore_ascii_case(b"chunked"));
                framing?;
            }
            header::CONTENT_LENGTH => framing = Some(Framing::Length(digits(value)?)),
            header::CONNECTION if value.eq_ignore_ascii_case(b"keep-alive") => continue,
            header::CONNECTION => stays_open &= !names_close(value),
            _ => {}
        }
        let value = HeaderValue::from_maybe_shared(bytes.slice_ref(value)).ok()?;
        fields.append(name, value);
        if fields.len() > MOST_FIELDS {
            return None;
        }
    }
    let bodiless = *method == Method::HEAD
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let framing = match framing {
        Some(Framing::Length(length)) if length > LONGEST => return None,
        None | Some(Framing::Length(_)) if bodiless => Framing::Length(0),
        Some(Framing::Chunked) if bodiless => return None,
        framing => framing?,
    };
    let size = lines.read();
    Some(PlainResponse { head, framing, ready: bytes.slice(size..), head_size: size, stays_open })
}

/// The name of a field that most responses have, in its usual spelling: it need not be parsed.
fn usual_name(name: &[u8]) -> Option<HeaderName> {
    Some(match name {
        b"Accept-Ranges" | b"accept-ranges" => header::ACCEPT_RANGES,
        b"Age" | b"age" => header::AGE,
        b"Cache-Control" | b"cache-control" => header::CACHE_CONTROL,
        b"Connection" | b"connection" => header::CONNECTION,
        b"Content-Length" | b"content-length" => header::CONTENT_LENGTH,
        b"Content-Range" | b"content-range" => header::CONTENT_RANGE,
        b"Content-Type" | b"content-type" => header::CONTENT_TYPE,
        b"Date" | b"date" => header::DATE,
        b"ETag" | b"etag" => header::ETAG,
        b"Expires" | b"expires" => header::EXPIRES,
        b"Last-Modified" | b"last-modified" => header::LAST_MODIFIED,
        b"Server" | b"server" => header::SERVER,
        b"Transfer-Encoding" | b"transfer-encoding" => header::TRANSFER_ENCODING,
        b"Vary" | b"vary" => header::VARY,
        b"Via" | b"via" => header::VIA,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
