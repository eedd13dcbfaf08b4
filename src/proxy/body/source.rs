//! The source of a response's bytes: bytes in memory, the origin, or both in this order.

use super::observed_body::ObservedBody;
use crate::{
    proxy::upstream::{DirectBody, OriginBody, OriginError},
    seed::Stream,
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, SizeHint};
use rand::RngExt as _;
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// Random bytes are made in pieces of this size.
const JUNK_PIECE: u64 = 16 * 1024;

/// Bytes in memory, then the origin's body, then an error if the origin's body failed while it was read ahead.
#[derive(Default)]
pub(in crate::proxy) struct Source {
    ready: Bytes,
    rest: Option<ObservedBody<OriginBody>>,
    failure: Option<OriginError>,
    /// Random bytes at the end: how many, and the stream they are drawn from.
    junk: Option<(u64, Stream)>,
    /// Whether its length is hidden.
    hidden: bool,
}

impl Source {
    /// `ready`, then the rest of the body.
    pub(in crate::proxy) fn then(ready: Bytes, rest: ObservedBody<OriginBody>) -> Self {
        Self { ready, rest: Some(rest), ..Self::default() }
    }

    /// `ready`, then `failure`, as received from the origin.
    pub(in crate::proxy) fn broken(ready: Bytes, failure: OriginError) -> Self {
        Self { ready, failure: Some(failure), ..Self::default() }
    }

    /// A source of `bytes` random bytes.
    pub(in crate::proxy) fn junk(bytes: u64, stream: Stream) -> Self {
        Self { junk: Some((bytes, stream)), ..Self::default() }
    }

    /// Hides its length.
    pub(in crate::proxy) const fn hide_length(&mut self) {
        self.hidden = true;
    }

    /// The origin's body, if nothing comes after it.
    pub(in crate::proxy) fn direct(&mut self) -> Option<&mut DirectBody> {
        if self.junk.is_some() || self.failure.is_some() {
            return None;
        }
        self.rest.as_mut()?.inner().direct()
    }

    /// Whether none of its bytes are in memory, and none of the others are observed.
    pub(in crate::proxy) fn is_drained(&mut self) -> bool {
        self.ready.is_empty()
            && self.rest.as_ref().is_some_and(|rest| !rest.is_observed())
            && self.direct().is_some_and(|body| body.is_drained())
    }

    /// Reads the whole source, up to `most` bytes, and keeps the bytes. `None` if it is larger or fails.
    pub(in crate::proxy) async fn read_ahead(&mut self, most: usize) -> Option<Bytes> {
        let mut read = BytesMut::new();
        let whole = loop {
            match self.frame().await {
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
}

impl Body for Source {
    type Data = Bytes;
    type Error = OriginError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, OriginError>>> {
        if !self.ready.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.ready)))));
        }
        if let Some(rest) = &mut self.rest {
            return Pin::new(rest).poll_frame(cx);
        }
        if let Some((left, stream)) = self.junk.as_mut().filter(|(left, _)| *left > 0) {
            let mut piece = BytesMut::zeroed((*left).min(JUNK_PIECE) as usize);
            stream.fill(&mut piece[..]);
            *left -= piece.len() as u64;
            return Poll::Ready(Some(Ok(Frame::data(piece.freeze()))));
        }
        Poll::Ready(self.failure.take().map(Err))
    }

    fn is_end_stream(&self) -> bool {
        self.ready.is_empty()
            && self.failure.is_none()
            && self.junk.as_ref().is_none_or(|(left, _)| *left == 0)
            && self.rest.as_ref().is_none_or(Body::is_end_stream)
    }

    /// The remaining length, as far as it is known.
    fn size_hint(&self) -> SizeHint {
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
        Self { ready, ..Self::default() }
    }
}

impl From<OriginBody> for Source {
    fn from(rest: OriginBody) -> Self {
        Self::from(ObservedBody::new(rest, None))
    }
}

impl From<ObservedBody<OriginBody>> for Source {
    fn from(rest: ObservedBody<OriginBody>) -> Self {
        Self { rest: Some(rest), ..Self::default() }
    }
}
