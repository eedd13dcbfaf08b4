//! The URLs of an MPD (or of a patch to one) led elsewhere, byte for byte otherwise.
//!
//! Licence URLs inside ContentProtection are left: licences are bound to their server by their own
//! credentials, and a proxy of networks has no business between a player and its keys. So are
//! reporting endpoints, the payloads of events, and the clocks that a producer says it used.
//!
//! What is absolute in a BaseURL or link stays absolute: players take the first of several relative
//! BaseURLs for the only one, and put no base before a steering server or a link.

use super::super::{
    ManifestError, ManifestFormat, charset,
    uri::{Edits, UriMap, names_host},
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

/// The scheme of a property that names a font to be downloaded (ETSI TS 103 285, 7.2).
const FONT: &str = "urn:dvb:dash:fontdownload";

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
    let mut leader = Leader { edits: Edits::new(text.as_bytes()), map, bases: Vec::new() };
    // The element whose text is a URL, before that text.
    let mut expected = None;
    // How deep the element lies that is kept whole.
    let mut whole = None;
    while let Some(token) = xml.next()? {
        match token {
            Token::End(_) => {
                expected = None;
                leader.close(xml.depth());
                whole = whole.filter(|depth| xml.depth() >= *depth);
            }
            _ if whole.is_some() => {}
            Token::Start(tag) => {
                leader.attributes(tag);
                let url = TEXTS.contains(&tag.name) || is_patched_url(tag);
                expected = url.then_some(tag.name);
                whole = WHOLE.contains(&tag.name).then(|| xml.depth());
            }
            Token::Empty(tag) => leader.attributes(tag),
            Token::Text(text) | Token::CData(text) => {
                let url = text.trim();
                if url.is_empty() {
                    continue;
                }
                match expected.take() {
                    Some("BaseURL") => leader.base(url, xml.depth()),
                    Some(_) => leader.edits.lead_absolute(url, map),
                    None => {}
                }
            }
        }
    }
    Ok(leader.edits.finish().map(|out| charset.encode(out)))
}

struct Leader<'a, 't> {
    edits: Edits<'t>,
    map: &'a dyn UriMap,
    /// The open elements with a BaseURL, by their depth, and the one that names the host at which their
    /// references stand: the first of each level, as far as it names any.
    bases: Vec<(usize, Option<&'t str>)>,
}

impl<'t> Leader<'_, 't> {
    /// Elements deeper than `depth` are over.
    fn close(&mut self, depth: usize) {
        while self.bases.pop_if(|(held, _)| *held > depth).is_some() {}
    }

    /// Leads the BaseURL `url`, an element at `depth`.
    fn base(&mut self, url: &'t str, depth: usize) {
        let level = depth.saturating_sub(1);
        let above = self.bases.iter().rev().find(|(held, _)| *held < level);
        let above = above.and_then(|(_, base)| *base);
        if names_host(url) {
            self.edits.lead_absolute(url, self.map);
        } else {
            self.edits.lead_from(above, url, self.map);
        }
        if self.bases.last().is_none_or(|(held, _)| *held < level) {
            self.bases.push((level, if names_host(url) { Some(url) } else { above }));
        }
    }

    fn attributes(&mut self, tag: Tag<'_>) {
        if tag.name == "S" {
            return;
        }
        let known = attributes(tag.name);
        let timing = tag.name == "UTCTiming" && is_timed_by_url(tag);
        let font = tag.name.ends_with("Property") && tag.inside.contains(FONT);
        // Most elements have none: their attributes are not even read.
        if !(timing || font || !known.is_empty() || tag.inside.contains(":href")) {
            return;
        }
        let base = self.bases.last().and_then(|(_, base)| *base);
        for (key, value) in tag.attributes() {
            if timing && key == "value" {
                for url in value.split_ascii_whitespace() {
                    self.edits.lead_from(base, url, self.map);
                }
            } else if is_link(key) || (font && key.ends_with(":url")) {
                self.edits.lead_absolute(value.trim(), self.map);
            } else if known.contains(&key) {
                self.edits.lead_from(base, value.trim(), self.map);
            }
        }
    }
}

/// Attributes of any element, or of any that has it, before which players put no base.
fn is_link(key: &str) -> bool {
    key.ends_with(":href") || key == "proxyServerURL"
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
            "<BaseURL a='b'>\n  http://proxy.test/-/s/7/-/o/https/a/x?k=1&amp;l=//b \n</BaseURL>"
        );
        assert_eq!(
            led("<Location><![CDATA[ https://a/m.mpd]]></Location>"),
            "<Location><![CDATA[ http://proxy.test/-/s/7/-/o/https/a/m.mpd]]></Location>"
        );
        assert_eq!(
            led("<BaseURL><!-- https://a/ -->/x/</BaseURL>"),
            "<BaseURL><!-- https://a/ -->/-/s/7/x/</BaseURL>"
        );
        assert_eq!(led("<BaseURL>x&amp;/y</BaseURL>"), "<BaseURL>x&amp;/y</BaseURL>");
        assert_eq!(
            led("<d:BaseURL>https://a</d:BaseURL>"),
            "<d:BaseURL>http://proxy.test/-/s/7/-/o/https/a/</d:BaseURL>"
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
            "<Period xlink:href=\"http://proxy.test/-/s/7/-/o/https/a/p\" xlink:actuate=\"onLoad\"/>"
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
            assert_eq!(
                led(&patch(sel, "https://a/b")),
                patch(sel, "http://proxy.test/-/s/7/-/o/https/a/b")
            );
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
