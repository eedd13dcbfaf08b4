//! An address to listen on: `8080`, `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`.

use serde::{Deserialize, Deserializer, de};
use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr, ToSocketAddrs as _},
    str::FromStr,
};

/// An address to listen on, as it was typed. A port alone is on this machine only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// An address, or a port of the loopback address.
    Address(SocketAddr),
    /// A host name, and a port.
    Name(String, u16),
}

impl ListenAddress {
    /// The address; a name is looked up. Of several, the first of IPv4, since that is what most
    /// players try first; else the first.
    ///
    /// # Errors
    /// When the name has no address.
    pub fn resolve(&self) -> io::Result<SocketAddr> {
        let (name, port) = match self {
            Self::Address(address) => return Ok(*address),
            Self::Name(name, port) => (name.as_str(), *port),
        };
        let found: Vec<SocketAddr> = (name, port).to_socket_addrs()?.collect();
        let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
        first.copied().ok_or_else(|| io::Error::other("the name has no address"))
    }
}

impl From<SocketAddr> for ListenAddress {
    fn from(address: SocketAddr) -> Self {
        Self::Address(address)
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name, port) => write!(f, "{name}:{port}"),
        }
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        let port_of = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse::<u16>().ok()).flatten()
        };
        if let Some(port) = port_of(text) {
            return Ok(Self::Address(SocketAddr::from((Ipv4Addr::LOCALHOST, port))));
        }
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
        // A name of digits and dots alone is an IPv4 address gone wrong.
        let is_name = |name: &str| {
            !name.is_empty() && name.chars().all(plain) && name.chars().any(char::is_alphabetic)
        };
        match text.rsplit_once(':') {
            Some((name, port)) if is_name(name) => {
                port_of(port).map(|port| Self::Name(name.to_owned(), port)).ok_or_else(|| {
                    format!("`{port}` is not a port; write 0 to 65535, as in `{name}:8080`")
                })
            }
            Some(("" | "*", port)) if port_of(port).is_some() => Err(format!(
                "write `0.0.0.0:{port}` for all addresses of this machine, or `{port}` for this \
                 machine only"
            )),
            None if is_name(text) => Err(format!("has no port; write one, as in `{text}:8080`")),
            _ => Err("write a port, an address or a name with a port, as in `8080`, \
                      `0.0.0.0:8080`, `[::1]:8080` or `localhost:8080`"
                .to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for ListenAddress {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = ListenAddress;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a port or an address, as in 8080 or \"localhost:8080\"")
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<ListenAddress, E> {
                value.parse().map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<ListenAddress, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<ListenAddress, E> {
                self.visit_str(&value.to_string())
            }
        }

        from.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_addresses_and_names() {
        let resolved = |text: &str| {
            let address: ListenAddress = text.parse().unwrap();
            address.resolve().unwrap().to_string()
        };
        for (text, address) in [
            ("8080", "127.0.0.1:8080"),
            ("0", "127.0.0.1:0"),
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:8080", "[::1]:8080"),
            ("localhost:8080", "127.0.0.1:8080"),
        ] {
            assert_eq!(resolved(text), address, "{text}");
        }
        let name: ListenAddress = "proxy.example:0".parse().unwrap();
        assert_eq!(name.to_string(), "proxy.example:0");
    }

    #[test]
    fn what_is_wrong_names_what_to_write() {
        let said = [
            "",
            "65536",
            "-1",
            ":8080",
            "*:80",
            "localhost",
            "localhost:",
            "localhost:http",
            "localhost:99999",
            "127.0.0.1",
            "127.0.0:80",
            "::1:80",
            "http://localhost:80",
            "a b:1",
        ]
        .map(|text| format!("{text}: {}", text.parse::<ListenAddress>().unwrap_err()));
        insta::assert_snapshot!(said.join("\n"));
    }
}
