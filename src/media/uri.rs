//! The scheme and authority of a URI reference, and their replacement in place; every other byte stays.

use super::dot_segments::above_root;
use std::borrow::Cow;

/// The longest authority of a URI that is rewritten: a host name has at most 253 characters.
const LONGEST_AUTHORITY: usize = 1024;

/// How the URIs of a manifest are rewritten. Purely textual: only the head of a URI is replaced; path, query,
/// `$Number$`, `{$var}`, percent-encoding and entities keep their bytes.
pub trait UriMap {
    /// The replacement of `scheme://authority`; `scheme` is `None` in `//authority`. `None` leaves the URI
    /// unchanged.
    fn absolute(&self, scheme: Option<&str>, authority: &str) -> Option<Cow<'_, str>>;

    /// The prefix of `/path`. `None` leaves the URI unchanged. It must be `None` for paths that already go
    /// through the proxy, or rewriting twice would nest them.
    fn root_relative(&self, path: &str) -> Option<Cow<'_, str>>;

    /// How many bytes of a root-relative `path` are replaced by the result of
    /// [`root_relative`](Self::root_relative): none, unless the map reverses an earlier rewriting.
    fn replaced(&self, _path: &str) -> usize {
        0
    }

    /// The value of the variable `name`, which the document imports from another one (EXT-X-DEFINE), as written
    /// there. `None` when it is not known.
    fn imported(&self, _name: &str) -> Option<String> {
        None
    }

    /// The prefix of `/path` where it is resolved against bases on several hosts and must be relative to the
    /// root of each. `None` when there is no such prefix: the first host is used.
    fn root_of_each(&self, _path: &str) -> Option<Cow<'_, str>> {
        None
    }

    /// The absolute base URLs of the document's references, where they are not its own URL (for example in a
    /// patch to an MPD).
    fn bases(&self) -> &[String] {
        &[]
    }

    /// The value of the parameter `name` in the query of the document's URL (EXT-X-DEFINE), decoded. `None`
    /// when there is none.
    fn parameter(&self, _name: &str) -> Option<String> {
        None
    }

    /// The number of folders between the root of the document's host and the document. `None` when its relative
    /// references are not to be checked.
    fn depth(&self) -> Option<usize> {
        None
    }

    /// `scheme://authority` of the proxy as the player reaches it, for attributes where players handle a
    /// relative URI wrongly. `None` when it is not known.
    fn own(&self) -> Option<&str> {
        None
    }
}

/// What follows a rewritten head that had no path of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pathless {
    /// `/`: the URI is complete, and `/x/https/HOST` must mean the same as `https://HOST`.
    AddSlash,
    /// Nothing: more text will follow it (the value of an HLS variable).
    Keep,
}

/// The head of a URI reference, as far as it could bypass the proxy.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head<'a> {
    Absolute {
        scheme: Option<&'a str>,
        authority: &'a str,
        len: usize,
    },
    RootRelative,
    /// Relative references, and schemes that no proxy fetches (`data:`, `skd:`, `urn:`).
    Other,
}

pub(super) fn head(uri: &str) -> Head<'_> {
    let (scheme, rest) = match uri.strip_prefix("//") {
        Some(rest) => (None, rest),
        None if uri.starts_with('/') => return Head::RootRelative,
        None => match scheme(uri) {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => return Head::Other,
        },
    };
    let end = memchr::memchr3(b'/', b'?', b'#', rest.as_bytes()).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or(rest);
    // A longer one is not a host name, and would be repeated in each reference.
    if authority.is_empty() || authority.len() > LONGEST_AUTHORITY {
        return Head::Other;
    }
    Head::Absolute { scheme, authority, len: uri.len() - rest.len() + authority.len() }
}

/// The scheme, if it is one that a proxy fetches, and what follows `://`.
fn scheme(uri: &str) -> Option<(&str, &str)> {
    // A relative reference is recognised by its first few bytes.
    let colon = uri.bytes().take("https:".len()).position(|byte| byte == b':')?;
    let (scheme, rest) = uri.split_at(colon);
    let known = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    known.then(|| rest.strip_prefix("://").map(|rest| (scheme, rest)))?
}

/// Whether a URI is an address of the proxy's already.
pub(super) fn is_own(uri: &str, map: &dyn UriMap) -> bool {
    map.own().and_then(|own| uri.strip_prefix(own)).is_some_and(is_own_path)
}

/// Whether a path is an address of the proxy's already.
pub(super) fn is_own_path(path: &str) -> bool {
    ["/-/s/", "/-/o/", "/-/root/"].iter().any(|ours| path.starts_with(ours))
}

/// Whether the result of a map leads into the proxy: a path of it, which may begin with its address.
pub(super) fn leads_inside(rewritten: &str, map: &dyn UriMap) -> bool {
    let path = map.own().and_then(|own| rewritten.strip_prefix(own)).unwrap_or(rewritten);
    path.starts_with('/') && !path.starts_with("//")
}

