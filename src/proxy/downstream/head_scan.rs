//! Finds a `Content-Length` in the bytes of a request's head.
//!
//! If a request has both `Content-Length` and `Transfer-Encoding`, hyper uses the latter and removes the former
//! (RFC 9112 §6.3 allows it). The proxy refuses such requests, so it checks the bytes itself.

use memchr::{memchr_iter, memmem};

/// Includes the end of the previous line, so that the end of a longer name does not match.
const NAME: &[u8] = b"\ncontent-length";
const CARRY: usize = NAME.len();

/// Searches for the field name in a head that may arrive in pieces.
#[derive(Debug, Default)]
pub(in crate::proxy) struct HeadScan {
    /// The end of the previous piece, since a name may be split.
    carry: [u8; CARRY],
    /// The bytes of the head so far.
    length: usize,
}

impl HeadScan {
    /// Starts a new head.
    pub(in crate::proxy) fn restart(&mut self) {
        *self = Self::default();
    }

    /// The bytes of the head so far, with those of a body that came with it.
    pub(in crate::proxy) const fn length(&self) -> usize {
        self.length
    }

    /// Whether `piece`, the next part of the head, contains the end of a `Content-Length` name.
    pub(in crate::proxy) fn declares_length(&mut self, piece: &[u8]) -> bool {
        self.length += piece.len();
        let first = piece.len().min(CARRY + 1);
        let mut joined = [0; 2 * CARRY + 1];
        joined[..CARRY].copy_from_slice(&self.carry);
        joined[CARRY..CARRY + first].copy_from_slice(&piece[..first]);
        // Most heads arrive in one piece.
        let found = (self.carry != [0; CARRY] && names_length(&joined[..CARRY + first]))
            || (names_length(piece) && names_length(head_of(piece)));
        match piece.len().checked_sub(CARRY) {
            Some(start) => self.carry.copy_from_slice(&piece[start..]),
            None => self.carry.copy_from_slice(&joined[first..first + CARRY]),
        }
        found
    }
}

/// `piece` up to the end of the head: bytes of the body are not checked.
fn head_of(piece: &[u8]) -> &[u8] {
    &piece[..memmem::find(piece, b"\r\n\r\n").unwrap_or(piece.len())]
}

fn names_length(bytes: &[u8]) -> bool {
    let name_before = |colon: usize| bytes[..colon].last_chunk::<CARRY>();
    memchr_iter(b':', bytes)
        .any(|colon| name_before(colon).is_some_and(|name| name.eq_ignore_ascii_case(NAME)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"POST / HTTP/1.1\r\nHost: a:1\r\ncOntent-Length: 5\r\n\r\n";

    #[test]
    fn finds_the_name_however_the_head_is_joined() {
        for size in 1..=HEAD.len() {
            let mut scan = HeadScan::default();
            let found = HEAD.chunks(size).filter(|piece| scan.declares_length(piece)).count();
            assert!(found > 0, "in pieces of {size}");
        }
    }

    #[test]
    fn neither_other_names_nor_bodies_count() {
        for text in [
            "POST / HTTP/1.1\r\nHost: a:1\r\nContent-Type: a\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a:1\r\n\r\nContent-Length: 5\r\n\r\n",
            "POST /?content-length:1 HTTP/1.1\r\nX-Upload-Content-Length: 5\r\n\r\n",
        ] {
            assert!(!HeadScan::default().declares_length(text.as_bytes()), "{text}");
        }
        let mut scan = HeadScan::default();
        assert!(!scan.declares_length(b"\r\nContent-Length"));
        scan.restart();
        assert!(!scan.declares_length(b": 5"));
    }
}
