//! An origin's response body: read directly from the connection if it is plain HTTP/1.1, otherwise through hyper.

mod chunked_body;
mod read_buffer;
mod stream_body;

pub(super) use chunked_body::ChunkedBody;
pub(super) use stream_body::StreamBody;

use super::{
    chunks::ChunkError,
    h1_connection::H1Connection,
    idle_connections::{IdleConnection, IdleConnections, PoolKey},
    throttled_stream::ThrottledStream,
};
use crate::system::SplicePipe;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use read_buffer::ReadBuffer;
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::sync::oneshot;

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
    /// The same where the length is not known.
    #[error("the origin closed the connection before the last chunk of the body")]
    EarlyChunk,
    /// The chunks cannot be read.
    #[error(transparent)]
    Chunks(#[from] ChunkError),
}

/// A response body of an origin. It is boxed: its response moves through several futures.
pub(in crate::proxy) enum OriginBody {
    /// From a connection with its own task, which still sends the request.
    Pooled(Box<PooledBody>),
    /// From a connection that is driven by polling the body.
    HyperBody(Box<HyperBody>),
    /// From an HTTP/2 stream.
    Stream(Box<StreamBody>),
    /// Read directly from a connection.
    DirectBody(Box<DirectBody>),
    /// The same, in the chunked coding.
    Chunked(Box<ChunkedBody>),
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
    buffer: ReadBuffer,
    /// The kernel is to move it to the player's socket: it is not read ahead.
    spliced: bool,
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
            if connection.is_idle()
                && let Some((stream, home)) = connection.into_bare().zip(home)
            {
                home.put_back(IdleConnection::Bare(stream));
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
        let buffer = ReadBuffer::after(ready.len());
        let mut new = Self { ready, left, stream: Some(stream), home, buffer, spliced: false };
        new.settle();
        new
    }

    /// A body that is complete.
    pub(super) fn whole(ready: Bytes) -> Self {
        let buffer = ReadBuffer::after(ready.len());
        Self { ready, left: 0, stream: None, home: None, buffer, spliced: false }
    }

    /// Returns the connection to the pool when all is read.
    fn settle(&mut self) {
        if self.left == 0
            && let Some(mut stream) = self.stream.take()
            && let Some(home) = self.home.take()
        {
            if self.spliced {
                // The kernel moves the next body, too, if it is like this one: little of it is to be read.
                stream.note_size(0);
            }
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
        if !self.spliced
            && self.stream.as_ref().is_some_and(ThrottledStream::is_free)
            && let Poll::Ready(Ok(next)) = self.poll_read(cx)
        {
            self.ready = next;
        }
        Poll::Ready(Some(Ok(piece)))
    }

    /// Sets whether the kernel is to move what is not read yet. Returns whether it can.
    pub(in crate::proxy) fn set_spliced(&mut self, spliced: bool) -> bool {
        self.spliced = spliced && self.stream.as_ref().is_some_and(|s| s.bare_socket().is_some());
        self.spliced
    }

    /// Whether all that was read of it was passed on.
    pub(in crate::proxy) fn is_drained(&self) -> bool {
        self.ready.is_empty()
    }

    /// Moves bytes that have arrived into `pipe`, which is empty. Returns how many; none = all was moved.
    pub(in crate::proxy) fn poll_splice(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut SplicePipe,
    ) -> Poll<Result<usize, OriginError>> {
        let Some(socket) = self.stream.as_ref().and_then(ThrottledStream::bare_socket) else {
            return Poll::Ready(Ok(0));
        };
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let moved = match ready!(pipe.poll_fill(cx, socket, most)) {
            // Some sandboxes have no such call: it is read instead.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                self.spliced = false;
                return Poll::Ready(Ok(0));
            }
            moved => moved?,
        };
        if moved == 0 {
            self.stream = None;
            return Poll::Ready(Err(OriginError::Early(self.left)));
        }
        self.left -= moved as u64;
        self.settle();
        Poll::Ready(Ok(moved))
    }

    /// Reads the available bytes; empty = all was read.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, OriginError>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(Ok(Bytes::new())) };
        // One byte more than is to come: the last read is then incomplete, which tells the runtime that no more has
        // arrived. Otherwise another read would be necessary to know.
        let mut read = ready!(self.buffer.poll(cx, stream, self.left.saturating_add(1)))?;
        if read.is_empty() {
            return Poll::Ready(Err(OriginError::Early(self.left)));
        }
        if let Some(left) = self.left.checked_sub(read.len() as u64) {
            self.left = left;
            self.settle();
        } else {
            // The origin has sent more than it declared: its connection is closed.
            read.truncate(self.left as usize);
            (self.left, self.stream) = (0, None);
        }
        Poll::Ready(Ok(read))
    }
}

impl OriginBody {
    /// A body whose connection is kept by a task of its own.
    pub(in crate::proxy) fn kept(body: Incoming) -> Self {
        Self::Pooled(Box::new(body.into()))
    }

    /// It, if it is read directly from a connection.
    pub(in crate::proxy) fn direct(&mut self) -> Option<&mut DirectBody> {
        match self {
            Self::DirectBody(body) => Some(body),
            _ => None,
        }
    }

    /// It is one of many that a connection to a player carries at a time.
    pub(in crate::proxy) fn set_one_of_many(&mut self) {
        match self {
            Self::DirectBody(body) => body.buffer.set_one_of_many(),
            Self::Chunked(body) => body.buffer.set_one_of_many(),
            Self::Pooled(_) | Self::HyperBody(_) | Self::Stream(_) => {}
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
            Self::Chunked(body) => return body.poll(cx),
        };
        next.map(|next| next.map(|frame| frame.map_err(OriginError::from)))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Pooled(pooled) => pooled.body.is_end_stream(),
            Self::HyperBody(driven) => driven.body.is_end_stream(),
            Self::Stream(stream) => stream.body.is_end_stream(),
            Self::DirectBody(body) => body.ready.is_empty() && body.left == 0,
            Self::Chunked(body) => body.is_over(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Pooled(pooled) => pooled.body.size_hint(),
            Self::HyperBody(driven) => driven.body.size_hint(),
            Self::Stream(stream) => stream.body.size_hint(),
            Self::DirectBody(body) => SizeHint::with_exact(body.ready.len() as u64 + body.left),
            Self::Chunked(_) => SizeHint::new(),
        }
    }
}

impl From<Bytes> for OriginBody {
    fn from(whole: Bytes) -> Self {
        Self::DirectBody(Box::new(DirectBody::whole(whole)))
    }
}
