//! The head of a URI reference, and its replacement in place: every other byte stays.

use std::borrow::Cow;

/// The longest authority of a URI that is led: a host's name has at most 253 characters.
const LONGEST_AUTHORITY: usize = 1024;

/// Where the URIs of a manifest should lead instead. Purely textual: only the head of a URI is ever
/// replaced; path, query, `$Number$`, `{$var}`, percent-encoding and entities keep their bytes.
pub trait UriMap {
    /// What stands in place of `scheme://authority`; `scheme` is `None` in `//authority`.
    /// `None` leaves the URI as it is.
    fn absolute(&self, scheme: Option<&str>, authority: &str) -> Option<Cow<'_, str>>;

    /// What is put before `/path`. `None` leaves the URI as it is: so must the answer be for
    /// paths that already lead through the proxy, or rewriting twice would nest them.
    fn root_relative(&self, path: &str) -> Option<Cow<'_, str>>;

    /// How many bytes of a root-relative `path` what [`root_relative`](Self::root_relative) gives
    /// replaces: none, unless the map leads back what was led through the proxy.
    fn replaced(&self, _path: &str) -> usize {
        0
    }

    /// The value of the variable `name`, which the document imports from another one (EXT-X-DEFINE), as
    /// it stood there. `None` when it is not known.
    fn imported(&self, _name: &str) -> Option<String> {
        None
    }

    /// What is put before `/path` where it is resolved against bases on several hosts, to stand at the
    /// root of each of them. `None` when there is no such thing: the first host is taken.
    fn root_of_each(&self, _path: &str) -> Option<Cow<'_, str>> {
        None
    }

    /// The absolute URLs that the references of the document start from, where they do not start from
    /// its own: a patch to an MPD, say.
    fn bases(&self) -> &[String] {
        &[]
    }

    /// The value of the parameter `name` in the query of the document's URL (EXT-X-DEFINE), decoded. `None`
    /// when it has none.
    fn parameter(&self, _name: &str) -> Option<String> {
        None
    }

    /// How many folders lie between the root of the document's host and the document. `None` when its
    /// relative references are not to be looked at.
    fn depth(&self) -> Option<usize> {
        None
    }

    /// `scheme://authority` under which the player reaches the proxy, for the places where a relative
    /// URI is not understood, or not as well as an absolute one. `None` when it is not known.
    fn own(&self) -> Option<&str> {
        None
    }
}

/// What follows a rewritten head that had no path of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pathless {
    /// `/`: the URI stands alone, and `/x/https/HOST` must mean the same as `https://HOST`.
    AddSlash,
    /// Nothing: more text will be put behind it (the value of an HLS variable).
    Keep,
}

/// The head of a URI reference, as far as it can lead past the proxy.
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
    // A longer one is no host's, and would be put before each reference that starts from it.
    if authority.is_empty() || authority.len() > LONGEST_AUTHORITY {
        return Head::Other;
    }
    Head::Absolute { scheme, authority, len: uri.len() - rest.len() + authority.len() }
}

/// The scheme, if it is one that a proxy fetches, and what follows `://`.
fn scheme(uri: &str) -> Option<(&str, &str)> {
    // A relative reference is told by its first few bytes.
    let colon = uri.bytes().take("https:".len()).position(|byte| byte == b':')?;
    let (scheme, rest) = uri.split_at(colon);
    let known = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    known.then(|| rest.strip_prefix("://").map(|rest| (scheme, rest)))?
}

/// Whether a URI is an address of the proxy's already.
pub(super) fn is_own(uri: &str, map: &dyn UriMap) -> bool {
    let rest = map.own().and_then(|own| uri.strip_prefix(own));
    rest.is_some_and(|path| {
        ["/-/s/", "/-/o/", "/-/root/"].iter().any(|ours| path.starts_with(ours))
    })
}

/// How much of a path leads above its host's root, from `depth` folders below it: players then go on from
/// the root (RFC 3986 5.2.4), which inside a session is not the host's.
fn above_root(path: &str, mut depth: usize) -> Option<usize> {
    let path = super::format::without_query(path);
    let bytes = path.as_bytes();
    // Nearly all paths are told by one search.
    memchr::memmem::find(bytes, b"..").or_else(|| memchr::memmem::find(bytes, b"%2"))?;
    let (mut at, mut above) = (0, None);
    for segment in path.split_inclusive('/') {
        at += segment.len();
        let name = segment.strip_suffix('/');
        match dots(name.unwrap_or(segment)) {
            Some(1) => {}
            Some(2) if depth == 0 => above = Some(at),
            Some(2) => depth -= 1,
            // How deep the value of a variable leads is not known.
            _ if segment.contains("{$") => break,
            _ if name.is_some() => depth += 1,
            _ => {}
        }
    }
    above
}

/// How many dots a path segment is, if it is nothing else: `.` and `..`, also when they are escaped.
fn dots(segment: &str) -> Option<usize> {
    let (mut rest, mut count) = (segment, 0);
    while !rest.is_empty() {
        let dot = rest.strip_prefix('.').or_else(|| rest.strip_prefix("%2e"));
        rest = dot.or_else(|| rest.strip_prefix("%2E"))?;
        count += 1;
    }
    matches!(count, 1 | 2).then_some(count)
}

/// Whether a reference names a host.
pub(super) fn names_host(uri: &str) -> bool {
    matches!(head(uri), Head::Absolute { .. })
}

