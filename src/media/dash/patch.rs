//! MPD patches (ISO/IEC 23009-1, 5.15; RFC 5261) applied to the text of the MPD they were made for.

use super::super::{
    ManifestError, ManifestFormat,
    xml::{Tag, Token, Xml, unescape},
};
use super::selector::{Facet, Found, Selector};

/// The most operations of a patch.
const OPERATIONS: usize = 1024;
/// The most text that applying one patch may search through, in bytes.
const EFFORT: usize = 24 << 20;

/// Where something is added to an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    Append,
    Prepend,
    Before,
    After,
}

#[derive(Debug)]
enum Action<'a> {
    Add(Position, &'a str),
    /// `type="@name"`.
    AddAttribute(String, &'a str),
    Replace(&'a str),
    Remove,
}

/// A patch.
#[derive(Debug, Default)]
pub(super) struct Patch<'a> {
    /// `@originalPublishTime`: the version it was made for.
    original: Option<&'a str>,
    operations: Vec<(Selector, Action<'a>)>,
}

/// Reads a patch. Operations that select what cannot be an MPD's are left out.
pub(super) fn read(text: &str) -> Result<Patch<'_>, ManifestError> {
    let mut xml = Xml::new(ManifestFormat::MpdPatch, text, &["<Patch"])?;
    let mut patch = Patch::default();
    while let Some(token) = xml.next()? {
        let (tag, closed) = match token {
            Token::Start(tag) => (tag, false),
            Token::Empty(tag) => (tag, true),
            _ => continue,
        };
        if tag.name == "Patch" {
            patch.original = tag.raw("originalPublishTime");
            continue;
        }
        let from = xml.position();
        if !closed {
            xml.skip_element()?;
        }
        let inside = text.get(from..xml.position()).unwrap_or_default();
        let inside = if closed { "" } else { inside.rsplit_once("</").unwrap_or_default().0 };
        if patch.operations.len() < OPERATIONS {
            patch.operations.extend(operation(tag, inside));
        }
    }
    Ok(patch)
}

fn operation<'a>(tag: Tag<'a>, inside: &'a str) -> Option<(Selector, Action<'a>)> {
    let selector = Selector::read(&unescape(tag.raw("sel")?))?;
    let action = match tag.name {
        "add" => match tag.raw("type").map(|kind| kind.strip_prefix('@')) {
            Some(name) => Action::AddAttribute(name?.to_owned(), inside),
            None => Action::Add(
                match tag.raw("pos") {
                    Some("prepend") => Position::Prepend,
                    Some("before") => Position::Before,
                    Some("after") => Position::After,
                    _ => Position::Append,
                },
                inside,
            ),
        },
        "replace" => Action::Replace(inside),
        "remove" => Action::Remove,
        _ => return None,
    };
    Some((selector, action))
}

impl Patch<'_> {
    /// The patched MPD; `None` if the patch was made for another version, or does not fit.
    pub(super) fn apply(&self, text: &str) -> Option<String> {
        if self.operations.is_empty() || self.original != published(text) {
            return None;
        }
        let mut out = text.to_owned();
        let mut effort = 0_usize;
        for (selector, action) in &self.operations {
            effort += out.len();
            if effort > EFFORT || out.len() > super::super::MANIFEST_LIMIT {
                return None;
            }
            let found = selector.find(&out)?;
            change(&mut out, &found, &selector.facet, action)?;
        }
        Some(out)
    }
}

/// `MPD@publishTime`.
fn published(text: &str) -> Option<&str> {
    let mut xml = Xml::new(ManifestFormat::Mpd, text, &["<MPD"]).ok()?;
    match xml.next().ok()?? {
        Token::Start(tag) | Token::Empty(tag) => tag.raw("publishTime"),
        _ => None,
    }
}

