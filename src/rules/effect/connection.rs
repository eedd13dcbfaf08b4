//! Effects on the connection, and on blocking low-latency playlist requests.

use super::header_edit::named;
use std::fmt;

named! {
    /// How a connection ends instead of a response. (A TCP connection can't be refused for one session
    /// only, because sessions share the port. This is the closest to it.)
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
    /// Which connections close, although players expect to reuse them.
    Closing {
        /// This one, after the response, which announces it (`Connection: close`; HTTP/2: GOAWAY).
        After = "after",
        /// This one, after the response, unannounced: the player's next request on it may be lost.
        Unannounced = "unannounced",
        /// The session's idle ones, now.
        IdleConnections = "idle",
    }
}

named! {
    /// Changes to the directives of a low-latency playlist request.
    Reload {
        /// `_HLS_msn` and `_HLS_part` are not forwarded: the origin responds at once with its current
        /// playlist.
        Early = "early",
        /// `_HLS_skip` is not forwarded: the origin sends the full playlist.
        Full = "full",
    }
}
