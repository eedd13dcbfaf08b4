//! The URL of a resource at its origin.

use super::host::{Origin, OriginError};
use std::{fmt, str::FromStr};

/// The URL of a resource at its origin, by which the proxy requests it. Players request it by an address of the proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamUrl {
    /// Scheme, host and port.
    pub origin: Origin,
    /// Path and query, with the leading slash.
    pub path: String,
}

impl UpstreamUrl {
    /// The URL of `path` at `origin`.
    #[must_use]
    pub const fn new(origin: Origin, path: String) -> Self {
        Self { origin, path }
    }

    /// The URL as text.
    #[must_use]
    pub fn text(&self) -> String {
        self.origin.url(&self.path)
    }

    /// The path without the query.
    #[must_use]
    pub fn bare_path(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }
}

/// Reads an absolute URL of `http` or `https`.
impl FromStr for UpstreamUrl {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let (origin, path) = Origin::split(text)?;
        Ok(Self { origin, path })
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_written() {
        let text = "https://cdn.example:8443/a/b.m3u8?t=1";
        let url: UpstreamUrl = text.parse().unwrap();
        assert_eq!((url.to_string(), url.text()), (text.to_owned(), text.to_owned()));
        assert_eq!(url.bare_path(), "/a/b.m3u8");
        assert_eq!(url.origin.authority, "cdn.example:8443");
        assert!("ftp://a/b".parse::<UpstreamUrl>().is_err());
    }
}