/// Does one operation.
fn change(text: &mut String, found: &Found, facet: &Facet, action: &Action<'_>) -> Option<()> {
    match (facet, action) {
        (Facet::Whole, Action::Add(position, added)) => {
            let at = match (position, &found.inside) {
                (Position::Before, _) => found.whole.start,
                (Position::After, _) => found.whole.end,
                (Position::Prepend, Some(inside)) => inside.start,
                (Position::Append, Some(inside)) => inside.end,
                // An element without an end gets one.
                (_, None) => {
                    let tag = text.get(found.tag.clone())?;
                    let name = tag
                        .get(1..)?
                        .split(|c: char| c.is_ascii_whitespace() || c == '/')
                        .next()?;
                    let opened = tag.strip_suffix("/>")?;
                    let whole = format!("{opened}>{added}</{name}>");
                    text.replace_range(found.tag.clone(), &whole);
                    return Some(());
                }
            };
            text.insert_str(at, added);
        }
        (Facet::Whole, Action::AddAttribute(name, value)) => {
            let tag = text.get(found.tag.clone())?;
            let at = found.tag.start + tag.trim_end_matches(['/', '>']).len();
            let value = value.trim().replace('"', "&quot;");
            text.insert_str(at, &format!(" {name}=\"{value}\""));
        }
        (Facet::Whole, Action::Replace(with)) => {
            text.replace_range(found.whole.clone(), with.trim());
        }
        (Facet::Whole, Action::Remove) => text.replace_range(found.whole.clone(), ""),
        (Facet::Text, Action::Replace(with)) => text.replace_range(found.inside.clone()?, with),
        (Facet::Text, Action::Remove) => text.replace_range(found.inside.clone()?, ""),
        (Facet::Attribute(name), action) => {
            let (attribute, value) = attribute(text, found, name)?;
            match action {
                Action::Replace(with) => {
                    text.replace_range(value, &with.trim().replace('"', "&quot;"));
                }
                Action::Remove => text.replace_range(attribute, ""),
                Action::Add(..) | Action::AddAttribute(..) => return None,
            }
        }
        (Facet::Text, Action::Add(..) | Action::AddAttribute(..)) => return None,
    }
    Some(())
}

/// The positions of an attribute of an element and of its value.
fn attribute(
    text: &str,
    found: &Found,
    name: &str,
) -> Option<(std::ops::Range<usize>, std::ops::Range<usize>)> {
    let tag = text.get(found.tag.clone())?;
    let start = tag.find(|c: char| c.is_ascii_whitespace())?;
    let inside = tag.get(start..)?.trim_end_matches(['/', '>']);
    let value = Tag { name: "", inside }.raw(name)?;
    let from = (value.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let before = text.get(found.tag.start..from)?.rfind(name)?;
    Some((found.tag.start + before..from + value.len() + 1, from..from + value.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MPD: &str = "<MPD publishTime=\"1\"><Period id=\"a\"><T><S t=\"0\" d=\"2\" r=\"3\"/></T>\
        <E/></Period></MPD>";

    fn patched(operations: &str) -> Option<String> {
        let text = format!("<Patch originalPublishTime=\"1\">{operations}</Patch>");
        read(&text).unwrap().apply(MPD)
    }

    #[test]
    fn what_packagers_write() {
        assert_eq!(
            patched(
                "<replace sel=\"/MPD/@publishTime\">2</replace>\
                 <replace sel=\"/MPD/Period[@id='a']/T/S[1]/@r\">4</replace>\
                 <add sel=\"/MPD/Period[@id='a']/T\"><S d=\"3\"/></add>\
                 <add sel=\"/MPD/Period[@id='a']/E\" pos=\"before\"><F/></add>\
                 <add sel=\"/MPD/Period[@id='a']/E\" type=\"@x\">y</add>"
            )
            .unwrap(),
            "<MPD publishTime=\"2\"><Period id=\"a\"><T><S t=\"0\" d=\"2\" r=\"4\"/><S d=\"3\"/></T>\
             <F/><E x=\"y\"/></Period></MPD>"
        );
        assert_eq!(
            patched(
                "<remove sel=\"/MPD/Period/T/S[1]/@r\"/><add sel=\"/MPD/Period/E\"><G/></add>\
                 <replace sel=\"/MPD/Period/T\"><U/></replace>"
            )
            .unwrap(),
            "<MPD publishTime=\"1\"><Period id=\"a\"><U/><E><G/></E></Period></MPD>"
        );
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        assert_eq!(patched("<remove sel=\"/MPD/Period[2]\"/>"), None);
        assert_eq!(patched(""), None);
        let other = "<Patch originalPublishTime=\"9\"><remove sel=\"/MPD/Period\"/></Patch>";
        assert_eq!(read(other).unwrap().apply(MPD), None);
    }
}
