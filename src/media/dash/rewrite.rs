//! The URLs of an MPD (or of a patch to one) led elsewhere, byte for byte otherwise.
//!
//! Licence URLs inside ContentProtection are left: licences are bound to their server by their own
//! credentials, and a proxy of networks has no business between a player and its keys. So are
//! reporting endpoints, the payloads of events, and the clocks that a producer says it used.

use super::super::{
    ManifestError, ManifestFormat, charset,
    uri::{Edits, Pathless, UriMap},
    xml::{Tag, Token, Xml},
};

/// What a document begins with: an MPD, a patch, or an element that an MPD links to.
pub(super) const ROOTS: &[&str] = &[
    "<MPD",
    "<Patch",
    "<Period",
    "<AdaptationSet",
    "<Representation",
    "<SegmentList",
    "<EventStream",
];

/// Elements whose text is a URL.
const TEXTS: &[&str] = &["BaseURL", "Location", "PatchLocation", "ContentSteering", "ImportedMPD"];

/// Elements that are kept whole, with all they hold.
const WHOLE: &[&str] = &["ContentProtection", "Event", "ProducerReferenceTime"];

/// The ends of the UTCTiming schemes whose value is a list of URLs; the others hold a time or NTP hosts.
const TIMED_BY_URL: &[&str] = &["http-head", "http-iso", "http-xsdate", "http-ntp"];

/// The attributes of an element that are URLs.
fn attributes(element: &str) -> &'static [&'static str] {
    match element {
        "SegmentTemplate" => &["media", "initialization", "index", "bitstreamSwitching"],
        "SegmentURL" => &["media", "index"],
        "Initialization" | "RepresentationIndex" | "BitstreamSwitching" => &["sourceURL"],
        "InitializationSet" => &["initialization"],
        "ContentSteering" => &["proxyServerURL"],
        "ImportedMPD" => &["uri"],
        _ => &[],
    }
}

/// Rewrites an MPD or a patch; `None` when no URL of it is led elsewhere.
pub(in super::super) fn rewrite(
    format: ManifestFormat,
    body: &[u8],
    map: &dyn UriMap,
) -> Result<Option<Vec<u8>>, ManifestError> {
    let (text, charset) = charset::decode(format, body)?;
    let mut xml = Xml::new(format, &text, ROOTS)?;
    let mut edits = Edits::new(text.as_bytes());
    // Inside an element whose text is a URL, and before that text.
    let mut expected = false;
    // How deep the element lies that is kept whole.
    let mut whole = None;
    while let Some(token) = xml.next()? {
        match token {
            Token::End(_) => {
                expected = false;
                whole = whole.filter(|depth| xml.depth() >= *depth);
            }
            _ if whole.is_some() => {}
            Token::Start(tag) => {
                lead_attributes(&mut edits, tag, map);
                expected = TEXTS.contains(&tag.name) || is_patched_url(tag);
                whole = WHOLE.contains(&tag.name).then(|| xml.depth());
            }
            Token::Empty(tag) => lead_attributes(&mut edits, tag, map),
            Token::Text(text) | Token::CData(text) if expected => {
                let url = text.trim();
                edits.lead(url, map, Pathless::AddSlash);
                expected = url.is_empty();
            }
            Token::Text(_) | Token::CData(_) => {}
        }
    }
    Ok(edits.finish().map(|out| charset.encode(out)))
}

fn lead_attributes(edits: &mut Edits<'_>, tag: Tag<'_>, map: &dyn UriMap) {
    if tag.name == "S" {
        return;
    }
    let known = attributes(tag.name);
    let timing = tag.name == "UTCTiming" && is_timed_by_url(tag);
    // Most elements have none: their attributes are not even read.
    if !timing && known.is_empty() && !tag.inside.contains(":href") {
        return;
    }
    for (key, value) in tag.attributes() {
        if timing && key == "value" {
            for url in value.split_ascii_whitespace() {
                edits.lead(url, map, Pathless::AddSlash);
            }
        } else if key.ends_with(":href") || known.contains(&key) {
            edits.lead(value.trim(), map, Pathless::AddSlash);
        }
    }
}

/// Whether a UTCTiming's value is a list of URLs.
pub(super) fn is_timed_by_url(tag: Tag<'_>) -> bool {
    let scheme = tag.raw("schemeIdUri");
    scheme.is_some_and(|scheme| TIMED_BY_URL.iter().any(|end| scheme.contains(end)))
}

/// Whether the text of a patch's `add` or `replace` is a URL, by what it selects (RFC 5261):
/// `/MPD/Location/text()`, `…/SegmentTemplate/@media`, or an element with `type="@media"`.
fn is_patched_url(tag: Tag<'_>) -> bool {
    if !matches!(tag.name, "add" | "replace") {
        return false;
    }
    let Some(selected) = tag.raw("sel") else { return false };
    let (parent, last) = selected.rsplit_once('/').unwrap_or_default();
    let attribute = match tag.raw("type") {
        Some(added) => Some((last, added)),
        None => Some((parent.rsplit('/').next().unwrap_or_default(), last)),
    };
    let is_url = |(element, attribute): (&str, &str)| {
        let element = element.split('[').next().unwrap_or_default();
        let element = element.rsplit(':').next().unwrap_or_default();
        match attribute.strip_prefix('@') {
            Some(name) => name.ends_with(":href") || attributes(element).contains(&name),
            None => attribute == "text()" && TEXTS.contains(&element),
        }
    };
    attribute.is_some_and(is_url)
}

#[cfg(test)]
mod tests {
    use super::super::super::uri::tests::Proxy;
    use super::*;

