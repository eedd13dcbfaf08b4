//! A connection to an origin that limits the size of each read, so that not much more is read ahead than the link
//! soon sends.

use super::{earlier_traffic::EarlierTraffic, places::Place, stream::Stream};
use std::{
    future::poll_fn,
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf, Take},
    net::TcpStream,
};

/// The size of the first read of a response, and the largest one.
const FIRST_READ: u64 = 8 * 1024;
const LARGEST_FIRST_READ: u64 = 128 * 1024;

/// Whether bytes were read or written since the last [`reset`](Self::reset).
#[derive(Debug, Default)]
pub(super) struct Traffic {
    read: AtomicBool,
    written: AtomicBool,
    /// The last write was incomplete: the peer does not read as fast as it is written to.
    blocked: AtomicBool,
    /// Bytes were written since the last look.
    moved: AtomicBool,
}

impl Traffic {
    pub(super) fn reset(&self) {
        self.read.store(false, Ordering::Relaxed);
        self.written.store(false, Ordering::Relaxed);
    }

    /// Whether bytes were read.
    pub(super) fn was_read(&self) -> bool {
        self.read.load(Ordering::Relaxed)
    }

    /// Whether bytes wait for the peer to read, and none were written since the last call.
    pub(super) fn take_stuck(&self) -> bool {
        let moved = self.moved.swap(false, Ordering::Relaxed);
        self.blocked.load(Ordering::Relaxed) && !moved
    }

    /// Whether bytes were written.
    pub(super) fn was_written(&self) -> bool {
        self.written.load(Ordering::Relaxed)
    }
}

/// A connection with a limit for each read. hyper's buffers grow with the size of reads, so they stay small. The size
/// of heads is not limited by this.
#[derive(Debug)]
pub(in crate::proxy) struct ThrottledStream {
    stream: Take<Stream>,
    traffic: Arc<Traffic>,
    most: u64,
    /// The last write was incomplete.
    write_incomplete: bool,
    /// The size of its last response.
    last: u64,
    /// What hyper is to see again.
    earlier: Option<Box<EarlierTraffic>>,
    _place: Option<Place>,
}

impl ThrottledStream {
    /// A stream that reads at most `most` bytes at once.
    pub(super) fn new(stream: Stream, most: u64) -> Self {
        let (stream, traffic) = (stream.take(most), Arc::default());
        Self {
            stream,
            traffic,
            most,
            write_incomplete: false,
            last: 0,
            earlier: None,
            _place: None,
        }
    }

    /// Holds the permit `place` until it is closed.
    pub(super) fn at(self, place: Place) -> Self {
        Self { _place: Some(place), ..self }
    }

    /// Makes those who write and read next see `earlier` again.
    pub(super) fn show_again(&mut self, earlier: EarlierTraffic) {
        self.earlier = Some(Box::new(earlier)).filter(|earlier| !earlier.is_over());
    }

    /// Whether it is open and nothing arrives while it is idle, as far as this is known: a task that has used up its budget
    /// sees no new events.
    pub(super) async fn is_quiet(&mut self) -> bool {
        poll_fn(|cx| {
            let mut byte = [0];
            let read = Pin::new(&mut *self).poll_read(cx, &mut ReadBuf::new(&mut byte));
            Poll::Ready(read.is_pending())
        })
        .await
    }

    /// The record of its traffic.
    pub(super) const fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    /// The most bytes per read.
    pub(super) const fn most(&self) -> u64 {
        self.most
    }

    /// Whether reads are not limited.
    pub(super) const fn is_free(&self) -> bool {
        self.most == u64::MAX
    }

    /// The socket, if its bytes need not pass this process: it is plain TCP, and neither throttled nor partly read.
    pub(super) fn bare_socket(&self) -> Option<&TcpStream> {
        match self.stream.get_ref() {
            Stream::Tcp(tcp) if self.is_free() && self.earlier.is_none() => Some(tcp),
            _ => None,
        }
    }

    /// How much to read at first of the next response. A fast link gets a response like the last one in one read.
    pub(super) fn first_read(&self) -> usize {
        let like_last = if self.is_free() { self.last } else { 0 };
        like_last.clamp(FIRST_READ, LARGEST_FIRST_READ).next_power_of_two() as usize
    }

    /// Records that its last response has `bytes`.
    pub(super) const fn note_size(&mut self, bytes: u64) {
        self.last = bytes;
    }

    /// Whether bytes could not be written yet.
    pub(super) fn has_unsent_bytes(&self) -> bool {
        self.write_incomplete || self.stream.get_ref().holds_unsent()
    }

