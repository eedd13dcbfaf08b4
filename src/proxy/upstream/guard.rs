//! Opens TCP connections to origins, and only to addresses that may be reached.
//!
//! Both checks are of addresses, after the name was resolved. The proxy's own addresses are never reached: through
//! the data port the admin side would be open to everybody, and a request for the proxy itself would come again and
//! again. Private addresses are not reached for hosts that only a public origin's manifest or redirect named.

use super::{
    Resolver,
    places::{Place, Places},
    read_policy::ReadPolicy,
};
use crate::sessions::{Origin, is_private_address};
use http::Uri;
use hyper_util::client::legacy::connect::{HttpConnector, dns::Name};
use std::{
    convert::Infallible,
    error::Error as StdError,
    future::{Ready, ready},
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
    vec,
};
use tokio::net::TcpStream;
use tower_service::Service;

type BoxError = Box<dyn StdError + Send + Sync>;

/// The address is the proxy's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is the proxy's own address")]
pub(super) struct OwnAddress(SocketAddr);

/// The address is private, and only public ones may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is a private address")]
pub(super) struct PrivateAddress(pub(super) IpAddr);

/// The host's name could not be resolved.
#[derive(Debug, thiserror::Error)]
#[error("dns error")]
struct DnsError(#[source] io::Error);

/// Opens connections to origins.
#[derive(Debug)]
pub(super) struct Guard {
    resolver: Resolver,
    own: Arc<[SocketAddr]>,
    places: Places,
    timeout: Duration,
}

/// A connection, and whether all addresses of its host are private.
pub(super) struct Opened {
    pub(super) stream: TcpStream,
    pub(super) place: Place,
    pub(super) private: bool,
}

impl Guard {
    pub(super) fn new(
        resolver: Resolver,
        own: Vec<SocketAddr>,
        places: Places,
        timeout: Duration,
    ) -> Self {
        Self { resolver, own: own.into(), places, timeout }
    }

    /// Whether a connection could be made at once.
    pub(super) fn has_place(&self) -> bool {
        self.places.any()
    }

    /// The most time that a connection may take.
    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// A connection to `origin`, read as `intake` says; `public_only`: unless any address of its host is private.
    pub(super) async fn connect(
        &self,
        origin: &Origin,
        intake: ReadPolicy,
        public_only: bool,
    ) -> Result<Opened, BoxError> {
        let resolved = self.resolver.resolve(origin.authority.host(), origin.port()).await;
        let addresses = resolved.map_err(DnsError)?;
        let mut private = addresses.iter().map(SocketAddr::ip).filter(|ip| is_private_address(*ip));
        if public_only && let Some(address) = private.clone().next() {
            return Err(PrivateAddress(address).into());
        }
        let private = private.by_ref().count() == addresses.len();
        let place = self.places.take().await?;
        let mut connector = HttpConnector::new_with_resolver(Resolved(addresses));
        connector.enforce_http(false);
        // Without it a request's last packet waits for the origin's delayed ACK.
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(self.timeout));
        connector.set_recv_buffer_size(intake.unread);
        let uri = Uri::builder().scheme(origin.scheme.clone()).authority(origin.authority.clone());
        let stream = connector.call(uri.path_and_query("/").build()?).await?.into_inner();
        // Asked of the connection itself; nothing was sent yet.
        let peer = stream.peer_addr()?;
        if self.own.iter().any(|address| is_same(*address, peer)) {
            return Err(OwnAddress(peer).into());
        }
        Ok(Opened { stream, place, private })
    }
}

/// Resolves every name to the addresses that were checked.
#[derive(Debug, Clone)]
struct Resolved(Vec<SocketAddr>);

impl Service<Name> for Resolved {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        ready(Ok(std::mem::take(&mut self.0).into_iter()))
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
    use std::collections::HashMap;
    use tokio::net::TcpListener;

    #[test]
    fn the_same_by_any_name() {
        let same = |a: &str, b: &str| is_same(a.parse().unwrap(), b.parse().unwrap());
        assert!(same("127.0.0.1:8081", "127.0.0.1:8081"));
        assert!(same("127.0.0.1:8081", "[::ffff:127.0.0.1]:8081"));
        assert!(same("0.0.0.0:8080", "192.0.2.7:8080"));
        assert!(!same("127.0.0.1:8081", "127.0.0.1:9000"));
        assert!(!same("127.0.0.1:8081", "192.0.2.7:8081"));
    }

    #[tokio::test]
    async fn a_name_with_any_private_address_is_refused_before_a_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let names: HashMap<String, Vec<IpAddr>> = [
            ("inside.test", &["127.0.0.1"][..]),
            ("mapped.test", &["::ffff:127.0.0.1"]),
            ("mixed.test", &["2001:db8::1", "127.0.0.1"]),
            ("all.test", &["0.0.0.0"]),
        ]
        .map(|(name, ips)| (name.to_owned(), ips.iter().map(|ip| ip.parse().unwrap()).collect()))
        .into();
        let hosts: Vec<String> = names.keys().cloned().collect();
        let resolver = Resolver::Table(Arc::new(names));
        let guard = Guard::new(resolver, vec![], Places::new(9), Duration::from_secs(5));
        for host in hosts.iter().map(String::as_str).chain(["127.0.0.1", "[::ffff:127.0.0.1]"]) {
            let origin = Origin::new("http", &format!("{host}:{port}")).unwrap();
            let refused = guard.connect(&origin, ReadPolicy::FREE, true).await;
            assert!(refused.is_err_and(|error| error.is::<PrivateAddress>()), "{host}");
            let opened = guard.connect(&origin, ReadPolicy::FREE, false).await.unwrap();
            assert_eq!(opened.private, host != "mixed.test", "{host}");
            let (_, peer) = listener.accept().await.unwrap();
            let ours = opened.stream.local_addr().unwrap();
            assert_eq!(peer.port(), ours.port(), "{host}: one connection alone");
        }
    }
}
