//! The URI maps for the tests of rewriting.

use std::borrow::Cow;
use vsps::media::UriMap;

/// The address of the proxy for the player.
pub(crate) const OWN: &str = "http://proxy.test";

/// The proxy's mapping, for a manifest of the default origin inside session 7.
pub(crate) struct Proxy;

impl UriMap for Proxy {
    fn absolute(&self, scheme: Option<&str>, authority: &str) -> Option<Cow<'_, str>> {
        (authority != "proxy.test")
            .then(|| format!("/-/s/7/-/o/{}/{authority}", scheme.unwrap_or("https")).into())
    }

    fn root_relative(&self, path: &str) -> Option<Cow<'_, str>> {
        (!path.starts_with("/-/")).then_some("/-/s/7".into())
    }

    fn own(&self) -> Option<&str> {
        Some(OWN)
    }

    fn root_of_each(&self, path: &str) -> Option<Cow<'_, str>> {
        (!path.starts_with("/-/")).then_some("-/root".into())
    }
}

/// The reverse mapping: every reference becomes the original absolute one.
pub(crate) struct Back;

/// The scheme and host of a path through the proxy, and how long that is.
fn proxied(path: &str) -> Option<(String, usize)> {
    let Some(named) = path.strip_prefix("/-/s/7/-/o/") else {
        return path.starts_with("/-/s/7").then(|| (String::new(), "/-/s/7".len()));
    };
    let (scheme, rest) = named.split_once('/')?;
    let host = rest.split('/').next()?;
    Some((format!("{scheme}://{host}"), path.len() - rest.len() + host.len()))
}

impl UriMap for Back {
    fn absolute(&self, scheme: Option<&str>, authority: &str) -> Option<Cow<'_, str>> {
        Some(format!("{}://{authority}", scheme.unwrap_or("https")).into())
    }

    fn root_relative(&self, path: &str) -> Option<Cow<'_, str>> {
        Some(proxied(path).map_or(String::new(), |(head, _)| head).into())
    }

    fn replaced(&self, path: &str) -> usize {
        proxied(path).map_or(0, |(_, length)| length)
    }
}

/// The identity: every URI keeps its target.
pub(crate) struct Identity;

impl UriMap for Identity {
    fn absolute(&self, scheme: Option<&str>, authority: &str) -> Option<Cow<'_, str>> {
        let scheme = scheme.map(|scheme| format!("{scheme}:")).unwrap_or_default();
        Some(format!("{scheme}//{authority}").into())
    }

    fn root_relative(&self, _path: &str) -> Option<Cow<'_, str>> {
        Some("".into())
    }
}

/// Hosts without a scheme get the one that they mean; everything else stays.
pub(crate) struct Absolute;

impl UriMap for Absolute {
    fn absolute(&self, scheme: Option<&str>, authority: &str) -> Option<Cow<'_, str>> {
        Some(format!("{}://{authority}", scheme.unwrap_or("https")).into())
    }

    fn root_relative(&self, _path: &str) -> Option<Cow<'_, str>> {
        None
    }
}
