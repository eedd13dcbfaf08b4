//! An origin's body: straight from the connection where its length is known, by way of hyper otherwise.

use super::{
    h1_connection::H1Connection,
    http2::StreamBody,
    idle_connections::{IdleConnections, PoolKey, Resting},
    throttled_stream::ThrottledStream,
};
use bytes::{BufMut as _, Bytes, BytesMut};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::{
    future::Future as _,
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::io::AsyncReadExt as _;

/// Reads of a fast body begin with so many bytes at once, double when they are filled, and halve when they bring
/// little.
const FIRST_READ: usize = 16 * 1024;
const LARGEST_READ: usize = 256 * 1024;

/// Why an origin's body ended before its end.
#[derive(Debug, thiserror::Error)]
pub(in crate::proxy) enum OriginError {
    /// As hyper read it.
    #[error(transparent)]
    Http(#[from] hyper::Error),
    /// The connection failed.
    #[error(transparent)]
    Connection(#[from] io::Error),
    /// The origin closed.
    #[error("the origin closed the connection {0} bytes before the end of the body")]
    Early(u64),
}

/// A body as an origin sends it.
pub(in crate::proxy) enum OriginBody {
    /// Of a connection that has a task of its own, on which a request is still leaving.
    Pooled(Incoming),
    /// Of a connection that is driven from here.
    HyperBody(HyperBody),
    /// Of an HTTP/2 stream.
    Stream(StreamBody),
    /// So many bytes of a connection.
    DirectBody(DirectBody),
}

/// A body whose end hyper finds.
pub(in crate::proxy) struct HyperBody {
    body: Incoming,
    /// Until all is read, with where it goes then.
    leg: Option<(Box<H1Connection>, Option<Home>)>,
}

/// A body of known length. Of a slow one no more is held than one read brings, and none is read before it is asked
/// for; of a fast one a read is made ahead. Beyond that the kernel's buffers alone slow the origin down.
pub(in crate::proxy) struct DirectBody {
    /// What came with the head, or was read ahead.
    ready: Bytes,
    /// Bytes yet to be read.
    left: u64,
    /// Until all is read.
    stream: Option<ThrottledStream>,
    /// Where the connection goes then, if it may be used again.
    home: Option<Home>,
    room: BytesMut,
    /// The most that the next read brings, as far as that is found by reading.
    read: usize,
}

/// Where a connection rests.
pub(in crate::proxy) struct Home {
    pub(super) idle: Arc<IdleConnections>,
    pub(super) pool_key: PoolKey,
}

impl Home {
    pub(super) fn take_in(self, resting: Resting) {
        self.idle.put(self.pool_key, resting);
    }
}

impl HyperBody {
    /// The `body` that is read on `leg`, on which nothing is sent any more.
    /// Its connection is used again if it has a `home`.
    pub(super) const fn new(body: Incoming, leg: Box<H1Connection>, home: Option<Home>) -> Self {
        Self { body, leg: Some((leg, home)) }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if let Some((leg, _)) = &mut self.leg {
            leg.drive(cx);
        }
        let next = ready!(Pin::new(&mut self.body).poll_frame(cx));
        // Nobody asks for more after the trailers.
        let last = next.as_ref().is_none_or(|next| next.as_ref().is_ok_and(Frame::is_trailers));
        if last && let Some((mut leg, home)) = self.leg.take() {
            leg.drive(cx);
            if let Some(home) = home.filter(|_| leg.is_idle()) {
                home.take_in(Resting::Whole(leg));
            }
        }
        Poll::Ready(next)
    }
}

impl DirectBody {
    /// `left` bytes of `stream` after those that are `ready`.
    pub(super) fn new(
        ready: Bytes,
        left: u64,
        stream: ThrottledStream,
        home: Option<Home>,
    ) -> Self {
        let mut new = Self { left, stream: Some(stream), home, ..Self::whole(ready) };
        new.settle();
        new
    }

    /// All that there is.
    pub(super) fn whole(ready: Bytes) -> Self {
        let room = BytesMut::new();
        Self { ready, left: 0, stream: None, home: None, room, read: FIRST_READ }
    }

    /// Lets go of a connection that was read to the end.
    fn settle(&mut self) {
        if self.left == 0
            && let Some(stream) = self.stream.take()
            && let Some(home) = self.home.take()
        {
            home.take_in(Resting::Bare(stream));
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, OriginError>>> {
        if self.ready.is_empty() {
            self.ready = match ready!(self.poll_read(cx)) {
                Ok(bytes) if bytes.is_empty() => return Poll::Ready(None),
                Ok(bytes) => bytes,
                Err(error) => {
                    self.stream = None;
                    return Poll::Ready(Some(Err(error)));
                }
            };
        }
        let piece = std::mem::take(&mut self.ready);
        // A fast link would have to wait for an origin that pauses for a moment. A failure is found again.
        if self.stream.as_ref().is_some_and(ThrottledStream::is_free)
            && let Poll::Ready(Ok(next)) = self.poll_read(cx)
        {
            self.ready = next;
        }
        Poll::Ready(Some(Ok(piece)))
    }

    /// Reads what there is; nothing = all was read.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, OriginError>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(Ok(Bytes::new())) };
        if stream.poll_readable(cx)?.is_pending() {
            // No memory is set aside for an origin that is silent.
            self.room = BytesMut::new();
            return Poll::Pending;
        }
        let most = stream.most().min(self.left).min(self.read as u64) as usize;
        self.room.reserve(most);
        let mut room = (&mut self.room).limit(most);
        let read = ready!(pin!(stream.read_buf(&mut room)).poll(cx))?;
        if read == 0 {
            return Poll::Ready(Err(OriginError::Early(self.left)));
        }
        if read == self.read {
            self.read = (2 * read).min(LARGEST_READ);
        } else if read < self.read / 4 {
            self.read = (self.read / 2).max(FIRST_READ);
        }
        self.left -= read as u64;
        self.settle();
        Poll::Ready(Ok(self.room.split().freeze()))
    }
}

impl Body for OriginBody {
    type Data = Bytes;
    type Error = OriginError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, OriginError>>> {
        let next = match &mut *self {
            Self::Pooled(body) => Pin::new(body).poll_frame(cx),
            Self::HyperBody(driven) => driven.poll(cx),
            Self::Stream(stream) => stream.poll(cx),
            Self::DirectBody(body) => {
                return body.poll(cx).map(|next| next.map(|next| next.map(Frame::data)));
            }
        };
        next.map(|next| next.map(|frame| frame.map_err(OriginError::from)))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Pooled(body) => body.is_end_stream(),
            Self::HyperBody(driven) => driven.body.is_end_stream(),
            Self::Stream(stream) => stream.body.is_end_stream(),
            Self::DirectBody(body) => body.ready.is_empty() && body.left == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Pooled(body) => body.size_hint(),
            Self::HyperBody(driven) => driven.body.size_hint(),
            Self::Stream(stream) => stream.body.size_hint(),
            Self::DirectBody(body) => SizeHint::with_exact(body.ready.len() as u64 + body.left),
        }
    }
}

impl From<Bytes> for OriginBody {
    fn from(whole: Bytes) -> Self {
        Self::DirectBody(DirectBody::whole(whole))
    }
}
