//! HTTP/2 to an origin, one exchange at a time on each connection, so that a body that nobody reads holds up no
//! other one.

use super::{
    body::Home, idle_connections::Resting, read_policy::ReadPolicy,
    throttled_stream::ThrottledStream,
};
use crate::proxy::body::upload::Upload;
use bytes::Bytes;
use http_body_util::Limited;
use hyper::{
    body::{Body as _, Frame, Incoming},
    client::conn::http2::{self, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{
    error::Error as StdError,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Sends requests on a connection that has a task of its own.
pub(super) type Sender = SendRequest<Limited<Upload>>;

/// Bytes of a body that an origin may send ahead, where the kernel's buffers are not bounded.
const WINDOW: u32 = 4 * 1024 * 1024;

/// Speaks on `stream`.
///
/// # Errors
/// Those of the connection.
pub(super) async fn start(stream: ThrottledStream, intake: ReadPolicy) -> hyper::Result<Sender> {
    let window = intake.unread.and_then(|bytes| u32::try_from(bytes).ok()).unwrap_or(WINDOW);
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(window)
        .initial_connection_window_size(window)
        .handshake(TokioIo::new(stream))
        .await?;
    // What went wrong is told to whoever waits for the answer or reads its body.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

/// Whether the origin says with `error` that it has not processed the request (RFC 9113 §8.7): the stream was refused,
/// or its number is above the last one of a GOAWAY.
pub(super) fn is_unprocessed(error: &hyper::Error) -> bool {
    let h2 = error.source().and_then(<dyn StdError>::downcast_ref::<h2::Error>);
    h2.is_some_and(|error| {
        error.reason() == Some(h2::Reason::REFUSED_STREAM)
            || (error.is_go_away() && error.is_remote())
    })
}

/// A body, with the connection that is used again after it.
pub(in crate::proxy) struct StreamBody {
    pub(super) body: Incoming,
    lent: Option<(Sender, Home)>,
}

impl StreamBody {
    pub(super) fn new(body: Incoming, sender: Sender, home: Home) -> Self {
        if body.is_end_stream() {
            home.take_in(Resting::Http2(sender));
            return Self { body, lent: None };
        }
        Self { body, lent: Some((sender, home)) }
    }

    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let next = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let last = match &next {
            None => true,
            Some(Ok(frame)) => frame.is_trailers() || self.body.is_end_stream(),
            Some(Err(_)) => false,
        };
        if last && let Some((sender, home)) = self.lent.take() {
            home.take_in(Resting::Http2(sender));
        }
        Poll::Ready(next)
    }
}
