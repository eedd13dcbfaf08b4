//! Finds templates by URL: their literal prefixes are sorted, each with a link to its longest shorter prefix.

use super::{
    super::{Kind, Rendition, Resource},
    addressing::{Addressing, Found},
    template::Template,
};
use std::sync::Arc;

/// A template and its meaning.
#[derive(Debug)]
pub(in crate::media) struct Matcher {
    pub(in crate::media) template: Template,
    pub(in crate::media) rendition: Arc<Rendition>,
    pub(in crate::media) addressing: Arc<Addressing>,
    /// The kind of a request that matches it.
    pub(in crate::media) kind: Kind,
}

/// Matchers with the same prefix, in the order of the manifest.
#[derive(Debug)]
struct Group {
    prefix: String,
    /// The longest other group whose prefix this one begins with.
    parent: Option<usize>,
    matchers: Vec<Matcher>,
}

/// The index.
#[derive(Debug, Default)]
pub(in crate::media) struct Index {
    groups: Vec<Group>,
}

impl Index {
    pub(in crate::media) fn new(mut matchers: Vec<Matcher>) -> Self {
        // Stable: equal prefixes keep the manifest's order, and with it the order of periods.
        matchers.sort_by(|a, b| a.template.prefix.cmp(&b.template.prefix));
        let mut groups: Vec<Group> = Vec::new();
        for mut matcher in matchers {
            let prefix = std::mem::take(&mut matcher.template.prefix);
            match groups.last_mut() {
                Some(last) if last.prefix == prefix => last.matchers.push(matcher),
                _ => {
                    let mut parent = groups.len().checked_sub(1);
                    while let Some(at) = parent
                        && !prefix.starts_with(&groups[at].prefix)
                    {
                        parent = groups[at].parent;
                    }
                    groups.push(Group { prefix, parent, matchers: vec![matcher] });
                }
            }
        }
        Self { groups }
    }

    /// About how many bytes of memory it takes.
    pub(in crate::media) fn bytes(&self) -> usize {
        let one = |group: &Group| {
            size_of::<Group>()
                + group.prefix.len()
                + group.matchers.len() * 2 * size_of::<Matcher>()
        };
        self.groups.iter().map(one).sum()
    }

    /// How many templates there are.
    pub(in crate::media) fn len(&self) -> usize {
        self.groups.iter().map(|group| group.matchers.len()).sum()
    }

    /// The segment a URL names: the first one, in the order of the manifest, that has its number or time; else
    /// the first whose template matches. `bare` is a URL without the query that a template may have.
    pub(in crate::media) fn find(&self, url: &str, bare: bool) -> Option<Resource> {
        let mut fitting = None;
        let mut group =
            self.groups.partition_point(|group| group.prefix.as_str() <= url).checked_sub(1);
        while let Some(Group { prefix, parent, matchers }) =
            group.and_then(|at| self.groups.get(at))
        {
            group = *parent;
            let Some(tail) = url.strip_prefix(prefix.as_str()) else { continue };
            for matcher in matchers {
                let Some(numbers) = matcher.template.fits(tail, bare) else { continue };
                let part = numbers.sub.is_some();
                if let Some(found) = matcher.addressing.find(numbers) {
                    return Some(matcher.resource(found, part));
                }
                fitting.get_or_insert((matcher, numbers));
            }
        }
        let (matcher, numbers) = fitting?;
        Some(matcher.resource(matcher.addressing.compute_place(numbers), numbers.sub.is_some()))
    }
}

impl Matcher {
    fn resource(&self, found: Found, part: bool) -> Resource {
        let kind = if part { Kind::Part } else { self.kind };
        Resource {
            index: found.index,
            number: found.number,
            time: found.time,
            duration: found.duration,
            discontinuity: found.discontinuity,
            ..self.rendition.resource(kind)
        }
    }
}
