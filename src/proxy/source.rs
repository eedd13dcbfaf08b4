//! Where a response's bytes come from: the origin, our own memory, or first one and then the other.

use super::fault::Detour;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// Bytes at hand, then the origin's body, then, if it failed while we were reading ahead, the
/// failure.
#[derive(Default)]
pub(super) struct Source {
    ready: Bytes,
    rest: Option<Incoming>,
    failure: Option<hyper::Error>,
    /// The way that rules send it.
    detour: Option<Box<Detour>>,
}

impl Source {
    /// `ready`, then what is left of `rest`.
    pub(super) const fn then(ready: Bytes, rest: Incoming) -> Self {
        Self { ready, rest: Some(rest), failure: None, detour: None }
    }

    /// `ready`, then `failure`, as the origin gave them.
    pub(super) const fn broken(ready: Bytes, failure: hyper::Error) -> Self {
        Self { ready, rest: None, failure: Some(failure), detour: None }
    }

    /// Sends it by way of `detour`.
    pub(super) fn detour(&mut self, detour: Box<Detour>) {
        self.detour = Some(detour);
    }

    /// The next frame.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(mut detour) = self.detour.take() else { return self.poll_straight(cx) };
        let next = detour.poll(cx, &mut |cx| self.poll_straight(cx));
        self.detour = Some(detour);
        next
    }

    fn poll_straight(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if !self.ready.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.ready)))));
        }
        if let Some(rest) = &mut self.rest {
            return Pin::new(rest).poll_frame(cx);
        }
        Poll::Ready(self.failure.take().map(Err))
    }

    /// Whether nothing will come any more.
    pub(super) fn is_end(&self) -> bool {
        self.detour.as_ref().is_none_or(|detour| detour.is_empty())
            && self.ready.is_empty()
            && self.failure.is_none()
            && self.rest.as_ref().is_none_or(Body::is_end_stream)
    }

    /// How many bytes will come, as far as is known.
    pub(super) fn size_hint(&self) -> SizeHint {
        let ready = self.ready.len() as u64;
        let Some(rest) = &self.rest else {
            return if self.failure.is_some() {
                SizeHint::new()
            } else {
                SizeHint::with_exact(ready)
            };
        };
        let rest = rest.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + ready);
        }
        hint.set_lower(rest.lower() + ready);
        hint
    }
}

impl From<Bytes> for Source {
    fn from(ready: Bytes) -> Self {
        Self { ready, rest: None, failure: None, detour: None }
    }
}

impl From<Incoming> for Source {
    fn from(rest: Incoming) -> Self {
        Self { ready: Bytes::new(), rest: Some(rest), failure: None, detour: None }
    }
}
