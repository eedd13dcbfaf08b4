//! A body whose bytes are held back and passed on in larger chunks.

use super::fault_reporter::FaultReporter;
use crate::{
    listen::RareWarning,
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
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

/// The most bytes that a response holds back.
const MOST_HELD: usize = 16 * 1024 * 1024;
/// The bytes that all responses of the process hold back.
static ALL_HELD: HeldBytes = HeldBytes::new(256 * 1024 * 1024);

/// A count of the memory that several responses use for bytes that they hold back. When it reaches its limit, a response
/// passes on all that it holds back.
#[derive(Debug)]
struct HeldBytes {
    bytes: AtomicUsize,
    most: usize,
    warning: RareWarning,
}

impl HeldBytes {
    const fn new(most: usize) -> Self {
        Self { bytes: AtomicUsize::new(0), most, warning: RareWarning::new() }
    }

    /// Adds `bytes`. Returns whether the limit is reached.
    fn add(&self, bytes: usize) -> bool {
        let full = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes >= self.most;
        if full && self.warning.is_due() {
            tracing::warn!(
                "the responses of coalesce rules hold back {} bytes together, which is the limit: they are passed on \
                 earlier than the rules say",
                self.most
            );
        }
        full
    }

    fn remove(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

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
struct HeldFrames {
    all: &'static HeldBytes,
    frames: VecDeque<Bytes>,
    /// What they take, as [`HeldBytes`] counts it.
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
            held: HeldFrames::new(&ALL_HELD),
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
    fn new(all: &'static HeldBytes) -> Self {
        Self {
            all,
            frames: VecDeque::new(),
            bytes: 0,
            released: false,
            until: None,
            timer: SessionTimer::default(),
        }
    }

    fn push(&mut self, piece: Bytes) {
        self.bytes += size(&piece);
        let full = self.all.add(size(&piece));
        self.frames.push_back(piece);
        self.released |= full || self.bytes >= MOST_HELD;
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
            Some(piece) => {
                self.bytes -= size(piece);
                self.all.remove(size(piece));
            }
            None => (self.released, self.until) = (false, None),
        }
        piece
    }
}

/// What a held frame takes.
const fn size(piece: &Bytes) -> usize {
    size_of::<Bytes>() + piece.len()
}

impl Drop for HeldFrames {
    fn drop(&mut self) {
        self.all.remove(self.bytes);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_responses_hold_is_bounded() {
        const EACH: usize = size_of::<Bytes>();
        static ALL: HeldBytes = HeldBytes::new(2 * EACH + 10);
        let held = |bytes| {
            let mut frames = HeldFrames::new(&ALL);
            frames.push(Bytes::from(vec![0; bytes]));
            frames
        };
        let first = held(6);
        assert!(!first.released);
        let second = held(6);
        assert!(second.released, "12 of 10 bytes");
        assert!(!ALL.warning.is_due(), "it is logged");
        drop(first);
        assert!(!held(3).released, "9 of 10 bytes");
        drop(second);
        assert_eq!(ALL.bytes.load(Ordering::Relaxed), 0);
        let (_first, _second) = (held(1), held(1));
        assert!(held(1).released, "three frames");
    }
}
