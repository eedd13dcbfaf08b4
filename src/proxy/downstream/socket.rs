//! A player's socket: reports reads and flushes to its connection, and closes as the connection requests.

use super::{
    connection::Connection, half_close::HalfClose, head_memory::HeadMemory, head_scan::HeadScan,
    player_stream::PlayerStream, unread_response::Writer,
};
use bytes::Bytes;
use memchr::memmem;
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Sleep,
};

/// How long a refused player may continue to send before the connection is closed.
const LINGER: Duration = Duration::from_secs(2);

/// A player's socket.
pub(in crate::proxy) struct Socket {
    stream: PlayerStream,
    connection: Arc<Connection>,
    scan: HeadScan,
    /// A second handle. It is writable when the kernel has sent everything.
    sent: Option<TcpStream>,
    lingering: Option<Pin<Box<Sleep>>>,
    half_close: HalfClose,
    heads: HeadMemory,
    /// HTTP/1.1: who writes the response, and whether it is charged to the client.
    writer: Writer,
    charged: bool,
    /// Bytes that are read again.
    again: Bytes,
}

impl Socket {
    /// `half_closed`: how long a player that has ended its side may wait without being sent anything.
    pub(super) fn new(
        stream: PlayerStream,
        connection: Arc<Connection>,
        half_closed: Duration,
        heads: HeadMemory,
    ) -> Self {
        let half_close = HalfClose::new(half_closed);
        let scan = HeadScan::default();
        let again = Bytes::new();
        Self {
            stream,
            connection,
            scan,
            sent: None,
            lingering: None,
            half_close,
            heads,
            writer: Writer::Plain,
            charged: false,
            again,
        }
    }

    /// Makes who reads next read `bytes` again, which were read with [`Self::poll_read_bare`].
    pub(super) fn show_again(&mut self, bytes: Bytes) {
        self.again = bytes;
    }

    /// Records that hyper writes all further responses.
    pub(super) const fn written_by_hyper(&mut self) {
        self.writer = Writer::Hyper;
    }

    /// Takes what was not read again of the bytes of [`Self::show_again`].
    pub(super) fn take_again(&mut self) -> Bytes {
        std::mem::take(&mut self.again)
    }

    /// Starts a new head.
    pub(super) fn restart_scan(&mut self) {
        self.scan.restart();
    }

    /// Reads, and reports nothing to the connection.
    pub(super) fn poll_read_bare(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.again.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let bytes = self.again.split_to(self.again.len().min(buf.remaining()));
        buf.put_slice(&bytes);
        if self.again.is_empty() {
            self.again = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }

    /// Takes the stream out of it.
    pub(in crate::proxy) fn take_stream(&mut self) -> PlayerStream {
        std::mem::replace(&mut self.stream, PlayerStream::Taken)
    }

    /// Waits until the kernel has sent everything, since a reset discards unsent bytes.
    fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.sent.is_none() {
            self.sent = self.stream.sent_handle();
        }
        match &self.sent {
            // After an error the player is gone: there is nothing to wait for.
            Some(handle) => handle.poll_write_ready(cx).map(drop),
            None => Poll::Ready(()),
        }
    }

    /// Writes `buf`, and replaces the version in the status line by HTTP/1.1.
    fn poll_status_line(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        const OLD: &[u8] = b"HTTP/1.0 ";
        let mut piece = buf;
        let mut minor = [0];
        match memmem::find(buf, OLD) {
            // The minor version, the last byte before the space.
            Some(at) => piece = &buf[..at + OLD.len() - 2],
            None if buf.starts_with(b"0 ") => {
                minor = *b"1";
                piece = &minor;
            }
            None => {}
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, piece);
        let written = ready!(self.noted(written))?;
        if minor == *b"1" && written > 0 {
            self.connection.answered_as_http11();
        }
        Poll::Ready(Ok(written))
    }

    /// The socket of TCP, if bytes need only be written to it.
    pub(super) fn bare(&self) -> Option<&TcpStream> {
        match &self.stream {
            PlayerStream::Tcp(tcp) => Some(tcp),
            _ => None,
        }
    }

    /// Records that bytes were written to the socket of TCP.
    pub(super) fn has_sent(&mut self) {
        self.half_close.has_sent();
    }

    /// Notes the result of a write. When the player is waited for while the memory budget is used up, the connection ends.
    fn noted(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.connection.activity.waits_for_reader(written.is_pending());
        match &written {
            Poll::Pending => self.charge_response()?,
            Poll::Ready(_) => self.half_close.has_sent(),
        }
        written
    }

    /// Charges what the connection holds of the response under way. (What streams of HTTP/2 hold is charged to each.)
    fn charge_response(&mut self) -> io::Result<()> {
        let Connection { unread, end, .. } = &*self.connection;
        if self.charged || self.connection.is_http2() {
            return Ok(());
        }
        let (client, secure) = (self.heads.client_memory(), self.connection.is_secure());
        unread.hold(client, self.writer, secure).map_err(|used_up| {
            end.reset_on_close();
            io::Error::other(used_up)
        })?;
        self.charged = true;
        Ok(())
    }

