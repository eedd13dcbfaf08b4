//! The segments that a session requested last, so that a rule can serve the previous one instead.

use super::host::Origin;
use crate::media::Resource;
use std::{collections::VecDeque, sync::Arc};

/// Segments remembered.
const MOST: usize = 64;

/// The segments that a session requested last.
#[derive(Debug, Default)]
pub struct RecentSegments {
    steps: VecDeque<Step>,
}

#[derive(Debug)]
struct Step {
    rendition: Option<Arc<str>>,
    index: u64,
    origin: Origin,
    path: String,
}

impl RecentSegments {
    /// Records a request for segment `resource` at `path` of `origin`.
    pub fn note(&mut self, resource: &Resource, origin: &Origin, path: &str) {
        let Some(index) = resource.index.or(resource.number) else { return };
        if self.steps.len() == MOST {
            self.steps.pop_front();
        }
        let rendition = resource.rendition.clone();
        let (origin, path) = (origin.clone(), path.to_owned());
        self.steps.push_back(Step { rendition, index, origin, path });
    }

    /// Origin and path of the nearest requested segment before `resource` in the same rendition.
    #[must_use]
    pub fn before(&self, resource: &Resource) -> Option<(Origin, String)> {
        let index = resource.index.or(resource.number)?;
        let earlier = |step: &&Step| step.rendition == resource.rendition && step.index < index;
        let nearest = self.steps.iter().filter(earlier).max_by_key(|step| step.index)?;
        Some((nearest.origin.clone(), nearest.path.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{Kind, Protocol};

    fn segment(rendition: &str, index: u64) -> Resource {
        let bare = Resource::new(Protocol::Hls, Kind::Segment);
        Resource { rendition: Some(rendition.into()), index: Some(index), ..bare }
    }

    fn origin(host: &str) -> Origin {
        Origin::new("http", host).unwrap()
    }

    #[test]
    fn the_one_before_is_of_the_same_rendition() {
        let mut recent = RecentSegments::default();
        assert_eq!(recent.before(&segment("a", 1)), None);
        for index in 1..=100 {
            recent.note(&segment("a", index), &origin("a"), &format!("/a/{index}"));
        }
        recent.note(&segment("b", 100), &origin("b"), "/b/100");
        let at = |path: &str| Some((origin("a"), path.to_owned()));
        assert_eq!(recent.before(&segment("a", 101)), at("/a/100"));
        assert_eq!(recent.before(&segment("a", 90)), at("/a/89"));
        assert_eq!(recent.before(&segment("b", 100)), None);
        assert_eq!(recent.before(&segment("a", 3)), None, "forgotten");
        assert_eq!(recent.steps.len(), MOST);
    }
}
