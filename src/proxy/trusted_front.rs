//! Servers in front of the proxy that say whose request they pass on.

use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Deserializer, de};
use std::{net::IpAddr, str::FromStr};

/// An address, or a range of them: `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    first: IpAddr,
    /// How many leading bits are the same.
    prefix: u8,
}

impl AddressRange {
    /// Whether `address` is in it. An IPv4 address that is mapped to IPv6 counts as itself.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.prefix);
                (first.to_bits() ^ address.to_bits()).checked_shr(shift).unwrap_or(0) == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(self.prefix);
                (first.to_bits() ^ address.to_bits()).checked_shr(shift).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for AddressRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hint = || "write an address or a range, as in `10.0.0.7` or `10.0.0.0/8`".to_owned();
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(|_| hint())?)),
            None => (text.trim(), None),
        };
        let first = address.parse::<IpAddr>().map_err(|_| hint())?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(most);
        if prefix > most {
            return Err(format!("/{prefix} is more than /{most}; {}", hint()));
        }
        Ok(Self { first, prefix })
    }
}

impl<'de> Deserialize<'de> for AddressRange {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

/// Whether `address` is that of a trusted server.
pub(super) fn is_trusted(trusted: &[AddressRange], address: IpAddr) -> bool {
    trusted.iter().any(|range| range.contains(address))
}

/// Who sent a request that came from `peer`: if that is trusted, the last address in `Forwarded` (RFC 7239) or
/// `X-Forwarded-For` that is not.
///
/// A server in front writes one of these and may pass on the other as its client sent it. If both are there and name
/// different clients, it is not known which of them is true: then the sender is `peer`.
pub(super) fn client(trusted: &[AddressRange], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !is_trusted(trusted, peer) {
        return peer;
    }
    // An element that is not text is no address, but the header is there: a server in front may add its own element to
    // what its client has sent.
    let values = |name: &str| -> Vec<&str> {
        let all = headers.get_all(name).iter().map(HeaderValue::as_bytes);
        let elements = all.flat_map(|value| value.split(|byte| *byte == b','));
        elements.map(|element| str::from_utf8(element).unwrap_or_default()).collect()
    };
    let forwarded: Vec<&str> = values("forwarded").into_iter().map(for_of).collect();
    let listed = values("x-forwarded-for");
    match (forwarded.is_empty(), listed.is_empty()) {
        (true, _) => last_untrusted(trusted, peer, &listed),
        (false, true) => last_untrusted(trusted, peer, &forwarded),
        (false, false) => {
            let client = last_untrusted(trusted, peer, &forwarded);
            if client == last_untrusted(trusted, peer, &listed) { client } else { peer }
        }
    }
}

/// The last address in `named` that is not trusted; `peer` if the last one is not an address.
fn last_untrusted(trusted: &[AddressRange], peer: IpAddr, named: &[&str]) -> IpAddr {
    let mut client = peer;
    // Each server adds the address it got the request from at the end.
    for text in named.iter().rev() {
        let Some(address) = address(text) else { break };
        client = address;
        if !is_trusted(trusted, address) {
            break;
        }
    }
    client
}

/// The `for` of one element of `Forwarded`.
fn for_of(element: &str) -> &str {
    parameter(element, "for").unwrap_or_default()
}

/// The value of a parameter in one element of `Forwarded`, as written.
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
}

/// What the server in front that the player is connected to says of the player's request in `listed`, the value of a
/// header such as `X-Forwarded-Proto`, or without one in the parameter `name` of `forwarded` (`Forwarded`, RFC 7239).
pub(super) fn first_word<'a>(
    listed: Option<&'a HeaderValue>,
    forwarded: Option<&'a HeaderValue>,
    name: &str,
) -> Option<&'a str> {
    if let Some(listed) = text(listed) {
        return listed.split(',').next().map(str::trim);
    }
    let value = text(forwarded)?.split(',').find_map(|element| parameter(element, name))?;
    Some(value.trim().trim_matches('"'))
}

fn text(value: Option<&HeaderValue>) -> Option<&str> {
    value?.to_str().ok()
}

