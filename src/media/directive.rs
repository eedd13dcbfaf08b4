//! Query parameters that players add to the URLs of a manifest; they are not part of the resource's identity.

use super::{Kind, Resource};
use std::borrow::Cow;

/// Delivery directives (`_HLS_msn`, `_DASH_pathway`, …), client data (`CMCD`), and our own (`vsps.seed`, …).
fn is_directive(parameter: &str) -> bool {
    let name = parameter.split('=').next().unwrap_or_default();
    name == "CMCD" || ["_HLS_", "_DASH_", "vsps."].iter().any(|prefix| name.starts_with(prefix))
}

/// Whether a URL is a blocking playlist reload (RFC 8216bis §6.2.5.2): the origin holds its response until the
/// playlist exists.
#[must_use]
pub fn is_blocking_reload(url: &str) -> bool {
    let Some(mark) = memchr::memchr(b'?', url.as_bytes()) else { return false };
    let query = url.get(mark + 1..).unwrap_or_default();
    query.split('&').any(|parameter| parameter.starts_with("_HLS_msn="))
}

/// Whether the origin may hold its response to a request for `resource` at `url` until it exists: a blocking
/// reload, or a part that was only hinted at, so its duration is not known yet.
#[must_use]
pub fn is_held(resource: &Resource, url: &str) -> bool {
    let hinted = resource.kind == Kind::Part && resource.duration.is_none();
    hinted || is_blocking_reload(url)
}

/// The URL without directives; borrowed when it has none, and then only the query was read.
pub(crate) fn without(url: &str) -> Cow<'_, str> {
    without_those(url, is_directive)
}

/// The URL without the client data that players add to its query (CTA-5004).
#[must_use]
pub fn without_cmcd(url: &str) -> Cow<'_, str> {
    without_those(url, |parameter| parameter.starts_with("CMCD=") || parameter == "CMCD")
}

fn without_those(url: &str, is_gone: fn(&str) -> bool) -> Cow<'_, str> {
    // Most segment requests have no query: one fast search settles them.
    let Some(mark) = memchr::memchr(b'?', url.as_bytes()) else { return Cow::Borrowed(url) };
    let (path, query) = (&url[..mark], &url[mark + 1..]);
    if !query.split('&').any(is_gone) {
        return Cow::Borrowed(url);
    }
    let mut out = String::with_capacity(url.len());
    out.push_str(path);
    for (at, parameter) in query.split('&').filter(|parameter| !is_gone(parameter)).enumerate() {
        out.push(if at == 0 { '?' } else { '&' });
        out.push_str(parameter);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reload_that_is_held() {
        assert!(is_blocking_reload("/a.m3u8?t=1&_HLS_msn=4&_HLS_part=1"));
        assert!(!is_blocking_reload("/a.m3u8?_HLS_skip=YES&x=_HLS_msn=1"));
        assert!(!is_blocking_reload("/_HLS_msn=1"));
    }

    #[test]
    fn only_directives_go() {
        assert_eq!(without("/a?x=1&_HLS_msn=4&y=2&_HLS_part=1"), "/a?x=1&y=2");
        assert_eq!(without("/a?CMCD=br%3D1"), "/a");
        assert_eq!(without("/a?x=_HLS_"), "/a?x=_HLS_");
        assert!(matches!(without("/a?x"), Cow::Borrowed(_)));
    }
}
