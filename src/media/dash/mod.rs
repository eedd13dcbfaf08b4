//! DASH MPDs (ISO/IEC 23009-1): read, compiled into matchers, tracked across versions, rewritten.

mod base_url;
mod compile;
mod describe;
mod edge;
mod levels;
mod listing;
mod member;
mod memory;
mod model;
mod patch;
mod read;
mod representation_id;
mod rewrite;
mod roots;
mod segments;
mod selector;
mod span;
mod url_elements;
mod url_text;
mod value;
mod version;

pub(super) use listing::list;
pub(super) use memory::Memory;
pub(super) use rewrite::rewrite;
pub(super) use value::{date, instant};

#[cfg(test)]
mod tests;
