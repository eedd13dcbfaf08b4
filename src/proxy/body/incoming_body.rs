//! The bytes of a request as they arrive: from hyper, or in pieces from an HTTP/3 stream.

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
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

/// Counts the next piece of a body of which `left` bytes are to come. A body that is longer or shorter than its
/// `Content-Length` is malformed (RFC 9114 §4.1.2).
fn counted(
    left: &mut Option<u64>,
    piece: Option<Result<Bytes, String>>,
) -> Option<Result<Bytes, IncomingError>> {
    let wrong = |problem: &str| Some(Err(IncomingError::Stream(problem.to_owned())));
    match (piece, left) {
        (Some(Err(problem)), _) => wrong(&problem),
        (Some(Ok(piece)), Some(left)) => match left.checked_sub(piece.len() as u64) {
            Some(rest) => {
                *left = rest;
                Some(Ok(piece))
            }
            None => wrong("it is longer than its Content-Length"),
        },
        (Some(Ok(piece)), None) => Some(Ok(piece)),
        (None, Some(1..)) => wrong("it is shorter than its Content-Length"),
        (None, _) => None,
    }
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
            Self::Pieces { pieces, left } => {
                let piece = ready!(pieces.poll_recv(cx));
                Poll::Ready(counted(left, piece).map(|piece| piece.map(Frame::data)))
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt as _, Collected};

    async fn read(length: Option<u64>, sent: &[&'static [u8]]) -> Result<Bytes, String> {
        let (sender, pieces) = mpsc::channel(8);
        for piece in sent {
            sender.send(Ok(Bytes::from_static(piece))).await.unwrap();
        }
        drop(sender);
        let body = IncomingBody::Pieces { pieces, left: length };
        body.collect().await.map(Collected::to_bytes).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_body_has_the_length_that_its_head_says() {
        let (ab, cd): (&[u8], &[u8]) = (b"ab", b"cd");
        assert_eq!(read(Some(4), &[ab, cd]).await.unwrap(), "abcd");
        assert_eq!(read(None, &[ab, cd]).await.unwrap(), "abcd");
        assert_eq!(read(Some(0), &[]).await.unwrap(), "");
        assert!(read(Some(5), &[ab, cd]).await.unwrap_err().contains("shorter"));
        assert!(read(Some(3), &[ab, cd]).await.unwrap_err().contains("longer"));
    }
}
