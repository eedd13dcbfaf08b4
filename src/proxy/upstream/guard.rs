//! Opens TCP connections to origins, only to allowed addresses.
//!
//! Addresses are checked after the name is resolved. The proxy never connects to its own addresses: otherwise the data
//! port would give everybody access to the admin port, and a request for the proxy itself would loop. It does not
//! connect to private addresses for hosts that only a public origin's manifest or redirect named.

use super::{
    Resolver,
    places::{Place, Places},
    read_policy::ReadPolicy,
};
use crate::{
    names::is_of_this_machine,
    sessions::{Origin, is_private_address},
};
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

/// The address is private, and only public ones are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is a private address")]
pub(super) struct PrivateAddress(pub(super) IpAddr);

/// The host's name could not be resolved.
#[derive(Debug, thiserror::Error)]
#[error("dns error")]
struct DnsError(#[source] io::Error);

/// Opens connections to origins.
#[derive(Debug, Clone)]
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

    /// The permits for all connections.
    pub(super) fn places(&self) -> Places {
        self.places.clone()
    }

    /// The time-out for opening a connection.
    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Connects to `origin`, with the receive buffer of `read_policy`. `public_only`: fails if any address of the host
    /// is private. `close_idle` is called when no further connection can be opened.
    pub(super) async fn connect(
        &self,
        origin: &Origin,
        read_policy: ReadPolicy,
        public_only: bool,
        close_idle: impl FnOnce(),
    ) -> Result<Opened, BoxError> {
        let resolved = self.resolver.resolve(origin.authority.host(), origin.port()).await;
        let addresses = resolved.map_err(DnsError)?;
        let mut private = addresses.iter().map(SocketAddr::ip).filter(|ip| is_private_address(*ip));
        if public_only && let Some(address) = private.clone().next() {
            return Err(PrivateAddress(address).into());
        }
        let private = private.by_ref().count() == addresses.len();
        let place = self.places.take(close_idle).await?;
        let mut connector = HttpConnector::new_with_resolver(Resolved(addresses));
        connector.enforce_http(false);
        // Otherwise a request's last packet waits for the origin's delayed ACK.
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(self.timeout));
        connector.set_recv_buffer_size(read_policy.unread);
        let uri = Uri::builder().scheme(origin.scheme.clone()).authority(origin.authority.clone());
        let stream = connector.call(uri.path_and_query("/").build()?).await?.into_inner();
        // Checked on the connection itself, before anything is sent.
        let (peer, local) = (stream.peer_addr()?, stream.local_addr()?);
        if self.own.iter().any(|address| is_same(*address, peer, local.ip())) {
            return Err(OwnAddress(peer).into());
        }
        Ok(Opened { stream, place, private })
    }
}

/// A resolver that returns the addresses that were checked.
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

/// Whether a connection from the address `from` to `peer` reaches the listener at `address`. A listener on the
/// unspecified address is reached at every address of this machine.
fn is_same(address: SocketAddr, peer: SocketAddr, from: IpAddr) -> bool {
    let (ours, theirs) = (address.ip().to_canonical(), peer.ip().to_canonical());
    address.port() == peer.port()
        && (ours == theirs
            || (ours.is_unspecified() && is_local(peer, from))
            || (ours.is_loopback() && theirs.is_loopback()))
}

/// Whether `peer` is of this machine, if connections to it come from `from`. These addresses are often the same, but
/// where an interface has several addresses, they may differ.
fn is_local(peer: SocketAddr, from: IpAddr) -> bool {
    peer.ip().to_canonical() == from.to_canonical() || is_of_this_machine(peer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::HashMap, net::UdpSocket};
    use tokio::net::TcpListener;

    #[test]
    fn the_same_by_any_name() {
        let same = |address: &str, peer: &str, from: &str| {
            is_same(address.parse().unwrap(), peer.parse().unwrap(), from.parse().unwrap())
        };
        assert!(same("127.0.0.1:8081", "127.0.0.1:8081", "127.0.0.1"));
        assert!(same("127.0.0.1:8081", "[::ffff:127.0.0.1]:8081", "::ffff:127.0.0.1"));
        assert!(!same("127.0.0.1:8081", "127.0.0.1:9000", "127.0.0.1"));
        assert!(!same("127.0.0.1:8081", "192.0.2.7:8081", "192.0.2.1"));
        // This machine by its address in the network, and another one that has a server at the same port.
        assert!(same("0.0.0.0:8080", "192.0.2.1:8080", "192.0.2.1"));
        assert!(same("[::]:8080", "[::ffff:192.0.2.1]:8080", "::ffff:192.0.2.1"));
        assert!(same("0.0.0.0:8080", "127.0.0.2:8080", "127.0.0.1"));
        assert!(!same("0.0.0.0:8080", "192.0.2.7:8080", "192.0.2.1"));
        assert!(!same("[::]:8080", "[2001:db8::7]:8080", "2001:db8::1"));
    }

    /// Connections to a further address of an interface come from its first one.
    #[test]
    fn every_address_of_this_machine_is_its_own() {
        // Sends nothing: it finds the address for packets to other machines.
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        if socket.connect("192.0.2.1:9").is_err() {
            return;
        }
        let own = socket.local_addr().unwrap().ip();
        let from = "198.51.100.1".parse().unwrap();
        for listen in ["0.0.0.0:8081", "[::]:8081"] {
            let listen = listen.parse().unwrap();
            assert!(is_same(listen, SocketAddr::new(own, 8081), from), "{own}");
            assert!(!is_same(listen, SocketAddr::new(own, 9000), from), "{own}");
        }
        assert!(!is_same("127.0.0.1:8081".parse().unwrap(), SocketAddr::new(own, 8081), from));
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
            let refused = guard.connect(&origin, ReadPolicy::FREE, true, || ()).await;
            assert!(refused.is_err_and(|error| error.is::<PrivateAddress>()), "{host}");
            let opened = guard.connect(&origin, ReadPolicy::FREE, false, || ()).await.unwrap();
            assert_eq!(opened.private, host != "mixed.test", "{host}");
            let (_, peer) = listener.accept().await.unwrap();
            let ours = opened.stream.local_addr().unwrap();
            assert_eq!(peer.port(), ours.port(), "{host}: one connection alone");
        }
    }
}
