//! A body whose bytes are observed as they pass.

use crate::proxy::exchange::observe::Observer;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Passes frames on unchanged. An observer receives the bytes of each.
pub(in crate::proxy) struct ObservedBody<B> {
    inner: B,
    observer: Option<Box<Observer>>,
}

impl<B> ObservedBody<B> {
    pub(in crate::proxy) const fn new(inner: B, observer: Option<Box<Observer>>) -> Self {
        Self { inner, observer }
    }

    /// The body itself.
    pub(in crate::proxy) const fn inner(&mut self) -> &mut B {
        &mut self.inner
    }

    /// Whether its bytes are still observed.
    pub(in crate::proxy) fn is_observed(&self) -> bool {
        self.observer.as_ref().is_some_and(|observer| !observer.is_done())
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for ObservedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let next = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let (Some(observer), Some(Ok(frame))) = (&mut self.observer, &next)
            && let Some(data) = frame.data_ref()
        {
            observer.see(data);
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
