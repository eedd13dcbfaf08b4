//! `$Bandwidth$` in the URL templates of an MPD whose bandwidths are edited: the URLs of the segments stay
//! those of the origin.

use super::mpd_tags::Element;
use std::{collections::HashMap, ops::Range};

/// The attributes that are URL templates.
const TEMPLATES: [&str; 4] = ["media", "initialization", "index", "bitstreamSwitching"];

/// The elements that address segments, by their parent element.
pub(super) struct Templates<'e, 'a> {
    all: &'e [Element<'a>],
    text: &'a str,
    within: HashMap<usize, usize>,
}

impl<'e, 'a> Templates<'e, 'a> {
    pub(super) fn of(all: &'e [Element<'a>], text: &'a str) -> Self {
        let mut within = HashMap::new();
        for (at, element) in all.iter().enumerate() {
            if let ("SegmentTemplate" | "SegmentList" | "SegmentBase", Some(parent)) =
                (element.name, element.parent)
            {
                within.insert(parent, at);
            }
        }
        Self { all, text, within }
    }

    /// The templates that apply to a Representation, its own first.
    fn levels(&self, representation: usize) -> Vec<usize> {
        let set = self.all.get(representation).and_then(|element| element.parent);
        let period = set.and_then(|set| self.all.get(set)?.parent);
        let levels = [Some(representation), set, period].into_iter().flatten();
        let held: Vec<usize> = levels.filter_map(|at| self.within.get(&at).copied()).collect();
        let is_template =
            |at: &usize| self.all.get(*at).is_some_and(|element| element.name == "SegmentTemplate");
        // The innermost element takes precedence: a template next to a list has no effect.
        if held.first().is_some_and(is_template) {
            held.into_iter().filter(is_template).collect()
        } else {
            Vec::new()
        }
    }

    /// The edits that keep the URLs of a Representation when its bandwidth changes.
    pub(super) fn kept(&self, representation: usize) -> Vec<(Range<usize>, String)> {
        let Some(element) = self.all.get(representation) else { return Vec::new() };
        let Some(bandwidth) = element.number(self.text, "bandwidth") else { return Vec::new() };
        let levels = self.levels(representation);
        let own = self.within.get(&representation).filter(|own| levels.contains(own));
        let own = own.and_then(|own| self.all.get(*own));
        let mut edits = Vec::new();
        let mut added = String::new();
        for name in TEMPLATES {
            let held = levels.iter().find_map(|at| self.all.get(*at)?.get(self.text, name));
            let Some((template, place)) = held else { continue };
            let Some(named) = named(template, bandwidth) else { continue };
            if own.is_some_and(|own| own.get(self.text, name).is_some()) {
                edits.push((place, named));
            } else {
                let quote = if named.contains('"') { '\'' } else { '"' };
                added.push_str(&format!(" {name}={quote}{named}{quote}"));
            }
        }
        if !added.is_empty() {
            edits.extend(match own {
                Some(own) => self.attributes(own, added),
                None => self.element(element, &added),
            });
        }
        edits
    }

    /// Adds attributes to a tag.
    fn attributes(&self, element: &Element<'_>, added: String) -> Option<(Range<usize>, String)> {
        let tag = self.text.get(element.tag.clone())?;
        let at = element.tag.start + tag.strip_suffix('>')?.trim_end_matches('/').len();
        Some((at..at, added))
    }

    /// Adds a SegmentTemplate to a Representation that has none.
    fn element(&self, around: &Element<'_>, attributes: &str) -> Option<(Range<usize>, String)> {
        let tag = self.text.get(around.tag.clone())?;
        let end = tag.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'))?;
        let name = tag.get(1..end)?;
        let prefix = name.strip_suffix(around.name)?;
        let added = format!("<{prefix}SegmentTemplate{attributes}/>");
        if let Some(open) = tag.strip_suffix("/>") {
            let at = around.tag.start + open.len();
            return Some((at..around.tag.end, format!(">{added}</{name}>")));
        }
        let at = self.text.get(..around.whole.end)?.rfind("</")?;
        Some((at..at, added))
    }
}

