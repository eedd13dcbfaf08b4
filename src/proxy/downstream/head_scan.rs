//! Whether a request's head declares a length, as it stands on the wire.
//!
//! hyper takes a request with both `Content-Length` and `Transfer-Encoding` by the latter alone, and
//! drops the former unseen (RFC 9112 §6.3 allows it). We refuse such requests, so we look ourselves.

use memchr::{memchr_iter, memmem};

/// With the end of the line before it, or it could be the tail of a longer name.
const NAME: &[u8] = b"\ncontent-length";
const CARRY: usize = NAME.len();

/// Looks for the header's name in a head that may arrive in pieces.
#[derive(Debug, Default)]
pub(in crate::proxy) struct HeadScan {
    /// The end of the last piece: a name may be torn.
    carry: [u8; CARRY],
}

impl HeadScan {
    /// A head begins.
    pub(in crate::proxy) fn restart(&mut self) {
        self.carry = [0; CARRY];
    }

    /// Whether a `Content-Length` ends in `piece`, the next part of the head.
    pub(in crate::proxy) fn declares_length(&mut self, piece: &[u8]) -> bool {
        let first = piece.len().min(CARRY + 1);
        let mut torn = [0; 2 * CARRY + 1];
        torn[..CARRY].copy_from_slice(&self.carry);
        torn[CARRY..CARRY + first].copy_from_slice(&piece[..first]);
        let found = names_length(&torn[..CARRY + first]) || names_length(head_of(piece));
        match piece.len().checked_sub(CARRY) {
            Some(start) => self.carry.copy_from_slice(&piece[start..]),
            None => self.carry.copy_from_slice(&torn[first..first + CARRY]),
        }
        found
    }
}

/// `piece` up to the end of the head, if it is in there: a body may hold what it likes.
fn head_of(piece: &[u8]) -> &[u8] {
    if !names_length(piece) {
        return &[];
    }
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
    fn finds_the_name_however_the_head_is_torn() {
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