    /// Reads and discards what a refused player still sends. Closing with unread bytes would reset the connection,
    /// and the player might never receive the response (RFC 9112 §9.6).
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.lingering.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
        if deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let mut bytes = [0; 16 * 1024];
        loop {
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(());
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Some(last) = self.connection.end.take_last() {
            // Sends what the kernel accepts at once; a drop can't wait for more.
            let _ = self.stream.try_send(&last);
        }
        if self.connection.end.resets()
            && let Some(tcp) = self.stream.tcp()
        {
            // With zero linger, close sends RST. If setting it fails, the peer gets FIN instead.
            let _ = tcp.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let read = this.poll_read_bare(cx, buf);
        if read.is_pending() || buf.remaining() == 0 && buf.filled().len() == before {
            return read;
        }
        if buf.filled().len() > before {
            let of_head = this.connection.activity.arrived(&mut this.scan, &buf.filled()[before..]);
            if of_head && let Err(used_up) = this.heads.hold(this.scan.length()) {
                return Poll::Ready(Err(io::Error::other(used_up)));
            }
        } else if matches!(read, Poll::Ready(Ok(()))) && this.connection.activity.owes_response() {
            return this.half_close.poll_left(cx, this.stream.tcp());
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.connection.answers_as_http11() {
            return self.poll_status_line(cx, buf);
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.noted(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.connection.answers_as_http11() {
            let first = bufs.iter().find(|piece| !piece.is_empty());
            return self.poll_status_line(cx, first.map_or(&[], |piece| &**piece));
        }
        // `send` costs less than `writev`, which first inspects its buffers.
        let written = match bufs {
            [piece] => Pin::new(&mut self.stream).poll_write(cx, piece),
            _ => Pin::new(&mut self.stream).poll_write_vectored(cx, bufs),
        };
        self.noted(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // TLS accepts bytes that the socket does not, and sends them here.
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.connection.activity.waits_for_reader(flushed.is_pending());
        if flushed.is_pending() {
            self.charge_response()?;
        }
        ready!(flushed)?;
        if std::mem::take(&mut self.charged) {
            self.connection.unread.release();
        }
        if self.connection.end.resets() {
            ready!(self.poll_sent(cx));
        }
        self.connection.activity.was_flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.connection.end.resets() {
            return Poll::Ready(Ok(()));
        }
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        }
        if self.connection.activity.lingers() {
            ready!(self.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use rustls::{ClientConfig, RootCertStore, ServerConfig, pki_types::PrivatePkcs8KeyDer};
    use std::future::poll_fn;
    use tokio::{io::AsyncWriteExt as _, net::TcpListener, task::unconstrained};
    use tokio_rustls::{TlsAcceptor, TlsConnector, client};

    fn heads() -> HeadMemory {
        HeadMemory::new(Arc::default(), std::net::Ipv4Addr::LOCALHOST.into())
    }

    async fn connected() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let player = TcpStream::connect(listener.local_addr().unwrap());
        let (player, accepted) = tokio::join!(player, listener.accept());
        (accepted.unwrap().0, player.unwrap())
    }

    async fn secured() -> (PlayerStream, client::TlsStream<TcpStream>) {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(["a.test".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let ours = ServerConfig::builder().with_no_client_auth();
        let ours = ours.with_single_cert(vec![certificate], key.into()).unwrap();
        let theirs = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let (stream, player) = connected().await;
        let name = "a.test".try_into().unwrap();
        let (stream, player) = tokio::join!(
            TlsAcceptor::from(Arc::new(ours)).accept(stream),
            TlsConnector::from(Arc::new(theirs)).connect(name, player),
        );
        (PlayerStream::Tls(Box::new(stream.unwrap())), player.unwrap())
    }

    /// Writes until the socket accepts no more: in a flush if `flushes`, else in a write.
    async fn fill(socket: &mut Socket, flushes: bool) {
        let filling = poll_fn(|cx| {
            loop {
                if Pin::new(&mut *socket).poll_write(cx, &[b'x'; 1024]).is_pending() {
                    assert!(!flushes);
                    return Poll::Ready(());
                }
                if flushes && Pin::new(&mut *socket).poll_flush(cx).is_pending() {
                    return Poll::Ready(());
                }
            }
        });
        unconstrained(filling).await;
    }

    #[tokio::test]
    async fn a_player_that_does_not_read_the_last_bytes_is_waited_for() {
        let (stream, mut player) = secured().await;
        let connection = Arc::new(Connection::new(Clock::start()));
        let mut socket = Socket::new(stream, Arc::clone(&connection), Duration::ZERO, heads());
        fill(&mut socket, true).await;
        assert!(connection.activity.unread_since().is_some());
        let reading =
            tokio::spawn(async move { tokio::io::copy(&mut player, &mut tokio::io::sink()).await });
        socket.flush().await.unwrap();
        assert!(connection.activity.unread_since().is_none());
        reading.abort();
    }

    #[tokio::test]
    async fn a_player_that_does_not_read_a_status_line_is_waited_for() {
        let (stream, _player) = connected().await;
        let connection = Arc::new(Connection::new(Clock::start()));
        let stream = PlayerStream::Tcp(stream);
        let mut socket = Socket::new(stream, Arc::clone(&connection), Duration::ZERO, heads());
        connection.answer_as_http11();
        fill(&mut socket, false).await;
        assert!(connection.activity.unread_since().is_some());
    }
}
