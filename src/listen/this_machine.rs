//! Which `Host` header names this machine. Another name may be that of a web page that resolves to an address of this
//! machine (DNS rebinding), in a browser here.

use http::{HeaderMap, header, uri::Authority};
use std::net::IpAddr;

/// The host that the only `Host` header names, if it is certainly this machine, which is `bound` to an address: a name
/// that foreign DNS cannot resolve.
#[must_use]
pub fn host_here(bound: IpAddr, headers: &HeaderMap) -> Option<Authority> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return None };
    Authority::try_from(host.as_bytes()).ok().filter(|host| is_here(bound, host))
}

fn is_here(bound: IpAddr, host: &Authority) -> bool {
    let name = host.host();
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    match bare.parse::<IpAddr>() {
        Ok(ip) => ip.is_loopback() || ip == bound,
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn only_names_of_this_machine_are_here() {
        let bound = Ipv4Addr::new(10, 0, 0, 7).into();
        let here = |host: &str| {
            let headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
            host_here(bound, &headers).map(|host| host.to_string())
        };
        for host in
            ["localhost:8081", "LOCALHOST", "127.0.0.1", "127.9.9.9:1", "[::1]:8081", "10.0.0.7"]
        {
            assert_eq!(here(host).as_deref(), Some(host));
        }
        for host in
            ["localhost.example", "127.0.0.1.example:8081", "10.0.0.8", "[::2]", "vsps", "", "a b"]
        {
            assert_eq!(here(host), None, "{host}");
        }
    }

    #[test]
    fn several_hosts_or_none_are_not_here() {
        let mut headers = HeaderMap::new();
        let bound = Ipv4Addr::LOCALHOST.into();
        assert_eq!(host_here(bound, &headers), None);
        headers.append(header::HOST, "localhost".parse().unwrap());
        assert!(host_here(bound, &headers).is_some());
        headers.append(header::HOST, "localhost".parse().unwrap());
        assert_eq!(host_here(bound, &headers), None);
    }
}
