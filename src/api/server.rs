//! Accepts connections to the control plane and serves them, each within bounds.

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

/// For a request's headers, and between requests on a connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// A request's line and headers together.
const LARGEST_HEADER: usize = 64 * 1024;
/// After a failed accept (most often: too many open files) the next one waits for this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// For answers under way at the end; all are short.
const DRAIN: Duration = Duration::from_secs(1);

/// Serves on `listener` until `stop`, `most` connections at a time; newcomers beyond wait in the kernel's
/// backlog. HTTP/1.1 only: nobody needs more here, and every protocol is
/// one more thing that a hostile client can lean on.
///
/// # Errors
/// When the listener has no address.
pub async fn serve(
    state: State,
    (listener, most): (TcpListener, usize),
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let router = router(state, listener.local_addr()?);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
    // What is left of the connections goes when the set does.
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
                    tracing::warn!(?problem, "a connection to the admin side could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    if timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::debug!("answers of the admin side were cut");
    }
    Ok(())
}

/// Serves one connection, which holds its place until it closes.
fn connect(
    router: &Router,
    stream: TcpStream,
    place: OwnedSemaphorePermit,
    graceful: &GracefulShutdown,
    connections: &mut JoinSet<()>,
) {
    // Without it an answer of two packets waits for a delayed ACK; if it fails it is only slower.
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
            tracing::debug!(%problem, "connection to the admin side closed");
        }
        drop(place);
    });
}
