//! A body from an HTTP/2 stream.

use super::{
    super::{http2::Sender, idle_connections::IdleConnection},
    PoolReturn,
};
use bytes::Bytes;
use hyper::body::{Body as _, Frame, Incoming};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

/// A body, with the connection that is reused after it.
pub(in crate::proxy) struct StreamBody {
    pub(in crate::proxy::upstream) body: Incoming,
    connection: Option<(Sender, PoolReturn)>,
}

impl StreamBody {
    pub(in crate::proxy::upstream) fn new(
        body: Incoming,
        sender: Sender,
        home: PoolReturn,
    ) -> Self {
        if body.is_end_stream() {
            home.put_back(IdleConnection::Http2(sender));
            return Self { body, connection: None };
        }
        Self { body, connection: Some((sender, home)) }
    }

    pub(in crate::proxy::upstream) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let next = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let last = match &next {
            None => true,
            Some(Ok(frame)) => frame.is_trailers() || self.body.is_end_stream(),
            Some(Err(_)) => false,
        };
        if last && let Some((sender, home)) = self.connection.take() {
            home.put_back(IdleConnection::Http2(sender));
        }
        Poll::Ready(next)
    }
}
