//! Which segments a session has asked for, so that the one before can be served in place of one.

use crate::media::Resource;
use std::{collections::VecDeque, sync::Arc};

/// Segments remembered.
const MOST: usize = 64;

/// The segments that a session asked for last.
#[derive(Debug, Default)]
pub struct Trail {
    steps: VecDeque<Step>,
}

#[derive(Debug)]
struct Step {
    rendition: Option<Arc<str>>,
    index: u64,
    path: String,
}

impl Trail {
    /// Notes that segment `resource` was asked for at `path`.
    pub fn note(&mut self, resource: &Resource, path: &str) {
        let Some(index) = resource.index.or(resource.number) else { return };
        if self.steps.len() == MOST {
            self.steps.pop_front();
        }
        let rendition = resource.rendition.clone();
        self.steps.push_back(Step { rendition, index, path: path.to_owned() });
    }

    /// The path of the nearest segment before `resource` of the same rendition that was asked for.
    #[must_use]
    pub fn before(&self, resource: &Resource) -> Option<String> {
        let index = resource.index.or(resource.number)?;
        let earlier = |step: &&Step| step.rendition == resource.rendition && step.index < index;
        let nearest = self.steps.iter().filter(earlier).max_by_key(|step| step.index)?;
        Some(nearest.path.clone())
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

    #[test]
    fn the_one_before_is_of_the_same_rendition() {
        let mut trail = Trail::default();
        assert_eq!(trail.before(&segment("a", 1)), None);
        for index in 1..=100 {
            trail.note(&segment("a", index), &format!("/a/{index}"));
        }
        trail.note(&segment("b", 100), "/b/100");
        assert_eq!(trail.before(&segment("a", 101)).unwrap(), "/a/100");
        assert_eq!(trail.before(&segment("a", 90)).unwrap(), "/a/89");
        assert_eq!(trail.before(&segment("b", 100)), None);
        assert_eq!(trail.before(&segment("a", 3)), None, "forgotten");
        assert_eq!(trail.steps.len(), MOST);
    }
}
