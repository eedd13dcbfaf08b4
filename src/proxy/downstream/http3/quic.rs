//! A connection of quinn, as the implementation of HTTP/3 uses it.
//!
//! The crate `h3-quinn` does the same, but does not tell when a player no longer wants a response: that would be seen when
//! the next bytes are written, which a link or a rule may hold back for long.

use super::{
    quic_error::{connection_error, lost},
    quic_stream::{BidiStream, RecvStream, SendStream},
};
use bytes::Buf;
use h3::{
    error::Code,
    quic::{self, ConnectionErrorIncoming, StreamErrorIncoming, StreamId},
};
use parking_lot::Mutex;
use quinn::{ConnectionError, VarInt};
use std::{
    future::{Future, pending},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// Something that the connection is waited for.
type Waiting<T> = Pin<Box<dyn Future<Output = Result<T, ConnectionError>> + Send + Sync>>;

/// Completes when the player no longer wants the response in a stream, or its connection is lost.
pub(super) type Cancellation = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// A connection whose handshake is done.
pub(super) struct QuicConnection {
    opener: Opener,
    accepting_bidi: Option<Waiting<(quinn::SendStream, quinn::RecvStream)>>,
    accepting_uni: Option<Waiting<quinn::RecvStream>>,
    cancellations: Cancellations,
}

/// Opens streams of a connection.
pub(super) struct Opener {
    quic: quinn::Connection,
    opening_bidi: Option<Waiting<(quinn::SendStream, quinn::RecvStream)>>,
    opening_send: Option<Waiting<quinn::SendStream>>,
}

/// The cancellation of the stream that was accepted last.
#[derive(Clone, Default)]
pub(super) struct Cancellations(Arc<Mutex<Option<(StreamId, Cancellation)>>>);

impl Cancellations {
    /// Takes that of the stream `id`, if that was accepted last.
    pub(super) fn of(&self, id: StreamId) -> Option<Cancellation> {
        let (newest, cancellation) = self.0.lock().take()?;
        (newest == id).then_some(cancellation)
    }
}

impl QuicConnection {
    pub(super) fn new(quic: quinn::Connection) -> (Self, Cancellations) {
        let cancellations = Cancellations::default();
        let connection = Self {
            opener: Opener::new(quic),
            accepting_bidi: None,
            accepting_uni: None,
            cancellations: cancellations.clone(),
        };
        (connection, cancellations)
    }
}

impl Opener {
    const fn new(quic: quinn::Connection) -> Self {
        Self { quic, opening_bidi: None, opening_send: None }
    }
}

impl<B: Buf> quic::Connection<B> for QuicConnection {
    type RecvStream = RecvStream;
    type OpenStreams = Opener;

    fn poll_accept_recv(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<RecvStream, ConnectionErrorIncoming>> {
        let quic = &self.opener.quic;
        let accepted = ready!(poll(&mut self.accepting_uni, cx, || {
            let quic = quic.clone();
            Box::pin(async move { quic.accept_uni().await })
        }));
        let recv = accepted.map_err(connection_error)?;
        let id = stream_id(recv.id())?;
        Poll::Ready(Ok(RecvStream::new(recv, id)))
    }

    fn poll_accept_bidi(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<BidiStream<B>, ConnectionErrorIncoming>> {
        let quic = &self.opener.quic;
        let accepted = ready!(poll(&mut self.accepting_bidi, cx, || {
            let quic = quic.clone();
            Box::pin(async move { quic.accept_bi().await })
        }));
        let (send, recv) = accepted.map_err(connection_error)?;
        let id = stream_id(send.id())?;
        *self.cancellations.0.lock() = Some((id, cancellation(&send)));
        Poll::Ready(Ok(bidi(send, recv, id)))
    }

    fn opener(&self) -> Opener {
        Opener::new(self.opener.quic.clone())
    }
}

impl<B: Buf> quic::OpenStreams<B> for QuicConnection {
    type BidiStream = BidiStream<B>;
    type SendStream = SendStream<B>;

    fn poll_open_bidi(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<BidiStream<B>, StreamErrorIncoming>> {
        self.opener.poll_open_bidi(cx)
    }

    fn poll_open_send(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<SendStream<B>, StreamErrorIncoming>> {
        self.opener.poll_open_send(cx)
    }

    fn close(&mut self, code: Code, reason: &[u8]) {
        quic::OpenStreams::<B>::close(&mut self.opener, code, reason);
    }
}

impl<B: Buf> quic::OpenStreams<B> for Opener {
    type BidiStream = BidiStream<B>;
    type SendStream = SendStream<B>;

    fn poll_open_bidi(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<BidiStream<B>, StreamErrorIncoming>> {
        let quic = &self.quic;
        let opened = ready!(poll(&mut self.opening_bidi, cx, || {
            let quic = quic.clone();
            Box::pin(async move { quic.open_bi().await })
        }));
        let (send, recv) = opened.map_err(connection_error).map_err(lost)?;
        let id = stream_id(send.id()).map_err(lost)?;
        Poll::Ready(Ok(bidi(send, recv, id)))
    }

    fn poll_open_send(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<SendStream<B>, StreamErrorIncoming>> {
        let quic = &self.quic;
        let opened = ready!(poll(&mut self.opening_send, cx, || {
            let quic = quic.clone();
            Box::pin(async move { quic.open_uni().await })
        }));
        let send = opened.map_err(connection_error).map_err(lost)?;
        let id = stream_id(send.id()).map_err(lost)?;
        Poll::Ready(Ok(SendStream::new(send, id)))
    }

    fn close(&mut self, code: Code, reason: &[u8]) {
        self.quic.close(VarInt::from_u64(code.value()).unwrap_or(VarInt::MAX), reason);
    }
}

/// Polls what is waited for; `begin` begins to wait if nothing is.
fn poll<T>(
    waiting: &mut Option<Waiting<T>>,
    cx: &mut Context<'_>,
    begin: impl FnOnce() -> Waiting<T>,
) -> Poll<Result<T, ConnectionError>> {
    let result = ready!(waiting.get_or_insert_with(begin).as_mut().poll(cx));
    *waiting = None;
    Poll::Ready(result)
}

fn cancellation(send: &quinn::SendStream) -> Cancellation {
    let stopped = send.stopped();
    Box::pin(async move {
        // `None`: the player has all of it.
        if let Ok(None) = stopped.await {
            pending::<()>().await;
        }
    })
}

const fn bidi<B: Buf>(
    send: quinn::SendStream,
    recv: quinn::RecvStream,
    id: StreamId,
) -> BidiStream<B> {
    BidiStream { send: SendStream::new(send, id), recv: RecvStream::new(recv, id) }
}

/// The same id; it is never too large.
fn stream_id(id: quinn::StreamId) -> Result<StreamId, ConnectionErrorIncoming> {
    let id = VarInt::from(id).into_inner();
    StreamId::try_from(id)
        .map_err(|error| ConnectionErrorIncoming::InternalError(error.to_string()))
}
