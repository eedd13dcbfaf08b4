//! The segments that a session requested last, so that a rule can serve the previous one instead.

use super::upstream_url::UpstreamUrl;
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
    url: UpstreamUrl,
}

impl RecentSegments {
    /// Records a request for segment `resource` at `url`.
    pub fn note(&mut self, resource: &Resource, url: &UpstreamUrl) {
        let Some(index) = resource.index.or(resource.number) else { return };
        if self.steps.len() == MOST {
            self.steps.pop_front();
        }
        let rendition = resource.rendition.clone();
        self.steps.push_back(Step { rendition, index, url: url.clone() });
    }

    /// The URL of the nearest requested segment before `resource` in the same rendition.
    #[must_use]
    pub fn before(&self, resource: &Resource) -> Option<UpstreamUrl> {
        let index = resource.index.or(resource.number)?;
        let earlier = |step: &&Step| step.rendition == resource.rendition && step.index < index;
        let nearest = self.steps.iter().filter(earlier).max_by_key(|step| step.index)?;
        Some(nearest.url.clone())
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

    fn url(path: &str) -> UpstreamUrl {
        format!("http://host.example{path}").parse().unwrap()
    }

    #[test]
    fn the_one_before_is_of_the_same_rendition() {
        let mut recent = RecentSegments::default();
        assert_eq!(recent.before(&segment("a", 1)), None);
        for index in 1..=100 {
            recent.note(&segment("a", index), &url(&format!("/a/{index}")));
        }
        recent.note(&segment("b", 100), &url("/b/100"));
        let at = |path: &str| Some(url(path));
        assert_eq!(recent.before(&segment("a", 101)), at("/a/100"));
        assert_eq!(recent.before(&segment("a", 90)), at("/a/89"));
        assert_eq!(recent.before(&segment("b", 100)), None);
        assert_eq!(recent.before(&segment("a", 3)), None, "forgotten");
        assert_eq!(recent.steps.len(), MOST);
    }
}
