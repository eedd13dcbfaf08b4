//! The URLs of an XML manifest, rewritten with a map.

use super::{
    dot_segments::{above_root, folders},
    uri::{Head, UriMap, ends_text, head, is_own, is_own_path, leads_inside, relative},
    xml_edits::{Edit, Value},
};
use std::{borrow::Cow, ops::Range};

/// The host of a root-relative reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root<'t> {
    /// The document's own host.
    Document,
    /// The host of this absolute URL.
    Host(&'t str),
    /// Several hosts, of which this is the first.
    Several(Option<&'t str>),
}

/// The numbers of folders between the root of a host and the URLs that a reference is resolved against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Folders {
    pub(super) fewest: usize,
    pub(super) most: usize,
}

impl Folders {
    pub(super) const fn exactly(number: usize) -> Self {
        Self { fewest: number, most: number }
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self { fewest: self.fewest.min(other.fewest), most: self.most.max(other.most) }
    }

    /// The length of the part of a reference that goes above the root of each host. `None` when it does not, or
    /// not from all of its bases: then no single replacement is right.
    fn above(self, path: &str) -> Option<usize> {
        let above = above_root(path, self.fewest)?;
        let to_the_root = path.get(..above).is_some_and(|up| folders(up, self.most) == 0);
        to_the_root.then_some(above)
    }
}

/// What a reference is resolved against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Base<'t> {
    pub(super) root: Root<'t>,
    /// `None` when the dots of references are not checked.
    pub(super) folders: Option<Folders>,
}

/// Rewrites the URLs of a document with a map.
pub(super) struct UriRewriter<'m> {
    map: &'m dyn UriMap,
    edits: Vec<Edit>,
    /// The last `scheme://authority` that was looked up, and its replacement: nearly all URIs of a manifest are
    /// on one host.
    head: String,
    rewritten: Option<String>,
}

impl<'m> UriRewriter<'m> {
    pub(super) const fn new(map: &'m dyn UriMap) -> Self {
        Self { map, edits: Vec::new(), head: String::new(), rewritten: None }
    }

    /// The document's own URL as a base.
    pub(super) fn document(&self) -> Base<'static> {
        Base { root: Root::Document, folders: self.map.depth().map(Folders::exactly) }
    }

    /// The edits that result.
    pub(super) fn finish(self) -> Vec<Edit> {
        self.edits
    }

    /// Rewrites the URL `value`; an absolute URL becomes a path of the proxy.
    pub(super) fn rewrite(&mut self, value: &Value<'_>, base: Base<'_>) {
        let part = trimmed(value.decoded());
        self.part(value, part, "", base);
    }

    /// As [`rewrite`](Self::rewrite), but an absolute URL stays absolute, if the proxy's address for the player
    /// is known.
    pub(super) fn rewrite_absolute(&mut self, value: &Value<'_>, base: Base<'_>) {
        let part = trimmed(value.decoded());
        self.part(value, part, self.map.own().unwrap_or_default(), base);
    }

    /// Rewrites each of the URLs that `value` lists; with `absolute`, as
    /// [`rewrite_absolute`](Self::rewrite_absolute).
    pub(super) fn rewrite_list(&mut self, value: &Value<'_>, absolute: bool, base: Base<'_>) {
        let own = self.map.own().filter(|_| absolute).unwrap_or_default();
        let decoded = value.decoded();
        for url in decoded.split_ascii_whitespace() {
            let Some(start) = (url.as_ptr() as usize).checked_sub(decoded.as_ptr() as usize) else {
                continue;
            };
            self.part(value, start..start + url.len(), own, base);
        }
    }

    fn part(&mut self, value: &Value<'_>, part: Range<usize>, own: &str, base: Base<'_>) {
        let url = value.decoded().get(part.clone()).unwrap_or_default();
        let Some((len, with)) = self.replacement(url, own, base) else { return };
        if url.get(..len) == Some(&with) {
            return;
        }
        // Such characters are never inserted.
        if !with.bytes().any(ends_text) {
            value.replace(part.start..part.start + len, with, &mut self.edits);
        }
    }

    /// The number of leading bytes of a URL to replace, and the replacement.
    fn replacement(&mut self, url: &str, own: &str, base: Base<'_>) -> Option<(usize, String)> {
        match head(url) {
            Head::Other => {
                let above = base.folders.and_then(|folders| folders.above(relative(url)?))?;
                let (_, prefix) = self.root_relative("/", base.root)?;
                Some((above, format!("{prefix}/")))
            }
            Head::RootRelative => {
                let (len, prefix) = self.root_relative(url, base.root)?;
                match self.above_root(url, 0).filter(|_| len == 0) {
                    Some(above) => Some((above, format!("{prefix}/"))),
                    None => Some((len, prefix)),
                }
            }
            Head::Absolute { .. } if is_own(url, self.map) => None,
            Head::Absolute { scheme, authority, len } => {
                let written = url.get(..len).unwrap_or_default();
                // A URL without a scheme has that of its base.
                let inherited = match base.root {
                    Root::Host(host) if scheme.is_none() => host.split("://").next(),
                    _ => None,
                };
                let rewritten = if inherited.is_some() {
                    self.map.absolute(inherited, authority).map(Cow::into_owned)
                } else {
                    if self.head != written {
                        let rewritten = self.map.absolute(scheme, authority);
                        (self.head, self.rewritten) =
                            (written.to_owned(), rewritten.map(Cow::into_owned));
                    }
                    self.rewritten.clone()
                }?;
                let behind = scheme.is_some() && rewritten.starts_with('/');
                let own = if behind { own } else { "" };
                if let Some(above) = self.above_root(url, len) {
                    return Some((above, format!("{own}{rewritten}/")));
                }
                let pathless = url.as_bytes().get(len).is_none_or(|byte| *byte != b'/');
                Some((len, format!("{own}{rewritten}{}", if pathless { "/" } else { "" })))
            }
        }
    }

    /// The length of the part of a URL that goes above the root of its host, where its path begins at `at`.
    fn above_root(&self, url: &str, at: usize) -> Option<usize> {
        self.map.depth()?;
        let path = url.get(at..)?.strip_prefix('/')?;
        above_root(path, 0).map(|above| at + 1 + above)
    }

    fn root_relative(&self, url: &str, root: Root<'_>) -> Option<(usize, String)> {
        let prefix = self.map.root_relative(url);
        if let Root::Several(_) = root
            && let Some(each) = self.map.root_of_each(url)
        {
            return Some((0, each.into_owned()));
        }
        if let Root::Host(base) | Root::Several(Some(base)) = root
            && let Head::Absolute { scheme, authority, .. } = head(base)
            // The document's own root needs no prefix if URLs without a session lead to it.
            && (prefix.is_some() || !is_own_path(url))
            && let Some(rewritten) = self.map.absolute(scheme, authority)
            && leads_inside(&rewritten, self.map)
        {
            return Some((0, rewritten.into_owned()));
        }
        Some((self.map.replaced(url).min(url.len()), prefix?.into_owned()))
    }
}

