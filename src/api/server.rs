//! The server of the control plane.

use super::{auth, problem::Problem, router::router, state::State};
use crate::listen::HttpServer;
use axum::{Router, http::StatusCode, response::IntoResponse as _};
use std::{future::Future, time::Duration};
use tokio::net::TcpListener;

/// The time-out for a request's headers, and for the next request on a connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// The time-out for responses under way at shutdown; all are short.
const DRAIN: Duration = Duration::from_secs(1);

/// Serves the API and `pages` on `listener` until `stop`, with at most `most` connections at the same time. Further connections wait in the
/// kernel's backlog.
///
/// # Errors
/// When the listener has no address.
pub async fn serve(
    state: State,
    pages: Router,
    listener: TcpListener,
    most: usize,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let router = router(state, pages, listener.local_addr()?);
    let server = HttpServer {
        name: "the admin port",
        most,
        header_timeout: HEADER_TIMEOUT,
        probes: &[auth::HEALTH, auth::READY],
        busy: || {
            let detail = "all connections of the admin port are in use; close some, or try again";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).into_response()
        },
        drain: DRAIN,
    };
    server.serve(listener, router, stop).await;
    Ok(())
}