/// A reference that has no scheme: the first segment of its path has no colon (RFC 3986, 4.2).
pub(super) fn relative(reference: &str) -> Option<&str> {
    let colon = memchr::memchr2(b':', b'/', reference.as_bytes());
    (colon.and_then(|at| reference.as_bytes().get(at)) != Some(&b':')).then_some(reference)
}

/// Whether a reference names a host.
pub(super) fn names_host(uri: &str) -> bool {
    matches!(head(uri), Head::Absolute { .. })
}

/// Whether a reference is relative to the root of a host: that of its base, or its own without a scheme.
pub(super) fn is_at_root(uri: &str) -> bool {
    uri.starts_with('/')
}

/// Characters that would end a quoted string, an attribute or a line.
pub(super) const fn ends_text(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'&' | b'\r' | b'\n')
}

/// A body being rewritten: the output so far, with its replacements.
pub(super) struct Edits<'a> {
    /// The address of the text that is read; it is as long as the body.
    start: usize,
    body: &'a [u8],
    out: Vec<u8>,
    copied: usize,
    memo: Memo,
}

/// The last `scheme://authority` that was looked up, and its replacement: nearly all URIs of a manifest are on
/// one host.
#[derive(Default)]
struct Memo {
    head: String,
    rewritten: Option<String>,
}

impl<'a> Edits<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self::over(body, body)
    }

    /// Edits of `body`, found in a `text` of the same length, in which each byte has the same offset.
    pub(super) fn over(text: &[u8], body: &'a [u8]) -> Self {
        Self {
            start: text.as_ptr() as usize,
            body,
            out: Vec::new(),
            copied: 0,
            memo: Memo::default(),
        }
    }

    /// Rewrites `uri`, a part of the body, with `map`. Parts must come in order.
    pub(super) fn rewrite(&mut self, uri: &str, map: &dyn UriMap, pathless: Pathless) {
        match head(uri) {
            Head::Other => {
                if let Some(path) = relative(uri)
                    && let Some(above) = map.depth().and_then(|depth| above_root(path, depth))
                    && let Some(prefix) = map.root_relative("/")
                {
                    self.replace(uri, above, &[&prefix, "/"]);
                }
            }
            Head::RootRelative => {
                if let Some(prefix) = map.root_relative(uri) {
                    let replaced = map.replaced(uri).min(uri.len());
                    let path = uri.get(1..).filter(|_| replaced == 0 && map.depth().is_some());
                    match path.and_then(|path| above_root(path, 0)) {
                        Some(above) => self.replace(uri, above + 1, &[&prefix, "/"]),
                        None => self.replace(uri, replaced, &[&prefix]),
                    }
                }
            }
            Head::Absolute { .. } if is_own(uri, map) => {}
            Head::Absolute { scheme, authority, len } => {
                let pathless = pathless == Pathless::AddSlash
                    && uri.as_bytes().get(len).is_none_or(|byte| *byte != b'/');
                let mut memo = std::mem::take(&mut self.memo);
                let head = uri.get(..len).unwrap_or_default();
                if memo.head != head {
                    let rewritten = map.absolute(scheme, authority).map(Cow::into_owned);
                    memo = Memo { head: head.to_owned(), rewritten };
                }
                if let Some(host) = &memo.rewritten {
                    let path = uri.get(len + 1..).filter(|_| !pathless && map.depth().is_some());
                    match path.and_then(|path| above_root(path, 0)) {
                        Some(above) => self.replace(uri, len + 1 + above, &[host, "/"]),
                        None => self.replace(uri, len, &[host, if pathless { "/" } else { "" }]),
                    }
                }
                self.memo = memo;
            }
        }
    }

    /// Rewrites `uri`, which begins with a variable whose value is the root-relative `value`.
    pub(super) fn rewrite_variable(&mut self, uri: &str, value: &str, map: &dyn UriMap) {
        if let Some(prefix) = map.root_relative(value) {
            self.replace(uri, 0, &[&prefix]);
        }
    }

    /// Rewrites `uri`, which is `whole` when its variables are expanded: a URL with a host replaces it, and a
    /// root-relative one gets the prefix of its root.
    pub(super) fn rewrite_expanded(
        &mut self,
        uri: &str,
        whole: &str,
        map: &dyn UriMap,
        pathless: Pathless,
    ) {
        let rewritten = match head(whole) {
            Head::Other => {
                let path = relative(whole).zip(map.depth());
                let above = path.and_then(|(path, depth)| above_root(path, depth));
                let path = above.and_then(|above| whole.get(above..));
                path.zip(map.root_relative("/")).map(|(path, prefix)| format!("{prefix}/{path}"))
            }
            Head::RootRelative => return self.rewrite_variable(uri, whole, map),
            Head::Absolute { .. } => {
                let mut edits = Edits::new(whole.as_bytes());
                edits.rewrite(whole, map, pathless);
                edits.finish().and_then(|rewritten| String::from_utf8(rewritten).ok())
            }
        };
        // A playlist's URI cannot contain line ends or quotes.
        if let Some(rewritten) =
            rewritten.filter(|rewritten| !rewritten.contains(['"', '\r', '\n']))
        {
            self.put(uri, uri.len(), &[&rewritten]);
        }
    }

    /// Replaces the first `len` bytes of `part`, a part of the body, by `with`.
    fn replace(&mut self, part: &str, len: usize, with: &[&str]) {
        // Such characters are never inserted.
        if with.iter().any(|text| text.bytes().any(ends_text)) {
            return;
        }
        self.put(part, len, with);
    }

    /// As `replace`, for text that is known to be valid there.
    pub(super) fn put(&mut self, part: &str, len: usize, with: &[&str]) {
        let Some(start) = (part.as_ptr() as usize).checked_sub(self.start) else { return };
        let Some(kept) = self.body.get(self.copied..start) else { return };
        if self.out.is_empty() {
            self.out.reserve(self.body.len() + self.body.len() / 4);
        }
        self.out.extend_from_slice(kept);
        for text in with {
            self.out.extend_from_slice(text.as_bytes());
        }
        self.copied = (start + len).min(self.body.len());
    }

    /// The length of the part of the body up to the last edit.
    pub(super) const fn edited(&self) -> usize {
        self.copied
    }

    /// The rewritten body; `None` when nothing changed.
    pub(super) fn finish(mut self) -> Option<Vec<u8>> {
        if self.copied == 0 && self.out.is_empty() {
            return None;
        }
        self.out.extend_from_slice(self.body.get(self.copied..).unwrap_or_default());
        (self.out != self.body).then_some(self.out)
    }
}

