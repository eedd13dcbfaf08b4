//! A body whose bytes a rule corrupts.

use super::{corruption::Corrupter, fault_reporter::FaultReporter};
use crate::{
    rules::{Corruption, Planned},
    seed::Seed,
};
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// Corrupts bytes of the inner body; its length stays the same.
pub(super) struct CorruptedBody<B: Body> {
    inner: B,
    corrupter: Corrupter,
    rule: Arc<str>,
    fault_reporter: FaultReporter,
    /// Trailers or an error, sent after the bytes that the corrupter holds.
    end: Option<Result<Frame<Bytes>, B::Error>>,
    ended: bool,
}

impl<B: Body<Data = Bytes> + Unpin> CorruptedBody<B> {
    pub(super) fn new(
        inner: B,
        planned: &Planned<Corruption>,
        seed: Seed,
        fault_reporter: FaultReporter,
    ) -> Self {
        let corrupter = Corrupter::new(planned.effect, seed);
        let rule = Arc::clone(&planned.rule);
        Self { inner, corrupter, rule, fault_reporter, end: None, ended: false }
    }

    /// Corrupts the next piece. The result is empty while the corrupter holds all of it.
    fn corrupt(&mut self, piece: Bytes) -> Bytes {
        let piece = self.corrupter.damage(piece);
        if let Some(at) = self.corrupter.take_corrupted() {
            self.fault_reporter.injected(&self.rule, "corrupt", Some(at));
        }
        piece
    }

    /// Stores how the inner body ended. Returns the bytes that the corrupter still holds.
    fn end(&mut self, end: Option<Result<Frame<Bytes>, B::Error>>) -> Bytes {
        self.ended = true;
        self.end = end;
        self.corrupter.rest()
    }
}

impl<B: Body<Data = Bytes, Error: Unpin> + Unpin> Body for CorruptedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        while !self.ended {
            let piece = match ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.corrupt(data),
                    Err(trailers) => self.end(Some(Ok(trailers))),
                },
                end => self.end(end),
            };
            if !piece.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
        }
        Poll::Ready(self.end.take())
    }

    fn is_end_stream(&self) -> bool {
        self.end.is_none()
            && self.corrupter.is_empty()
            && (self.ended || self.inner.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
