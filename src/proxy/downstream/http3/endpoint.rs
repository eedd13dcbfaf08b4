//! The UDP socket of HTTP/3, and the connections that it accepts.

use super::{connection, connection::NewConnection, settings::Settings};
use crate::{
    clock::Clock,
    listen::DrainError,
    proxy::{Proxy, TlsServer},
};
use quinn::{Endpoint, EndpointConfig, TokioRuntime, VarInt};
use std::{
    future::Future,
    io,
    net::{SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};

/// The most handshakes at a time with players that have not shown that they have the address that they send from. Others
/// have to show it first, which takes a round trip (RFC 9000 §8.1.2): packets with false addresses then occupy nothing.
const MOST_UNPROVEN: usize = 32;
/// HTTP/3's code for a connection that ends without an error (RFC 9114 §8.1).
const NO_ERROR: VarInt = VarInt::from_u32(0x100);

/// The server side of HTTP/3, bound but not yet serving.
pub struct Http3 {
    endpoint: Endpoint,
    settings: Settings,
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
        let mut settings = Settings::new(address.ip(), tls, clock, idle);
        let config = quinn::ServerConfig::clone(&*settings.of(None)?);
        let socket = UdpSocket::bind(address)?;
        let runtime = Arc::new(TokioRuntime);
        let endpoint = Endpoint::new(EndpointConfig::default(), Some(config), socket, runtime)?;
        Ok(Self { endpoint, settings })
    }

    /// Serves players until `stop`. Then waits for exchanges under way, up to the drain time-out.
    ///
    /// # Errors
    /// When exchanges had to be cut.
    pub async fn run(
        mut self,
        proxy: Arc<Proxy>,
        clock: Clock,
        stop: impl Future<Output = ()>,
    ) -> Result<(), DrainError> {
        let unproven = Arc::new(Semaphore::new(MOST_UNPROVEN));
        let mut open = JoinSet::new();
        tokio::pin!(stop);
        loop {
            let incoming = tokio::select! {
                () = &mut stop => break,
                Some(_) = open.join_next() => continue,
                incoming = self.endpoint.accept() => incoming,
            };
            let Some(incoming) = incoming else { break };
            let Some(new) = self.begin(incoming, &unproven) else { continue };
            let place = tokio::select! {
                () = &mut stop => break,
                place = proxy.connections.find_place(clock) => place,
            };
            let serving = connection::serve(Arc::clone(&proxy), clock, new);
            open.spawn(async move {
                serving.await;
                drop(place);
            });
        }
        proxy.connections.close_all();
        let closed = async { while open.join_next().await.is_some() {} };
        let drained = tokio::time::timeout(proxy.config.timeouts.drain, closed).await;
        open.shutdown().await;
        self.endpoint.close(NO_ERROR, b"");
        // The last packets tell the players.
        let _ = tokio::time::timeout(Duration::from_millis(200), self.endpoint.wait_idle()).await;
        drained.map_err(|_| DrainError)
    }

    /// The connection of `incoming`; `None` = it does not begin (yet).
    fn begin(
        &mut self,
        incoming: quinn::Incoming,
        unproven: &Arc<Semaphore>,
    ) -> Option<NewConnection> {
        let mut permit: Option<OwnedSemaphorePermit> = None;
        if !incoming.remote_address_validated() {
            permit = Arc::clone(unproven).try_acquire_owned().ok();
            if permit.is_none() {
                // It can't fail: the address is not validated.
                let _ = incoming.retry();
                return None;
            }
        }
        match self.settings.of(incoming.local_ip()) {
            Ok(config) => Some(NewConnection { incoming, config, unproven: permit }),
            Err(problem) => {
                tracing::debug!(%problem, "no TLS for a QUIC connection");
                incoming.refuse();
                None
            }
        }
    }
}
