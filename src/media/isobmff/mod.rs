//! Reads indexes and durations of ISO base media files (ISO/IEC 14496-12) as they pass.

mod scanner;
mod sidx;

pub(super) use scanner::{Finding, Scanner};
#[cfg(test)]
pub(super) use sidx::tests::written;
pub(super) use sidx::{Reference, Sidx};
