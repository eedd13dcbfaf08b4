//! The URLs of an MPD led elsewhere, byte for byte otherwise: quick-xml finds them, nothing is written anew.
//!
//! Licence URLs inside ContentProtection are left: licences are bound to their server by their own
//! credentials, and a proxy of networks has no business between a player and its keys. So are
//! reporting endpoints and the payloads of events.

use super::super::{
    ManifestError,
    uri::{Edits, Pathless, UriMap},
};
use super::xml::Xml;
use quick_xml::events::{BytesStart, Event};

/// Elements whose text is a URL.
const TEXTS: &[&str] = &["BaseURL", "Location", "PatchLocation", "ContentSteering", "ImportedMPD"];

/// Attributes that are URLs, by element.
const ATTRIBUTES: &[(&str, &[&str])] = &[
    ("SegmentTemplate", &["media", "initialization", "index", "bitstreamSwitching"]),
    ("SegmentURL", &["media", "index"]),
    ("Initialization", &["sourceURL"]),
    ("RepresentationIndex", &["sourceURL"]),
    ("BitstreamSwitching", &["sourceURL"]),
    ("ContentSteering", &["proxyServerURL"]),
    ("ImportedMPD", &["uri"]),
];

/// The ends of the UTCTiming schemes whose value is a list of URLs; the others hold a time or NTP hosts.
const TIMED_BY_URL: &[&str] = &["http-head", "http-iso", "http-xsdate", "http-ntp"];

/// Rewrites an MPD; `None` when no URL of it is led elsewhere.
pub(in super::super) fn rewrite(
    body: &[u8],
    map: &dyn UriMap,
) -> Result<Option<Vec<u8>>, ManifestError> {
    let (mut xml, _) = Xml::new(body)?;
    let mut edits = Edits::new(body);
    // Inside an element whose text is a URL, and before that text.
    let mut expected = false;
    while let Some(event) = xml.next()? {
        match event {
            Event::Start(start) => {
                lead_attributes(&mut edits, &start, map);
                expected = TEXTS.contains(&start.local_name().as_ref());
            }
            Event::Empty(start) => lead_attributes(&mut edits, &start, map),
            Event::End(_) => expected = false,
            // Only the first piece holds the URL's head: an entity begins another piece.
            Event::Text(text) if expected => expected = !lead_text(&mut edits, &text, map),
            Event::CData(text) if expected => expected = !lead_text(&mut edits, &text, map),
            Event::GeneralRef(_) => expected = false,
            _ => {}
        }
    }
    Ok(edits.finish())
}

/// Leads the URL in a text; false if there is only white space.
fn lead_text(edits: &mut Edits<'_>, text: &str, map: &dyn UriMap) -> bool {
    let url = text.trim();
    edits.lead(url, map, Pathless::AddSlash);
    !url.is_empty()
}

fn lead_attributes(edits: &mut Edits<'_>, start: &BytesStart<'_>, map: &dyn UriMap) {
    let name = start.local_name();
    let name = name.as_ref();
    let timing = name == "UTCTiming" && is_timed_by_url(start);
    let known = ATTRIBUTES
        .iter()
        .find(|(element, _)| *element == name)
        .map_or(&[][..], |(_, attributes)| attributes);
    // Most elements (every S of a timeline) have none: their attributes are not even read.
    if !timing && known.is_empty() && !start.attributes_raw().contains("href") {
        return;
    }
    for attribute in start.attributes().with_checks(false).flatten() {
        let key = attribute.key;
        let linked = key.as_ref() == "xlink:href";
        if timing && key.as_ref() == "value" {
            for url in attribute.value.split_ascii_whitespace() {
                edits.lead(url, map, Pathless::AddSlash);
            }
        } else if linked || known.contains(&key.as_ref()) {
            edits.lead(attribute.value.trim(), map, Pathless::AddSlash);
        }
    }
}

fn is_timed_by_url(start: &BytesStart<'_>) -> bool {
    let scheme = start.try_get_attribute("schemeIdUri").ok().flatten();
    scheme.is_some_and(|scheme| TIMED_BY_URL.iter().any(|end| scheme.value.contains(end)))
}

#[cfg(test)]
mod tests {
    use super::super::super::uri::tests::Proxy;
    use super::*;

    fn led(inner: &str) -> String {
        let body = format!("<MPD>{inner}</MPD>");
        let out =
            rewrite(body.as_bytes(), &Proxy).unwrap().unwrap_or_else(|| body.clone().into_bytes());
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
    }

    #[test]
    fn errors_name_the_place() {
        let error = |body: &str| rewrite(body.as_bytes(), &Proxy).unwrap_err().to_string();
        insta::assert_snapshot!(error("<MPD><Period></MPD>"), @"DASH manifest, byte 13: ill-formed document: expected `</Period>`, but `</MPD>` was found");
        insta::assert_snapshot!(error("<MPD><Period>"), @"DASH manifest, byte 13: it breaks off inside <Period>");
        insta::assert_snapshot!(error("<html><body>404"), @r#"DASH manifest: not a manifest: it begins with "<html><body>404", not with <MPD"#);
        insta::assert_snapshot!(rewrite(b"<MPD>\xff", &Proxy).unwrap_err(), @"DASH manifest, byte 5: not UTF-8");
    }
}
