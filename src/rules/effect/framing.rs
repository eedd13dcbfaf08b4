//! How the end of a body is marked.

use super::header_edit::named;
use std::fmt;

named! {
    /// The framing of a message body (RFC 9112 §6), in place of the origin's. (A chunk that breaks the
    /// framing is a way to [cut](super::Cut) a body.)
    Framing {
        /// Neither `Content-Length` nor chunks: the body ends where the connection closes. (HTTP/2: no
        /// `content-length`; END_STREAM ends it as usual.)
        Close = "close",
    }
}
