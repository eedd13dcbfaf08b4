//! A player's request body. Its bytes are also fed to the CMCD listener, whether or not they are forwarded.

use super::incoming_body::{IncomingBody, IncomingError};
use crate::proxy::exchange::cmcd_post::Listener;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{runtime::Handle, time::timeout};

/// How long a body that is no longer needed is still read for the listener.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// A request body. If it is dropped before its end (for example because a rule answered the request), it is read
/// on in the background while there is a listener.
pub(in crate::proxy) struct RequestBody {
    /// `None` = moved to the background task.
    inner: Option<IncomingBody>,
    listener: Option<Box<Listener>>,
}

impl RequestBody {
    pub(in crate::proxy) const fn new(
        inner: IncomingBody,
        listener: Option<Box<Listener>>,
    ) -> Self {
        Self { inner: Some(inner), listener }
    }

    /// Passes `data` to the listener, and the end of the body if this is the last data. (A body of known length may
    /// never be polled after its end.)
    fn feed_listener(&mut self, data: Option<&Bytes>) {
        let Some(mut listener) = self.listener.take() else { return };
        if data.is_some_and(|data| !listener.feed(data)) {
            return;
        }
        if data.is_none() || self.is_end_stream() {
            listener.finish();
        } else {
            self.listener = Some(listener);
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = IncomingError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, IncomingError>>> {
        let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
        let next = ready!(Pin::new(inner).poll_frame(cx));
        match &next {
            None => self.feed_listener(None),
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.feed_listener(Some(data));
                }
            }
            Some(Err(_)) => self.listener = None,
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let Some((inner, listener)) = self.inner.take().zip(self.listener.take()) else { return };
        // During shutdown there is no runtime to read it.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(timeout(DRAIN_LIMIT, read_for_listener(inner, listener)));
        }
    }
}

async fn read_for_listener(mut body: IncomingBody, mut listener: Box<Listener>) {
    while !body.is_end_stream() {
        match body.frame().await {
            Some(Ok(frame)) => {
                if frame.data_ref().is_some_and(|data| !listener.feed(data)) {
                    return;
                }
            }
            Some(Err(_)) => return,
            None => break,
        }
    }
    listener.finish();
}
