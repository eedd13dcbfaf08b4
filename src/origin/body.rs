//! The body of the origin's responses: content, piece by piece.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::content::Content;

/// A body whose length is known and whose frames are ready.
#[derive(Debug, Default)]
pub struct OriginBody {
    pieces: vec::IntoIter<Bytes>,
    remaining: u64,
}

impl From<Content> for OriginBody {
    fn from(content: Content) -> Self {
        Self { remaining: content.length(), pieces: content.into_pieces().into_iter() }
    }
}

impl Body for OriginBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.next();
        self.remaining -= piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}
