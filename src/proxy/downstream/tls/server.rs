//! The TLS handshake with a player.

use super::{
    certificate_files::{self, CertificateError},
    local_certificates::LocalCertificates,
};
use crate::{
    clock::Clock,
    local_ca::{LocalCa, LocalCaError},
    model::DoneHandshake,
    units::UnixTime,
};
use rustls::{
    HandshakeKind, ProtocolVersion, ServerConfig,
    crypto::ring::Ticketer,
    server::{NoServerSessionStorage, ProducesTickets},
};
use std::{io, path::Path, sync::Arc, time::Duration};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};

/// The versions of HTTP that are offered, the preferred one first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The server side of TLS.
#[derive(Debug)]
pub struct TlsServer {
    certificates: Certificates,
    /// Session tickets, valid for every name (rustls checks the name of a resumed session).
    tickets: Option<Arc<dyn ProducesTickets>>,
}

#[derive(Debug)]
enum Certificates {
    /// One for every name.
    Files(Arc<ServerConfig>),
    /// One for each name, signed by the local CA.
    Local(LocalCertificates),
}

/// A connection after its handshake.
pub(in crate::proxy) struct Secured<S> {
    pub(in crate::proxy) stream: TlsStream<S>,
    pub(in crate::proxy) handshake: DoneHandshake,
    pub(in crate::proxy) http2: bool,
}

impl TlsServer {
    /// With certificates that `ca` signs for each name that players ask for. `addresses` are the names and addresses
    /// under which players reach the proxy without asking for a name, besides that of the connection.
    #[must_use]
    pub fn local(ca: Arc<LocalCa>, addresses: Vec<String>) -> Self {
        let certificates = Certificates::Local(LocalCertificates::new(ca, addresses));
        Self { certificates, tickets: tickets() }
    }

    /// With the certificate chain and the key of two PEM files, checked at Unix time `now`.
    ///
    /// # Errors
    /// When they can't be used.
    pub fn from_files(
        certificate: &Path,
        key: &Path,
        now: UnixTime,
    ) -> Result<Self, CertificateError> {
        let config = certificate_files::load(certificate, key, now)?;
        let tickets = tickets();
        let config = Arc::new(finish(config, tickets.as_ref()));
        Ok(Self { certificates: Certificates::Files(config), tickets })
    }

    /// Whether the local CA signs the certificates.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        self.ca().is_some()
    }

    /// The local CA, if it signs the certificates.
    pub(in crate::proxy) const fn ca(&self) -> Option<&Arc<LocalCa>> {
        match &self.certificates {
            Certificates::Files(_) => None,
            Certificates::Local(local) => Some(local.ca()),
        }
    }

    /// Does the handshake on `stream`. A player that asks for no name gets a certificate for `own`. Each of its round trips
    /// takes `round_trip` longer.
    ///
    /// # Errors
    /// When the player offers nothing acceptable, rejects the certificate, or closes.
    pub(in crate::proxy) async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        own: &str,
        round_trip: Duration,
        clock: Clock,
    ) -> io::Result<Secured<S>> {
        let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await?;
        wait(round_trip).await;
        let config = self.config_for(start.client_hello().server_name(), own, clock);
        let config = config.map_err(io::Error::other)?;
        let stream = start.into_stream(config).await?;
        let (_, session) = stream.get_ref();
        let http2 = session.alpn_protocol() == Some(ALPN[0]);
        let full = session.handshake_kind() != Some(HandshakeKind::Resumed);
        let extra = match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => u32::from(full),
            // RFC 8446 §2.1: the player has to send its key share again.
            _ => u32::from(
                session.handshake_kind() == Some(HandshakeKind::FullWithHelloRetryRequest),
            ),
        };
        // The player's first request waits for these too; it does not see that they come after the last message.
        wait(round_trip * extra).await;
        let handshake = DoneHandshake {
            round_trips: 1 + extra,
            waited: round_trip * (1 + extra),
            with_transport: false,
        };
        Ok(Secured { stream, handshake, http2 })
    }

    /// The settings for a player that asks for `name`, or for no name at `own`.
    pub(in crate::proxy) fn config_for(
        &self,
        name: Option<&str>,
        own: &str,
        clock: Clock,
    ) -> Result<Arc<ServerConfig>, LocalCaError> {
        match &self.certificates {
            Certificates::Files(config) => Ok(Arc::clone(config)),
            Certificates::Local(local) => {
                let now = clock.unix_time(clock.now());
                local.config(name, own, now, |config| finish(config, self.tickets.as_ref()))
            }
        }
    }
}

/// Waits for `time`. A timer has a resolution of a millisecond, so that none is needed for nothing.
async fn wait(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

/// What makes tickets; `None` when the system has no random numbers: then every handshake is a full one.
fn tickets() -> Option<Arc<dyn ProducesTickets>> {
    Ticketer::new().ok()
}

/// `config` with what all certificates have in common.
fn finish(mut config: ServerConfig, tickets: Option<&Arc<dyn ProducesTickets>>) -> ServerConfig {
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    // Tickets keep no memory here.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    if let Some(tickets) = tickets {
        config.ticketer = Arc::clone(tickets);
    }
    config
}
