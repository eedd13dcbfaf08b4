//! Origins, and patterns of hosts that may be fetched from.

use super::private::is_private_address;
use http::uri::{Authority, Scheme};
use std::{
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};
use url::Host;

/// The text is not an origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not an origin: write http:// or https:// and a host, as in `https://cdn.example`"
)]
pub struct OriginError {
    text: String,
}

/// Scheme, host and port of an origin.
#[derive(Debug, Clone, Eq)]
pub struct Origin {
    /// `http` or `https`.
    pub scheme: Scheme,
    /// Host, and the port if it is not the scheme's default.
    pub authority: Authority,
}

/// As text: its authority is normalised, and comparing two of them letter by letter takes long.
impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        self.has_authority_of(other) && self.scheme == other.scheme
    }
}

impl Hash for Origin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.authority.as_str().hash(state);
        self.scheme.hash(state);
    }
}

impl Origin {
    /// An origin of `scheme` and `authority`. `None` with user information, without a host or with an unknown scheme.
    ///
    /// The origin is normalised (RFC 3986 §6.2.2.1, §6.2.3): lower case, without the scheme's default port.
    #[must_use]
    pub fn new(scheme: &str, authority: &str) -> Option<Self> {
        let scheme = match scheme {
            _ if scheme.eq_ignore_ascii_case("http") => Scheme::HTTP,
            _ if scheme.eq_ignore_ascii_case("https") => Scheme::HTTPS,
            _ => return None,
        };
        let plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
        let authority = if authority.bytes().all(plain) && !authority.ends_with('.') {
            Authority::from_str(authority).ok()?
        } else if let Some(named) = normal(&scheme, authority) {
            named
        } else {
            // Not a valid host name in a URL, but a resolver may have it.
            Authority::from_str(&authority.to_ascii_lowercase()).ok()?
        };
        let colons = authority.as_str().bytes().filter(|byte| *byte == b':').count();
        let odd =
            authority.as_str().contains('@') || (colons > 1 && !authority.host().starts_with('['));
        let plain = !authority.host().is_empty() && !odd;
        plain.then_some(Self { scheme, authority })
    }

    /// Whether its host and port are those of `other`.
    #[must_use]
    pub fn has_authority_of(&self, other: &Self) -> bool {
        self.authority.as_str() == other.authority.as_str()
    }

    /// Splits an absolute URL into its origin and its path with query (`/` when empty).
    ///
    /// # Errors
    /// When `url` is not an absolute http or https URL.
    pub fn split(url: &str) -> Result<(Self, String), OriginError> {
        let wrong = || OriginError { text: url.to_owned() };
        let uri = http::Uri::from_str(url).map_err(|_| wrong())?;
        let (scheme, authority) = uri.scheme_str().zip(uri.authority()).ok_or_else(wrong)?;
        let origin = Self::new(scheme, authority.as_str()).ok_or_else(wrong)?;
        let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        Ok((origin, path.to_owned()))
    }
}

impl Origin {
    /// The port, explicit or the scheme's default.
    #[must_use]
    pub fn port(&self) -> u16 {
        let own = if self.scheme == Scheme::HTTPS { 443 } else { 80 };
        self.authority.port_u16().unwrap_or(own)
    }

    /// Whether its host is on this machine or in a private network, judged by the name alone.
    #[must_use]
    pub fn is_private(&self) -> bool {
        // Parsed as resolvers do: `127.1`, `0x7f000001` and `LOCALHOST.` are this machine as well.
        match Host::parse(self.authority.host().trim_end_matches('.')) {
            Ok(Host::Ipv4(ip)) => is_private_address(ip.into()),
            Ok(Host::Ipv6(ip)) => is_private_address(ip.into()),
            Ok(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            // Not a valid host: treat it as private.
            Err(_) => true,
        }
    }

    /// The absolute URL of `path` here.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        [self.scheme.as_str(), "://", self.authority.as_str(), path].concat()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// The authority in normal form. A name with characters beyond ASCII becomes its A-label (RFC 5890), which is
/// also the name that is resolved and sent.
fn normal(scheme: &Scheme, authority: &str) -> Option<Authority> {
    if authority.contains(['@', '/', '\\', '?', '#', '\t', '\r', '\n']) {
        return None;
    }
    let url = url::Url::parse(&format!("{scheme}://{authority}/")).ok()?;
    Authority::from_str(url.authority()).ok()
}

/// Which hosts may be fetched: `cdn.example`, `*.example`, `cdn.example:8443`, or `*` for all.
/// Without a port, every port of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    text: String,
}

impl HostPattern {
    /// The pattern of the host, without a port.
    #[must_use]
    pub fn host(&self) -> &str {
        split_port(&self.text).0
    }

