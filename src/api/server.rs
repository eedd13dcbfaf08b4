//! Accepts and serves connections to the control plane, with limits.

use super::{router::router, state::State};
use axum::Router;
use hyper::server::conn::http1::Builder;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use std::{future::Future, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{sleep, timeout},
};

/// The time-out for a request's headers, and for the next request on a connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// The limit for request line and headers together.
const LARGEST_HEADER: usize = 64 * 1024;
/// The pause after a failed accept (most often because of too many open files).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
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
    (listener, most): (TcpListener, usize),
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let router = router(state, pages, listener.local_addr()?);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
    // Dropping the set closes the remaining connections.
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => {}
            next = next => match next {
                (Ok(place), Ok((stream, _))) => {
                    connect(&router, stream, place, &graceful, &mut connections);
                }
                // The semaphore is never closed, so it is the accept that failed.
                (_, accepted) => {
                    let problem = accepted.err();
                    tracing::warn!(?problem, "a connection to the admin port could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    if timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::debug!("responses of the admin port were cut");
    }
    Ok(())
}

/// Serves one connection, which holds its permit until it closes.
fn connect(
    router: &Router,
    stream: TcpStream,
    place: OwnedSemaphorePermit,
    graceful: &GracefulShutdown,
    connections: &mut JoinSet<()>,
) {
    // Otherwise a response of two packets waits for a delayed ACK. If setting it fails, it is only slower.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router.clone());
    let connection = Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(LARGEST_HEADER)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    connections.spawn(async move {
        if let Err(problem) = connection.await {
            tracing::debug!(%problem, "connection to the admin port closed");
        }
        drop(place);
    });
}
