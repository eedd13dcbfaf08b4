//! What was sent and received on a connection before hyper takes it over: hyper sends the same request, and reads the
//! same response.

use bytes::{Buf as _, Bytes};
use std::{
    io,
    task::{Context, Poll},
};
use tokio::io::ReadBuf;

/// Traffic of a connection that hyper is to see again.
#[derive(Debug, Default)]
pub(super) struct EarlierTraffic {
    /// How many bytes of the request are sent: they are not written again.
    pub(super) written: usize,
    /// Why no more could be written.
    pub(super) unwritable: Option<io::Error>,
    /// Bytes of the response.
    pub(super) read: Bytes,
    /// How the response ended after them: an error, or the end of the connection.
    pub(super) end: Option<io::Result<()>>,
}

impl EarlierTraffic {
    /// Whether all of it was seen again.
    pub(super) fn is_over(&self) -> bool {
        self.written == 0 && self.unwritable.is_none() && self.read.is_empty() && self.end.is_none()
    }

    /// How many of `bytes` are already sent, or why they cannot be. `None` = they are to be sent.
    pub(super) fn write(&mut self, bytes: usize) -> Option<io::Result<usize>> {
        let sent = self.written.min(bytes);
        if sent > 0 {
            self.written -= sent;
            return Some(Ok(sent));
        }
        self.unwritable.take().map(Err)
    }

    /// Reads into `buf`. `None` = the rest comes from the connection. Nothing is read before the request is written, since
    /// hyper takes that for the response to none.
    pub(super) fn poll_read(
        &mut self,
        cx: &Context<'_>,
        buf: &mut ReadBuf<'_>,
        most: u64,
    ) -> Option<Poll<io::Result<()>>> {
        if self.written > 0 {
            cx.waker().wake_by_ref();
            return Some(Poll::Pending);
        }
        if self.read.is_empty() {
            return self.end.take().map(Poll::Ready);
        }
        let bytes =
            self.read.len().min(buf.remaining()).min(usize::try_from(most).unwrap_or(usize::MAX));
        buf.put_slice(&self.read[..bytes]);
        self.read.advance(bytes);
        Some(Poll::Ready(Ok(())))
    }
}
