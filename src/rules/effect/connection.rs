//! What befalls the connection, and the blocking of low-latency playlists.

use super::header_edit::named;
use std::fmt;

named! {
    /// How a connection ends instead of an answer. (Below HTTP nothing can be refused for one
    /// session alone: the port is shared. This is the nearest thing.)
    Refusal {
        /// By a TCP reset, as soon as the request is read (HTTP/2: RST_STREAM, INTERNAL_ERROR).
        Reset = "reset",
        /// By FIN, as soon as the request is read (HTTP/2: GOAWAY).
        Close = "close",
        /// By bytes that are not HTTP, and then FIN (HTTP/2: RST_STREAM, INTERNAL_ERROR).
        NotHttp = "not-http",
    }
}

named! {
    /// Connections that close, against what players hope.
    Closing {
        /// This one, after the answer, which announces it (`Connection: close`; HTTP/2: GOAWAY).
        After = "after",
        /// This one, after the answer, unannounced: the player's next request on it may be lost.
        Unannounced = "unannounced",
        /// The session's idle ones, now.
        IdleConnections = "idle",
    }
}

named! {
    /// What becomes of the directives of a low-latency playlist request.
    Reload {
        /// `_HLS_msn` and `_HLS_part` are not handed on: the answer comes at once, with what there
        /// is.
        Early = "early",
        /// `_HLS_skip` is not handed on: the playlist comes whole.
        Full = "full",
    }
}
