//! Bytes that wait, in order, and how they end.

use super::chunk::{Chunk, Ending};
use bytes::Bytes;
use std::{collections::VecDeque, time::Duration};

/// The usual limit in bytes.
pub(super) const ROOM: usize = 64 * 1024;

/// The most chunks, however small: 16 times as many as in toxiproxy.
const CHUNKS: usize = 16 * 1024;

/// A queue between two stages. It may hold one chunk more than its limit.
#[derive(Debug)]
pub(in crate::tcp) struct Queue {
    chunks: VecDeque<Chunk>,
    bytes: usize,
    limit: usize,
    ending: Option<Ending>,
}

impl Default for Queue {
    fn default() -> Self {
        Self::with_limit(ROOM)
    }
}

impl Queue {
    pub(super) const fn with_limit(limit: usize) -> Self {
        Self { chunks: VecDeque::new(), bytes: 0, limit, ending: None }
    }

    pub(super) const fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Sets the limit to `limit`, unless it is larger already.
    pub(super) fn raise_limit(&mut self, limit: usize) {
        self.limit = self.limit.max(limit);
    }

    /// Whether more may be added.
    pub(in crate::tcp) fn has_room(&self) -> bool {
        self.bytes < self.limit && self.chunks.len() < CHUNKS && self.ending.is_none()
    }

    pub(in crate::tcp) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(in crate::tcp) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Adds `chunk`; ignored behind the end.
    pub(in crate::tcp) fn push(&mut self, chunk: Chunk) {
        if self.ending.is_none() && !chunk.data.is_empty() {
            self.bytes += chunk.data.len();
            self.chunks.push_back(chunk);
        }
    }

    /// Ends the stream behind what waits; the first end counts.
    pub(in crate::tcp) fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }

    /// The end, when nothing waits before it.
    pub(in crate::tcp) fn ending(&self) -> Option<Ending> {
        self.ending.filter(|_| self.chunks.is_empty())
    }

    /// Takes the end, when nothing waits before it.
    pub(super) fn take_ending(&mut self) -> Option<Ending> {
        if self.chunks.is_empty() { self.ending.take() } else { None }
    }

    pub(super) fn front(&self) -> Option<&Chunk> {
        self.chunks.front()
    }

    pub(super) fn pop(&mut self) -> Option<Chunk> {
        let chunk = self.chunks.pop_front()?;
        self.bytes -= chunk.data.len();
        Some(chunk)
    }

    /// Takes at most `most` bytes of the first chunk.
    pub(super) fn pop_part(&mut self, most: usize) -> Option<Chunk> {
        let first = self.chunks.front_mut()?;
        if first.data.len() <= most {
            return self.pop();
        }
        self.bytes -= most;
        Some(Chunk { data: first.data.split_to(most), arrived: first.arrived })
    }

    /// Moves everything to `next`.
    pub(super) fn move_to(&mut self, next: &mut Self) {
        while let Some(chunk) = self.pop() {
            next.push(chunk);
        }
        if let Some(ending) = self.ending.take() {
            next.end(ending);
        }
    }

    /// Drops the bytes that wait.
    pub(super) fn discard(&mut self) {
        self.chunks.clear();
        self.bytes = 0;
    }

    /// The bytes that wait, chunk by chunk.
    pub(in crate::tcp) fn chunks(&self) -> impl Iterator<Item = &Bytes> {
        self.chunks.iter().map(|chunk| &chunk.data)
    }

    /// Removes `written` bytes at the front.
    pub(in crate::tcp) fn advance(&mut self, mut written: usize) {
        while written > 0 {
            match self.pop_part(written) {
                Some(chunk) => written -= chunk.data.len(),
                None => return,
            }
        }
    }

    /// What a stage changes when it moves anything.
    pub(super) const fn mark(&self) -> (usize, bool) {
        (self.bytes, self.ending.is_some())
    }
}

/// A span of milliseconds as toxiproxy writes it; negative ones are zero, and none is longer than 34 years.
pub(super) fn milliseconds(milliseconds: i64) -> Duration {
    const LONGEST: Duration = Duration::from_secs(1 << 30);
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0)).min(LONGEST)
}
