//! An origin's response body: read directly from the connection if its length is known, otherwise through hyper.

mod stream_body;

pub(super) use stream_body::StreamBody;

use super::{
    h1_connection::H1Connection,
    idle_connections::{IdleConnection, IdleConnections, PoolKey},
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
use tokio::{io::AsyncReadExt as _, sync::oneshot};

/// The first read size of a fast body. It doubles when a read fills it, and halves when a read returns little.
const FIRST_READ: u32 = 16 * 1024;
const LARGEST_READ: u32 = 256 * 1024;
/// The same for a body that is one of many on a connection to a player: each holds what it has read.
const LARGEST_READ_OF_MANY: u32 = 64 * 1024;

/// Why an origin's body ended early.
#[derive(Debug, thiserror::Error)]
pub(in crate::proxy) enum OriginError {
    /// An error of hyper.
    #[error(transparent)]
    Http(#[from] hyper::Error),
    /// The connection failed.
    #[error(transparent)]
    Connection(#[from] io::Error),
    /// The origin closed the connection.
    #[error("the origin closed the connection {0} bytes before the end of the body")]
    Early(u64),
}

/// A response body of an origin.
pub(in crate::proxy) enum OriginBody {
    /// From a connection with its own task, which still sends the request.
    Pooled(PooledBody),
    /// From a connection that is driven by polling the body.
    HyperBody(HyperBody),
    /// From an HTTP/2 stream.
    Stream(StreamBody),
    /// Read directly from a connection.
    DirectBody(DirectBody),
}

/// A body of a response to a request that is still sent.
pub(in crate::proxy) struct PooledBody {
    body: Incoming,
    /// Dropped with it, when all is read or nobody reads it any more; `None` = nobody waits for that.
    _open: Option<oneshot::Sender<()>>,
}

impl PooledBody {
    pub(super) const fn new(body: Incoming, open: oneshot::Sender<()>) -> Self {
        Self { body, _open: Some(open) }
    }
}

impl From<Incoming> for PooledBody {
    fn from(body: Incoming) -> Self {
        Self { body, _open: None }
    }
}

/// A body whose end is detected by hyper.
pub(in crate::proxy) struct HyperBody {
    body: Incoming,
    /// The connection until all is read, and where it is returned then.
    connection: Option<(Box<H1Connection>, Option<PoolReturn>)>,
}

/// A body of known length. For a slow link, it holds no more than one read, and reads only when polled; for a fast
/// link, it reads one piece ahead. Apart from that, only the kernel's buffers slow the origin down.
pub(in crate::proxy) struct DirectBody {
    /// Bytes that arrived with the head, or were read ahead.
    ready: Bytes,
    /// Bytes still to be read.
    left: u64,
    /// The connection, until all is read.
    stream: Option<ThrottledStream>,
    /// Where the connection is returned then, if it may be reused.
    home: Option<PoolReturn>,
    buffer: BytesMut,
    /// The adaptive size of the next read, and its limit.
    read: u32,
    largest: u32,
}

/// The place in the pool where a connection is returned.
pub(in crate::proxy) struct PoolReturn {
    pub(super) idle: Arc<IdleConnections>,
    pub(super) pool_key: PoolKey,
}

impl PoolReturn {
    pub(super) fn put_back(self, connection: IdleConnection) {
        self.idle.put(self.pool_key, connection);
    }
}

impl HyperBody {
    /// The `body` that is read from `connection`, on which the request is sent completely. The connection is reused if
    /// `home` is set.
    pub(super) const fn new(
        body: Incoming,
        connection: Box<H1Connection>,
        home: Option<PoolReturn>,
    ) -> Self {
        Self { body, connection: Some((connection, home)) }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if let Some((connection, _)) = &mut self.connection {
            connection.drive(cx);
        }
        let next = ready!(Pin::new(&mut self.body).poll_frame(cx));
        // The body is not polled after its trailers.
        let last = next.as_ref().is_none_or(|next| next.as_ref().is_ok_and(Frame::is_trailers));
        if last && let Some((mut connection, home)) = self.connection.take() {
            connection.drive(cx);
            if let Some(home) = home.filter(|_| connection.is_idle()) {
                home.put_back(IdleConnection::Whole(connection));
            }
        }
        Poll::Ready(next)
    }
}

impl DirectBody {
    /// A body of the `ready` bytes and `left` more from `stream`.
    pub(super) fn new(
        ready: Bytes,
        left: u64,
        stream: ThrottledStream,
        home: Option<PoolReturn>,
    ) -> Self {
        let mut new = Self { left, stream: Some(stream), home, ..Self::whole(ready) };
        new.settle();
        new
    }

    /// A body that is complete.
    pub(super) fn whole(ready: Bytes) -> Self {
        let buffer = BytesMut::new();
        let (read, largest) = (FIRST_READ, LARGEST_READ);
        Self { ready, left: 0, stream: None, home: None, buffer, read, largest }
    }

    /// Returns the connection to the pool when all is read.
    fn settle(&mut self) {
        if self.left == 0
            && let Some(stream) = self.stream.take()
            && let Some(home) = self.home.take()
        {
            home.put_back(IdleConnection::Bare(stream));
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
        // Reads one piece ahead, so that a fast link need not wait when the origin pauses briefly. A failure is found
        // again by the next read.
        if self.stream.as_ref().is_some_and(ThrottledStream::is_free)
            && let Poll::Ready(Ok(next)) = self.poll_read(cx)
        {
            self.ready = next;
        }
        Poll::Ready(Some(Ok(piece)))
    }

    /// Reads the available bytes; empty = all was read.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, OriginError>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(Ok(Bytes::new())) };
        if stream.poll_readable(cx)?.is_pending() {
            // Keeps no buffer while the origin sends nothing.
            self.buffer = BytesMut::new();
            return Poll::Pending;
        }
        let most = stream.most().min(self.left).min(u64::from(self.read)) as usize;
        self.buffer.reserve(most);
        let mut buffer = (&mut self.buffer).limit(most);
        let read = ready!(pin!(stream.read_buf(&mut buffer)).poll(cx))?;
        if read == 0 {
            return Poll::Ready(Err(OriginError::Early(self.left)));
        }
        if read == self.read as usize {
            self.read = (2 * self.read).min(self.largest);
        } else if read < self.read as usize / 4 {
            self.read = (self.read / 2).max(FIRST_READ);
        }
        self.left -= read as u64;
        self.settle();
        Poll::Ready(Ok(self.buffer.split().freeze()))
    }
}

impl OriginBody {
    /// A body whose connection is kept by a task of its own.
    pub(in crate::proxy) fn kept(body: Incoming) -> Self {
        Self::Pooled(body.into())
    }

    /// It is one of many that a connection to a player carries at a time.
    pub(in crate::proxy) const fn set_one_of_many(&mut self) {
        if let Self::DirectBody(body) = self {
            body.largest = LARGEST_READ_OF_MANY;
        }
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
            Self::Pooled(pooled) => Pin::new(&mut pooled.body).poll_frame(cx),
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
            Self::Pooled(pooled) => pooled.body.is_end_stream(),
            Self::HyperBody(driven) => driven.body.is_end_stream(),
            Self::Stream(stream) => stream.body.is_end_stream(),
            Self::DirectBody(body) => body.ready.is_empty() && body.left == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Pooled(pooled) => pooled.body.size_hint(),
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
