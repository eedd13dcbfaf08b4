//! What passes down through MPD, Period, AdaptationSet and Representation: BaseURL and SegmentTemplate.

use super::super::base::Base;
use dash_mpd_core::{BaseURL, SegmentTemplate, SegmentTimeline};
use std::sync::Arc;

/// The most alternative bases of one Representation.
const BASES: usize = 8;

/// The bases of a level: its own BaseURLs, each resolved against each of the level above.
pub(super) fn bases(above: &[Arc<Base>], own: &[BaseURL]) -> Vec<Arc<Base>> {
    let own = own.iter().map(|base| base.base.trim()).filter(|base| !base.is_empty());
    let own: Vec<&str> = own.take(BASES).collect();
    if own.is_empty() {
        return above.to_vec();
    }
    let joined =
        above.iter().flat_map(|base| own.iter().filter_map(|own| base.url().join(own).ok()));
    joined.take(BASES).map(|url| Arc::new(Base::new(&url))).collect()
}

/// The SegmentTemplates of the three levels, innermost first.
#[derive(Clone, Copy)]
pub(super) struct Templates<'a>(pub(super) [Option<&'a SegmentTemplate>; 3]);

impl<'a> Templates<'a> {
    /// Whether any level has one.
    pub(super) fn any(&self) -> bool {
        self.0.iter().any(Option::is_some)
    }

    /// The innermost value of an attribute.
    pub(super) fn pick<T>(
        &self,
        attribute: impl Fn(&'a SegmentTemplate) -> Option<T>,
    ) -> Option<T> {
        self.0.iter().flatten().find_map(|template| attribute(template))
    }

    /// The URL template of initialisation segments.
    pub(super) fn initialization(&self) -> Option<&'a str> {
        let element =
            |template: &'a SegmentTemplate| template.Initialization.as_ref()?.sourceURL.as_deref();
        self.pick(|template| template.initialization.as_deref().or_else(|| element(template)))
    }

    /// The URL template of media segments.
    pub(super) fn media(&self) -> Option<&'a str> {
        self.pick(|template| template.media.as_deref())
    }

    /// The timeline.
    pub(super) fn timeline(&self) -> Option<&'a SegmentTimeline> {
        self.pick(|template| template.SegmentTimeline.as_ref())
    }
}
