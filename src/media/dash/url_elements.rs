//! Which elements and attributes of an MPD hold URLs.

use super::super::xml::Tag;

/// The root elements: an MPD, a patch, or an element that an MPD links to.
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
pub(super) const TEXTS: &[&str] =
    &["BaseURL", "Location", "PatchLocation", "ContentSteering", "ImportedMPD"];

/// Elements that stay unchanged, with their content.
pub(super) const WHOLE: &[&str] = &["ContentProtection", "Event", "ProducerReferenceTime"];

/// Elements of events that name another MPD (ISO/IEC 23009-1, 5.16), and earlier names of them.
const ALTERNATIVES: &[&str] = &["ReplacePresentation", "InsertPresentation", "AlternativeMPD"];

/// The ends of the UTCTiming schemes whose value is a list of URLs; the others hold a time or NTP hosts.
const TIMED_BY_URL: &[&str] = &["http-head", "http-iso", "http-xsdate", "http-ntp"];

/// The schemes of properties whose value is a list of MPDs: the one that follows, and those to use when this
/// one fails (ISO/IEC 23009-1, 5.11).
const CHAINED: &[&str] = &["chaining:", "fallback:"];

/// The scheme of a property that names a font to be downloaded (ETSI TS 103 285, 7.2).
pub(super) const FONT: &str = "urn:dvb:dash:fontdownload";

/// The attributes of an element that are URLs.
pub(super) fn attributes(element: &str) -> &'static [&'static str] {
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

/// The attribute values of an element of an event that name an MPD.
pub(super) fn alternatives<'a>(tag: Tag<'a>) -> impl Iterator<Item = &'a str> {
    let is_one = ALTERNATIVES.contains(&tag.name);
    let named = tag.attributes().filter(move |(key, _)| is_one && matches!(*key, "uri" | "url"));
    named.map(|(_, value)| value)
}

/// Whether an attribute is a link, which players do not resolve against a base.
pub(super) fn is_link(key: &str) -> bool {
    key.ends_with(":href") || key == "proxyServerURL"
}

/// Whether a UTCTiming's value is a list of URLs.
pub(super) fn is_timed_by_url(tag: Tag<'_>) -> bool {
    let scheme = tag.raw("schemeIdUri");
    scheme.is_some_and(|scheme| TIMED_BY_URL.iter().any(|end| scheme.contains(end)))
}

/// Whether a property's value is a list of MPDs.
pub(super) fn is_chained(tag: Tag<'_>) -> bool {
    let scheme = tag.raw("schemeIdUri").and_then(|scheme| scheme.strip_prefix("urn:mpeg:dash:"));
    scheme.is_some_and(|scheme| CHAINED.iter().any(|name| scheme.contains(name)))
}