/// An address with or without quotes, brackets and a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    if let Some(rest) = text.strip_prefix('[') {
        return rest.split(']').next()?.parse().ok();
    }
    let alone = text.parse().ok();
    alone.or_else(|| text.rsplit_once(':')?.0.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;

    #[test]
    fn ranges() {
        let contains = |range: &str, address: &str| {
            range.parse::<AddressRange>().unwrap().contains(address.parse().unwrap())
        };
        assert!(contains("10.0.0.0/8", "10.255.0.1") && !contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("10.0.0.7", "::ffff:10.0.0.7") && !contains("10.0.0.7", "10.0.0.8"));
        assert!(contains("0.0.0.0/0", "203.0.113.9") && !contains("0.0.0.0/0", "2001:db8::1"));
        assert!(contains("2001:db8::/32", "2001:db8:1::1") && contains("::/0", "::1"));
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "proxy.example", "::/129", "10.0.0.0/"] {
            assert!(
                wrong.parse::<AddressRange>().unwrap_err().contains("as in `10.0.0.7`"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn the_client_is_the_last_one_that_is_not_trusted() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let of = |peer: &str, fields: &[(&'static str, &'static str)]| {
            let fields = fields.iter().map(|(name, value)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            });
            client(&trusted, peer.parse().unwrap(), &fields.collect()).to_string()
        };
        let name = "x-forwarded-for";
        assert_eq!(of("10.0.0.1", &[(name, "6.6.6.6, 192.0.2.7, 10.0.0.2")]), "192.0.2.7");
        // Anybody can send these headers.
        assert_eq!(of("192.0.2.9", &[(name, "192.0.2.7")]), "192.0.2.9");
        assert_eq!(of("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(of("10.0.0.1", &[(name, "unknown")]), "10.0.0.1");
        let element = "for=\"[2001:db8::7]:4711\";proto=https, for=10.0.0.3";
        assert_eq!(of("10.0.0.1", &[("forwarded", element)]), "2001:db8::7");
        assert_eq!(of("10.0.0.1", &[("forwarded", element), (name, "2001:db8::7")]), "2001:db8::7");
        // The server in front writes one of them; the client sends the other to appear as somebody else.
        assert_eq!(
            of("10.0.0.1", &[("forwarded", "for=6.6.6.6"), (name, "192.0.2.7")]),
            "10.0.0.1"
        );
        assert_eq!(
            of("10.0.0.1", &[("forwarded", "for=192.0.2.7"), (name, "6.6.6.6")]),
            "10.0.0.1"
        );
        assert_eq!(of("10.0.0.1", &[(name, "192.0.2.7:80")]), "192.0.2.7");
    }

    #[test]
    fn words_of_the_first_server_in_front() {
        let word = |fields: &[(&'static str, &'static str)]| {
            let fields = fields.iter().map(|(name, value)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            });
            let fields: HeaderMap = fields.collect();
            let (listed, forwarded) = (fields.get("x-forwarded-proto"), fields.get("forwarded"));
            first_word(listed, forwarded, "proto").map(str::to_owned)
        };
        let element = "for=192.0.2.7;Proto=\"https\";host=a.test, for=10.0.0.1;proto=http";
        assert_eq!(word(&[("forwarded", element)]).as_deref(), Some("https"));
        assert_eq!(word(&[("forwarded", "for=192.0.2.7, proto=https")]).as_deref(), Some("https"));
        let both = [("forwarded", element), ("x-forwarded-proto", "http, https")];
        assert_eq!(word(&both).as_deref(), Some("http"));
        assert_eq!(word(&[("forwarded", "for=192.0.2.7")]), None);
        assert_eq!(word(&[]), None);
    }

    /// Bytes that are not text hide neither the header nor what comes after them.
    #[test]
    fn a_header_with_any_bytes_is_there() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let of = |fields: &[(&'static str, &[u8])]| {
            let fields = fields.iter().map(|(name, value)| {
                (HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap())
            });
            client(&trusted, "10.0.0.1".parse().unwrap(), &fields.collect()).to_string()
        };
        let (listed, forwarded) = ("x-forwarded-for", "forwarded");
        assert_eq!(of(&[(listed, b"\xff, 192.0.2.7")]), "192.0.2.7");
        assert_eq!(of(&[(listed, b"192.0.2.7, \xff")]), "10.0.0.1");
        assert_eq!(of(&[(listed, b"\xff, 192.0.2.7"), (forwarded, b"for=6.6.6.6")]), "10.0.0.1");
        assert_eq!(of(&[(listed, b"6.6.6.6"), (forwarded, b"\xff, for=192.0.2.7")]), "10.0.0.1");
        let same: [(_, &[u8]); 2] =
            [(listed, b"\xff, 192.0.2.7"), (forwarded, b"for=\xc3\xa9, for=192.0.2.7")];
        assert_eq!(of(&same), "192.0.2.7");
    }
}
