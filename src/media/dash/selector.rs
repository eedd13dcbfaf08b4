//! The elements and attributes of an MPD that a patch selects: the XPath of RFC 5261, as far as ISO/IEC 23009-1
//! uses it.

use super::super::{
    ManifestFormat,
    xml::{Tag, Token, Xml, unescape},
};
use super::url_elements::ROOTS;
use std::ops::Range;

/// The most attributes of one step.
const PREDICATES: usize = 8;

/// One step of a path: `Period[@id='a'][2]`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Step {
    name: String,
    position: Option<usize>,
    attributes: Vec<(String, String)>,
}

/// The part of an element that is selected.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Facet {
    Whole,
    Text,
    Attribute(String),
}

/// A path to an element, and the part of it that is selected.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Selector {
    steps: Vec<Step>,
    pub(super) facet: Facet,
}

/// The position of an element in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// From `<` of its tag to behind `>` of its end.
    pub(super) whole: Range<usize>,
    /// The tag itself.
    pub(super) tag: Range<usize>,
    /// Its content; `None` if it has no end tag.
    pub(super) inside: Option<Range<usize>>,
}

impl Selector {
    /// Reads a path.
    pub(super) fn read(path: &str) -> Option<Self> {
        let mut steps = Vec::new();
        let mut facet = Facet::Whole;
        for part in parts(path.strip_prefix('/')?) {
            if facet != Facet::Whole {
                return None;
            }
            match part.strip_prefix('@') {
                Some(name) => facet = Facet::Attribute(name.to_owned()),
                None if part == "text()" => facet = Facet::Text,
                None => steps.push(step(part)?),
            }
        }
        (!steps.is_empty() && steps.len() < 16).then_some(Self { steps, facet })
    }

    /// The element in `text`.
    pub(super) fn find(&self, text: &str) -> Option<Found> {
        let mut xml = Xml::new(ManifestFormat::Mpd, text, ROOTS).ok()?;
        // How many steps match the open elements, and how many siblings matched the next step so far.
        let mut fitting = 0;
        let mut seen = vec![0_usize; self.steps.len()];
        let mut found: Option<Found> = None;
        loop {
            let depth = xml.depth();
            let from = xml.position();
            let (tag, closed) = match xml.next().ok()?? {
                Token::Start(tag) => (tag, false),
                Token::Empty(tag) => (tag, true),
                Token::End(_) => {
                    if let Some(found) = found.as_mut().filter(|_| xml.depth() + 1 == fitting) {
                        let end = text.get(..xml.position())?.rfind("</")?;
                        found.whole.end = xml.position();
                        found.inside = Some(found.tag.end..end);
                        return Some(found.clone());
                    }
                    fitting = fitting.min(xml.depth());
                    continue;
                }
                Token::Text(_) | Token::CData(_) => continue,
            };
            if found.is_some() || depth != fitting || !self.fits(depth, tag, &mut seen) {
                continue;
            }
            let start = from + text.get(from..xml.position())?.rfind(tag_start(text, tag)?)?;
            let range = start..xml.position();
            let here = Found { whole: range.clone(), tag: range, inside: None };
            if depth + 1 == self.steps.len() {
                if closed {
                    return Some(here);
                }
                found = Some(here);
            }
            if !closed {
                fitting = depth + 1;
                seen.iter_mut().skip(fitting).for_each(|count| *count = 0);
            }
        }
    }

    /// Whether an element at `depth` is the one that the step there selects.
    fn fits(&self, depth: usize, tag: Tag<'_>, seen: &mut [usize]) -> bool {
        let Some((step, seen)) = self.steps.get(depth).zip(seen.get_mut(depth)) else {
            return false;
        };
        let has = |(name, value): &(String, String)| {
            tag.raw(name).is_some_and(|held| unescape(held) == value.as_str())
        };
        if step.name != tag.name || !step.attributes.iter().all(has) {
            return false;
        }
        *seen += 1;
        step.position.is_none_or(|position| position == *seen)
    }
}

/// The text of a tag from its `<` to the end of its name.
fn tag_start<'a>(text: &'a str, tag: Tag<'a>) -> Option<&'a str> {
    let end = (tag.name.as_ptr() as usize).checked_sub(text.as_ptr() as usize)? + tag.name.len();
    let start = text.get(..end)?.rfind('<')?;
    text.get(start..end)
}

/// The steps of a path, split at slashes outside predicates.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    let mut inside = 0_i32;
    path.split(move |c| {
        match c {
            '[' => inside += 1,
            ']' => inside -= 1,
            _ => {}
        }
        c == '/' && inside == 0
    })
}

fn step(part: &str) -> Option<Step> {
    let name = part.split('[').next()?;
    let mut step = Step::default();
    step.name.push_str(name.rsplit(':').next()?);
    let mut rest = part.get(name.len()..)?;
    while let Some(inner) = rest.strip_prefix('[') {
        let (predicate, after) = inner.split_once(']')?;
        match predicate.strip_prefix('@') {
            Some(attribute) => {
                let (name, value) = attribute.split_once('=')?;
                let value = value.trim().trim_matches(['\'', '"']);
                // Each is looked for in each element.
                (step.attributes.len() < PREDICATES).then_some(())?;
                step.attributes.push((name.trim().to_owned(), value.to_owned()));
            }
            None => step.position = Some(predicate.trim().parse().ok()?),
        }
        rest = after;
    }
    rest.is_empty().then_some(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "<MPD><Period id='a'><S/></Period><!-- <S> --><Period id='b/c'><S d=\"1\"/>\
        <S d=\"2\"> x </S></Period></MPD>";

    fn whole(path: &str) -> Option<&'static str> {
        TEXT.get(Selector::read(path)?.find(TEXT)?.whole)
    }

    #[test]
    fn paths_select() {
        assert_eq!(whole("/MPD/Period[@id='b/c']/S[2]"), Some("<S d=\"2\"> x </S>"));
        assert_eq!(whole("/MPD/Period[2]/S[1]"), Some("<S d=\"1\"/>"));
        assert_eq!(whole("/MPD/Period[1]/S"), Some("<S/>"));
        assert_eq!(
            whole("/p:MPD/p:Period[@id=\"a\"]/@start"),
            Some("<Period id='a'><S/></Period>")
        );
        assert_eq!(whole("/MPD"), Some(TEXT));
        for path in
            ["/MPD/Period[1]/S[2]", "/MPD/Period[3]", "/S", "MPD", "/", "/MPD[", "/MPD/@a/b"]
        {
            assert_eq!(whole(path), None, "{path}");
        }
        let found = Selector::read("/MPD/Period[2]/S[2]/text()").unwrap();
        assert_eq!(found.facet, Facet::Text);
        assert_eq!(TEXT.get(found.find(TEXT).unwrap().inside.unwrap()), Some(" x "));
    }
}
