//! One QUIC connection of a player.

use super::exchange;
use crate::{
    clock::Clock,
    model::DoneHandshake,
    proxy::{Proxy, downstream::connection::Connection},
};
use bytes::Bytes;
use std::{error::Error, sync::Arc, time::Duration};
use tokio::task::JoinSet;

/// Serves a connection from its first packet to its last.
pub(super) async fn serve(proxy: Arc<Proxy>, clock: Clock, incoming: quinn::Incoming) {
    let peer = incoming.remote_address();
    if let Err(problem) = serve_requests(proxy, clock, incoming).await {
        tracing::debug!(%peer, %problem, "HTTP/3 connection closed");
    }
}

async fn serve_requests(
    proxy: Arc<Proxy>,
    clock: Clock,
    incoming: quinn::Incoming,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let peer = incoming.remote_address();
    // The handshake of QUIC takes one round trip, with that of TLS in it (RFC 9000 §7).
    let round_trip = proxy.registry.config().profile.link.latency.rtt_at(Duration::ZERO);
    let connection = Arc::new(Connection::new(clock));
    proxy.connections.add(&connection);
    tokio::time::sleep(round_trip).await;
    let quic = tokio::time::timeout(proxy.config.timeouts.header, incoming.accept()?).await??;
    connection.secured(DoneHandshake { round_trips: 1, waited: round_trip, with_transport: true });
    let mut builder = h3::server::builder();
    builder.max_field_section_size(proxy.config.limits.header.bytes());
    let quic = h3_quinn::Connection::new(quic);
    let mut http: h3::server::Connection<_, Bytes> = builder.build(quic).await?;
    let mut requests = JoinSet::new();
    loop {
        tokio::select! {
            accepted = http.accept() => match accepted {
                Ok(Some(resolver)) => {
                    let serving =
                        exchange::serve(Arc::clone(&proxy), Arc::clone(&connection), peer.ip(), resolver);
                    requests.spawn(serving);
                }
                Ok(None) => break,
                Err(problem) => {
                    requests.shutdown().await;
                    return Err(problem.into());
                }
            },
            Some(_) = requests.join_next() => {}
            () = connection.close_requested() => {
                // Exchanges under way go on; further requests need a new connection.
                http.shutdown(0).await?;
            }
        }
    }
    while requests.join_next().await.is_some() {}
    Ok(())
}
