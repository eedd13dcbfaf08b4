//! The bytes of a request as they arrive: from hyper, or in pieces from an HTTP/3 stream.

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
};
use tokio::sync::mpsc;

/// A request body that a player sends.
#[derive(Debug)]
pub(in crate::proxy) enum IncomingBody {
    /// Of HTTP/1.1 or HTTP/2.
    Hyper(Incoming),
    /// Of HTTP/3: ends when the sender is dropped.
    #[cfg_attr(not(feature = "h3"), expect(dead_code, reason = "only HTTP/3 has it"))]
    Pieces {
        /// The pieces, or why there are no more.
        pieces: mpsc::Receiver<Result<Bytes, String>>,
        /// How many bytes are to come, if that is known.
        left: Option<u64>,
    },
    /// A request without a body.
    #[cfg_attr(not(feature = "h3"), expect(dead_code, reason = "only HTTP/3 has it"))]
    Empty,
}

/// Why a request body ends early.
#[derive(Debug, thiserror::Error)]
pub(in crate::proxy) enum IncomingError {
    /// An error of hyper.
    #[error(transparent)]
    Hyper(#[from] hyper::Error),
    /// An error of the HTTP/3 stream.
    #[error("{0}")]
    Stream(String),
}

impl Body for IncomingBody {
    type Data = Bytes;
    type Error = IncomingError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, IncomingError>>> {
        match &mut *self {
            Self::Hyper(body) => Pin::new(body)
                .poll_frame(cx)
                .map(|frame| Some(frame?.map_err(IncomingError::Hyper))),
            Self::Pieces { pieces, left } => pieces.poll_recv(cx).map(|piece| {
                let piece = piece?;
                if let (Some(left), Ok(piece)) = (left, &piece) {
                    *left = left.saturating_sub(piece.len() as u64);
                }
                Some(piece.map(Frame::data).map_err(IncomingError::Stream))
            }),
            Self::Empty => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Hyper(body) => body.is_end_stream(),
            Self::Pieces { left, .. } => *left == Some(0),
            Self::Empty => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Hyper(body) => body.size_hint(),
            Self::Pieces { left, .. } => left.map_or_else(SizeHint::new, SizeHint::with_exact),
            Self::Empty => SizeHint::with_exact(0),
        }
    }
}
