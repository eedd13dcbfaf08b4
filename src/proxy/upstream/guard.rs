//! The last door: no connection is made to the proxy's own addresses.
//!
//! Whatever a pattern allows or a manifest names, and whatever a host name resolves to: through the
//! data port the admin side would be open to everybody, and a request for the proxy itself would come
//! again and again.

use super::{intake::Intake, places::Places, sip::Sip};
use http::Uri;
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use std::{
    error::Error as StdError,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tower_service::Service;

/// The address is the proxy's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is the proxy's own address")]
pub(super) struct OwnAddress(SocketAddr);

/// Connects to anybody but ourselves.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    connector: HttpConnector,
    own: Arc<[SocketAddr]>,
    places: Places,
    /// Bytes to read at once.
    sip: u64,
}

impl Guard {
    pub(super) fn new(connector: HttpConnector, own: Vec<SocketAddr>, places: Places) -> Self {
        Self { connector, own: own.into(), places, sip: u64::MAX }
    }

    /// Whether a connection could be made at once.
    pub(super) fn has_place(&self) -> bool {
        self.places.any()
    }

    /// The same, whose connections are read so.
    pub(super) fn taking(&self, intake: Intake) -> Self {
        let mut new = Self { sip: intake.at_once, ..self.clone() };
        new.connector.set_recv_buffer_size(intake.unread);
        new
    }
}

impl Service<Uri> for Guard {
    type Response = TokioIo<Sip>;
    type Error = Box<dyn StdError + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connector.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, own) = (self.connector.call(uri), Arc::clone(&self.own));
        let (sip, places) = (self.sip, self.places.clone());
        Box::pin(async move {
            let place = places.take().await?;
            let stream = connecting.await?;
            // Asked of the connection itself, after any name was resolved; nothing was sent yet.
            let peer = stream.inner().peer_addr()?;
            if own.iter().any(|address| is_same(*address, peer)) {
                return Err(OwnAddress(peer).into());
            }
            Ok(TokioIo::new(Sip::new(stream.into_inner(), sip).at(place)))
        })
    }
}

/// Whether `peer` is a way to the listener at `address`: a listener on all addresses is reached at
/// each, and some of them we can't know.
fn is_same(address: SocketAddr, peer: SocketAddr) -> bool {
    let (ours, theirs) = (address.ip().to_canonical(), peer.ip().to_canonical());
    address.port() == peer.port()
        && (ours == theirs || ours.is_unspecified() || (ours.is_loopback() && theirs.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_by_any_name() {
        let same = |a: &str, b: &str| is_same(a.parse().unwrap(), b.parse().unwrap());
        assert!(same("127.0.0.1:8081", "127.0.0.1:8081"));
        assert!(same("127.0.0.1:8081", "[::ffff:127.0.0.1]:8081"));
        assert!(same("0.0.0.0:8080", "192.0.2.7:8080"));
        assert!(!same("127.0.0.1:8081", "127.0.0.1:9000"));
        assert!(!same("127.0.0.1:8081", "192.0.2.7:8081"));
    }
}
