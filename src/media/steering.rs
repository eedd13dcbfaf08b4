//! Content steering manifests (RFC 8216bis §7): JSON with the URI of the next one, and pathway clones.
//!
//! A clone may consist of only a host, with which the player replaces the host it sees: the proxy's. Such a
//! `HOST` is renamed, so that the player stays with the proxy, and is passed in the parameter `vsps.host`, by
//! which the proxy redirects the player to the clone's own address.

use super::{
    ManifestError, ManifestFormat, UriMap,
    json::{self, Value},
    uri::{Edits, leads_inside},
};
use serde::Deserialize;
use std::collections::BTreeMap;

const FORMAT: ManifestFormat = ManifestFormat::Steering;

/// The most clones read from one manifest.
const CLONES: usize = 16;

/// The query parameter that names the host of a pathway clone.
pub const HOST_PARAMETER: &str = "vsps.host";
/// What `HOST` is renamed to: players must ignore keys that they do not know.
const HOST_ASIDE: &str = "X-VSPS-HOST";

/// A steering manifest, as far as it names URIs.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Steering {
    /// The URI of the next manifest.
    #[serde(rename = "RELOAD-URI")]
    pub(super) reload: Option<String>,
    /// Pathways derived from others.
    #[serde(rename = "PATHWAY-CLONES", default)]
    pub(super) clones: Vec<PathwayClone>,
}

/// A pathway derived from another one.
#[derive(Debug, Default, Deserialize)]
pub(super) struct PathwayClone {
    /// How the other pathway's URIs change.
    #[serde(rename = "URI-REPLACEMENT", default)]
    pub(super) replacement: Replacement,
}

/// How a pathway's URIs change in its clone.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Replacement {
    /// The host that replaces theirs.
    #[serde(rename = "HOST")]
    pub(super) host: Option<String>,
    /// Whole URIs, by STABLE-VARIANT-ID.
    #[serde(rename = "PER-VARIANT-URIS", default)]
    pub(super) variants: BTreeMap<String, String>,
    /// Whole URIs, by STABLE-RENDITION-ID.
    #[serde(rename = "PER-RENDITION-URIS", default)]
    pub(super) renditions: BTreeMap<String, String>,
}

/// Reads a steering manifest.
pub(super) fn read(body: &[u8]) -> Result<Steering, ManifestError> {
    let mut steering: Steering = json::read(FORMAT, super::error::text(FORMAT, body)?)?;
    steering.clones.truncate(CLONES);
    Ok(steering)
}

/// The `HOST` of a replacement, with which a player would replace the proxy's host.
struct Host<'a> {
    /// The text after the replacement's brace.
    object: &'a str,
    /// The host, between its quotes.
    name: Option<&'a str>,
    /// The text after the brace of `PARAMS`.
    params: Option<&'a str>,
}

/// Rewrites a steering manifest; `None` when no URI of it changes.
pub(super) fn rewrite(body: &[u8], map: &dyn UriMap) -> Result<Option<Vec<u8>>, ManifestError> {
    let text = json::valid_text(FORMAT, body)?;
    let mut uris: Vec<(&str, bool)> = Vec::new();
    let mut hosts: Vec<Host<'_>> = Vec::new();
    json::scan(text, &mut |spot| match (spot.path, spot.value) {
        (["RELOAD-URI"], Value::Text(uri)) => uris.push((uri, false)),
        ([CLONE, "*", REPLACEMENT, rest @ ..], value) => match (rest, value) {
            ([], Value::Object(object)) => {
                hosts.push(Host { object, name: None, params: None });
            }
            (["PER-VARIANT-URIS" | "PER-RENDITION-URIS", _], Value::Text(uri)) => {
                uris.push((uri, true));
            }
            (["HOST"], Value::Text(name)) => {
                hosts.last_mut().map(|host| host.name = Some(name)).unwrap_or_default();
            }
            (["PARAMS"], Value::Object(params)) => {
                hosts.last_mut().map(|host| host.params = Some(params)).unwrap_or_default();
            }
            _ => {}
        },
        _ => {}
    });
    let mut out = Vec::new();
    for host in &hosts {
        rewrite_host(&mut out, host, map);
    }
    for (uri, absolute) in uris {
        rewrite_reference(&mut out, uri, absolute, map);
    }
    out.sort_unstable_by_key(|edit| edit.part.as_ptr() as usize);
    let mut edits = Edits::new(body);
    for Edit { part, len, text } in &out {
        edits.put(part, *len, &[text]);
    }
    Ok(edits.finish())
}

const CLONE: &str = "PATHWAY-CLONES";
const REPLACEMENT: &str = "URI-REPLACEMENT";

/// The first `len` bytes of `part` become `text`.
struct Edit<'a> {
    part: &'a str,
    len: usize,
    text: String,
}

/// Rewrites a URI; one that players do not resolve against a base begins with the proxy's own address.
fn rewrite_reference<'a>(out: &mut Vec<Edit<'a>>, raw: &'a str, absolute: bool, map: &dyn UriMap) {
    let Some(uri) = json::unescaped(raw) else { return };
    let Some(rewritten) = super::uri::rewrite_uri(&uri, map) else { return };
    let own = map.own().filter(|_| absolute && rewritten.starts_with('/')).unwrap_or_default();
    out.push(Edit { part: raw, len: raw.len(), text: json::escaped(format!("{own}{rewritten}")) });
}

