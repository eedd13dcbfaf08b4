//! A body whose bytes are held back and passed on in larger chunks.

use super::fault_reporter::FaultReporter;
use crate::{
    listen::RareWarning,
    memory::{Charge, ClientMemory, Part},
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

/// The most bytes that a response holds back.
const MOST_HELD: usize = 16 * 1024 * 1024;
/// Says that memory is used up.
static WARNING: RareWarning = RareWarning::new();

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
    frames: VecDeque<Bytes>,
    /// What they take.
    charge: Charge,
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
            held: HeldFrames::new(Arc::clone(session.memory())),
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
    fn new(client: Arc<ClientMemory>) -> Self {
        Self {
            frames: VecDeque::new(),
            charge: Charge::new(client, Part::Coalesced),
            released: false,
            until: None,
            timer: SessionTimer::default(),
        }
    }

    fn push(&mut self, piece: Bytes) {
        let bytes = size(&piece);
        self.frames.push_back(piece);
        if let Err(used_up) = self.charge.grow(bytes) {
            self.charge.add(bytes);
            self.released = true;
            if WARNING.is_due() {
                tracing::warn!("bytes are passed on earlier than a coalesce rule says: {used_up}");
            }
        }
        self.released |= self.charge.bytes() >= MOST_HELD;
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
            Some(piece) => self.charge.shrink(size(piece)),
            None => (self.released, self.until) = (false, None),
        }
        piece
    }
}

/// What a held frame takes.
const fn size(piece: &Bytes) -> usize {
    size_of::<Bytes>() + piece.len()
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
    use crate::memory::MemoryBudget;

    #[test]
    fn what_all_responses_hold_is_bounded() {
        const EACH: usize = size_of::<Bytes>();
        let budget = MemoryBudget::new(2 * EACH + 10);
        let held = |bytes| {
            let mut frames = HeldFrames::new(budget.client(None));
            frames.push(Bytes::from(vec![0; bytes]));
            frames
        };
        let first = held(6);
        assert!(!first.released);
        let second = held(6);
        assert!(second.released, "12 of 10 bytes");
        drop(first);
        assert!(!held(3).released, "9 of 10 bytes");
        drop(second);
        assert_eq!(budget.used(Part::Coalesced), 0);
        let (_first, _second) = (held(1), held(1));
        assert!(held(1).released, "three frames");
    }

    /// What was released is held until the player reads it: no more is added meanwhile.
    #[test]
    fn what_one_client_holds_is_bounded() {
        let budget = MemoryBudget::new(1000);
        let client = || budget.client(Some([10, 0, 0, 1].into()));
        let mut frames = HeldFrames::new(client());
        frames.push(Bytes::from(vec![0; 400]));
        assert!(!frames.released);
        frames.push(Bytes::from(vec![0; 100]));
        assert!(frames.released, "more than half of the budget");
        let mut other = HeldFrames::new(budget.client(Some([10, 0, 0, 2].into())));
        other.push(Bytes::from(vec![0; 300]));
        assert!(!other.released);
    }
}
