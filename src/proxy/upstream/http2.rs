//! HTTP/2 to an origin, with one exchange at a time per connection, so that a body that is not read does not block
//! another.

use super::{read_policy::ReadPolicy, throttled_stream::ThrottledStream};
use crate::proxy::body::upload::Upload;
use http_body_util::Limited;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::error::Error as StdError;

/// Sends requests on a connection that has its own task.
pub(super) type Sender = SendRequest<Limited<Upload>>;

/// The flow-control window where the kernel's receive buffer is not limited.
const WINDOW: u32 = 4 * 1024 * 1024;

/// Starts HTTP/2 on `stream`.
///
/// # Errors
/// Those of the connection.
pub(super) async fn start(
    stream: ThrottledStream,
    read_policy: ReadPolicy,
) -> hyper::Result<Sender> {
    let window = read_policy.unread.and_then(|bytes| u32::try_from(bytes).ok()).unwrap_or(WINDOW);
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(window)
        .initial_connection_window_size(window)
        .handshake(TokioIo::new(stream))
        .await?;
    // Errors are reported to the task that waits for the response or reads its body.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

/// Whether `error` means that the origin has not processed the request (RFC 9113 §8.7): the stream was refused, or its
/// number is above the last one of a GOAWAY.
pub(super) fn is_unprocessed(error: &hyper::Error) -> bool {
    let h2 = error.source().and_then(<dyn StdError>::downcast_ref::<h2::Error>);
    h2.is_some_and(|error| {
        error.reason() == Some(h2::Reason::REFUSED_STREAM)
            || (error.is_go_away() && error.is_remote())
    })
}
