//! A response on its way to the player: its head, then its body.

use super::response::{ResponseHead, SHORT};
use crate::proxy::{
    body::{
        response_body::PlayerBody,
        shaped_body::{BodyError, ShapedBody, splice::Spliced},
    },
    downstream::socket::Socket,
};
use bytes::{Buf as _, Bytes};
use hyper::body::Body as _;
use smallvec::SmallVec;
use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::AsyncWrite as _;

/// How many pieces of a body are written together.
const MOST_PIECES: usize = 8;
/// How many bytes of them may wait when another one is taken.
const MOST_WAITING: usize = 64 * 1024;
/// The kernel moves bodies of this length or more. For shorter ones, the additional system calls cost as much as a copy.
const LEAST_SPLICED: u64 = 48 * 1024;

/// Why a response ends early.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// The body ends with an error.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The player is gone.
    #[error(transparent)]
    Socket(#[from] io::Error),
    /// The body is shorter than its head says.
    #[error("the body is {0} bytes shorter than declared")]
    Short(u64),
}

/// A response that is being sent.
pub(super) struct Sending {
    /// The rest of the head, and a short body.
    head: Vec<u8>,
    /// How many bytes of it were written.
    written: usize,
    /// Pieces that wait for the socket.
    pieces: SmallVec<[Bytes; 1]>,
    /// The body, until all of it was taken.
    body: Option<PlayerBody>,
    /// Bytes of the body that were not taken yet.
    left: u64,
    /// The kernel is to move the body.
    splices: bool,
}

impl Sending {
    /// The response with this head and body, on `socket`.
    pub(super) fn new(head: ResponseHead, body: PlayerBody, socket: &Socket) -> Self {
        let ResponseHead { bytes: head, length: left } = head;
        let mut body = (left > 0).then_some(body);
        let splices = left >= LEAST_SPLICED
            && socket.bare().is_some()
            && body.as_mut().and_then(PlayerBody::shaped).is_some_and(ShapedBody::prepare_splice);
        Self { head, written: 0, pieces: SmallVec::new(), body, left, splices }
    }

    /// Sends what can be sent. Ready = all of it is in the kernel.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        socket: &mut Socket,
    ) -> Poll<Result<(), SendError>> {
        loop {
            if self.waiting() == 0 && self.splices_next() {
                ready!(self.poll_splice(cx, socket))?;
            }
            let taken = self.poll_body(cx)?;
            while self.waiting() > 0 {
                ready!(self.poll_write(cx, socket))?;
            }
            if taken.is_pending() || self.body.is_none() {
                // A body that breaks off waits for this.
                ready!(Pin::new(&mut *socket).poll_flush(cx))?;
                return taken.map(Ok);
            }
        }
    }

    /// Bytes that wait for the socket.
    fn waiting(&self) -> usize {
        self.head.len() - self.written + self.pieces.iter().map(Bytes::len).sum::<usize>()
    }

    /// Lets the kernel move the body. Ready = the body is over, or its next bytes come as pieces.
    fn poll_splice(
        &mut self,
        cx: &mut Context<'_>,
        socket: &mut Socket,
    ) -> Poll<Result<(), SendError>> {
        while let Some((body, bare)) =
            self.body.as_mut().and_then(PlayerBody::shaped).zip(socket.bare())
        {
            let Poll::Ready(moved) = body.poll_splice(cx, bare) else {
                // A client that has ended its side is there as long as it takes bytes.
                return Poll::Pending;
            };
            match moved? {
                Spliced::Frames => {
                    self.splices = false;
                    break;
                }
                Spliced::Moved(bytes) => {
                    socket.has_sent();
                    self.left = self.left.saturating_sub(bytes as u64);
                    if self.left == 0 {
                        self.body = None;
                    }
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Takes pieces of the body while there is room. Pending = it has none now.
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, SendError> {
        while self.pieces.len() < MOST_PIECES && self.waiting() < MOST_WAITING {
            if self.splices_next() {
                // The kernel moves the rest.
                break;
            }
            let Some(body) = &mut self.body else { break };
            let Poll::Ready(next) = Pin::new(body).poll_frame(cx) else {
                return Ok(Poll::Pending);
            };
            let Some(frame) = next else { return Err(SendError::Short(self.left)) };
            // Trailers would need the chunked coding.
            if let Ok(piece) = frame?.into_data() {
                self.take(piece);
            }
        }
        Ok(Poll::Ready(()))
    }

    /// Whether the kernel moves the next bytes of the body.
    fn splices_next(&mut self) -> bool {
        let body = self.body.as_mut().filter(|_| self.splices);
        body.and_then(PlayerBody::shaped).is_some_and(ShapedBody::splices_next)
    }

    /// Adds `piece` to what waits.
    fn take(&mut self, mut piece: Bytes) {
        piece.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= piece.len() as u64;
        if self.left == 0 {
            // Its exchange ends here.
            self.body = None;
        }
        if self.written == 0
            && self.pieces.is_empty()
            && self.body.is_none()
            && piece.len() <= SHORT
        {
            self.head.extend_from_slice(&piece);
        } else if !piece.is_empty() {
            self.pieces.push(piece);
        }
    }

    /// Writes once.
    fn poll_write(&mut self, cx: &mut Context<'_>, socket: &mut Socket) -> Poll<io::Result<()>> {
        let mut slices = [IoSlice::new(&[]); 1 + MOST_PIECES];
        let mut count = 0;
        let head = &self.head[self.written..];
        for bytes in std::iter::once(head).chain(self.pieces.iter().map(|piece| &piece[..])) {
            if !bytes.is_empty() {
                slices[count] = IoSlice::new(bytes);
                count += 1;
            }
        }
        let slices = &slices[..count];
        let mut sent = ready!(Pin::new(socket).poll_write_vectored(cx, slices))?;
        if sent == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        let of_head = sent.min(self.head.len() - self.written);
        self.written += of_head;
        sent -= of_head;
        for piece in &mut self.pieces {
            let part = sent.min(piece.len());
            piece.advance(part);
            sent -= part;
        }
        self.pieces.retain(|piece| !piece.is_empty());
        Poll::Ready(Ok(()))
    }
}