/// The range of a text without the white space around it.
fn trimmed(text: &str) -> Range<usize> {
    let start = text.len() - text.trim_start().len();
    start..start + text.trim().len()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{ManifestFormat, uri::tests::Proxy, xml_edits::Source},
        *,
    };

    /// The text of an element in `pieces`, rewritten.
    fn rewritten(pieces: &[&str], root: Root<'_>) -> Option<String> {
        let body = format!("<MPD>{}</MPD>", pieces.join("<!-- c -->"));
        let source = Source::read(ManifestFormat::Mpd, body.as_bytes()).unwrap();
        let text = source.text();
        let mut value = Value::empty();
        for piece in pieces {
            let at = text.find(piece).unwrap();
            value.push(text, &text[at..at + piece.len()], false).unwrap();
        }
        let mut rewriter = UriRewriter::new(&Proxy);
        let base = Base { root, ..rewriter.document() };
        rewriter.rewrite_absolute(&value, base);
        let out = String::from_utf8(source.edited(rewriter.finish())?).unwrap();
        Some(out.replace("<MPD>", "").replace("</MPD>", ""))
    }

    #[test]
    fn what_is_absolute_stays_so() {
        let rewritten = |uri: &str| rewritten(&[uri], Root::Document);
        let once = rewritten("https://a/x").unwrap();
        assert_eq!(once, "http://proxy.test/-/s/7/-/o/https/a/x");
        assert_eq!(rewritten(&once), None);
        assert_eq!(
            rewritten("//a/x").unwrap(),
            "/-/s/7/-/o/https/a/x",
            "it is relative to the scheme"
        );
        assert_eq!(rewritten(" /x").unwrap(), " /-/s/7/x");
        assert_eq!(rewritten("a/x&amp;"), None);
    }

    #[test]
    fn a_root_is_its_bases() {
        let rewritten = |root, uri: &str| rewritten(&[uri], root);
        assert_eq!(rewritten(Root::Host("https://a/p/"), "/x").unwrap(), "/-/s/7/-/o/https/a/x");
        assert_eq!(rewritten(Root::Host("https://a/"), "//b/x").unwrap(), "/-/s/7/-/o/https/b/x");
        assert_eq!(rewritten(Root::Host("http://a/"), "//b/x").unwrap(), "/-/s/7/-/o/http/b/x");
        assert_eq!(rewritten(Root::Host("https://a/"), "/-/s/7/x"), None);
        assert_eq!(rewritten(Root::Several(None), "/x").unwrap(), "-/root/x");
        assert_eq!(rewritten(Root::Several(Some("https://a/")), "x"), None);
    }

    #[test]
    fn references_and_pieces_are_one_text() {
        let rewritten = |pieces: &[&str]| rewritten(pieces, Root::Document).unwrap();
        assert_eq!(
            rewritten(&["https:&#x2F;&#47;a&#x0000002f;x&#x2F;y"]),
            "http://proxy.test/-/s/7/-/o/https/a&#x0000002f;x&#x2F;y"
        );
        assert_eq!(rewritten(&["&#x2f;x"]), "/-/s/7&#x2f;x");
        assert_eq!(
            rewritten(&["https:", "//a", "/x"]),
            "http://proxy.test/-/s/7/-/o/https/a<!-- c --><!-- c -->/x"
        );
        assert_eq!(
            rewritten(&["https:&#47;", "&#47;a", "b/x"]),
            "http://proxy.test/-/s/7/-/o/https/ab<!-- c --><!-- c -->/x"
        );
    }
}