    /// Whether the pattern matches the host of `origin`.
    #[must_use]
    pub fn matches(&self, origin: &Origin) -> bool {
        let (host, port) = split_port(&self.text);
        if port.is_some_and(|port| origin.port() != port) {
            return false;
        }
        let name = origin.authority.host();
        match host.strip_prefix("*.") {
            _ if host == "*" => true,
            Some(domain) => name.len().checked_sub(domain.len() + 1).is_some_and(|dot| {
                name.as_bytes()[dot] == b'.' && name[dot + 1..].eq_ignore_ascii_case(domain)
            }),
            None => name.eq_ignore_ascii_case(host),
        }
    }
}

fn split_port(text: &str) -> (&str, Option<u16>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (text, None),
        },
        _ => (text, None),
    }
}

impl FromStr for HostPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (host, _) = split_port(text);
        let name = host.strip_prefix("*.").unwrap_or(host);
        let plain = !text.contains(['/', '@', ' ', '?']) && !name.is_empty();
        if plain && (name == "*" || !name.contains('*')) {
            Ok(Self { text: text.to_owned() })
        } else {
            Err("write a host such as `cdn.example`, `*.example` or `cdn.example:8443`".to_owned())
        }
    }
}

impl<'de> serde::Deserialize<'de> for HostPattern {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, authority: &str) -> bool {
        let origin = Origin::new("https", authority).unwrap();
        pattern.parse::<HostPattern>().unwrap().matches(&origin)
    }

    #[test]
    fn private_places() {
        let private = |host| Origin::new("http", host).unwrap().is_private();
        for host in
            ["127.0.0.1:8081", "localhost", "10.1.2.3", "169.254.169.254", "[::1]:80", "[fd00::1]"]
        {
            assert!(private(host), "{host}");
        }
        for spelled in
            ["LOCALHOST:9000", "localhost.", "127.1", "2130706433", "0x7f.1", "a.Localhost"]
        {
            assert!(private(spelled), "{spelled}");
        }
        assert!(!private("cdn.example") && !private("8.8.8.8"));
    }

    #[test]
    fn patterns() {
        assert!(matches("cdn.example", "CDN.example:8443"));
        assert!(matches("*.example", "a.b.example"));
        assert!(!matches("*.example", "example"));
        assert!(!matches("*.example", "badexample"));
        assert!(matches("cdn.example:8443", "cdn.example:8443"));
        assert!(!matches("cdn.example:8443", "cdn.example"));
        assert!(matches("cdn.example:443", "cdn.example"));
        assert!(matches("*", "anything.at:1"));
        assert!(matches("[::1]", "[::1]:80"));
        for wrong in ["", "https://x", "a/b", "a*b", "*."] {
            assert!(wrong.parse::<HostPattern>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn origins() {
        let (origin, path) = Origin::split("https://cdn.example:8443/a/b.m3u8?t=1").unwrap();
        assert_eq!(origin.to_string(), "https://cdn.example:8443");
        assert_eq!(path, "/a/b.m3u8?t=1");
        assert_eq!(Origin::new("https", "a:443").unwrap().authority, "a");
        assert_eq!(
            Origin::new("https", "ääni.example:81").unwrap().authority,
            "xn--ni-uiaa.example:81"
        );
        assert_eq!(Origin::new("https", "ä/ä"), None);
        for spelled in ["CDN-A.Example:8080", "cdn-a.EXAMPLE:08080", "cdn%2Da.example:8080"] {
            let origin = Origin::new("HTTP", spelled).unwrap();
            assert_eq!(origin.to_string(), "http://cdn-a.example:8080", "{spelled}");
        }
        for spelled in ["A:443", "a:", "a:0443", "%61"] {
            assert_eq!(
                Origin::new("HTTPS", spelled).unwrap().to_string(),
                "https://a",
                "{spelled}"
            );
        }
        assert_eq!(Origin::new("http", "[2001:DB8::0:1]:80").unwrap().authority, "[2001:db8::1]");
        // Found by fuzzing: what is written must be read back, not lose its second port.
        assert_eq!(Origin::new("https", "a:443:443"), None);
        for wrong in ["cdn.example", "ftp://x/", "http://", "http://u:p@x/", "nonsense"] {
            assert!(Origin::split(wrong).is_err(), "{wrong}");
        }
        insta::assert_snapshot!(Origin::split("cdn").unwrap_err(), @"`cdn` is not an origin: write http:// or https:// and a host, as in `https://cdn.example`");
    }
}
