//! DASH MPDs (ISO/IEC 23009-1): read, compiled into matchers, remembered across versions, rewritten.

mod addressing;
mod compile;
mod describe;
mod index;
mod levels;
mod listed;
mod memory;
mod read;
mod rewrite;
mod template;
mod timeline;
mod xml;

pub(super) use memory::Memory;
pub(super) use rewrite::rewrite;
