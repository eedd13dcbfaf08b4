//! Rewrites the URIs of a playlist; every other byte stays.

use super::super::{
    ManifestError,
    uri::{Edits, Pathless, UriMap, names_host},
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

/// Rewrites a playlist; `None` when no URI of it changes.
pub(in crate::media) fn rewrite(
    body: &[u8],
    map: &dyn UriMap,
) -> Result<Option<Vec<u8>>, ManifestError> {
    let text = playlist(body)?;
    let (edits, room) = (Edits::over(text.as_bytes(), body), GROWTH + 4 * body.len());
    let mut rewriter = UriRewriter { edits, map, variables: Vec::new(), lookups: 0, room };
    for (_, line) in lines(&text) {
        match line {
            Line::Uri(uri) => rewriter.rewrite(uri),
            // A prefetch hint of community low latency: the value is the URI.
            Line::Tag("#EXT-X-PREFETCH", uri) => rewriter.rewrite(uri.trim()),
            Line::Tag("#EXTINF", _) => {}
            Line::Tag(tag, list) => rewriter.tag(tag, list),
        }
    }
    Ok(rewriter.edits.finish())
}

/// The most variables that are tracked, and the most values that are looked up.
const VARIABLES: usize = 256;
/// The most bytes of values, in addition to a few times the playlist's own length.
const GROWTH: usize = 1 << 20;

struct UriRewriter<'a, 't> {
    edits: Edits<'a>,
    map: &'a dyn UriMap,
    /// The variables defined so far that are not rewritten in their definitions, and their values.
    variables: Vec<(&'t str, Cow<'t, str>)>,
    /// How many values were looked up.
    lookups: usize,
    /// How many bytes of values may still be inserted.
    room: usize,
}

impl<'t> UriRewriter<'_, 't> {
    fn rewrite(&mut self, uri: &str) {
        match self.with_values(uri) {
            Some(whole) => self.edits.rewrite_expanded(uri, &whole, self.map),
            None => self.edits.rewrite(uri, self.map, Pathless::AddSlash),
        }
    }

    /// A URI with the variables at its beginning expanded, because they decide where it points.
    fn with_values(&mut self, uri: &str) -> Option<String> {
        if self.variables.is_empty() || uri.starts_with('/') || names_host(uri) {
            return None;
        }
        let end = memchr::memchr3(b'/', b'?', b'#', uri.as_bytes()).unwrap_or(uri.len());
        let (mut rest, behind) = uri.split_at_checked(end)?;
        let mut whole = String::new();
        let mut known = false;
        while let Some((before, after)) = rest.split_once("{$") {
            whole.push_str(before);
            let (name, after) = named(after)?;
            let (_, value) = self.variables.iter().rfind(|(known, _)| *known == name)?;
            self.room = self.room.checked_sub(value.len())?;
            whole.push_str(value);
            (rest, known) = (after, true);
        }
        known.then(|| [&whole, rest, behind].concat())
    }

    /// Rewrites the URIs in one tag's attribute list. An invalid list is read up to the fault.
    fn tag(&mut self, tag: &str, list: &'t str) {
        let wanted: fn(&str) -> bool = match tag {
            "#EXT-X-DEFINE" => return self.define(list),
            "#EXT-X-CONTENT-STEERING" => |name| name == "SERVER-URI",
            "#EXT-X-DATERANGE" => is_client_uri,
            _ if URI_TAGS.contains(&tag) => |name| name == "URI",
            _ => return,
        };
        for attribute in attributes(list).map_while(Result::ok) {
            // Some players read values without quotes as well.
            if wanted(attribute.name) {
                self.rewrite(attribute.value);
            }
        }
    }

    /// A variable's value is rewritten when it names a host, which changes every use. Any other value may be in
    /// the middle of a URI, and an imported value is not in this document: then the uses that begin with the
    /// variable are rewritten.
    fn define(&mut self, list: &'t str) {
        let mut name = None;
        for attribute in attributes(list).map_while(Result::ok).filter(|found| found.quoted) {
            let value = attribute.value;
            match attribute.name {
                "NAME" => name = Some(value),
                "VALUE" if names_host(value) || self.map.replaced(value) > 0 => {
                    self.edits.rewrite(value, self.map, Pathless::Keep);
                }
                "VALUE" => self.keep(name, Some(value.into())),
                "IMPORT" | "QUERYPARAM" if self.lookups < VARIABLES => {
                    self.lookups += 1;
                    let found = match attribute.name {
                        "IMPORT" => self.map.imported(value),
                        _ => self.map.parameter(value),
                    };
                    self.keep(Some(value), found.map(Cow::Owned));
                }
                _ => {}
            }
        }
    }

    fn keep(&mut self, name: Option<&'t str>, value: Option<Cow<'t, str>>) {
        if self.variables.len() < VARIABLES {
            self.variables.extend(name.zip(value));
        }
    }
}