/// Hides a host from the player, and passes it as a parameter.
fn rewrite_host<'a>(out: &mut Vec<Edit<'a>>, host: &Host<'a>, map: &dyn UriMap) {
    let Some(name) = host.name.filter(|name| !name.contains(['\\', '/', '&'])) else { return };
    // The look-up also allows the host for the session; a map that changes nothing leaves it.
    let Some(rewritten) = map.absolute(None, name) else { return };
    if !leads_inside(&rewritten, map) {
        return;
    }
    // The key is between the brace and its value.
    let before = (name.as_ptr() as usize).saturating_sub(host.object.as_ptr() as usize);
    let Some(key) = host.object.get(..before).and_then(|text| text.rfind("\"HOST\"")) else {
        return;
    };
    let Some(key) = host.object.get(key + 1..key + 5) else { return };
    out.push(Edit { part: key, len: key.len(), text: HOST_ASIDE.to_owned() });
    let parameter = format!("\"{HOST_PARAMETER}\":\"{name}\"");
    match host.params {
        Some(params) => {
            let last = if params.trim_start().starts_with('}') { "" } else { "," };
            out.push(Edit { part: params, len: 0, text: format!("{parameter}{last}") });
        }
        None => {
            let text = format!("\"PARAMS\":{{{parameter}}},");
            out.push(Edit { part: host.object, len: 0, text });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::uri::tests::Proxy;
    use super::*;
    use std::borrow::Cow;

    fn rewritten(text: &str) -> String {
        let out = rewrite(text.as_bytes(), &Proxy).unwrap();
        out.map_or(text.to_owned(), |out| String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_uri_of_the_next_manifest_is_rewritten() {
        assert_eq!(
            rewritten(
                r#"{"VERSION":1,"TTL":300,"RELOAD-URI":"https://steer.example/v1?s=1&t=2","PATHWAY-PRIORITY":["a"]}"#
            ),
            r#"{"VERSION":1,"TTL":300,"RELOAD-URI":"/-/s/7/-/o/https/steer.example/v1?s=1&t=2","PATHWAY-PRIORITY":["a"]}"#
        );
        assert_eq!(rewritten(r#"{"RELOAD-URI":"v2?s=1"}"#), r#"{"RELOAD-URI":"v2?s=1"}"#);
    }

    #[test]
    fn a_clone_by_host_keeps_to_the_proxy() {
        let clone = |inner: &str| {
            format!(
                r#"{{"PATHWAY-CLONES":[{{"BASE-ID":"a","ID":"b","URI-REPLACEMENT":{inner}}}]}}"#
            )
        };
        assert_eq!(
            rewritten(&clone(r#"{ "HOST":"b.example" }"#)),
            clone(r#"{"PARAMS":{"vsps.host":"b.example"}, "X-VSPS-HOST":"b.example" }"#)
        );
        assert_eq!(
            rewritten(&clone(r#"{"PARAMS":{"t":"1"},"HOST":"b.example"}"#)),
            clone(r#"{"PARAMS":{"vsps.host":"b.example","t":"1"},"X-VSPS-HOST":"b.example"}"#)
        );
        assert_eq!(
            rewritten(&clone(r#"{"HOST" : "b.example","PARAMS":{}}"#)),
            clone(r#"{"X-VSPS-HOST" : "b.example","PARAMS":{"vsps.host":"b.example"}}"#)
        );
        let once = rewritten(&clone(r#"{ "HOST":"b.example" }"#));
        assert_eq!(rewritten(&once), once);
    }

    /// A map whose results begin with the proxy's own address (`--public-url`).
    struct Public;

    impl UriMap for Public {
        fn absolute(&self, scheme: Option<&str>, authority: &str) -> Option<Cow<'_, str>> {
            Some(format!("https://own.test{}", Proxy.absolute(scheme, authority)?).into())
        }

        fn root_relative(&self, path: &str) -> Option<Cow<'_, str>> {
            Some(format!("https://own.test{}", Proxy.root_relative(path)?).into())
        }

        fn own(&self) -> Option<&str> {
            Some("https://own.test")
        }
    }

    #[test]
    fn a_clone_by_host_keeps_to_the_proxys_public_address() {
        let text = r#"{"PATHWAY-CLONES":[{"URI-REPLACEMENT":{"HOST":"b.example"}}]}"#;
        let out = rewrite(text.as_bytes(), &Public).unwrap().unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"PATHWAY-CLONES":[{"URI-REPLACEMENT":{"PARAMS":{"vsps.host":"b.example"},"X-VSPS-HOST":"b.example"}}]}"#
        );
    }

    #[test]
    fn whole_uris_are_led_and_read() {
        let text = r#"{"PATHWAY-CLONES":[{"ID":"b","URI-REPLACEMENT":{"PER-VARIANT-URIS":{"hi":"https://b.example/hi.m3u8"},"PER-RENDITION-URIS":{"en":"https://b.example/en.m3u8"}}}]}"#;
        let expected =
            text.replace("https://b.example/", "http://proxy.test/-/s/7/-/o/https/b.example/");
        assert_eq!(rewritten(text), expected);
        let steering = read(text.as_bytes()).unwrap();
        assert_eq!(steering.clones[0].replacement.variants["hi"], "https://b.example/hi.m3u8");
    }
}
