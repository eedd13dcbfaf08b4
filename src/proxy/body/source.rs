//! The source of a response's bytes: bytes in memory, the origin, or both in this order.

use crate::proxy::{
    exchange::observe::Observer,
    fault::BodyFilter,
    upstream::{OriginBody, OriginError},
};
use crate::seed::Stream;
use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, SizeHint};
use rand::RngExt as _;
use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

/// Random bytes are made in pieces of this size.
const JUNK_PIECE: u64 = 16 * 1024;

/// Bytes in memory, then the origin's body, then an error if the origin's body failed while it was read ahead.
#[derive(Default)]
pub(in crate::proxy) struct Source {
    ready: Bytes,
    rest: Option<OriginBody>,
    failure: Option<OriginError>,
    /// Receives the bytes of `rest`.
    observer: Option<Box<Observer>>,
    /// Random bytes at the end: how many, and the stream they are drawn from.
    junk: Option<(u64, Stream)>,
    /// Whether its length is hidden.
    hidden: bool,
    /// A filter set by rules.
    filter: Option<Box<BodyFilter>>,
}

impl Source {
    /// `ready`, then the rest of the body.
    pub(in crate::proxy) const fn then(ready: Bytes, rest: OriginBody) -> Self {
        Self {
            ready,
            rest: Some(rest),
            failure: None,
            observer: None,
            junk: None,
            hidden: false,
            filter: None,
        }
    }

    /// `ready`, then `failure`, as received from the origin.
    pub(in crate::proxy) const fn broken(ready: Bytes, failure: OriginError) -> Self {
        Self {
            ready,
            rest: None,
            failure: Some(failure),
            observer: None,
            junk: None,
            hidden: false,
            filter: None,
        }
    }

    /// Adds an observer of the origin's bytes.
    pub(in crate::proxy) fn observed(self, observer: Option<Box<Observer>>) -> Self {
        Self { observer, ..self }
    }

    /// A source of `bytes` random bytes.
    pub(in crate::proxy) fn junk(bytes: u64, stream: Stream) -> Self {
        Self { junk: Some((bytes, stream)), ..Self::default() }
    }

    /// Hides its length.
    pub(in crate::proxy) const fn hide_length(&mut self) {
        self.hidden = true;
    }

    /// Reads the whole source, up to `most` bytes, and keeps the bytes. `None` if it is larger or fails.
    pub(in crate::proxy) async fn read_ahead(&mut self, most: usize) -> Option<Bytes> {
        let mut read = BytesMut::new();
        let whole = loop {
            match poll_fn(|cx| self.poll_unfiltered(cx)).await {
                None => break true,
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        read.extend_from_slice(&data);
                    }
                }
                Some(Err(error)) => {
                    (self.rest, self.failure) = (None, Some(error));
                    break false;
                }
            }
            if read.len() > most {
                break false;
            }
        };
        if whole {
            self.rest = None;
        }
        self.ready = read.freeze();
        whole.then(|| self.ready.clone())
    }

    /// Passes its bytes through `filter`.
    pub(in crate::proxy) fn set_filter(&mut self, filter: Box<BodyFilter>) {
        self.filter = Some(filter);
    }

    /// The next frame.
    pub(in crate::proxy) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, OriginError>>> {
        let Some(mut filter) = self.filter.take() else { return self.poll_unfiltered(cx) };
        let next = filter.poll(cx, &mut |cx| self.poll_unfiltered(cx));
        self.filter = Some(filter);
        next
    }

    fn poll_unfiltered(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, OriginError>>> {
        if !self.ready.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.ready)))));
        }
        if let Some(rest) = &mut self.rest {
            let polled = Pin::new(rest).poll_frame(cx);
            if let (Some(observer), Poll::Ready(Some(Ok(frame)))) = (&mut self.observer, &polled)
                && let Some(data) = frame.data_ref()
            {
                observer.see(data);
            }
            return polled;
        }
        if let Some((left, stream)) = self.junk.as_mut().filter(|(left, _)| *left > 0) {
            let mut piece = BytesMut::zeroed((*left).min(JUNK_PIECE) as usize);
            stream.fill(&mut piece[..]);
            *left -= piece.len() as u64;
            return Poll::Ready(Some(Ok(Frame::data(piece.freeze()))));
        }
        Poll::Ready(self.failure.take().map(Err))
    }

    /// Whether there are no more frames.
    pub(in crate::proxy) fn is_end(&self) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.is_empty())
            && self.ready.is_empty()
            && self.failure.is_none()
            && self.junk.as_ref().is_none_or(|(left, _)| *left == 0)
            && self.rest.as_ref().is_none_or(Body::is_end_stream)
    }

    /// The remaining length, as far as it is known.
    pub(in crate::proxy) fn size_hint(&self) -> SizeHint {
        if self.hidden {
            return SizeHint::new();
        }
        let ready = self.ready.len() as u64 + self.junk.as_ref().map_or(0, |(left, _)| *left);
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
        Self {
            ready,
            rest: None,
            failure: None,
            observer: None,
            junk: None,
            hidden: false,
            filter: None,
        }
    }
}

impl From<OriginBody> for Source {
    fn from(rest: OriginBody) -> Self {
        Self {
            ready: Bytes::new(),
            rest: Some(rest),
            failure: None,
            observer: None,
            junk: None,
            hidden: false,
            filter: None,
        }
    }
}