/// `X-ASSET-URI`, `X-ASSET-LIST` and other client attributes whose name ends like that of a URI.
fn is_client_uri(name: &str) -> bool {
    name.starts_with("X-")
        && (name.ends_with("-URI") || name.ends_with("-URL") || name == "X-ASSET-LIST")
}

#[cfg(test)]
mod tests {
    use super::super::super::uri::tests::Proxy;
    use super::*;

    fn rewritten(line: &str) -> String {
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
                rewritten(&line),
                format!("{tag}:A=1,URI=\"/-/s/7/-/o/https/a/x\",B=\"https://a/x\"")
            );
        }
        assert_eq!(
            rewritten("#EXT-X-CONTENT-STEERING:SERVER-URI=\"/s\",PATHWAY-ID=\"a\""),
            "#EXT-X-CONTENT-STEERING:SERVER-URI=\"/-/s/7/s\",PATHWAY-ID=\"a\""
        );
        assert_eq!(
            rewritten(
                "#EXT-X-DATERANGE:ID=\"/a\",X-ASSET-LIST=\"/l\",X-COM-URL=\"//b/c\",X-AD=\"/d\""
            ),
            "#EXT-X-DATERANGE:ID=\"/a\",X-ASSET-LIST=\"/-/s/7/l\",X-COM-URL=\"/-/s/7/-/o/https/b/c\",X-AD=\"/d\""
        );
    }

    #[test]
    fn a_variable_is_rewritten_where_it_is_defined() {
        assert_eq!(
            rewritten("#EXT-X-DEFINE:NAME=\"b\",VALUE=\"https://a\""),
            "#EXT-X-DEFINE:NAME=\"b\",VALUE=\"/-/s/7/-/o/https/a\""
        );
        assert_eq!(
            rewritten("#EXT-X-DEFINE:NAME=\"b\",VALUE=\"/p\""),
            "#EXT-X-DEFINE:NAME=\"b\",VALUE=\"/p\""
        );
        assert_eq!(rewritten("{$b}/x.ts"), "{$b}/x.ts");
        assert_eq!(rewritten("https://{$host}/x.ts"), "/-/s/7/-/o/https/{$host}/x.ts");
    }

    #[test]
    fn a_uri_without_quotes_is_rewritten() {
        assert_eq!(
            rewritten("#EXT-X-KEY:URI=https://a/b,METHOD=AES-128"),
            "#EXT-X-KEY:URI=/-/s/7/-/o/https/a/b,METHOD=AES-128"
        );
    }

    /// A document in a folder, requested with parameters.
    struct Asked;

    impl UriMap for Asked {
        fn absolute(&self, scheme: Option<&str>, authority: &str) -> Option<Cow<'_, str>> {
            Proxy.absolute(scheme, authority).map(|rewritten| rewritten.into_owned().into())
        }

        fn root_relative(&self, path: &str) -> Option<Cow<'_, str>> {
            Proxy.root_relative(path).map(|rewritten| rewritten.into_owned().into())
        }

        fn depth(&self) -> Option<usize> {
            Some(1)
        }

        fn parameter(&self, name: &str) -> Option<String> {
            let value = match name {
                "cdn" => "https://cdn-a.example/p",
                "host" => "cdn-b.example",
                "dir" => "/media/1",
                "net" => "//cdn-c.example",
                "scheme" => "https",
                "folder" => "sub",
                "up" => "../../..",
                "quote" => "https://a\"b",
                _ => return None,
            };
            Some(value.to_owned())
        }
    }

    fn rewritten_line(lines: &str) -> String {
        let body = format!("#EXTM3U\n{lines}\n").into_bytes();
        let out = rewrite(&body, &Asked).unwrap().unwrap_or(body);
        String::from_utf8(out).unwrap().lines().last().unwrap().to_owned()
    }

    #[test]
    fn variables_of_the_query_tell_where_a_uri_leads() {
        let parameters = ["cdn", "host", "dir", "net", "scheme", "folder", "up", "quote"];
        let define = |name: &&str| format!("#EXT-X-DEFINE:QUERYPARAM=\"{name}\"\n");
        let head: String = parameters.iter().map(define).collect();
        for (uri, rewritten) in [
            ("{$cdn}/seg.mp4", "/-/s/7/-/o/https/cdn-a.example/p/seg.mp4"),
            ("{$cdn}", "/-/s/7/-/o/https/cdn-a.example/p"),
            ("{$dir}/seg.mp4?{$host}", "/-/s/7{$dir}/seg.mp4?{$host}"),
            ("{$net}/1.ts", "/-/s/7/-/o/https/cdn-c.example/1.ts"),
            ("{$scheme}://{$host}/{$folder}/1.ts", "/-/s/7/-/o/https/{$host}/{$folder}/1.ts"),
            ("http{$none}://a/1.ts", "http{$none}://a/1.ts"),
            ("{$folder}/1.ts", "{$folder}/1.ts"),
            ("{$up}/1.ts", "/-/s/7/1.ts"),
            ("https://{$host}/1.ts", "/-/s/7/-/o/https/{$host}/1.ts"),
            ("{$quote}/1.ts", "{$quote}/1.ts"),
            (
                "#EXT-X-MAP:URI=\"{$cdn}/i.mp4\"",
                "#EXT-X-MAP:URI=\"/-/s/7/-/o/https/cdn-a.example/p/i.mp4\"",
            ),
        ] {
            assert_eq!(rewritten_line(&format!("{head}{uri}")), rewritten, "{uri}");
        }
        let scheme = "#EXT-X-DEFINE:NAME=\"s\",VALUE=\"https\"\n{$s}://a/1.ts";
        assert_eq!(rewritten_line(scheme), "/-/s/7/-/o/https/a/1.ts");
    }

    /// RFC 3986 5.4.2, for a document one folder below its root.
    #[test]
    fn dots_above_the_root_stay_in_the_session() {
        for (uri, rewritten) in [
            ("../g", "../g"),
            ("../../g", "/-/s/7/g"),
            ("../../../v/1.ts", "/-/s/7/v/1.ts"),
            ("../..", "/-/s/7/"),
            ("../../", "/-/s/7/"),
            ("../../?q=../..", "/-/s/7/?q=../.."),
            ("./../g", "./../g"),
            ("./../../g", "/-/s/7/g"),
            ("x/../../../g", "/-/s/7/g"),
            ("x/../../../y/../g", "/-/s/7/y/../g"),
            ("%2e%2e/.%2E/g", "/-/s/7/g"),
            ("/./g", "/-/s/7/./g"),
            ("/../g", "/-/s/7/g"),
            ("/x/../../v/2.ts", "/-/s/7/v/2.ts"),
            ("/x/../v/2.ts", "/-/s/7/x/../v/2.ts"),
            ("https://a/../v/3.ts", "/-/s/7/-/o/https/a/v/3.ts"),
            ("https://a/x/../../v/3.ts", "/-/s/7/-/o/https/a/v/3.ts"),
            ("https://a/x/../v/3.ts", "/-/s/7/-/o/https/a/x/../v/3.ts"),
            ("https://a/..", "/-/s/7/-/o/https/a/"),
            ("//a/../v", "/-/s/7/-/o/https/a/v"),
            ("g.", "g."),
            ("..g", "..g"),
            ("g..", "g.."),
            ("g/./h", "g/./h"),
            ("g;x=1/../y", "g;x=1/../y"),
            ("g?y/../../../x", "g?y/../../../x"),
            ("g#s/../../../x", "g#s/../../../x"),
        ] {
            assert_eq!(rewritten_line(uri), rewritten, "{uri}");
        }
    }

    #[test]
    fn what_only_looks_like_a_uri_stays() {
        for line in [
            "#EXTINF:4,https://a/title",
            "# https://a/x",
            "#EXT-X-KEY:METHOD=AES-128,URI=\"skd://a\"",
            "#EXT-X-KEY:URI=\"https://a",
            "#EXT-X-STREAM-INF:X=\"https://a/b\"",
        ] {
            assert_eq!(rewritten(line), line);
        }
    }
}
