//! An origin's connection that is read in sips, so that no more is read ahead than a link soon takes.

use super::{places::Place, stream::Stream};
use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf, Take};

/// Whether anything was read and written since the last [`reset`](Self::reset).
#[derive(Debug, Default)]
pub(super) struct Traffic {
    read: AtomicBool,
    written: AtomicBool,
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

    /// Whether bytes were written.
    pub(super) fn was_written(&self) -> bool {
        self.written.load(Ordering::Relaxed)
    }
}

/// A connection of whose bytes only so many are read at once. hyper's buffers grow with what a read
/// brings: they stay small, and heads may be as long as ever.
#[derive(Debug)]
pub(super) struct ThrottledStream {
    stream: Take<Stream>,
    traffic: Arc<Traffic>,
    most: u64,
    /// Something is still to be written.
    choked: bool,
    _place: Option<Place>,
}

impl ThrottledStream {
    /// Reads at most `most` bytes of `stream` at once.
    pub(super) fn new(stream: Stream, most: u64) -> Self {
        let (stream, traffic) = (stream.take(most), Arc::default());
        Self { stream, traffic, most, choked: false, _place: None }
    }

    /// The same, in `place` until it is closed.
    pub(super) fn at(self, place: Place) -> Self {
        Self { _place: Some(place), ..self }
    }

    /// What passes.
    pub(super) const fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    /// Bytes to read at once.
    pub(super) const fn most(&self) -> u64 {
        self.most
    }

    /// Whether as much is read as there is.
    pub(super) const fn is_free(&self) -> bool {
        self.most == u64::MAX
    }

    /// Whether something could not be written yet.
    pub(super) fn is_choked(&self) -> bool {
        self.choked || self.stream.get_ref().holds_unsent()
    }

    /// Waits until there is something to read, or the end.
    pub(super) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.get_ref().poll_readable(cx)
    }

    fn whole(&mut self) -> Pin<&mut Stream> {
        Pin::new(self.stream.get_mut())
    }

    /// Notes how much of `of` bytes was written.
    fn note(&mut self, written: &Poll<io::Result<usize>>, of: usize) {
        let bytes = match written {
            Poll::Ready(Ok(bytes)) => *bytes,
            _ => 0,
        };
        self.choked = bytes != of;
        if bytes > 0 {
            self.traffic.written.store(true, Ordering::Relaxed);
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
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
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
        let written = self.whole().poll_write(cx, buf);
        self.note(&written, buf.len());
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
        let written = self.whole().poll_write_vectored(cx, bufs);
        self.note(&written, bufs.iter().map(|buf| buf.len()).sum());
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
    use std::future::poll_fn;
    use tokio::{
        io::AsyncWriteExt as _,
        net::{TcpListener, TcpStream},
    };

    #[tokio::test]
    async fn what_does_not_leave_whole_is_noticed_until_it_has_left() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        let mut sip = ThrottledStream::new(Stream::Tcp(stream), 10);
        sip.write_all(b"GET").await.unwrap();
        assert!(!sip.is_choked());
        // Nobody reads: sooner or later the kernel takes no more.
        let (piece, mut sent) = (vec![0; 1 << 20], 3);
        for _ in 0..100 {
            let two = [IoSlice::new(&piece), IoSlice::new(&piece)];
            let write = |cx: &mut Context<'_>| {
                Poll::Ready(Pin::new(&mut sip).poll_write_vectored(cx, &two))
            };
            if let Poll::Ready(written) = poll_fn(write).await {
                sent += written.unwrap();
            }
        }
        assert!(sip.is_choked());
        let mut unread = vec![0; sent];
        peer.read_exact(&mut unread).await.unwrap();
        sip.write_all(b"/").await.unwrap();
        assert!(!sip.is_choked());
        // No more than a sip at once.
        peer.write_all(&[1; 25]).await.unwrap();
        let mut read = [0; 25];
        assert_eq!(sip.read(&mut read).await.unwrap(), 10);
    }
}
