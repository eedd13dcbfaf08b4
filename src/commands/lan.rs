//! The addresses under which other machines reach this one.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The addresses of this machine's interfaces that accept connections for `listen`, with its port.
/// Only an unspecified address (`0.0.0.0`, `[::]`) has any; loopback and link-local ones are left
/// out. Empty when the interfaces can't be read.
pub(super) fn addresses(listen: SocketAddr) -> Vec<SocketAddr> {
    if !listen.ip().is_unspecified() {
        return Vec::new();
    }
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut found: Vec<IpAddr> = interfaces.iter().map(if_addrs::Interface::ip).collect();
    found.retain(|ip| is_reachable(*ip, listen.ip()));
    // IPv4 first: it is easier to type into a television.
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(|ip| SocketAddr::new(ip, listen.port())).collect()
}

/// Whether other machines can reach `ip` when the proxy listens at `listen`.
const fn is_reachable(ip: IpAddr, listen: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_loopback() && !ip.is_link_local() && !ip.is_unspecified(),
        IpAddr::V6(ip) => {
            listen.is_ipv6() && !ip.is_loopback() && !is_link_local(ip) && !ip.is_unspecified()
        }
    }
}

/// `fe80::/10`
const fn is_link_local(ip: Ipv6Addr) -> bool {
    ip.segments()[0] & 0xffc0 == 0xfe80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unspecified_address_has_others() {
        assert!(addresses("127.0.0.1:80".parse().unwrap()).is_empty());
        for address in addresses("0.0.0.0:80".parse().unwrap()) {
            assert!(address.is_ipv4() && !address.ip().is_loopback() && address.port() == 80);
        }
    }

    #[test]
    fn what_others_reach() {
        let reach = |ip: &str, at: &str| is_reachable(ip.parse().unwrap(), at.parse().unwrap());
        assert!(reach("192.168.0.9", "0.0.0.0") && reach("192.168.0.9", "::"));
        assert!(reach("2001:db8::1", "::") && !reach("2001:db8::1", "0.0.0.0"));
        for ip in ["127.0.0.1", "169.254.1.1", "::1", "fe80::1"] {
            assert!(!reach(ip, "::"), "{ip}");
        }
    }
}
