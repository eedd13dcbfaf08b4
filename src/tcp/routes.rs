//! Where proxies listen and where they connect to, so that no connection comes back to its own proxy: it would be
//! accepted and relayed again, until no more files can be opened.

use crate::names::is_of_this_machine;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// The routes of all proxies that listen, by port.
#[derive(Debug, Default)]
pub(super) struct Routes {
    ports: Mutex<HashMap<u16, Vec<Hop>>>,
}

/// From where a proxy listens to where it last connected.
#[derive(Debug)]
struct Hop {
    listen: SocketAddr,
    upstream: Vec<SocketAddr>,
}

/// The route of one proxy, until it is dropped.
#[derive(Debug)]
pub(super) struct Route {
    routes: Arc<Routes>,
    listen: SocketAddr,
}

impl Route {
    /// The route of a proxy that listens on `listen`.
    pub(super) fn new(routes: &Arc<Routes>, listen: SocketAddr) -> Self {
        let hop = Hop { listen, upstream: Vec::new() };
        routes.ports.lock().entry(listen.port()).or_default().push(hop);
        Self { routes: Arc::clone(routes), listen }
    }

    /// Those of `addresses` to which this proxy may connect: no connection to them comes back to it.
    pub(super) fn onward(&self, mut addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
        let mut ports = self.routes.ports.lock();
        addresses.retain(|address| !comes_back(&ports, *address, self.listen));
        let hops = ports.get_mut(&self.listen.port());
        let own = hops.and_then(|hops| hops.iter_mut().find(|hop| hop.listen == self.listen));
        if let Some(own) = own
            && own.upstream != addresses
        {
            own.upstream.clone_from(&addresses);
        }
        addresses
    }
}

impl Drop for Route {
    fn drop(&mut self) {
        let mut ports = self.routes.ports.lock();
        if let Some(hops) = ports.get_mut(&self.listen.port()) {
            hops.retain(|hop| hop.listen != self.listen);
            if hops.is_empty() {
                ports.remove(&self.listen.port());
            }
        }
    }
}

/// Whether a connection to `address` comes to the proxy at `listen`, directly or through others.
fn comes_back(ports: &HashMap<u16, Vec<Hop>>, address: SocketAddr, listen: SocketAddr) -> bool {
    let (mut seen, mut next) = (Vec::new(), vec![address]);
    while let Some(address) = next.pop() {
        let hops = ports.get(&address.port()).into_iter().flatten();
        for hop in hops.filter(|hop| accepts(hop.listen.ip(), address.ip())) {
            if hop.listen == listen {
                return true;
            }
            if !seen.contains(&hop.listen) {
                seen.push(hop.listen);
                next.extend(&hop.upstream);
            }
        }
    }
    false
}

/// Whether a listener on `listen` accepts connections to `address`, of the same port.
fn accepts(listen: IpAddr, address: IpAddr) -> bool {
    // An IPv4 address may be written as an IPv6 address.
    let (listen, address) = (listen.to_canonical(), address.to_canonical());
    if address.is_unspecified() {
        // The system connects to the loopback address then.
        return listen.is_unspecified() || listen.is_loopback();
    }
    let family = listen.is_ipv6() || address.is_ipv4();
    listen == address
        || (listen.is_unspecified() && family && is_of_this_machine((address, 0).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn onward(route: &Route, addresses: &[&str]) -> Vec<String> {
        let addresses = addresses.iter().map(|text| at(text)).collect();
        route.onward(addresses).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_proxy_does_not_connect_to_itself() {
        for (listen, upstream, other) in [
            ("127.0.0.1:80", "127.0.0.1:80", "127.0.0.1:81"),
            ("127.0.0.1:80", "0.0.0.0:80", "127.0.0.2:80"),
            ("0.0.0.0:80", "127.0.0.2:80", "192.0.2.1:80"),
            // A server on `::1` may have the same port.
            ("0.0.0.0:80", "127.0.0.1:80", "[::1]:80"),
            ("[::]:80", "127.0.0.1:80", "192.0.2.1:80"),
            ("[::]:80", "[::1]:80", "[2001:db8::1]:80"),
            ("[::1]:80", "[::]:80", "127.0.0.1:80"),
            ("127.0.0.1:80", "[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.2]:80"),
            ("0.0.0.0:80", "[::ffff:127.0.0.1]:80", "[::1]:80"),
            ("0.0.0.0:80", "[::ffff:0.0.0.0]:80", "[::ffff:192.0.2.1]:80"),
            ("[::ffff:127.0.0.1]:80", "127.0.0.1:80", "127.0.0.2:80"),
        ] {
            let route = Route::new(&Arc::default(), at(listen));
            assert_eq!(onward(&route, &[upstream, other]), [other], "{listen}");
        }
    }

    #[test]
    fn proxies_in_a_row_are_no_loop() {
        let routes = Arc::default();
        let names = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"];
        let [first, second, third] = names.map(|listen| Route::new(&routes, at(listen)));
        assert_eq!(onward(&first, &[names[1]]), [names[1]]);
        assert_eq!(onward(&second, &[names[2]]), [names[2]]);
        assert!(onward(&third, &[names[0]]).is_empty(), "the third leads to the first");
        assert_eq!(onward(&third, &["192.0.2.1:9"]), ["192.0.2.1:9"]);
        drop(second);
        assert_eq!(onward(&third, &[names[0]]), [names[0]], "the second is gone");
    }
}