/// Rewrites one URI with `map`, for example a redirect's `Location`. `None` means that it stays.
#[must_use]
pub fn rewrite_uri(uri: &str, map: &dyn UriMap) -> Option<String> {
    let mut edits = Edits::new(uri.as_bytes());
    edits.rewrite(uri, map, Pathless::AddSlash);
    String::from_utf8(edits.finish()?).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The proxy's mapping, for a manifest of `https://HOST/` in session 7.
    pub(in crate::media) struct Proxy;

    impl UriMap for Proxy {
        fn absolute(&self, scheme: Option<&str>, authority: &str) -> Option<Cow<'_, str>> {
            (authority != "proxy.test")
                .then(|| format!("/-/s/7/-/o/{}/{authority}", scheme.unwrap_or("https")).into())
        }

        fn own(&self) -> Option<&str> {
            Some("http://proxy.test")
        }

        fn root_of_each(&self, path: &str) -> Option<Cow<'_, str>> {
            (!path.starts_with("/-/")).then_some("-/root".into())
        }

        fn root_relative(&self, path: &str) -> Option<Cow<'_, str>> {
            (!path.starts_with("/-/")).then_some("/-/s/7".into())
        }
    }

    fn rewritten(uri: &str) -> String {
        let mut edits = Edits::new(uri.as_bytes());
        edits.rewrite(uri, &Proxy, Pathless::AddSlash);
        let out = edits.finish().unwrap_or_else(|| uri.as_bytes().to_vec());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_the_head_changes() {
        assert_eq!(
            rewritten("https://a.example:8443/p/%41?x=1#f"),
            "/-/s/7/-/o/https/a.example:8443/p/%41?x=1#f"
        );
        assert_eq!(
            rewritten("//a.example/$Number%05d$"),
            "/-/s/7/-/o/https/a.example/$Number%05d$"
        );
        assert_eq!(rewritten("/p/{$v}"), "/-/s/7/p/{$v}");
        assert_eq!(rewritten("HTTP://A/x"), "/-/s/7/-/o/HTTP/A/x");
    }

    #[test]
    fn a_uri_without_a_path_gets_one() {
        assert_eq!(rewritten("https://a.example"), "/-/s/7/-/o/https/a.example/");
        assert_eq!(rewritten("https://a.example?x"), "/-/s/7/-/o/https/a.example/?x");
    }

    #[test]
    fn the_rest_is_left_alone() {
        for uri in [
            "a.ts",
            "../a.ts",
            "data:text/plain;base64,AA",
            "skd://key",
            "urn:x",
            "{$base}/a",
            "",
            "?x",
            "/-/s/7/p",
            "https://",
            "//",
            "ftp://a/b",
            "a?u=https://b/c",
        ] {
            assert_eq!(rewritten(uri), uri);
        }
    }
}