    /// Waits until the stream is readable, or has ended.
    pub(super) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.earlier.is_some() {
            return Poll::Ready(Ok(()));
        }
        self.stream.get_ref().poll_readable(cx)
    }

    /// How many of `bytes` were written earlier, if any were.
    fn write_again(&mut self, bytes: usize) -> Option<Poll<io::Result<usize>>> {
        let earlier = self.earlier.as_mut()?;
        let written = earlier.write(bytes);
        if earlier.is_over() {
            self.earlier = None;
        }
        let written = Poll::Ready(written?);
        self.note_written(&written, bytes);
        Some(written)
    }

    /// Reads what was read earlier, if there is any of it left.
    fn read_again(
        &mut self,
        cx: &Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Option<Poll<io::Result<()>>> {
        let most = self.most;
        let earlier = self.earlier.as_mut()?;
        let read = earlier.poll_read(cx, buf, most);
        if earlier.is_over() {
            self.earlier = None;
        }
        read
    }

    fn whole(&mut self) -> Pin<&mut Stream> {
        Pin::new(self.stream.get_mut())
    }

    /// Records how many of `of` bytes were written.
    fn note_written(&mut self, written: &Poll<io::Result<usize>>, of: usize) {
        let bytes = match written {
            Poll::Ready(Ok(bytes)) => *bytes,
            _ => 0,
        };
        self.write_incomplete = bytes != of;
        self.traffic.blocked.store(self.write_incomplete, Ordering::Relaxed);
        if bytes > 0 {
            self.traffic.written.store(true, Ordering::Relaxed);
            self.traffic.moved.store(true, Ordering::Relaxed);
        }
    }
}

impl AsyncRead for ThrottledStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let most = self.most;
        self.stream.set_limit(most);
        let before = buf.filled().len();
        let polled = match self.read_again(cx, buf) {
            Some(polled) => polled,
            None => Pin::new(&mut self.stream).poll_read(cx, buf),
        };
        if buf.filled().len() > before {
            self.traffic.read.store(true, Ordering::Relaxed);
        }
        polled
    }
}

impl AsyncWrite for ThrottledStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(written) = self.write_again(buf.len()) {
            return written;
        }
        let written = self.whole().poll_write(cx, buf);
        self.note_written(&written, buf.len());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [head] = bufs {
            return self.poll_write(cx, head);
        }
        let bytes = bufs.iter().map(|buf| buf.len()).sum();
        if let Some(written) = self.write_again(bytes) {
            return written;
        }
        let written = self.whole().poll_write_vectored(cx, bufs);
        self.note_written(&written, bytes);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.get_ref().is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole().poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{io::AsyncWriteExt as _, net::TcpListener};

    #[tokio::test]
    async fn what_does_not_leave_whole_is_noticed_until_it_has_left() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        let mut stream = ThrottledStream::new(Stream::Tcp(stream), 10);
        stream.write_all(b"GET").await.unwrap();
        assert!(!stream.has_unsent_bytes());
        // Nobody reads: sooner or later the kernel takes no more.
        let (piece, mut sent) = (vec![0; 1 << 20], 3);
        for _ in 0..100 {
            let two = [IoSlice::new(&piece), IoSlice::new(&piece)];
            let write = |cx: &mut Context<'_>| {
                Poll::Ready(Pin::new(&mut stream).poll_write_vectored(cx, &two))
            };
            if let Poll::Ready(written) = poll_fn(write).await {
                sent += written.unwrap();
            }
        }
        assert!(stream.has_unsent_bytes());
        let mut unread = vec![0; sent];
        peer.read_exact(&mut unread).await.unwrap();
        stream.write_all(b"/").await.unwrap();
        assert!(!stream.has_unsent_bytes());
        // No more than a stream at once.
        peer.write_all(&[1; 25]).await.unwrap();
        let mut read = [0; 25];
        assert_eq!(stream.read(&mut read).await.unwrap(), 10);
    }

    /// A slow link reads no more at first, whatever came before.
    #[tokio::test]
    async fn a_response_like_the_last_one_comes_in_one_read() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = || async { TcpStream::connect(listener.local_addr().unwrap()).await.unwrap() };
        let mut fast = ThrottledStream::new(Stream::Tcp(stream().await), u64::MAX);
        let mut slow = ThrottledStream::new(Stream::Tcp(stream().await), 16 * 1024 - 1);
        for (last, first) in [(0, 8), (300, 8), (20_000, 32), (65_800, 128), (u64::MAX, 128)] {
            fast.note_size(last);
            slow.note_size(last);
            assert_eq!((fast.first_read(), slow.first_read()), (first * 1024, 8 * 1024), "{last}");
        }
    }
}
