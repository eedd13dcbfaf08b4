//! The UDP socket of HTTP/3, and the connections that it accepts.

use super::{certificates::Certificates, connection};
use crate::{
    clock::Clock,
    proxy::{Proxy, TlsServer},
};
use quinn::{
    Endpoint, EndpointConfig, IdleTimeout, TokioRuntime, TransportConfig, VarInt,
    crypto::rustls::QuicServerConfig,
};
use std::{
    future::Future,
    io,
    net::{SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::Semaphore, task::JoinSet};

/// The most concurrent requests of a connection.
const MOST_STREAMS: u32 = 256;
/// HTTP/3's code for a connection that ends without an error (RFC 9114 §8.1).
const NO_ERROR: VarInt = VarInt::from_u32(0x100);

/// The server side of HTTP/3, bound but not yet serving.
pub struct Http3 {
    endpoint: Endpoint,
}

impl Http3 {
    /// Binds UDP at `address`, with the certificates of `tls`. Connections end after `idle` without packets.
    ///
    /// # Errors
    /// When the address can't be bound, or TLS offers nothing that QUIC can use.
    pub fn bind(
        address: SocketAddr,
        tls: Arc<TlsServer>,
        clock: Clock,
        idle: Duration,
    ) -> io::Result<Self> {
        let resolver = Arc::new(Certificates { tls, own: address.ip(), clock });
        let builder =
            rustls::ServerConfig::builder_with_protocol_versions(&[&rustls::version::TLS13]);
        let mut crypto = builder.with_no_client_auth().with_cert_resolver(resolver);
        crypto.alpn_protocols = vec![b"h3".to_vec()];
        let crypto = QuicServerConfig::try_from(crypto).map_err(io::Error::other)?;
        let mut config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
        let mut transport = TransportConfig::default();
        transport.max_concurrent_bidi_streams(MOST_STREAMS.into());
        transport.max_idle_timeout(IdleTimeout::try_from(idle).ok());
        config.transport_config(Arc::new(transport));
        let socket = UdpSocket::bind(address)?;
        let runtime = Arc::new(TokioRuntime);
        let endpoint = Endpoint::new(EndpointConfig::default(), Some(config), socket, runtime)?;
        Ok(Self { endpoint })
    }

    /// Serves players until `stop`. Then waits for exchanges under way, up to the drain time-out.
    pub async fn run(self, proxy: Arc<Proxy>, clock: Clock, stop: impl Future<Output = ()>) {
        let most = proxy.config.limits.connections.min(Semaphore::MAX_PERMITS);
        let places = Arc::new(Semaphore::new(most));
        let mut open = JoinSet::new();
        tokio::pin!(stop);
        loop {
            let incoming = tokio::select! {
                () = &mut stop => break,
                Some(_) = open.join_next() => continue,
                incoming = self.endpoint.accept() => incoming,
            };
            let Some(incoming) = incoming else { break };
            match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => {
                    let serving = connection::serve(Arc::clone(&proxy), clock, incoming);
                    open.spawn(async move {
                        serving.await;
                        drop(place);
                    });
                }
                Err(_) => incoming.refuse(),
            }
        }
        proxy.connections.close_all();
        let closed = async { while open.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(proxy.config.timeouts.drain, closed).await;
        open.shutdown().await;
        self.endpoint.close(NO_ERROR, b"");
        // The last packets tell the players.
        let _ = tokio::time::timeout(Duration::from_millis(200), self.endpoint.wait_idle()).await;
    }
}
