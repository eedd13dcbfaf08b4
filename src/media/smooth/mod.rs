//! Smooth Streaming client manifests (MS-SSTR): read, compiled into matchers, stored, rewritten.

mod compile;
mod memory;
mod read;
mod rewrite;

pub(super) use memory::Memory;
pub(super) use rewrite::rewrite;
