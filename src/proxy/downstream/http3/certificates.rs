//! The certificates of QUIC connections: those of TLS over TCP.

use crate::{clock::Clock, proxy::TlsServer};
use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::{net::IpAddr, sync::Arc};

/// Chooses the certificate of a handshake.
#[derive(Debug)]
pub(super) struct Certificates {
    pub(super) tls: Arc<TlsServer>,
    /// The address for players that ask for no name.
    pub(super) own: IpAddr,
    pub(super) clock: Clock,
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let own = self.own.to_canonical().to_string();
        let chosen = self.tls.config_for(hello.server_name(), &own, self.clock);
        let config = chosen.inspect_err(|problem| tracing::debug!(%problem, "no certificate"));
        config.ok()?.cert_resolver.resolve(hello)
    }
}
