//! The settings of QUIC connections, for each address at which players reach the proxy.

use super::{
    certificates::Certificates,
    unsent::{RECEIVE_WINDOW, SEND_WINDOW, STREAM_WINDOW},
};
use crate::{clock::Clock, proxy::TlsServer};
use quinn::{IdleTimeout, ServerConfig, TransportConfig, VarInt, crypto::rustls::QuicServerConfig};
use std::{collections::HashMap, io, net::IpAddr, sync::Arc, time::Duration};

/// The most concurrent requests of a connection.
const MOST_STREAMS: u32 = 256;
/// The most connections that wait for a permit. The first packets of others are dropped; players send them again.
const MOST_WAITING: usize = 1024;
/// The most bytes held of the packets that follow the first ones of these connections.
const MOST_UNREAD: u64 = 4 * 1024 * 1024;
/// The most addresses remembered. A machine has few; when there are more, all are forgotten.
const MOST_ADDRESSES: usize = 64;

/// Makes settings, and remembers them: sessions of TLS are resumed only with the same ones.
pub(super) struct Settings {
    bound: IpAddr,
    tls: Arc<TlsServer>,
    clock: Clock,
    transport: Arc<TransportConfig>,
    made: HashMap<IpAddr, Arc<ServerConfig>>,
}

impl Settings {
    /// For the socket at `bound`, with the certificates of `tls`. Connections end after `idle` without packets.
    pub(super) fn new(bound: IpAddr, tls: Arc<TlsServer>, clock: Clock, idle: Duration) -> Self {
        let mut transport = TransportConfig::default();
        transport.max_concurrent_bidi_streams(MOST_STREAMS.into());
        transport.max_idle_timeout(IdleTimeout::try_from(idle).ok());
        transport.send_window(SEND_WINDOW as u64);
        transport.stream_receive_window(window(STREAM_WINDOW));
        transport.receive_window(window(RECEIVE_WINDOW));
        Self { bound, tls, clock, transport: Arc::new(transport), made: HashMap::new() }
    }

    /// The settings for a player that reached the proxy at `local`, if that is known. One that asks for no name gets a
    /// certificate for this address.
    ///
    /// # Errors
    /// When TLS offers nothing that QUIC can use.
    pub(super) fn of(&mut self, local: Option<IpAddr>) -> io::Result<Arc<ServerConfig>> {
        let own = local.filter(|_| self.bound.is_unspecified()).unwrap_or(self.bound);
        if let Some(made) = self.made.get(&own) {
            return Ok(Arc::clone(made));
        }
        let resolver =
            Arc::new(Certificates { tls: Arc::clone(&self.tls), own, clock: self.clock });
        let builder =
            rustls::ServerConfig::builder_with_protocol_versions(&[&rustls::version::TLS13]);
        let mut crypto = builder.with_no_client_auth().with_cert_resolver(resolver);
        crypto.alpn_protocols = vec![b"h3".to_vec()];
        let crypto = QuicServerConfig::try_from(crypto).map_err(io::Error::other)?;
        let mut config = ServerConfig::with_crypto(Arc::new(crypto));
        config.transport_config(Arc::clone(&self.transport));
        config.max_incoming(MOST_WAITING).incoming_buffer_size_total(MOST_UNREAD);
        let config = Arc::new(config);
        if self.made.len() >= MOST_ADDRESSES {
            self.made.clear();
        }
        self.made.insert(own, Arc::clone(&config));
        Ok(config)
    }
}

fn window(bytes: usize) -> VarInt {
    VarInt::try_from(bytes as u64).unwrap_or(VarInt::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{local_ca, units::UnixTime};
    use std::{env::temp_dir, fs, net::Ipv4Addr, process, time::UNIX_EPOCH};

    #[test]
    fn what_waits_for_a_permit_is_bounded() {
        let folder = temp_dir().join(format!("vsps-quic-settings-{}", process::id()));
        let ca = local_ca::open(&folder, UnixTime::new(UNIX_EPOCH.elapsed().unwrap())).unwrap();
        let tls = Arc::new(TlsServer::local(Arc::new(ca), Vec::new()));
        let (own, idle) = (Ipv4Addr::LOCALHOST.into(), Duration::from_secs(1));
        let mut settings = Settings::new(own, tls, Clock::start(), idle);
        let made = format!("{:?}", settings.of(None).unwrap());
        let _ = fs::remove_dir_all(folder);
        assert!(made.contains("max_incoming: 1024"), "{made}");
        assert!(made.contains("incoming_buffer_size_total: 4194304"), "{made}");
    }
}
