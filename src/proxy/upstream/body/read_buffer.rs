//! The buffer of a body that is read directly from its connection.

use super::super::throttled_stream::ThrottledStream;
use bytes::{BufMut as _, Bytes, BytesMut};
use std::{
    future::Future as _,
    io,
    pin::pin,
    task::{Context, Poll, ready},
};
use tokio::io::AsyncReadExt as _;

/// The first read size of a fast body. It doubles when a read fills it, and halves when a read returns little.
const FIRST_READ: u32 = 16 * 1024;
const LARGEST_READ: u32 = 256 * 1024;
/// The same for a body that is one of many on a connection to a player: each holds what it has read.
const LARGEST_READ_OF_MANY: u32 = 64 * 1024;

/// Reads pieces of adaptive size.
#[derive(Debug)]
pub(in crate::proxy::upstream) struct ReadBuffer {
    bytes: BytesMut,
    /// The size of the next read, and its limit.
    read: u32,
    largest: u32,
}

impl ReadBuffer {
    /// A buffer for a body whose first read returned `first` bytes.
    pub(super) fn after(first: usize) -> Self {
        let read = u32::try_from(first).unwrap_or(LARGEST_READ).clamp(FIRST_READ, LARGEST_READ);
        Self { bytes: BytesMut::new(), read: read.next_power_of_two(), largest: LARGEST_READ }
    }

    /// It is for one of many bodies that a connection to a player carries at a time.
    pub(super) fn set_one_of_many(&mut self) {
        self.largest = LARGEST_READ_OF_MANY;
        self.read = self.read.min(self.largest);
    }

    /// Reads what is available in `stream`, at most `most` bytes; none = the stream has ended.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut ThrottledStream,
        most: u64,
    ) -> Poll<io::Result<Bytes>> {
        if stream.poll_readable(cx)?.is_pending() {
            // Holds no memory while the origin sends nothing.
            self.bytes = BytesMut::new();
            return Poll::Pending;
        }
        let most = stream.most().min(most).min(u64::from(self.read)) as usize;
        self.bytes.reserve(most);
        let mut buffer = (&mut self.bytes).limit(most);
        let read = ready!(pin!(stream.read_buf(&mut buffer)).poll(cx))?;
        if read == self.read as usize {
            self.read = (2 * self.read).min(self.largest);
        } else if read < self.read as usize / 4 {
            self.read = (self.read / 2).max(FIRST_READ);
        }
        Poll::Ready(Ok(self.bytes.split().freeze()))
    }
}