    fn led(inner: &str) -> String {
        let body = format!("<MPD>{inner}</MPD>");
        let out = rewrite(ManifestFormat::Mpd, body.as_bytes(), &Proxy)
            .unwrap()
            .unwrap_or_else(|| body.clone().into_bytes());
        let out = String::from_utf8(out).unwrap();
        out.strip_prefix("<MPD>").unwrap().strip_suffix("</MPD>").unwrap().to_owned()
    }

    #[test]
    fn texts_keep_their_space_and_markup() {
        assert_eq!(
            led("<BaseURL a='b'>\n  https://a/x?k=1&amp;l=//b \n</BaseURL>"),
            "<BaseURL a='b'>\n  /-/s/7/-/o/https/a/x?k=1&amp;l=//b \n</BaseURL>"
        );
        assert_eq!(
            led("<Location><![CDATA[ https://a/m.mpd]]></Location>"),
            "<Location><![CDATA[ /-/s/7/-/o/https/a/m.mpd]]></Location>"
        );
        assert_eq!(
            led("<BaseURL><!-- https://a/ -->/x/</BaseURL>"),
            "<BaseURL><!-- https://a/ -->/-/s/7/x/</BaseURL>"
        );
        assert_eq!(led("<BaseURL>x&amp;/y</BaseURL>"), "<BaseURL>x&amp;/y</BaseURL>");
        assert_eq!(
            led("<d:BaseURL>https://a</d:BaseURL>"),
            "<d:BaseURL>/-/s/7/-/o/https/a/</d:BaseURL>"
        );
    }

    #[test]
    fn attributes_by_element() {
        assert_eq!(
            led(
                "<SegmentTemplate  media = '/$Number$.m4s'\n initialization=\"https://a/$RepresentationID$\" />"
            ),
            "<SegmentTemplate  media = '/-/s/7/$Number$.m4s'\n initialization=\"/-/s/7/-/o/https/a/$RepresentationID$\" />"
        );
        assert_eq!(
            led("<SegmentURL media=\"//a/1\" mediaRange=\"/\"/>"),
            "<SegmentURL media=\"/-/s/7/-/o/https/a/1\" mediaRange=\"/\"/>"
        );
        assert_eq!(
            led("<Period xlink:href=\"https://a/p\" xlink:actuate=\"onLoad\"/>"),
            "<Period xlink:href=\"/-/s/7/-/o/https/a/p\" xlink:actuate=\"onLoad\"/>"
        );
        let stays = "<Period xlink:href=\"urn:mpeg:dash:resolve-to-zero:2013\"/>";
        assert_eq!(led(stays), stays);
    }

    #[test]
    fn clocks_asked_over_http() {
        assert_eq!(
            led(
                "<UTCTiming value=\"https://a/t  https://b/t\" schemeIdUri=\"urn:mpeg:dash:utc:http-iso:2014\"/>"
            ),
            "<UTCTiming value=\"/-/s/7/-/o/https/a/t  /-/s/7/-/o/https/b/t\" schemeIdUri=\"urn:mpeg:dash:utc:http-iso:2014\"/>"
        );
        let stays =
            "<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:direct:2014\" value=\"https://a/t\"/>";
        assert_eq!(led(stays), stays);
    }

    #[test]
    fn licences_stay() {
        let stays =
            "<ContentProtection><dashif:Laurl>https://a/l</dashif:Laurl></ContentProtection>";
        assert_eq!(led(stays), stays);
        let stays = "<Event><x:BaseURL>https://a/</x:BaseURL></Event>";
        assert_eq!(led(stays), stays);
        assert_eq!(
            led("<ContentProtection><a><b/></a></ContentProtection><BaseURL>/x</BaseURL>"),
            "<ContentProtection><a><b/></a></ContentProtection><BaseURL>/-/s/7/x</BaseURL>"
        );
    }

    #[test]
    fn patches() {
        let patch = |sel: &str, inner: &str| format!("<add sel=\"{sel}\">{inner}</add>");
        for sel in [
            "/MPD/Location/text()",
            "/MPD/Period[@id='a']/SegmentTemplate/@media",
            "//*[1]/@xlink:href",
        ] {
            assert_eq!(led(&patch(sel, "https://a/b")), patch(sel, "/-/s/7/-/o/https/a/b"));
        }
        for sel in ["/MPD/@publishTime", "/MPD/Period", "@x", ""] {
            assert_eq!(led(&patch(sel, "https://a/b")), patch(sel, "https://a/b"));
        }
        assert_eq!(
            led("<add sel='/MPD/Period/SegmentTemplate[1]' type='@media'>/a</add>"),
            "<add sel='/MPD/Period/SegmentTemplate[1]' type='@media'>/-/s/7/a</add>"
        );
    }

    #[test]
    fn errors_name_the_place() {
        let error = |body: &str| {
            rewrite(ManifestFormat::Mpd, body.as_bytes(), &Proxy).unwrap_err().to_string()
        };
        insta::assert_snapshot!(error("<MPD><Period></MPD>"), @"DASH manifest, byte 13: expected `</Period>`, but `</MPD>` was found");
        insta::assert_snapshot!(error("<MPD><Period>"), @"DASH manifest, byte 13: it breaks off inside <Period>");
        insta::assert_snapshot!(error("<html><body>404"), @r#"DASH manifest: not a manifest: it begins with "<html><body>404", not with <MPD"#);
        insta::assert_snapshot!(rewrite(ManifestFormat::Mpd, b"<MPD>\xff", &Proxy).unwrap_err(), @"DASH manifest, byte 5: not UTF-8");
    }
}
