//! Segments addressed by URL templates and timelines instead of a list, and their look-up by URL.
//!
//! Shared by DASH and Smooth: a request's URL is matched against the templates of all renditions, and its
//! number or time is looked up in the timeline of the matching one.

mod addressing;
mod entry;
mod index;
mod runs;
mod template;
mod timeline;

pub(super) use addressing::{Addressing, Shape};
pub(super) use entry::Entry;
pub(super) use index::{Index, Matcher};
pub(super) use runs::Runs;
pub(super) use template::Template;
pub(super) use timeline::{Pattern, Timeline};
