//! The elements whose text is a URL: of an MPD, and of a patch to one.

use super::{
    super::xml::Tag,
    url_elements::{TEXTS, attributes, is_link},
};

/// The kind of an element's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UrlText {
    /// A BaseURL.
    Base,
    /// A URL that is not resolved against BaseURLs, such as that of `Location` or `PatchLocation`.
    Alone,
    /// The new value of an attribute of a patched element: a reference below its bases.
    Patched,
}

impl UrlText {
    /// What the text of an element is; `None` = no URL.
    pub(super) fn of(tag: Tag<'_>) -> Option<Self> {
        match tag.name {
            "BaseURL" => Some(Self::Base),
            name if TEXTS.contains(&name) => Some(Self::Alone),
            _ => patched(tag),
        }
    }
}

/// What the text of a patch's `add` or `replace` is, by what it selects (RFC 5261):
/// `/MPD/Location/text()`, `…/SegmentTemplate/@media`, or an element with `type="@media"`.
fn patched(tag: Tag<'_>) -> Option<UrlText> {
    if !matches!(tag.name, "add" | "replace") {
        return None;
    }
    let selected = tag.raw("sel")?;
    let (parent, last) = selected.rsplit_once('/').unwrap_or_default();
    let (element, attribute) = match tag.raw("type") {
        Some(added) => (last, added),
        None => (parent.rsplit('/').next().unwrap_or_default(), last),
    };
    let element = element.split('[').next().unwrap_or_default();
    let element = element.rsplit(':').next().unwrap_or_default();
    match attribute.strip_prefix('@') {
        Some(name) if is_link(name) => Some(UrlText::Alone),
        Some(name) => attributes(element).contains(&name).then_some(UrlText::Patched),
        None if attribute != "text()" => None,
        // Its base is that of the MPD, which may be on another host than the patch.
        None if element == "BaseURL" => Some(UrlText::Patched),
        None => TEXTS.contains(&element).then_some(UrlText::Alone),
    }
}
