//! The body of the origin's responses: content, piece by piece, each as soon as it exists.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::content::Content;
use super::feed::Feed;
use super::pace::{Clock, until};

/// A body that holds no more than it is about to send. Without pacing it uses no clock, and everything is
/// ready.
pub struct OriginBody {
    pieces: vec::IntoIter<Bytes>,
    feed: Option<Box<dyn Feed>>,
    /// Bytes still to be skipped.
    skip: u64,
    /// Bytes still to be sent; `None` while it is not known.
    remaining: Option<u64>,
    clock: Option<Clock>,
    /// Ready when `pieces` exist.
    wait: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl OriginBody {
    /// The same, paced by a clock: content that is due later is sent later.
    #[must_use]
    pub(super) fn paced(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Gets the next pieces from the feed; `None` at its end.
    fn refill(&mut self) -> Option<()> {
        let feed = self.feed.as_mut()?;
        if self.skip > 0 {
            self.skip -= feed.skip(self.skip).min(self.skip);
        }
        let Some(delivery) = feed.next() else {
            self.feed = None;
            return None;
        };
        if let Some(clock) = self.clock
            && delivery.due > clock()
        {
            self.wait = Some(Box::pin(until(delivery.due, clock)));
        }
        self.pieces = delivery.pieces.into_iter();
        Some(())
    }

    /// The part of `piece` within the requested range.
    fn trim(&mut self, mut piece: Bytes) -> Bytes {
        let passed = usize::try_from(self.skip).unwrap_or(usize::MAX).min(piece.len());
        self.skip -= passed as u64;
        piece = piece.slice(passed..);
        if let Some(remaining) = &mut self.remaining {
            piece.truncate(usize::try_from(*remaining).unwrap_or(usize::MAX));
            *remaining -= piece.len() as u64;
        }
        piece
    }
}

impl From<Content> for OriginBody {
    fn from(content: Content) -> Self {
        let Content { pieces, feed, skip, length } = content;
        let pieces = pieces.into_iter();
        Self { pieces, feed, skip, remaining: length, clock: None, wait: None }
    }
}

impl Default for OriginBody {
    fn default() -> Self {
        Content::none(Some(0)).into()
    }
}

impl Body for OriginBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        loop {
            if self.is_end_stream() {
                return Poll::Ready(None);
            }
            if let Some(wait) = &mut self.wait {
                ready!(wait.as_mut().poll(context));
                self.wait = None;
            }
            if let Some(piece) = self.pieces.next() {
                let piece = self.trim(piece);
                if !piece.is_empty() {
                    return Poll::Ready(Some(Ok(Frame::data(piece))));
                }
            } else if self.refill().is_none() {
                return Poll::Ready(None);
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.remaining.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

impl fmt::Debug for OriginBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OriginBody").field("remaining", &self.remaining).finish_non_exhaustive()
    }
}