/// Whether a reference stands at the root of a host, its base's or one of its own without a scheme.
pub(super) fn is_at_root(uri: &str) -> bool {
    uri.starts_with('/')
}

/// Characters that would end a quoted string, an attribute or a line.
pub(super) const fn ends_text(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'&' | b'\r' | b'\n')
}

/// A body being rewritten: copied up to here, with the replacements made so far.
pub(super) struct Edits<'a> {
    /// Where the text that is read begins in memory; it is as long as the body.
    start: usize,
    body: &'a [u8],
    out: Vec<u8>,
    copied: usize,
    memo: Memo,
}

/// The last `scheme://authority` that was asked for, and what stands in its place: nearly all URIs of a
/// manifest are on one host.
#[derive(Default)]
struct Memo {
    head: String,
    led: Option<String>,
}

impl<'a> Edits<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self::over(body, body)
    }

    /// Edits of `body`, found in a `text` of it that stands elsewhere, byte under byte.
    pub(super) fn over(text: &[u8], body: &'a [u8]) -> Self {
        Self {
            start: text.as_ptr() as usize,
            body,
            out: Vec::new(),
            copied: 0,
            memo: Memo::default(),
        }
    }

    /// Leads `uri`, a part of the body, where `map` wants it. Parts must come in order.
    pub(super) fn lead(&mut self, uri: &str, map: &dyn UriMap, pathless: Pathless) {
        match head(uri) {
            Head::Other => {
                if let Some(above) = map.depth().and_then(|depth| above_root(uri, depth))
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
                    let led = map.absolute(scheme, authority).map(Cow::into_owned);
                    memo = Memo { head: head.to_owned(), led };
                }
                if let Some(led) = &memo.led {
                    let path = uri.get(len + 1..).filter(|_| !pathless && map.depth().is_some());
                    match path.and_then(|path| above_root(path, 0)) {
                        Some(above) => self.replace(uri, len + 1 + above, &[led, "/"]),
                        None => self.replace(uri, len, &[led, if pathless { "/" } else { "" }]),
                    }
                }
                self.memo = memo;
            }
        }
    }

    /// Leads `uri`, which begins with a variable that stands for the root-relative `value`.
    pub(super) fn lead_variable(&mut self, uri: &str, value: &str, map: &dyn UriMap) {
        if let Some(prefix) = map.root_relative(value) {
            self.replace(uri, 0, &[&prefix]);
        }
    }

    /// Leads `uri`, which with the values of its variables is `whole`: a URL that names a host takes its
    /// place, and what is root-relative is put behind where its root leads.
    pub(super) fn lead_whole(&mut self, uri: &str, whole: &str, map: &dyn UriMap) {
        let led = match head(whole) {
            Head::Other => {
                let above = map.depth().and_then(|depth| above_root(whole, depth));
                let path = above.and_then(|above| whole.get(above..));
                path.zip(map.root_relative("/")).map(|(path, prefix)| format!("{prefix}/{path}"))
            }
            Head::RootRelative => return self.lead_variable(uri, whole, map),
            Head::Absolute { .. } => {
                let mut edits = Edits::new(whole.as_bytes());
                edits.lead(whole, map, Pathless::AddSlash);
                edits.finish().and_then(|led| String::from_utf8(led).ok())
            }
        };
        // Ends of lines and quotes are what a playlist's URI cannot hold.
        if let Some(led) = led.filter(|led| !led.contains(['"', '\r', '\n'])) {
            self.put(uri, uri.len(), &[&led]);
        }
    }

    /// Puts `with` in place of the first `len` bytes of `part`, a part of the body.
    fn replace(&mut self, part: &str, len: usize, with: &[&str]) {
        // Never let them in.
        if with.iter().any(|text| text.bytes().any(ends_text)) {
            return;
        }
        self.put(part, len, with);
    }

    /// As `replace`, of text that is known to fit where it goes.
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

    /// The rewritten body; `None` when nothing changed.
    pub(super) fn finish(mut self) -> Option<Vec<u8>> {
        if self.copied == 0 && self.out.is_empty() {
            return None;
        }
        self.out.extend_from_slice(self.body.get(self.copied..).unwrap_or_default());
        (self.out != self.body).then_some(self.out)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The proxy's mapping, for a manifest of `https://HOST/` inside session 7.
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

    fn led(uri: &str) -> String {
        let mut edits = Edits::new(uri.as_bytes());
        edits.lead(uri, &Proxy, Pathless::AddSlash);
        let out = edits.finish().unwrap_or_else(|| uri.as_bytes().to_vec());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_the_head_changes() {
        assert_eq!(
            led("https://a.example:8443/p/%41?x=1#f"),
            "/-/s/7/-/o/https/a.example:8443/p/%41?x=1#f"
        );
        assert_eq!(led("//a.example/$Number%05d$"), "/-/s/7/-/o/https/a.example/$Number%05d$");
        assert_eq!(led("/p/{$v}"), "/-/s/7/p/{$v}");
        assert_eq!(led("HTTP://A/x"), "/-/s/7/-/o/HTTP/A/x");
    }

    #[test]
    fn a_uri_without_a_path_gets_one() {
        assert_eq!(led("https://a.example"), "/-/s/7/-/o/https/a.example/");
        assert_eq!(led("https://a.example?x"), "/-/s/7/-/o/https/a.example/?x");
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
            assert_eq!(led(uri), uri);
        }
    }
}
