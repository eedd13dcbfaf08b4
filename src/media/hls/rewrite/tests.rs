//! Playlists whose URIs are rewritten, and those that stay as they are.

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
        rewritten("#EXT-X-DATERANGE:ID=\"/a\",X-ASSET-LIST=\"/l\",X-COM-URL=\"//b/c\",X-AD=\"/d\""),
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

/// The origin sees the value that its manifest defines, wherever a URI does not begin with the variable.
#[test]
fn a_variable_has_the_value_of_the_origin_where_no_uri_begins_with_it() {
    let rewritten = |line: &str| {
        let define = "#EXT-X-DEFINE:NAME=\"all\",VALUE=\"https://cdn-b/x\"\n\
                      #EXT-X-DEFINE:NAME=\"n\",VALUE=\"7\"";
        rewritten(&format!("{define}\n{line}")).lines().last().unwrap().to_owned()
    };
    for (line, expected) in [
        ("{$all}/8", "{$all}/8"),
        ("{$all}", "{$all}"),
        ("seg.ts?u={$all}/8", "seg.ts?u=https://cdn-b/x/8"),
        (
            "/seg{$n}.ts?u={$all}/8&v={$all}#{$n}",
            "/-/s/7/seg{$n}.ts?u=https://cdn-b/x/8&v=https://cdn-b/x#{$n}",
        ),
        ("https://a/s.ts?u={$all}", "/-/s/7/-/o/https/a/s.ts?u=https://cdn-b/x"),
        ("{$all}/s.ts?u={$all}", "{$all}/s.ts?u=https://cdn-b/x"),
        ("{$n}/s.ts?u={$all}", "{$n}/s.ts?u=https://cdn-b/x"),
        ("s/{$none}{$/{$all}/1.ts", "s/{$none}{$/https://cdn-b/x/1.ts"),
        (
            "#EXT-X-MAP:BYTERANGE=\"{$all}\",URI=\"i?u={$all}\"",
            "#EXT-X-MAP:BYTERANGE=\"https://cdn-b/x\",URI=\"i?u=https://cdn-b/x\"",
        ),
        (
            "#EXT-X-SESSION-DATA:DATA-ID=\"a\",VALUE=\"{$all}/{$n}\"",
            "#EXT-X-SESSION-DATA:DATA-ID=\"a\",VALUE=\"https://cdn-b/x/{$n}\"",
        ),
        (
            "#EXT-X-STREAM-INF:BANDWIDTH=1,NAME=\"{$all}\"",
            "#EXT-X-STREAM-INF:BANDWIDTH=1,NAME=\"https://cdn-b/x\"",
        ),
        ("#EXTINF:4,{$all}", "#EXTINF:4,{$all}"),
        // A variable made of another one.
        (
            "#EXT-X-DEFINE:NAME=\"b\",VALUE=\"{$all}/b\"",
            "#EXT-X-DEFINE:NAME=\"b\",VALUE=\"/-/s/7/-/o/https/cdn-b/x/b\"",
        ),
        (
            "#EXT-X-DEFINE:NAME=\"b\",VALUE=\"?u={$all}\"",
            "#EXT-X-DEFINE:NAME=\"b\",VALUE=\"?u=https://cdn-b/x\"",
        ),
        ("#EXT-X-DEFINE:NAME=\"b\",VALUE=\"{$all}/b\"\ns?u={$b}", "s?u=https://cdn-b/x/b"),
        ("#EXT-X-DEFINE:NAME=\"all\",VALUE=\"1\"\ns?u={$all}", "s?u={$all}"),
    ] {
        assert_eq!(rewritten(line), expected, "{line}");
    }
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

    fn imported(&self, name: &str) -> Option<String> {
        (name == "all").then(|| "https://cdn-b/x".to_owned())
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

/// The multivariant playlist has a rewritten value, which the player imports.
#[test]
fn an_imported_variable_has_the_value_of_the_origin_in_a_query() {
    let import = "#EXT-X-DEFINE:IMPORT=\"all\"\n";
    for (uri, rewritten) in [
        ("s.ts?u={$all}/8", "s.ts?u=https://cdn-b/x/8"),
        ("{$all}/8?u={$all}", "/-/s/7/-/o/https/cdn-b/x/8?u=https://cdn-b/x"),
    ] {
        assert_eq!(rewritten_line(&format!("{import}{uri}")), rewritten, "{uri}");
    }
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
