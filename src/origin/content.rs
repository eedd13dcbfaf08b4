//! Content: bytes in shared pieces that are not copied; ready, or produced while they are sent.

use std::ops::Range;

use bytes::Bytes;

use super::feed::Feed;

/// The bytes of a resource, in order.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) pieces: Vec<Bytes>,
    /// Produces the bytes after the pieces.
    pub(super) feed: Option<Box<dyn Feed>>,
    /// Bytes at the start that are skipped.
    pub(super) skip: u64,
    /// The number of bytes; `None` while it is not known.
    pub(super) length: Option<u64>,
}

impl Content {
    /// Content of these pieces.
    pub(super) fn of(pieces: Vec<Bytes>) -> Self {
        let length = pieces.iter().map(|piece| piece.len() as u64).sum();
        Self { pieces, feed: None, skip: 0, length: Some(length) }
    }

    /// Content that `feed` produces, of `length` bytes if it is known.
    pub(super) fn fed(feed: impl Feed + 'static, length: Option<u64>) -> Self {
        Self { pieces: Vec::new(), feed: Some(Box::new(feed)), skip: 0, length }
    }

    /// No bytes; with `length` unknown, the response does not state that there are none.
    pub(super) fn none(length: Option<u64>) -> Self {
        Self { pieces: Vec::new(), feed: None, skip: 0, length }
    }

    /// The bytes of `range`, as far as there are any.
    pub(super) fn slice(self, range: &Range<u64>) -> Self {
        let length = self.length.map_or(range.end, |length| range.end.min(length));
        let length = length.saturating_sub(range.start);
        let Some(feed) = self.feed else { return Self::of(part(&self.pieces, range)) };
        Self { feed: Some(feed), skip: self.skip + range.start, length: Some(length), ..self }
    }

    #[cfg(test)]
    pub(super) fn to_bytes(&self) -> Bytes {
        assert!(self.feed.is_none());
        self.pieces.concat().into()
    }
}

/// The bytes of `range` in `pieces`.
fn part(pieces: &[Bytes], range: &Range<u64>) -> Vec<Bytes> {
    let mut start = 0;
    let mut found = Vec::new();
    for piece in pieces {
        let length = piece.len() as u64;
        // Both are at most the piece's length, which is a usize.
        let from = range.start.saturating_sub(start).min(length) as usize;
        let to = range.end.saturating_sub(start).min(length) as usize;
        if from < to {
            found.push(piece.slice(from..to));
        }
        start += length;
    }
    found
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::of(vec![text.into()])
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self::of(vec![bytes])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_has_the_bytes_of_the_whole() {
        let content = || Content::of(vec!["abc".into(), "".into(), "defg".into(), "h".into()]);
        for start in 0..10u64 {
            for end in start..10 {
                let whole = b"abcdefgh";
                let expected = &whole[(start as usize).min(8)..(end as usize).min(8)];
                let slice = content().slice(&(start..end));
                assert_eq!(slice.to_bytes(), expected);
                assert_eq!(slice.length, Some(expected.len() as u64));
            }
        }
    }
}
