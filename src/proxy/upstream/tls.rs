//! TLS to origins, and the HTTP version that is negotiated.
//!
//! HTTP/1.1 is offered first: each response then has its own connection and flow control. HTTP/2 is used for origins that
//! refuse HTTP/1.1.

use super::stream::Stream;
use crate::sessions::Origin;
use http::uri::Authority;
use parking_lot::Mutex;
use rustls::{AlertDescription, ClientConfig, pki_types::ServerName};
use std::{collections::HashSet, error::Error as StdError, io, sync::Arc, time::Duration};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The most origins remembered as refusing HTTP/1.1.
const MOST_REMEMBERED: usize = 1024;

/// A version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// The client side of TLS.
pub(super) struct Tls {
    http1: TlsConnector,
    http2: TlsConnector,
    /// Origins that refuse HTTP/1.1.
    http2_only: Mutex<HashSet<Authority>>,
}

impl Tls {
    pub(super) fn new() -> Self {
        let config = platform();
        let offering = |protocol: &[u8]| {
            let mut config = config.clone();
            config.alpn_protocols = vec![protocol.to_vec()];
            TlsConnector::from(Arc::new(config))
        };
        Self { http1: offering(b"http/1.1"), http2: offering(b"h2"), http2_only: Mutex::default() }
    }

    /// The version to offer to `authority`.
    pub(super) fn preferred(&self, authority: &Authority) -> Protocol {
        if self.http2_only.lock().contains(authority) { Protocol::Http2 } else { Protocol::Http1 }
    }

    /// Does the handshake with `origin` on `tcp`. Returns the negotiated HTTP version.
    ///
    /// # Errors
    /// TLS errors, or a time-out.
    pub(super) async fn handshake(
        &self,
        tcp: TcpStream,
        origin: &Origin,
        protocol: Protocol,
        timeout: Duration,
    ) -> io::Result<(Stream, Protocol)> {
        let host = origin.authority.host().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host).map_err(io::Error::other)?;
        let connector = match protocol {
            Protocol::Http1 => &self.http1,
            Protocol::Http2 => &self.http2,
        };
        let late = || io::Error::new(io::ErrorKind::TimedOut, "the TLS handshake took too long");
        let tls = tokio::time::timeout(timeout, connector.connect(name, tcp)).await;
        let tls = tls.map_err(|_| late())??;
        let agreed = match tls.get_ref().1.alpn_protocol() {
            Some(b"h2") => Protocol::Http2,
            _ => Protocol::Http1,
        };
        Ok((Stream::Tls(Box::new(tls)), agreed))
    }

    /// Remembers `authority` if `error` means that it refuses HTTP/1.1. Returns whether it does.
    pub(super) fn refuses_http1(&self, authority: &Authority, error: &io::Error) -> bool {
        let inner: Option<&(dyn StdError + 'static)> = error.get_ref().map(|inner| inner as _);
        let refused = rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol);
        if inner.and_then(<dyn StdError>::downcast_ref) != Some(&refused) {
            return false;
        }
        let mut known = self.http2_only.lock();
        if known.len() >= MOST_REMEMBERED {
            known.clear();
        }
        // Another task may have added it at the same time.
        known.insert(authority.clone());
        true
    }
}

/// The TLS configuration with the platform's root certificates. Without any, only http origins work.
fn platform() -> ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        tracing::warn!(errors = ?found.errors, "no root certificates found; requests to https origins will fail");
    }
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}
