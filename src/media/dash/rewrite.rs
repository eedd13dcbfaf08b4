//! Rewrites the URLs of an MPD (or of a patch to one); every other byte stays.
//!
//! Licence URLs inside ContentProtection stay: licences are bound to their server by their own credentials, and
//! this proxy does not handle them. Reporting endpoints, the payloads of events (except the MPDs that they
//! name), and the clocks in ProducerReferenceTime stay too.
//!
//! An absolute URL in a BaseURL or link stays absolute: players use only the first of several relative
//! BaseURLs, and do not resolve a steering server or a link against a base.

use super::{
    super::{
        ManifestError, ManifestFormat, dot_segments,
        uri::{UriMap, is_at_root, names_host},
        xml::{Tag, Token, Xml},
        xml_edits::{Source, Value},
        xml_uris::UriRewriter,
    },
    representation_id::{has_id, may_lead},
    roots::{Level, Roots},
    url_elements::{
        FONT, ROOTS, WHOLE, alternatives, attributes, is_chained, is_link, is_timed_by_url,
    },
    url_text::UrlText,
};

/// Rewrites an MPD or a patch; `None` when no URL of it changes. Parts that cannot be read stay.
pub(in crate::media) fn rewrite(
    format: ManifestFormat,
    body: &[u8],
    map: &dyn UriMap,
) -> Result<Option<Vec<u8>>, ManifestError> {
    let source = Source::read(format, body)?;
    let text = source.text();
    let mut xml = Xml::new(format, text, ROOTS)?.lenient();
    let mut walk = Walk { text, rewriter: UriRewriter::new(map), roots: Roots::new(map.bases()) };
    // The element whose text is a URL: its depth, what it is, and the text so far.
    let mut expected: Option<(usize, UrlText, Value<'_>)> = None;
    // The depth of the element that stays unchanged.
    let mut whole = None;
    while let Some(token) = xml.next()? {
        let depth = xml.depth();
        match token {
            Token::End(_) => {
                if let Some((_, written, value)) = expected.take_if(|(held, ..)| *held > depth) {
                    walk.text(written, value, depth);
                }
                walk.roots.close(depth);
                whole = whole.filter(|held| depth >= *held);
            }
            Token::Start(tag) | Token::Empty(tag) if whole.is_some() => {
                walk.alternatives(tag, whole.unwrap_or_default());
            }
            _ if whole.is_some() => {}
            Token::Start(tag) => {
                if matches!(tag.name, "Patch" | "PatchLocation") {
                    walk.roots.expect_patches();
                }
                walk.attributes(tag, depth - 1);
                if let Some(written) = UrlText::of(tag) {
                    expected = Some((depth, written, Value::empty()));
                }
                whole = WHOLE.contains(&tag.name).then_some(depth);
            }
            Token::Empty(tag) => {
                walk.attributes(tag, depth);
                walk.roots.close(depth);
            }
            Token::Text(piece) | Token::CData(piece) => {
                if let Some((_, _, value)) = expected.as_mut().filter(|(held, ..)| *held == depth) {
                    let _ = value.push(text, piece, matches!(token, Token::CData(_)));
                }
            }
        }
    }
    let Walk { mut rewriter, roots, .. } = walk;
    roots.rewrite(&mut rewriter);
    Ok(source.edited(rewriter.finish()))
}

/// The state of rewriting a document.
struct Walk<'m, 't> {
    text: &'t str,
    rewriter: UriRewriter<'m>,
    roots: Roots<'t>,
}

impl<'t> Walk<'_, 't> {
    /// Rewrites the text of an element whose parent is at `depth`.
    fn text(&mut self, written: UrlText, value: Value<'t>, depth: usize) {
        let url = value.decoded().trim();
        let names_host = names_host(url);
        let level = self.roots.level(depth);
        match written {
            UrlText::Base => {
                self.roots.base(level, url);
                if names_host {
                    rewrite_now(&mut self.rewriter, &value, true);
                } else {
                    self.later(value, Level::Above(level));
                }
            }
            UrlText::Patched if !names_host => self.later(value, Level::At(level)),
            UrlText::Alone | UrlText::Patched => {
                rewrite_now(&mut self.rewriter, &value, true);
            }
        }
    }

    /// Rewrites a reference below the bases of `level`, once these are known.
    fn later(&mut self, value: Value<'t>, level: Level) {
        // Most are relative, and go down.
        let url = value.decoded().trim_start();
        if is_at_root(url) || dot_segments::may_have(url) {
            self.roots.defer(value, level);
        } else {
            rewrite_now(&mut self.rewriter, &value, false);
        }
    }

    fn value(&self, raw: &'t str) -> Option<Value<'t>> {
        Value::attribute(self.text, raw)
    }

    /// Rewrites the MPDs that an element of the event at `depth` names.
    fn alternatives(&mut self, tag: Tag<'t>, depth: usize) {
        for value in alternatives(tag).filter_map(|raw| Value::attribute(self.text, raw)) {
            let level = self.roots.level(depth);
            self.roots.rewrite_list(value, true, level);
        }
    }

    /// Rewrites the id of the Representation at `depth`, once its templates are known.
    fn id(&mut self, tag: Tag<'t>, depth: usize) {
        let Some(value) = tag.raw("id").and_then(|raw| self.value(raw)) else { return };
        if may_lead(value.decoded()) {
            let level = self.roots.level(depth);
            self.roots.defer_id(value, level);
        }
    }

    /// Rewrites the attributes of an element whose parent is at `depth`.
    fn attributes(&mut self, tag: Tag<'t>, depth: usize) {
        match tag.name {
            "S" => return,
            "Representation" => self.id(tag, depth + 1),
            _ => {}
        }
        let known = attributes(tag.name);
        let property = tag.name.ends_with("Property");
        let list =
            (tag.name == "UTCTiming" && is_timed_by_url(tag)) || (property && is_chained(tag));
        let font = property && tag.inside.contains(FONT);
        // Most elements have none: their attributes are not even read.
        if !(list || font || !known.is_empty() || tag.inside.contains(":href")) {
            return;
        }
        // An element that addresses segments applies to its parent.
        let inner = !matches!(tag.name, "SegmentTemplate" | "InitializationSet");
        for (key, raw) in tag.attributes() {
            let Some(value) = self.value(raw) else { continue };
            if list && key == "value" {
                let level = self.roots.level(depth);
                self.roots.rewrite_list(value, property, level);
            } else if is_link(key) || (font && key.ends_with(":url")) {
                rewrite_now(&mut self.rewriter, &value, true);
            } else if known.contains(&key) {
                let level = self.roots.level(depth.saturating_sub(usize::from(inner)));
                if has_id(value.decoded()) {
                    self.roots.template(level, value.decoded());
                }
                self.later(value, Level::Below(level));
            }
        }
    }
}

/// Rewrites a URL that is not resolved against a base, or that no base changes.
fn rewrite_now(rewriter: &mut UriRewriter<'_>, value: &Value<'_>, absolute: bool) {
    let document = rewriter.document();
    if absolute {
        rewriter.rewrite_absolute(value, document);
    } else {
        rewriter.rewrite(value, document);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::uri::tests::Proxy;
    use super::*;

    fn rewritten(inner: &str) -> String {
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
            rewritten("<BaseURL a='b'>\n  https://a/x?k=1&amp;l=//b \n</BaseURL>"),
            "<BaseURL a='b'>\n  http://proxy.test/-/s/7/-/o/https/a/x?k=1&amp;l=//b \n</BaseURL>"
        );
        assert_eq!(
            rewritten("<Location><![CDATA[ https://a/m.mpd]]></Location>"),
            "<Location><![CDATA[ http://proxy.test/-/s/7/-/o/https/a/m.mpd]]></Location>"
        );
        assert_eq!(
            rewritten("<BaseURL>https:<!-- /c --><![CDATA[//]]>a/x/</BaseURL>"),
            "<BaseURL>http://proxy.test/-/s/7/-/o/https/a<!-- /c --><![CDATA[]]>/x/</BaseURL>"
        );
        assert_eq!(
            rewritten("<BaseURL><!-- https://a/ -->/x/</BaseURL>"),
            "<BaseURL><!-- https://a/ -->/-/s/7/x/</BaseURL>"
        );
        assert_eq!(rewritten("<BaseURL>x&amp;/y</BaseURL>"), "<BaseURL>x&amp;/y</BaseURL>");
        assert_eq!(
            rewritten("<d:BaseURL>https://a</d:BaseURL>"),
            "<d:BaseURL>http://proxy.test/-/s/7/-/o/https/a/</d:BaseURL>"
        );
    }

    #[test]
    fn attributes_by_element() {
        assert_eq!(
            rewritten(
                "<SegmentTemplate  media = '/$Number$.m4s'\n initialization=\"https://a/$RepresentationID$\" />"
            ),
            "<SegmentTemplate  media = '/-/s/7/$Number$.m4s'\n initialization=\"/-/s/7/-/o/https/a/$RepresentationID$\" />"
        );
        assert_eq!(
            rewritten("<SegmentURL media=\"//a/1\" mediaRange=\"/\"/>"),
            "<SegmentURL media=\"/-/s/7/-/o/https/a/1\" mediaRange=\"/\"/>"
        );
        assert_eq!(
            rewritten("<Period xlink:href=\"https://a/p\" xlink:actuate=\"onLoad\"/>"),
            "<Period xlink:href=\"http://proxy.test/-/s/7/-/o/https/a/p\" xlink:actuate=\"onLoad\"/>"
        );
        let stays = "<Period xlink:href=\"urn:mpeg:dash:resolve-to-zero:2013\"/>";
        assert_eq!(rewritten(stays), stays);
    }

    /// What begins with an id leads where the id leads.
    #[test]
    fn ids_that_lead_out_of_the_session() {
        let period = |template: &str, own: &str, ids: [&str; 2]| {
            let each = |id: &str| format!("<Representation id=\"{id}\">{own}</Representation>");
            rewritten(&format!(
                "<Period><AdaptationSet>{template}{}{}</AdaptationSet></Period>",
                each(ids[0]),
                each(ids[1])
            ))
        };
        let template = |media: &str| format!("<SegmentTemplate media=\"{media}\"/>");
        let first = template("$RepresentationID$/$Number$.m4s");
        for (ids, expected) in [
            (["/a", "b"], ["-/root/a", "b"]),
            (["//h/a", "https://h/b"], ["/-/s/7/-/o/https/h/a", "/-/s/7/-/o/https/h/b"]),
            (["&#x2F;a", "a/b"], ["-/root&#x2F;a", "a/b"]),
        ] {
            for out in [period(&first, "", ids), period("", &first, ids)] {
                for id in expected {
                    assert!(out.contains(&format!("<Representation id=\"{id}\">")), "{out}");
                }
                assert!(out.contains(&first), "{out}");
            }
        }
        // It is not at the beginning, or the Representation has a template of its own.
        for (above, own) in
            [("v/$RepresentationID$", ""), ("$RepresentationID$", "v/$RepresentationID$")]
        {
            let own = if own.is_empty() { String::new() } else { template(own) };
            let out = period(&template(above), &own, ["/a", "https://h/b"]);
            assert!(out.contains("id=\"/a\"") && out.contains("id=\"https://h/b\""), "{out}");
        }
        // Without an end tag.
        assert_eq!(
            rewritten(&format!(
                "<AdaptationSet>{first}<Representation id='/a'/><Representation id='b'/></AdaptationSet>"
            )),
            format!(
                "<AdaptationSet>{first}<Representation id='-/root/a'/><Representation id='b'/></AdaptationSet>"
            )
        );
    }

    #[test]
    fn clocks_asked_over_http() {
        assert_eq!(
            rewritten(
                "<UTCTiming value=\"https://a/t  https://b/t\" schemeIdUri=\"urn:mpeg:dash:utc:http-iso:2014\"/>"
            ),
            "<UTCTiming value=\"/-/s/7/-/o/https/a/t  /-/s/7/-/o/https/b/t\" schemeIdUri=\"urn:mpeg:dash:utc:http-iso:2014\"/>"
        );
        let stays =
            "<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:direct:2014\" value=\"https://a/t\"/>";
        assert_eq!(rewritten(stays), stays);
    }

    #[test]
    fn licences_stay() {
        let stays =
            "<ContentProtection><dashif:Laurl>https://a/l</dashif:Laurl></ContentProtection>";
        assert_eq!(rewritten(stays), stays);
        let stays = "<Event><x:BaseURL>https://a/</x:BaseURL></Event>";
        assert_eq!(rewritten(stays), stays);
        assert_eq!(
            rewritten("<ContentProtection><a><b/></a></ContentProtection><BaseURL>/x</BaseURL>"),
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
                rewritten(&patch(sel, "https://a/b")),
                patch(sel, "http://proxy.test/-/s/7/-/o/https/a/b")
            );
        }
        for sel in ["/MPD/@publishTime", "/MPD/Period", "@x", ""] {
            assert_eq!(rewritten(&patch(sel, "https://a/b")), patch(sel, "https://a/b"));
        }
        assert_eq!(
            rewritten("<add sel='/MPD/Period/SegmentTemplate[1]' type='@media'>/a</add>"),
            "<add sel='/MPD/Period/SegmentTemplate[1]' type='@media'>/-/s/7/a</add>"
        );
    }

    #[test]
    fn a_document_that_is_not_well_formed_is_rewritten_up_to_the_error() {
        let rewritten = |body: &[u8]| {
            let out = rewrite(ManifestFormat::Mpd, body, &Proxy).unwrap().unwrap();
            String::from_utf8_lossy(&out).into_owned()
        };
        assert_eq!(
            rewritten(b"<MPD><Period></MPD><BaseURL>/a</BaseURL>"),
            "<MPD><Period></MPD><BaseURL>/-/s/7/a</BaseURL>"
        );
        assert_eq!(
            rewritten(b"<MPD></x><BaseURL>/a</BaseURL><a"),
            "<MPD></x><BaseURL>/-/s/7/a</BaseURL><a"
        );
        let deep = "<x>".repeat(100);
        let rewritten_deep = rewritten(format!("<MPD>{deep}<BaseURL>/a</BaseURL>").as_bytes());
        assert_eq!(rewritten_deep, format!("<MPD>{deep}<BaseURL>/-/s/7/a</BaseURL>"));
        insta::assert_snapshot!(rewrite(ManifestFormat::Mpd, b"<html><body>404", &Proxy).unwrap_err(), @r#"DASH manifest: not a manifest: it begins with "<html><body>404", not with <MPD"#);
    }

    #[test]
    fn other_mpds() {
        assert_eq!(
            rewritten(
                "<SupplementalProperty schemeIdUri='urn:mpeg:dash:chaining:2016' value='https://a/n.mpd'/>\
                 <EssentialProperty value=' https://a/s.mpd  /t.mpd u.mpd' schemeIdUri='urn:mpeg:dash:fallback:2016'></EssentialProperty>"
            ),
            "<SupplementalProperty schemeIdUri='urn:mpeg:dash:chaining:2016' value='http://proxy.test/-/s/7/-/o/https/a/n.mpd'/>\
             <EssentialProperty value=' http://proxy.test/-/s/7/-/o/https/a/s.mpd  /-/s/7/t.mpd u.mpd' schemeIdUri='urn:mpeg:dash:fallback:2016'></EssentialProperty>"
        );
        assert_eq!(
            rewritten(
                "<Event><ReplacePresentation uri='https://a/b.mpd'/></Event><Event><x:InsertPresentation uri='/p'/><BaseURL>/never</BaseURL></Event>"
            ),
            "<Event><ReplacePresentation uri='http://proxy.test/-/s/7/-/o/https/a/b.mpd'/></Event><Event><x:InsertPresentation uri='/-/s/7/p'/><BaseURL>/never</BaseURL></Event>"
        );
    }

    #[test]
    fn roots_of_several_bases() {
        // Two hosts on one level, also after the reference.
        for (before, after) in [
            ("<BaseURL>https://a/x/</BaseURL><BaseURL>https://b/</BaseURL>", ""),
            ("", "<BaseURL>x/</BaseURL><BaseURL>https://b/</BaseURL>"),
        ] {
            let out = rewritten(&format!(
                "{before}<Period><SegmentTemplate media='/v/$Number$'/></Period>{after}"
            ));
            assert!(out.contains("media='-/root/v/$Number$'"), "{out}");
        }
        // A template above BaseURLs.
        let below = |host: &str| {
            rewritten(&format!(
                "<BaseURL>https://a/</BaseURL><Period><AdaptationSet><SegmentList><SegmentURL media='/v'/></SegmentList>\
                 <Representation><BaseURL>{host}</BaseURL></Representation></AdaptationSet></Period>"
            ))
        };
        assert!(below("https://b/x/").contains("media='-/root/v'"));
        assert!(below("https://a/x/").contains("media='/-/s/7/-/o/https/a/v'"));
        assert!(below("x/").contains("media='/-/s/7/-/o/https/a/v'"));
        // An absolute BaseURL ends it.
        let out = rewritten(
            "<BaseURL>https://a/</BaseURL><BaseURL>https://b/</BaseURL><Period><BaseURL>https://c/</BaseURL>\
             <SegmentTemplate media='/v'/></Period><Period><BaseURL>/w/</BaseURL></Period>",
        );
        assert!(out.contains("media='/-/s/7/-/o/https/c/v'"), "{out}");
        assert!(out.contains("<BaseURL>-/root/w/</BaseURL>"), "{out}");
    }
}
