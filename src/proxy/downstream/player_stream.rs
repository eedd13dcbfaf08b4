//! The bytes of a player's connection: of a socket, or of TLS over it.

use crate::system::handle_for_unsent;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use std::{
    io,
    io::Write as _,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

/// How long a reset waits for bytes that the kernel has not sent.
const UNSENT: Duration = Duration::from_secs(2);

/// A player's connection.
pub(in crate::proxy) enum PlayerStream {
    /// TCP alone.
    Tcp(TcpStream),
    /// TLS over TCP.
    Tls(Box<TlsStream<TcpStream>>),
    /// TLS inside of TLS or of a stream of HTTP/2.
    Nested(Box<TlsStream<Self>>),
    /// A stream of an HTTP/2 connection.
    Http2(Box<TokioIo<Upgraded>>),
    /// It was handed on: nothing is left to read or write.
    Taken,
}

impl PlayerStream {
    /// The socket.
    pub(in crate::proxy) fn tcp(&self) -> Option<&TcpStream> {
        match self {
            Self::Tcp(tcp) => Some(tcp),
            Self::Tls(tls) => Some(tls.get_ref().0),
            Self::Nested(tls) => tls.get_ref().0.tcp(),
            Self::Http2(_) | Self::Taken => None,
        }
    }

    /// A second handle of the socket, which is writable when the kernel has sent everything; `None` = it cannot be known.
    pub(in crate::proxy) fn sent_handle(&self) -> Option<TcpStream> {
        match handle_for_unsent(self.tcp()?) {
            Ok(handle) => Some(handle),
            Err(problem) => {
                tracing::debug!(%problem, "a reset may come before the last bytes");
                None
            }
        }
    }

    /// Closes it with a TCP reset, once the kernel has sent what was written.
    pub(in crate::proxy) async fn reset(self) {
        if let Some(sent) = self.sent_handle() {
            // A player that reads no more is reset all the same.
            let _ = tokio::time::timeout(UNSENT, sent.writable()).await;
        }
        if let Some(tcp) = self.tcp() {
            // With zero linger, close sends RST. If setting it fails, the peer gets FIN instead.
            let _ = tcp.set_zero_linger();
        }
    }

    /// Sends what the kernel accepts of `bytes` at once.
    pub(in crate::proxy) fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(tcp) => socket2::SockRef::from(&*tcp).send(bytes).map(drop),
            Self::Tls(tls) => {
                let (tcp, session) = tls.get_mut();
                session.writer().write_all(bytes)?;
                while session.wants_write() {
                    session.write_tls(&mut Unblocked(tcp))?;
                }
                Ok(())
            }
            Self::Nested(tls) => {
                let (inner, session) = tls.get_mut();
                session.writer().write_all(bytes)?;
                let mut records = Vec::new();
                while session.wants_write() {
                    session.write_tls(&mut records)?;
                }
                inner.try_send(&records)
            }
            Self::Http2(_) | Self::Taken => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

/// Writes what the kernel accepts at once.
struct Unblocked<'a>(&'a TcpStream);

impl io::Write for Unblocked<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        socket2::SockRef::from(self.0).send(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for PlayerStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
            Self::Nested(tls) => Pin::new(tls).poll_read(cx, buf),
            Self::Http2(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Taken => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for PlayerStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
            Self::Nested(tls) => Pin::new(tls).poll_write(cx, buf),
            Self::Http2(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Taken => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(cx, bufs),
            Self::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, bufs),
            Self::Nested(tls) => Pin::new(tls).poll_write_vectored(cx, bufs),
            Self::Http2(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Taken => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
            Self::Nested(tls) => Pin::new(tls).poll_flush(cx),
            Self::Http2(stream) => Pin::new(stream).poll_flush(cx),
            Self::Taken => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
            Self::Nested(tls) => Pin::new(tls).poll_shutdown(cx),
            Self::Http2(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Taken => Poll::Ready(Ok(())),
        }
    }
}
