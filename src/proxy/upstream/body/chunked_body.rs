//! A body in the chunked transfer coding, read directly from its connection.

use super::{
    super::{
        chunks::{Chunks, Part},
        idle_connections::IdleConnection,
        throttled_stream::ThrottledStream,
    },
    OriginError, PoolReturn,
    read_buffer::ReadBuffer,
};
use bytes::Bytes;
use hyper::body::Frame;
use std::task::{Context, Poll, ready};

/// A body, with the connection until all is read.
pub(in crate::proxy) struct ChunkedBody {
    chunks: Chunks,
    /// Bytes that were read but not decoded.
    coded: Bytes,
    stream: Option<ThrottledStream>,
    /// Where the connection is returned, if it may be reused.
    home: Option<PoolReturn>,
    pub(in crate::proxy::upstream) buffer: ReadBuffer,
}

impl ChunkedBody {
    /// A body that starts with the `coded` bytes, and goes on in `stream`.
    pub(in crate::proxy::upstream) fn new(
        coded: Bytes,
        stream: ThrottledStream,
        home: Option<PoolReturn>,
    ) -> Self {
        let (chunks, buffer) = (Chunks::new(), ReadBuffer::after(coded.len()));
        Self { chunks, coded, stream: Some(stream), home, buffer }
    }

    /// Whether all was read, or nothing more can be.
    pub(in crate::proxy::upstream) const fn is_over(&self) -> bool {
        self.stream.is_none()
    }

    pub(in crate::proxy::upstream) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, OriginError>>> {
        loop {
            let Some(stream) = &mut self.stream else { return Poll::Ready(None) };
            let error = match self.chunks.next(&mut self.coded) {
                Ok(Some(Part::Data(data))) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(Some(Part::Trailers(trailers))) => {
                    self.finish();
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                }
                Ok(Some(Part::End)) => {
                    self.finish();
                    return Poll::Ready(None);
                }
                Ok(None) => match ready!(self.buffer.poll(cx, stream, u64::MAX)) {
                    Ok(bytes) if bytes.is_empty() => OriginError::EarlyChunk,
                    Ok(bytes) => {
                        self.coded = bytes;
                        continue;
                    }
                    Err(error) => error.into(),
                },
                Err(error) => error.into(),
            };
            self.stream = None;
            return Poll::Ready(Some(Err(error)));
        }
    }

    /// Returns the connection to the pool. One on which more has arrived is closed.
    fn finish(&mut self) {
        if let Some((stream, home)) = self.stream.take().zip(self.home.take())
            && self.coded.is_empty()
        {
            home.put_back(IdleConnection::Bare(stream));
        }
    }
}
