//! The address that a proxy listens on, as toxiproxy writes it: `127.0.0.1:3306`, `localhost:0`, `:3306`, or nothing.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::{Ipv6Addr, SocketAddr},
};
use tokio::net::lookup_host;

/// Addresses that are looked up before a change begins, so that no other request waits for the look-up.
#[derive(Debug, Default)]
pub(super) struct Addresses(HashMap<String, Result<SocketAddr, String>>);

impl Addresses {
    /// Looks up each of `texts`.
    pub(super) async fn find(texts: impl IntoIterator<Item = String>) -> Self {
        let mut found = Self::default();
        for text in texts {
            if let Entry::Vacant(free) = found.0.entry(text) {
                let address = resolve(free.key()).await;
                free.insert(address);
            }
        }
        found
    }

    /// The address that `text` names.
    ///
    /// # Errors
    /// A message in the words of toxiproxy's runtime, which clients compare; or `text` is new since the look-up.
    pub(super) fn get(&self, text: &str) -> Result<SocketAddr, String> {
        match (self.0.get(text), text.parse()) {
            (Some(found), _) => found.clone(),
            (None, Ok(address)) => Ok(address),
            (None, Err(_)) => {
                Err(format!("address {text} was set by another request meanwhile; try again"))
            }
        }
    }
}

/// The address that `text` names; if there are several, the first one of IPv4. Without a host it is all addresses; without
/// any text, it is also any port.
///
/// # Errors
/// A message in the words of toxiproxy's runtime, which clients compare.
async fn resolve(text: &str) -> Result<SocketAddr, String> {
    if text.is_empty() {
        return Ok(SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)));
    }
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let (host, port) = split(text)?;
    let port = match port {
        "" => 0,
        port => port.parse::<u16>().map_err(|_| format!("address {port}: invalid port"))?,
    };
    if host.is_empty() {
        return Ok(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)));
    }
    let failed = |_| format!("lookup {host}: no such host");
    let found: Vec<SocketAddr> = lookup_host((host, port)).await.map_err(failed)?.collect();
    let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
    first.copied().ok_or_else(|| format!("lookup {host}: no such host"))
}

/// Host and port; an address of IPv6 stands in brackets.
fn split(text: &str) -> Result<(&str, &str), String> {
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err(format!("address {text}: missing port in address"));
    };
    match host.strip_prefix('[').map(|host| host.strip_suffix(']')) {
        Some(Some(host)) => Ok((host, port)),
        Some(None) => Err(format!("address {text}: missing port in address")),
        None if host.contains(':') => Err(format!("address {text}: too many colons in address")),
        None => Ok((host, port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn addresses_as_toxiproxy_writes_them() {
        for (text, expected) in [
            ("", "[::]:0"),
            (":8080", "[::]:8080"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("127.0.0.1:", "127.0.0.1:0"),
            ("[::1]:80", "[::1]:80"),
            ("localhost:80", "127.0.0.1:80"),
            ("0.0.0.0:1", "0.0.0.0:1"),
        ] {
            assert_eq!(resolve(text).await.unwrap().to_string(), expected, "{text}");
        }
        for (text, expected) in [
            ("local373", "address local373: missing port in address"),
            ("::1:80", "address ::1:80: too many colons in address"),
            ("127.0.0.1:99999", "address 99999: invalid port"),
        ] {
            assert_eq!(resolve(text).await.unwrap_err(), expected);
        }
    }

    #[tokio::test]
    async fn names_are_looked_up_before() {
        let found = Addresses::find(["localhost:80", "nonsense"].map(str::to_owned)).await;
        assert_eq!(found.get("localhost:80").unwrap().to_string(), "127.0.0.1:80");
        assert_eq!(found.get("nonsense").unwrap_err(), "address nonsense: missing port in address");
        assert_eq!(found.get("127.0.0.1:81").unwrap().to_string(), "127.0.0.1:81");
        let problem = found.get("localhost:81").unwrap_err();
        assert_eq!(problem, "address localhost:81 was set by another request meanwhile; try again");
    }
}
