//! A response whose head has arrived, on the connection that carries its body.

use super::{
    answer_framing::{AmbiguousLength, names_close, settle},
    body::{ChunkedBody, DirectBody, HyperBody, OriginBody, PoolReturn, PooledBody, StreamBody},
    h1_connection::H1Connection,
    http2,
    idle_connections::IdleConnection,
    plain_exchange::{Framing, PlainResponse},
    throttled_stream::ThrottledStream,
};
use bytes::Bytes;
use http::{HeaderMap, Response, Version, header};
use hyper::body::{Body as _, Incoming};
use std::{future::poll_fn, pin::Pin, task::Poll, time::Duration};
use tokio::sync::oneshot;

/// A response, and its connection.
pub(super) enum CarriedResponse {
    /// Read without hyper.
    Plain(ThrottledStream, PlainResponse),
    /// HTTP/1.1, read by hyper.
    Http1(Box<H1Connection>, Response<Incoming>),
    /// HTTP/2.
    Http2(http2::Sender, Response<Incoming>),
}

impl CarriedResponse {
    /// The response with its body. The connection is returned to `home` after it, if it can be reused. `bodiless`: the
    /// request was sent completely. Otherwise an origin may read nothing of it for as long as `unread` after its response.
    ///
    /// # Errors
    /// When the length of the body is ambiguous.
    pub(super) async fn into_response(
        self,
        home: PoolReturn,
        bodiless: bool,
        unread: Duration,
    ) -> Result<Response<OriginBody>, AmbiguousLength> {
        match self {
            Self::Plain(stream, response) => Ok(response.with_body(stream, home)),
            Self::Http2(sender, response) => {
                let body = |body| OriginBody::Stream(Box::new(StreamBody::new(body, sender, home)));
                Ok(response.map(body))
            }
            Self::Http1(connection, mut response) => {
                let home = settle(response.headers_mut())?.then_some(home);
                if bodiless {
                    Ok(Box::pin(read(response, connection, home)).await)
                } else {
                    Ok(read_while_sending(response, connection, home, unread))
                }
            }
        }
    }
}

impl PlainResponse {
    /// The response with its body, which is read from `stream`. The connection is then returned to `home`, if it stays open.
    fn with_body(self, mut stream: ThrottledStream, home: PoolReturn) -> Response<OriginBody> {
        let Self { head, framing, mut ready, head_size, stays_open } = self;
        let home = stays_open.then_some(home);
        let length = match framing {
            Framing::Length(length) => length,
            Framing::Chunked => {
                let body = Box::new(ChunkedBody::new(ready, stream, home));
                return head.map(|()| OriginBody::Chunked(body));
            }
        };
        let body = match length.checked_sub(ready.len() as u64) {
            Some(left) => {
                stream.note_size(length.saturating_add(head_size as u64));
                DirectBody::new(ready, left, stream, home)
            }
            None => {
                // The origin has sent more than it declared: its connection is closed.
                ready.truncate(usize::try_from(length).unwrap_or(usize::MAX));
                DirectBody::whole(ready)
            }
        };
        head.map(|()| OriginBody::DirectBody(Box::new(body)))
    }
}

/// The response to a request that may still be sent: some origins respond before they have read everything.
fn read_while_sending(
    response: Response<Incoming>,
    connection: Box<H1Connection>,
    home: Option<PoolReturn>,
    unread: Duration,
) -> Response<OriginBody> {
    let (open, closed) = oneshot::channel::<()>();
    tokio::spawn(async move {
        // The sender sends nothing: it is dropped with the body.
        let answered = async { drop(closed.await) };
        if let Some((connection, home)) = connection.finish(answered, unread).await.zip(home) {
            home.put_back(IdleConnection::Whole(connection));
        }
    });
    response.map(|body| OriginBody::Pooled(Box::new(PooledBody::new(body, open))))
}

/// The response to a request that was sent completely.
async fn read(
    response: Response<Incoming>,
    connection: Box<H1Connection>,
    home: Option<PoolReturn>,
) -> Response<OriginBody> {
    let (head, body) = response.into_parts();
    let body = match body.size_hint().exact() {
        Some(length) => {
            let stays_open = stays_open(head.version, &head.headers);
            read_directly(body, length, connection, home, stays_open).await
        }
        None => OriginBody::HyperBody(Box::new(HyperBody::new(body, connection, home))),
    };
    Response::from_parts(head, body)
}

/// A body of known length, of a response to a request that was sent completely.
async fn read_directly(
    mut body: Incoming,
    length: u64,
    mut connection: Box<H1Connection>,
    home: Option<PoolReturn>,
    stays_open: bool,
) -> OriginBody {
    if connection.is_idle() {
        // hyper has read the whole body.
        let whole = at_hand(&mut body).await;
        if let Some((stream, home)) = connection.into_bare().zip(home) {
            home.put_back(IdleConnection::Bare(stream));
        }
        return OriginBody::from(whole);
    }
    let Some((stream, more)) = connection.take_stream_parts() else {
        // The connection has ended; hyper knows whether the body is complete.
        return OriginBody::HyperBody(Box::new(HyperBody::new(body, connection, home)));
    };
    let came = at_hand(&mut body).await;
    // hyper normally hands over all bytes it has read; `more` is what it may have kept.
    let ready = if more.is_empty() { came } else { [came, more].concat().into() };
    // If the end of the request is not sent yet, the origin would read it as the start of the next request.
    let reusable = !stream.has_unsent_bytes() && stays_open;
    match length.checked_sub(ready.len() as u64) {
        Some(left) => {
            let home = home.filter(|_| reusable);
            OriginBody::DirectBody(Box::new(DirectBody::new(ready, left, stream, home)))
        }
        None => OriginBody::from(ready.slice(..length as usize)),
    }
}

/// The bytes of a body that hyper has already read.
async fn at_hand(body: &mut Incoming) -> Bytes {
    poll_fn(|cx| match Pin::new(&mut *body).poll_frame(cx) {
        Poll::Ready(Some(Ok(frame))) => Poll::Ready(frame.into_data().unwrap_or_default()),
        _ => Poll::Ready(Bytes::new()),
    })
    .await
}

/// Whether the origin keeps its connection open (RFC 9112 §9.3).
fn stays_open(version: Version, headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::CONNECTION).iter();
    version == Version::HTTP_11 && !values.any(|value| names_close(value.as_bytes()))
}
