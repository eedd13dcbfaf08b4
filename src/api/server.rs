//! Accepts and serves connections to the control plane, with limits.

use super::{router::router, state::State};
use crate::listen::{AcceptLoop, Place, place};
use axum::Router;
use hyper::server::conn::http1::Builder;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};

/// The time-out for a request's headers, and for the next request on a connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// The limit for request line and headers together.
const LARGEST_HEADER: usize = 64 * 1024;
/// The time-out for responses under way at shutdown; all are short.
const DRAIN: Duration = Duration::from_secs(1);

/// Serves the API and `pages` on `listener` until `stop`, with at most `most` connections at the same time. Further connections wait in the
/// kernel's backlog. Only HTTP/1.1 is supported: clients need no other version here, and each protocol adds attack
/// surface.
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
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
    let serve = |stream, _, place| connection(&router, stream, place, &graceful);
    let find_place = || place(Arc::clone(&places));
    let accepting = AcceptLoop::new(listener, "operators");
    let open = accepting.run(stop, find_place, serve).await;
    if timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::debug!("responses of the admin port were cut");
    }
    drop(open);
    Ok(())
}

/// Serves one connection, which holds its place until it closes.
fn connection(
    router: &Router,
    stream: TcpStream,
    place: Place,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + 'static + use<> {
    // Otherwise a response of two packets waits for a delayed ACK. If setting it fails, it is only slower.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router.clone());
    let connection = Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(LARGEST_HEADER)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    async move {
        if let Err(problem) = connection.await {
            tracing::debug!(%problem, "connection to the admin port closed");
        }
        drop(place);
    }
}
