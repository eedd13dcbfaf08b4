//! The streams of quinn, as the implementation of HTTP/3 uses them.

use super::quic_error::{read_error, write_error};
use bytes::{Buf, Bytes};
use h3::quic::{self, StreamErrorIncoming, StreamId, WriteBuf};
use quinn::VarInt;
use std::{
    future::Future as _,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

/// The half of a stream that is written to.
pub(super) struct SendStream<B: Buf> {
    stream: quinn::SendStream,
    id: StreamId,
    /// What is to be written before anything else.
    writing: Option<WriteBuf<B>>,
}

/// The half of a stream that is read.
pub(super) struct RecvStream {
    stream: quinn::RecvStream,
    id: StreamId,
}

/// A stream with both halves.
pub(super) struct BidiStream<B: Buf> {
    pub(super) send: SendStream<B>,
    pub(super) recv: RecvStream,
}

impl<B: Buf> SendStream<B> {
    pub(super) const fn new(stream: quinn::SendStream, id: StreamId) -> Self {
        Self { stream, id, writing: None }
    }
}

impl RecvStream {
    pub(super) const fn new(stream: quinn::RecvStream, id: StreamId) -> Self {
        Self { stream, id }
    }
}

type Result<T> = std::result::Result<T, StreamErrorIncoming>;

impl<B: Buf> quic::SendStream<B> for SendStream<B> {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if let Some(data) = &mut self.writing {
            while data.has_remaining() {
                let written = Pin::new(&mut self.stream).poll_write(cx, data.chunk());
                data.advance(ready!(written).map_err(write_error)?);
            }
        }
        self.writing = None;
        Poll::Ready(Ok(()))
    }

    fn send_data<T: Into<WriteBuf<B>>>(&mut self, data: T) -> Result<()> {
        // It is called when `poll_ready` has told that there is nothing left.
        self.writing = Some(data.into());
        Ok(())
    }

    fn poll_finish(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        let finished = self.stream.finish();
        Poll::Ready(finished.map_err(|error| StreamErrorIncoming::Unknown(Box::new(error))))
    }

    fn reset(&mut self, code: u64) {
        // It fails if the stream has ended.
        let _ = self.stream.reset(VarInt::from_u64(code).unwrap_or(VarInt::MAX));
    }

    fn send_id(&self) -> StreamId {
        self.id
    }
}

impl quic::RecvStream for RecvStream {
    type Buf = Bytes;

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        // The future keeps nothing between two polls.
        let chunk = ready!(pin!(self.stream.read_chunk(usize::MAX, true)).poll(cx));
        Poll::Ready(chunk.map(|chunk| chunk.map(|chunk| chunk.bytes)).map_err(read_error))
    }

    fn stop_sending(&mut self, code: u64) {
        // It fails if the stream has ended.
        let _ = self.stream.stop(VarInt::from_u64(code).unwrap_or(VarInt::MAX));
    }

    fn recv_id(&self) -> StreamId {
        self.id
    }
}

impl<B: Buf> quic::SendStream<B> for BidiStream<B> {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.send.poll_ready(cx)
    }

    fn send_data<T: Into<WriteBuf<B>>>(&mut self, data: T) -> Result<()> {
        self.send.send_data(data)
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.send.poll_finish(cx)
    }

    fn reset(&mut self, code: u64) {
        self.send.reset(code);
    }

    fn send_id(&self) -> StreamId {
        self.send.id
    }
}

impl<B: Buf> quic::RecvStream for BidiStream<B> {
    type Buf = Bytes;

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        self.recv.poll_data(cx)
    }

    fn stop_sending(&mut self, code: u64) {
        self.recv.stop_sending(code);
    }

    fn recv_id(&self) -> StreamId {
        self.recv.id
    }
}

impl<B: Buf> quic::BidiStream<B> for BidiStream<B> {
    type SendStream = SendStream<B>;
    type RecvStream = RecvStream;

    fn split(self) -> (SendStream<B>, RecvStream) {
        (self.send, self.recv)
    }
}
