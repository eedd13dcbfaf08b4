//! Segments that a rule names rather than a list: URL templates, timelines, and the way back from a URL.
//!
//! What DASH and Smooth share: a request's URL is taken apart by the templates of all renditions, and its
//! number or time is looked up in the timeline of its own.

mod addressing;
mod index;
mod runs;
mod template;
mod timeline;

pub(super) use addressing::{Addressing, Shape};
pub(super) use index::{Index, Matcher};
pub(super) use runs::Runs;
pub(super) use template::Template;
pub(super) use timeline::{Entry, Pattern, Timeline};
