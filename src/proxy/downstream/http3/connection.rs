//! One QUIC connection of a player.

use super::{
    exchange::Requester,
    quic::{Cancellations, QuicConnection},
    unsent::Unsent,
};
use crate::{
    clock::Clock,
    model::DoneHandshake,
    proxy::{Proxy, downstream::connection::Connection},
};
use bytes::Bytes;
use h3::{error::Code, quic::SendStream as _};
use std::{error::Error, sync::Arc, time::Duration};
use tokio::{sync::OwnedSemaphorePermit, task::JoinSet};

/// When nothing was sent for this long, or for three round trips, the player has all of it.
const SENT: Duration = Duration::from_millis(200);

/// A connection whose first packet has arrived.
pub(super) struct NewConnection {
    pub(super) incoming: quinn::Incoming,
    pub(super) config: Arc<quinn::ServerConfig>,
    /// Held while the handshake does not show yet that the player has the address that it sends from.
    pub(super) unproven: Option<OwnedSemaphorePermit>,
}

/// Serves a connection from its first packet to its last.
pub(super) async fn serve(proxy: Arc<Proxy>, clock: Clock, new: NewConnection) {
    let peer = new.incoming.remote_address();
    if let Err(problem) = serve_requests(proxy, clock, new).await {
        tracing::debug!(%peer, %problem, "HTTP/3 connection closed");
    }
}

async fn serve_requests(
    proxy: Arc<Proxy>,
    clock: Clock,
    new: NewConnection,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let peer = new.incoming.remote_address();
    let connection = Arc::new(Connection::new(clock));
    proxy.connections.add(&connection);
    let (quic, mut http, cancellations) = open(&proxy, &connection, new).await?;
    let timeouts = proxy.config.timeouts;
    let mut requests = JoinSet::new();
    let unsent = Arc::<Unsent>::default();
    let mut closing = false;
    while !(closing && requests.is_empty()) {
        tokio::select! {
            accepted = http.accept() => match accepted {
                Ok(Some(mut resolver)) if closing => {
                    // The player knows from GOAWAY that this request is not served.
                    resolver.frame_stream.reset(Code::H3_REQUEST_REJECTED.value());
                }
                Ok(Some(resolver)) => {
                    let cancellation = cancellations.of(resolver.frame_stream.send_id());
                    let requester = Requester {
                        proxy: Arc::clone(&proxy),
                        connection: Arc::clone(&connection),
                        unsent: Arc::clone(&unsent),
                        peer: peer.ip(),
                    };
                    requests.spawn(requester.serve(resolver, cancellation));
                }
                Ok(None) => break,
                Err(problem) => {
                    requests.shutdown().await;
                    return Err(problem.into());
                }
            },
            Some(_) = requests.join_next() => {}
            () = connection.end.close_requested(), if !closing => {
                closing = true;
                // Names the first request that is not served. Exchanges under way go on.
                http.shutdown(1).await?;
            }
            () = connection.activity.overdue(&timeouts), if requests.is_empty() => break,
        }
    }
    while requests.join_next().await.is_some() {}
    wait_until_sent(&quic).await;
    // Dropping `http` closes the connection.
    Ok(())
}

type Http = h3::server::Connection<QuicConnection, Bytes>;

/// Does the handshakes of QUIC and HTTP/3.
async fn open(
    proxy: &Proxy,
    connection: &Connection,
    new: NewConnection,
) -> Result<(quinn::Connection, Http, Cancellations), Box<dyn Error + Send + Sync>> {
    let NewConnection { incoming, config, unproven } = new;
    // The handshake of QUIC takes one round trip, with that of TLS in it (RFC 9000 §7).
    let round_trip = proxy.registry.config().profile.link.latency.rtt_at(Duration::ZERO);
    tokio::time::sleep(round_trip).await;
    let most = proxy.config.timeouts.header;
    let quic = tokio::time::timeout(most, incoming.accept_with(config)?).await??;
    drop(unproven);
    connection.secured(DoneHandshake { round_trips: 1, waited: round_trip, with_transport: true });
    let mut builder = h3::server::builder();
    builder.max_field_section_size(proxy.config.limits.header.bytes());
    // It needs streams that the player has to permit.
    let (streams, cancellations) = QuicConnection::new(quic.clone());
    let http = builder.build(streams);
    Ok((quic, tokio::time::timeout(most, http).await??, cancellations))
}

/// Waits until the player has closed `quic`, or nothing more is sent to it. Closing discards what is not sent, or is lost
/// and has to be sent again.
async fn wait_until_sent(quic: &quinn::Connection) {
    let mut sent = quic.stats().frame_tx.stream;
    loop {
        let quiet = SENT.max(3 * quic.rtt());
        if tokio::time::timeout(quiet, quic.closed()).await.is_ok() {
            return;
        }
        let now = quic.stats().frame_tx.stream;
        if now == sent {
            return;
        }
        sent = now;
    }
}