/// A template with the bandwidth substituted; `None` if the template does not use it.
fn named(template: &str, bandwidth: u64) -> Option<String> {
    let parts: Vec<&str> = template.split('$').collect();
    if parts.len().is_multiple_of(2) || !template.contains("$Bandwidth") {
        return None;
    }
    let mut out = String::with_capacity(template.len() + 8);
    let mut found = false;
    for (at, part) in parts.into_iter().enumerate() {
        let width = match part.strip_prefix("Bandwidth") {
            Some("") => Some(1),
            Some(format) => {
                let digits = format.strip_prefix('%').and_then(|format| format.strip_suffix('d'));
                digits.and_then(|width| width.parse::<usize>().ok()).filter(|width| *width <= 32)
            }
            None => None,
        };
        match width.filter(|_| at % 2 == 1) {
            Some(width) => {
                found = true;
                out.push_str(&format!("{bandwidth:0width$}"));
            }
            None if at % 2 == 1 => out.push_str(&format!("${part}$")),
            None => out.push_str(part),
        }
    }
    found.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::super::mpd_tags::{elements, replace};
    use super::*;

    fn kept(inner: &str) -> String {
        let text = format!("<MPD><Period>{inner}</Period></MPD>");
        let all = elements(&text).unwrap();
        let templates = Templates::of(&all, &text);
        let of = |at| templates.kept(at);
        let places = all.iter().enumerate().filter(|(_, e)| e.name == "Representation");
        let edits = places.flat_map(|(at, _)| of(at)).collect();
        let out = replace(&text, edits).unwrap_or_else(|| text.clone());
        out.strip_prefix("<MPD><Period>").unwrap().replace("</Period></MPD>", "")
    }

    #[test]
    fn urls_keep_the_bandwidth_that_they_had() {
        assert_eq!(
            kept(
                "<d:AdaptationSet><SegmentTemplate media='Q($Bandwidth$)/$Time$' initialization='i$Bandwidth%06d$'/>\
                 <d:Representation bandwidth='40'/><d:Representation bandwidth=\"50\"><x/></d:Representation></d:AdaptationSet>"
            ),
            "<d:AdaptationSet><SegmentTemplate media='Q($Bandwidth$)/$Time$' initialization='i$Bandwidth%06d$'/>\
             <d:Representation bandwidth='40'><d:SegmentTemplate media=\"Q(40)/$Time$\" initialization=\"i000040\"/></d:Representation>\
             <d:Representation bandwidth=\"50\"><x/><d:SegmentTemplate media=\"Q(50)/$Time$\" initialization=\"i000050\"/></d:Representation></d:AdaptationSet>"
        );
    }

    #[test]
    fn own_templates_are_changed_in_place() {
        assert_eq!(
            kept(
                "<SegmentTemplate initialization='$Bandwidth$.mp4'/><AdaptationSet><Representation bandwidth='7'>\
                 <SegmentTemplate media='$Bandwidth$/$Number$' duration='2'/></Representation></AdaptationSet>"
            ),
            "<SegmentTemplate initialization='$Bandwidth$.mp4'/><AdaptationSet><Representation bandwidth='7'>\
             <SegmentTemplate media='7/$Number$' duration='2' initialization=\"7.mp4\"/></Representation></AdaptationSet>"
        );
    }

    #[test]
    fn what_has_no_bandwidth_in_it_stays() {
        for inner in [
            "<AdaptationSet><SegmentTemplate media='$$Bandwidth$$$Number$'/><Representation bandwidth='7'/></AdaptationSet>",
            "<AdaptationSet><SegmentTemplate media='$Bandwidth$'/><Representation/></AdaptationSet>",
            "<AdaptationSet><SegmentTemplate media='$Bandwidth$'/><Representation bandwidth='7'><SegmentBase/></Representation></AdaptationSet>",
        ] {
            assert_eq!(kept(inner), inner);
        }
    }
}
