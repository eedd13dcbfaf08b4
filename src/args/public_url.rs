//! The address under which players reach the proxy, where it is not the one it listens on.

use serde::{Deserialize, Deserializer, de};
use std::{fmt, str::FromStr, sync::Arc};
use url::Url;

const HINT: &str = "write scheme, host and, if need be, a port, as in `https://proxy.example`";

/// `scheme://host[:port]` under which players reach the proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(Arc<str>);

impl PublicUrl {
    /// The URL without a slash at its end.
    #[must_use]
    pub const fn as_shared(&self) -> &Arc<str> {
        &self.0
    }

    /// Its host; an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.0.split_once("://").map_or(&*self.0, |(_, rest)| rest);
        match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, _)) => address,
            None => rest.split(':').next().unwrap_or_default(),
        }
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text.trim()).map_err(|_| HINT.to_owned())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(HINT.to_owned());
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(format!("has a path, and the proxy answers at the root of a host; {HINT}"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!("has a user name; {HINT}"));
        }
        Ok(Self(url.as_str().trim_end_matches('/').into()))
    }
}

impl<'de> Deserialize<'de> for PublicUrl {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_a_scheme_and_a_host() {
        let read = |text: &str| text.parse::<PublicUrl>().map(|url| url.to_string());
        assert_eq!(read("https://proxy.example/").unwrap(), "https://proxy.example");
        assert_eq!(read("http://192.168.0.9:8080").unwrap(), "http://192.168.0.9:8080");
        assert_eq!(read("HTTP://Proxy.Example:80").unwrap(), "http://proxy.example");
        let host = |text: &str| text.parse::<PublicUrl>().unwrap().host().to_owned();
        assert_eq!(host("https://[2001:db8::1]:8080"), "2001:db8::1");
        assert_eq!(host("https://proxy.example:8080"), "proxy.example");
        for wrong in [
            "",
            "proxy.example",
            "ftp://a",
            "http://a/b",
            "http://a?b",
            "http://a/#c",
            "http://u@a",
        ] {
            assert!(read(wrong).unwrap_err().contains("as in `https://proxy.example`"), "{wrong}");
        }
    }
}
