//! A player's request body, with an ear on it: what it tells is heard whether or not it goes on.

use crate::proxy::exchange::cmcd_post::Listener;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{runtime::Handle, time::timeout};

/// For how long a body that nobody asks for any more is heard out.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// A request body. One that is dropped before its end (its request was answered without the origin, say)
/// is read on for as long as somebody listens.
pub(in crate::proxy) struct RequestBody {
    /// `None` = dropped, and read on.
    inner: Option<Incoming>,
    listener: Option<Box<Listener>>,
}

impl RequestBody {
    pub(in crate::proxy) const fn new(inner: Incoming, listener: Option<Box<Listener>>) -> Self {
        Self { inner: Some(inner), listener }
    }

    /// Lets the listener hear `data`, and the end if it is the last. A body of known length may never
    /// be asked for what comes after its end.
    fn overhear(&mut self, data: Option<&Bytes>) {
        let Some(mut listener) = self.listener.take() else { return };
        let listens = data.is_none_or(|data| listener.hear(data));
        match data.is_none() || self.is_end_stream() {
            true if listens => listener.tell(),
            false if listens => self.listener = Some(listener),
            _ => {}
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
        let next = ready!(Pin::new(inner).poll_frame(cx));
        match &next {
            None => self.overhear(None),
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.overhear(Some(data));
                }
            }
            Some(Err(_)) => self.listener = None,
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(|| SizeHint::with_exact(0), Incoming::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let Some((inner, listener)) = self.inner.take().zip(self.listener.take()) else { return };
        // At the very end of a run there is nobody left to hear it out.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(timeout(DRAIN_LIMIT, hear_out(inner, listener)));
        }
    }
}

async fn hear_out(mut body: Incoming, mut listener: Box<Listener>) {
    while !body.is_end_stream() {
        match body.frame().await {
            Some(Ok(frame)) => {
                if frame.data_ref().is_some_and(|data| !listener.hear(data)) {
                    return;
                }
            }
            Some(Err(_)) => return,
            None => break,
        }
    }
    listener.tell();
}
