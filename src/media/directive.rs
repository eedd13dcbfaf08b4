//! Query parameters that players add to the URLs a manifest names: not part of any name.

use std::borrow::Cow;

/// Delivery directives (`_HLS_msn`, `_DASH_pathway`, …), client data (`CMCD`), and our own (`vsps.seed`, …).
fn is_directive(parameter: &str) -> bool {
    let name = parameter.split('=').next().unwrap_or_default();
    name == "CMCD" || ["_HLS_", "_DASH_", "vsps."].iter().any(|prefix| name.starts_with(prefix))
}

/// The URL without directives; borrowed, and found out without reading more than the query, when it has none.
pub(crate) fn without(url: &str) -> Cow<'_, str> {
    // Most segment requests have no query: one fast search settles them.
    let Some(mark) = memchr::memchr(b'?', url.as_bytes()) else { return Cow::Borrowed(url) };
    let (path, query) = (&url[..mark], &url[mark + 1..]);
    if !query.split('&').any(is_directive) {
        return Cow::Borrowed(url);
    }
    let mut out = String::with_capacity(url.len());
    out.push_str(path);
    for (at, parameter) in query.split('&').filter(|parameter| !is_directive(parameter)).enumerate()
    {
        out.push(if at == 0 { '?' } else { '&' });
        out.push_str(parameter);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directives_go() {
        assert_eq!(without("/a?x=1&_HLS_msn=4&y=2&_HLS_part=1"), "/a?x=1&y=2");
        assert_eq!(without("/a?CMCD=br%3D1"), "/a");
        assert_eq!(without("/a?x=_HLS_"), "/a?x=_HLS_");
        assert!(matches!(without("/a?x"), Cow::Borrowed(_)));
    }
}
