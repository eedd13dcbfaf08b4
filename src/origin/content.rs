//! Content: bytes in pieces that are shared, not copied.

use std::ops::Range;

use bytes::Bytes;

/// The bytes of a resource, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    pieces: Vec<Bytes>,
    length: u64,
}

impl Content {
    /// Content of these pieces.
    pub(super) fn of(pieces: Vec<Bytes>) -> Self {
        let length = pieces.iter().map(|piece| piece.len() as u64).sum();
        Self { pieces, length }
    }

    /// How many bytes there are.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The pieces, in order.
    pub(super) fn into_pieces(self) -> Vec<Bytes> {
        self.pieces
    }

    /// The bytes of `range`, as far as there are any.
    pub(super) fn slice(&self, range: &Range<u64>) -> Self {
        let mut start = 0;
        let mut pieces = Vec::new();
        for piece in &self.pieces {
            let length = piece.len() as u64;
            // Both are at most the piece's length, which is a usize.
            let from = range.start.saturating_sub(start).min(length) as usize;
            let to = range.end.saturating_sub(start).min(length) as usize;
            if from < to {
                pieces.push(piece.slice(from..to));
            }
            start += length;
        }
        Self::of(pieces)
    }

    #[cfg(test)]
    pub(super) fn to_bytes(&self) -> Bytes {
        self.pieces.concat().into()
    }
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
        let content = Content::of(vec!["abc".into(), "".into(), "defg".into(), "h".into()]);
        for start in 0..10u64 {
            for end in start..10 {
                let whole = b"abcdefgh";
                let expected = &whole[(start as usize).min(8)..(end as usize).min(8)];
                let slice = content.slice(&(start..end));
                assert_eq!(slice.to_bytes(), expected);
                assert_eq!(slice.length(), expected.len() as u64);
            }
        }
    }
}
