//! A body whose bytes are held back and passed on in larger chunks.

use super::fault_reporter::FaultReporter;
use crate::{
    proxy::body::session_timer::SessionTimer,
    rules::{Coalesce, Planned},
    sessions::Session,
    units::SessionTime,
};
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// The most bytes that are held back.
const MOST_HELD: usize = 16 * 1024 * 1024;

/// Holds the frames of the inner body back for a time, or until its end, and then passes all of them on.
pub(super) struct CoalescedBody<B: Body> {
    inner: B,
    held: HeldFrames,
    planned: Planned<Coalesce>,
    session: Arc<Session>,
    fault_reporter: FaultReporter,
    reported: bool,
    /// Trailers or an error, sent after the held frames.
    end: Option<Result<Frame<Bytes>, B::Error>>,
    ended: bool,
}

/// Frames that are held back.
#[derive(Default)]
struct HeldFrames {
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// All held frames may pass.
    released: bool,
    until: Option<SessionTime>,
    timer: SessionTimer,
}

impl<B: Body<Data = Bytes>> CoalescedBody<B> {
    pub(super) fn new(
        inner: B,
        planned: Planned<Coalesce>,
        session: Arc<Session>,
        fault_reporter: FaultReporter,
    ) -> Self {
        Self {
            inner,
            held: HeldFrames::default(),
            planned,
            session,
            fault_reporter,
            reported: false,
            end: None,
            ended: false,
        }
    }

    fn hold(&mut self, piece: Bytes) {
        if !self.reported {
            self.reported = true;
            self.fault_reporter.injected(&self.planned.rule, "coalesce", None);
        }
        if let (None, Coalesce::For(time)) = (self.held.until, self.planned.effect) {
            self.held.until = Some(self.session.now().saturating_add(time));
        }
        self.held.push(piece);
    }

    /// Stores how the inner body ended, and releases what is held.
    fn end(&mut self, end: Option<Result<Frame<Bytes>, B::Error>>) {
        self.ended = true;
        self.end = end;
        self.held.released = true;
    }
}

impl HeldFrames {
    fn push(&mut self, piece: Bytes) {
        self.bytes += piece.len();
        self.frames.push_back(piece);
        self.released |= self.bytes >= MOST_HELD;
    }

    /// The next frame that may pass now.
    fn take(&mut self, session: &Session, cx: &mut Context<'_>) -> Option<Bytes> {
        if !self.released
            && let Some(until) = self.until
        {
            self.released = self.timer.poll_until(session, until, cx).is_ready();
        }
        if !self.released {
            return None;
        }
        let piece = self.frames.pop_front();
        match &piece {
            Some(piece) => self.bytes -= piece.len(),
            None => (self.released, self.until) = (false, None),
        }
        piece
    }
}

impl<B: Body<Data = Bytes, Error: Unpin> + Unpin> Body for CoalescedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = &mut *self;
        loop {
            if let Some(piece) = this.held.take(&this.session, cx) {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            if this.ended {
                return Poll::Ready(this.end.take());
            }
            match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    // An empty frame would start the time to hold.
                    Ok(piece) if piece.is_empty() => {}
                    Ok(piece) => this.hold(piece),
                    Err(trailers) => this.end(Some(Ok(trailers))),
                },
                end => this.end(end),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.end.is_none()
            && self.held.frames.is_empty()
            && (self.ended || self.inner.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
