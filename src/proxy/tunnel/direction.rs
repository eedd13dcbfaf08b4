//! One direction of a tunnel: bytes are read, wait for their latency, and leave when the link allows it.

use crate::proxy::body::{
    link_driver::{LinkDriver, LinkOutcome},
    session_timer::SessionTimer,
};
use crate::{
    event::{Bus, Event, RequestTag},
    model::OnDrop,
    sessions::Session,
    units::SessionTime,
};
use bytes::{Bytes, BytesMut};
use std::{
    collections::VecDeque,
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most bytes that wait for their latency. More are not read, as with a full window.
const WINDOW: usize = 4 * 1024 * 1024;
/// The most bytes of one read.
const READ: usize = 32 * 1024;

/// What happens to the bytes of one direction.
pub(super) struct Flow {
    session: Arc<Session>,
    link: LinkDriver,
    latency: Duration,
    timer: SessionTimer,
    /// Bytes that were read, with the time at which they reach the link.
    queue: VecDeque<(SessionTime, Bytes)>,
    queued: usize,
}

/// What happened to the bytes at the link.
enum Step {
    /// These leave.
    Leave { piece: Bytes, now: SessionTime, waited: Duration },
    /// A packet is lost.
    Lost { action: OnDrop, at_byte: u64 },
}

impl Flow {
    /// Bytes on `link` of `session`, each delayed by `latency`, starting with `first`.
    pub(super) fn new(
        session: &Arc<Session>,
        link: LinkDriver,
        latency: Duration,
        first: Bytes,
    ) -> Self {
        let (session, timer) = (Arc::clone(session), SessionTimer::default());
        let mut flow = Self { session, link, latency, timer, queue: VecDeque::new(), queued: 0 };
        flow.push(first);
        flow
    }

    fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.queued += bytes.len();
            self.queue.push_back((self.session.now() + self.latency, bytes));
        }
    }

    /// Waits until the link lets the first bytes of the queue leave.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        loop {
            let Some((due, front)) = self.queue.front_mut() else {
                self.link.source_empty();
                return Poll::Pending;
            };
            if *due > self.session.now() {
                self.link.source_empty();
                ready!(self.timer.poll_until(&self.session, *due, cx));
            }
            match ready!(self.link.poll(cx, front.len())) {
                LinkOutcome::Pass { bytes, now, waited } => {
                    let piece = front.split_to(bytes);
                    if front.is_empty() {
                        self.queue.pop_front();
                    }
                    self.queued -= piece.len();
                    return Poll::Ready(Step::Leave { piece, now, waited });
                }
                LinkOutcome::Stalled(_) => {}
                LinkOutcome::Drop { action, at_byte } => {
                    return Poll::Ready(Step::Lost { action, at_byte });
                }
            }
        }
    }
}

/// One direction: where its bytes come from and go to.
pub(super) struct Direction<'a, R, W> {
    flow: Flow,
    from: R,
    to: W,
    request: &'a Arc<RequestTag>,
    bus: &'a Arc<Bus>,
    room: BytesMut,
    /// `from` has ended.
    ended: bool,
    /// Bytes that the link has let pass and that are not written yet.
    leaving: Bytes,
}

impl<'a, R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Direction<'a, R, W> {
    pub(super) fn new(
        flow: Flow,
        from: R,
        to: W,
        request: &'a Arc<RequestTag>,
        bus: &'a Arc<Bus>,
    ) -> Self {
        let (room, leaving) = (BytesMut::new(), Bytes::new());
        Self { flow, from, to, request, bus, room, ended: false, leaving }
    }

    /// Relays until `from` has ended and all its bytes are written; then ends `to`. Calls `passed` with the bytes that
    /// leave, the time, and how long they have waited for the link.
    ///
    /// # Errors
    /// When a side fails (`ConnectionAborted`: a packet loss ends the tunnel).
    pub(super) async fn run(
        mut self,
        mut passed: impl FnMut(usize, SessionTime, Duration),
    ) -> io::Result<()> {
        poll_fn(|cx| self.poll(cx, &mut passed)).await
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        passed: &mut impl FnMut(usize, SessionTime, Duration),
    ) -> Poll<io::Result<()>> {
        loop {
            // Reads on while earlier bytes wait, so that latency does not limit the rate.
            let read = self.poll_read(cx)?;
            while !self.leaving.is_empty() {
                let written = ready!(Pin::new(&mut self.to).poll_write(cx, &self.leaving))?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                let _ = self.leaving.split_to(written);
            }
            if self.flow.queue.is_empty() {
                ready!(Pin::new(&mut self.to).poll_flush(cx))?;
                if self.ended {
                    return Pin::new(&mut self.to).poll_shutdown(cx);
                }
            }
            match self.flow.poll(cx) {
                Poll::Ready(Step::Leave { piece, now, waited }) => {
                    passed(piece.len(), now, waited);
                    self.leaving = piece;
                }
                Poll::Ready(Step::Lost { action, at_byte }) => self.lost(action, at_byte)?,
                Poll::Pending if read.is_ready() => {}
                Poll::Pending => {
                    ready!(Pin::new(&mut self.to).poll_flush(cx))?;
                    return Poll::Pending;
                }
            }
        }
    }

    /// Reads once, if there is room. Ready = something was read.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.ended || self.flow.queued >= WINDOW {
            return Poll::Pending;
        }
        self.room.resize(READ, 0);
        let mut buffer = ReadBuf::new(&mut self.room);
        ready!(Pin::new(&mut self.from).poll_read(cx, &mut buffer))?;
        let length = buffer.filled().len();
        if length == 0 {
            self.ended = true;
            self.room = BytesMut::new();
        } else {
            self.flow.push(Bytes::copy_from_slice(&self.room[..length]));
        }
        Poll::Ready(Ok(()))
    }

    /// A lost packet: what TCP makes of it has been waited for, or the tunnel ends.
    fn lost(&self, action: OnDrop, at_byte: u64) -> io::Result<()> {
        let request = Arc::clone(self.request);
        self.bus.emit(&Event::Dropped { request, action, at_byte });
        match action {
            // A damaged packet would be detected by TCP and sent again.
            OnDrop::Retransmit | OnDrop::Corrupt => Ok(()),
            OnDrop::Truncate | OnDrop::Reset => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
}
