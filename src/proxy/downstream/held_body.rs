//! The body of a response in a stream of HTTP/2: reports when its player does not read, and holds its memory until all of it
//! is sent.

use super::open_stream::OpenStream;
use crate::proxy::body::{response_body::PlayerBody, shaped_body::BodyError};
use bytes::{Buf, Bytes};
use hyper::body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// A body in a stream of HTTP/2.
pub(super) struct HeldBody {
    body: PlayerBody,
    /// `None` = nothing is reported.
    stream: Option<Arc<OpenStream>>,
}

/// Bytes that are held until they are sent.
pub(super) struct HeldPiece {
    bytes: Bytes,
    stream: Option<Arc<OpenStream>>,
}

impl HeldBody {
    /// `body` in `stream`, whose memory is what the body needs from now on.
    pub(super) fn new(body: PlayerBody, stream: Option<Arc<OpenStream>>) -> Self {
        if let Some(stream) = &stream {
            stream.hold_at_most(body.size_hint().upper());
        }
        Self { body, stream }
    }
}

impl Body for HeldBody {
    type Data = HeldPiece;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<HeldPiece>, BodyError>>> {
        let this = &mut *self;
        if let Some(stream) = &this.stream {
            stream.was_read();
        }
        let next = ready!(Pin::new(&mut this.body).poll_frame(cx));
        let held = |bytes| {
            if let Some(stream) = &this.stream {
                stream.wait_for_reader();
            }
            HeldPiece { bytes, stream: this.stream.clone() }
        };
        Poll::Ready(next.map(|frame| Ok(frame?.map_data(held))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Buf for HeldPiece {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    /// Called when HTTP/2 has sent `count` bytes.
    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        if let Some(stream) = &self.stream {
            stream.has_moved();
        }
    }
}
