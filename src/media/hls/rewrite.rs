//! The URIs of a playlist led elsewhere, byte for byte otherwise.

use super::super::{
    ManifestError,
    uri::{Edits, Pathless, UriMap},
};
use super::{
    define::named,
    line::{Line, attributes, lines, playlist},
};
use std::borrow::Cow;

/// Tags whose `URI` attribute is fetched.
const URI_TAGS: &[&str] = &[
    "#EXT-X-MEDIA",
    "#EXT-X-I-FRAME-STREAM-INF",
    "#EXT-X-IMAGE-STREAM-INF",
    "#EXT-X-KEY",
    "#EXT-X-SESSION-KEY",
    "#EXT-X-MAP",
    "#EXT-X-SESSION-DATA",
    "#EXT-X-PART",
    "#EXT-X-PRELOAD-HINT",
    "#EXT-X-RENDITION-REPORT",
];

/// Rewrites a playlist; `None` when no URI of it is led elsewhere.
pub(in super::super) fn rewrite(
    body: &[u8],
    map: &dyn UriMap,
) -> Result<Option<Vec<u8>>, ManifestError> {
    let text = playlist(body)?;
    let mut leader =
        Leader { edits: Edits::over(text.as_bytes(), body), map, paths: Vec::new(), imports: 0 };
    for (_, line) in lines(&text) {
        match line {
            Line::Uri(uri) => leader.lead(uri),
            // A prefetch hint of community low latency: the value is the URI.
            Line::Tag("#EXT-X-PREFETCH", uri) => leader.lead(uri.trim()),
            Line::Tag("#EXTINF", _) => {}
            Line::Tag(tag, list) => leader.tag(tag, list),
        }
    }
    Ok(leader.edits.finish())
}

/// The most variables that are looked out for, and the most that are imported.
const PATHS: usize = 256;

struct Leader<'a, 't> {
    edits: Edits<'a>,
    map: &'a dyn UriMap,
    /// The variables defined so far whose values are root-relative, and these.
    paths: Vec<(&'t str, Cow<'t, str>)>,
    /// How many imported variables were asked for.
    imports: usize,
}

impl<'t> Leader<'_, 't> {
    fn lead(&mut self, uri: &str) {
        match self.path_variable(uri) {
            Some(at) => self.edits.lead_variable(uri, &self.paths[at].1, self.map),
            None => self.edits.lead(uri, self.map, Pathless::AddSlash),
        }
    }

    /// Which variable `uri` begins with, if its value is a root-relative path.
    fn path_variable(&self, uri: &str) -> Option<usize> {
        if self.paths.is_empty() {
            return None;
        }
        let (name, _) = named(uri.strip_prefix("{$")?)?;
        self.paths.iter().rposition(|(known, _)| *known == name)
    }

    /// Leads the URIs in one tag's attribute list. A list that breaks off is read as far as it goes.
    fn tag(&mut self, tag: &str, list: &'t str) {
        let wanted: fn(&str) -> bool = match tag {
            "#EXT-X-DEFINE" => return self.define(list),
            "#EXT-X-CONTENT-STEERING" => |name| name == "SERVER-URI",
            "#EXT-X-DATERANGE" => is_client_uri,
            _ if URI_TAGS.contains(&tag) => |name| name == "URI",
            _ => return,
        };
        for attribute in attributes(list).map_while(Result::ok) {
            if attribute.quoted && wanted(attribute.name) {
                self.lead(attribute.value);
            }
        }
    }

    /// Whether a value may name a host, or is a path that leads through the proxy to one.
    fn names_host(&self, value: &str) -> bool {
        !value.starts_with('/') || value.starts_with("//") || self.map.replaced(value) > 0
    }

    /// A variable's value is led when it names a host, and every use follows. One that begins with `/`
    /// may stand in the middle of a path: it is left, and the uses that begin with it are led.
    fn define(&mut self, list: &'t str) {
        let mut name = None;
        for attribute in attributes(list).map_while(Result::ok).filter(|found| found.quoted) {
            match attribute.name {
                "NAME" => name = Some(attribute.value),
                "VALUE" if self.names_host(attribute.value) => {
                    self.edits.lead(attribute.value, self.map, Pathless::Keep);
                }
                "VALUE" if self.paths.len() < PATHS => {
                    self.paths.extend(name.map(|name| (name, attribute.value.into())));
                }
                // Where it is defined it was led if it names a host, and left if it is such a path.
                "IMPORT" if self.imports < PATHS => {
                    self.imports += 1;
                    let value = self.map.imported(attribute.value);
                    let path = value.filter(|value| !self.names_host(value));
                    self.paths.extend(path.map(|path| (attribute.value, path.into())));
                }
                _ => {}
            }
        }
    }
}

