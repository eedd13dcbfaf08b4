//! A request without a body over HTTP/1.1, and its response if that is plain: its head arrives at once, and the end of
//! its body is not that of the connection. Most responses are. hyper gets all others, with what was sent and received so far, and so decides what is
//! an error.

use super::{
    answer_framing::{digits, names_close},
    earlier_traffic::EarlierTraffic,
    throttled_stream::ThrottledStream,
};
use crate::sessions::Origin;
use bytes::{Bytes, BytesMut};
use http::{
    HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version, header,
    uri::PathAndQuery,
};
use httparse::{ParserConfig, Status};
use hyper::ext::ReasonPhrase;
use std::{
    future::{Future as _, poll_fn},
    io,
    mem::MaybeUninit,
    pin::{Pin, pin},
    task::{Poll, ready},
};
use tokio::io::{AsyncReadExt as _, AsyncWrite as _};

/// The most fields of a plain head.
const MOST_FIELDS: usize = 64;
/// The fields that the proxy adds to most responses.
const ADDED: usize = 4;
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
fn decode(bytes: &Bytes, method: &Method) -> Option<PlainResponse> {
    let mut fields = [const { MaybeUninit::uninit() }; MOST_FIELDS];
    let mut parsed = httparse::Response::new(&mut []);
    let config = ParserConfig::default();
    let Ok(Status::Complete(size)) =
        config.parse_response_with_uninit_headers(&mut parsed, bytes, &mut fields)
    else {
        return None;
    };
    // hyper knows what HTTP/1.0 means for a connection, and skips interim responses.
    let status =
        StatusCode::from_u16(parsed.code?).ok().filter(|status| !status.is_informational());
    let (status, Some(1)) = (status?, parsed.version) else { return None };
    let mut head = Response::new(());
    (*head.status_mut(), *head.version_mut()) = (status, Version::HTTP_11);
    if parsed.reason != status.canonical_reason() {
        head.extensions_mut().insert(ReasonPhrase::try_from(parsed.reason?.as_bytes()).ok()?);
    }
    head.headers_mut().reserve(parsed.headers.len() + ADDED);
    let (mut framing, mut stays_open) = (None, true);
    for field in parsed.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
        match name {
            // What one of them means beside others is for hyper to say.
            header::TRANSFER_ENCODING | header::CONTENT_LENGTH if framing.is_some() => return None,
            header::TRANSFER_ENCODING => {
                framing =
                    Some(Framing::Chunked).filter(|_| field.value.eq_ignore_ascii_case(b"chunked"));
                framing?;
            }
            header::CONTENT_LENGTH => framing = Some(Framing::Length(digits(field.value)?)),
            header::CONNECTION => stays_open &= !names_close(field.value),
            _ => {}
        }
        let value = HeaderValue::from_maybe_shared(bytes.slice_ref(field.value)).ok()?;
        head.headers_mut().append(name, value);
    }
    let bodiless = *method == Method::HEAD
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let framing = match framing {
        Some(Framing::Length(length)) if length > LONGEST => return None,
        None | Some(Framing::Length(_)) if bodiless => Framing::Length(0),
        Some(Framing::Chunked) if bodiless => return None,
        framing => framing?,
    };
    Some(PlainResponse { head, framing, ready: bytes.slice(size..), head_size: size, stays_open })
}

#[cfg(test)]
mod tests;
