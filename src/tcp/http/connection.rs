//! A connection of a client of the API.

use crate::listen::Place;
use axum::Router;
use hyper::server::conn::http1::Builder;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{future::Future, time::Duration};
use tokio::net::TcpStream;

/// The time-out for the headers of a request, and for the next request: as long as toxiproxy's.
const HEADER_TIMEOUT: Duration = Duration::from_secs(60);

/// Serves one connection, which holds its place until it closes.
pub(in crate::tcp) fn connection(
    router: &Router,
    stream: TcpStream,
    place: Place,
) -> impl Future<Output = ()> + Send + 'static + use<> {
    // Otherwise a response of two packets waits for a delayed ACK. If setting it fails, it is only slower.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router.clone());
    let connection = Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    async move {
        if let Err(problem) = connection.await {
            tracing::debug!(%problem, "connection to the API closed");
        }
        drop(place);
    }
}