/// `X-ASSET-URI`, `X-ASSET-LIST` and other client attributes whose name says that they hold a URI.
fn is_client_uri(name: &str) -> bool {
    name.starts_with("X-")
        && (name.ends_with("-URI") || name.ends_with("-URL") || name == "X-ASSET-LIST")
}

#[cfg(test)]
mod tests {
    use super::super::super::uri::tests::Proxy;
    use super::*;

    fn led(line: &str) -> String {
        let body = format!("#EXTM3U\n{line}\n");
        let out =
            rewrite(body.as_bytes(), &Proxy).unwrap().unwrap_or_else(|| body.clone().into_bytes());
        let out = String::from_utf8(out).unwrap();
        out.strip_prefix("#EXTM3U\n").unwrap().trim_end().to_owned()
    }

    #[test]
    fn every_tag_that_carries_a_uri() {
        for tag in URI_TAGS {
            let line = format!("{tag}:A=1,URI=\"https://a/x\",B=\"https://a/x\"");
            assert_eq!(
                led(&line),
                format!("{tag}:A=1,URI=\"/-/s/7/-/o/https/a/x\",B=\"https://a/x\"")
            );
        }
        assert_eq!(
            led("#EXT-X-CONTENT-STEERING:SERVER-URI=\"/s\",PATHWAY-ID=\"a\""),
            "#EXT-X-CONTENT-STEERING:SERVER-URI=\"/-/s/7/s\",PATHWAY-ID=\"a\""
        );
        assert_eq!(
            led("#EXT-X-DATERANGE:ID=\"/a\",X-ASSET-LIST=\"/l\",X-COM-URL=\"//b/c\",X-AD=\"/d\""),
            "#EXT-X-DATERANGE:ID=\"/a\",X-ASSET-LIST=\"/-/s/7/l\",X-COM-URL=\"/-/s/7/-/o/https/b/c\",X-AD=\"/d\""
        );
    }

    #[test]
    fn a_variable_is_led_by_its_definition() {
        assert_eq!(
            led("#EXT-X-DEFINE:NAME=\"b\",VALUE=\"https://a\""),
            "#EXT-X-DEFINE:NAME=\"b\",VALUE=\"/-/s/7/-/o/https/a\""
        );
        assert_eq!(
            led("#EXT-X-DEFINE:NAME=\"b\",VALUE=\"/p\""),
            "#EXT-X-DEFINE:NAME=\"b\",VALUE=\"/p\""
        );
        assert_eq!(led("{$b}/x.ts"), "{$b}/x.ts");
        assert_eq!(led("https://{$host}/x.ts"), "/-/s/7/-/o/https/{$host}/x.ts");
    }

    #[test]
    fn what_only_looks_like_a_uri_stays() {
        for line in [
            "#EXTINF:4,https://a/title",
            "# https://a/x",
            "#EXT-X-KEY:METHOD=AES-128,URI=\"skd://a\"",
            "#EXT-X-KEY:URI=\"https://a",
            "#EXT-X-KEY:URI=https://a/b",
            "#EXT-X-STREAM-INF:X=\"https://a/b\"",
        ] {
            assert_eq!(led(line), line);
        }
    }
}
