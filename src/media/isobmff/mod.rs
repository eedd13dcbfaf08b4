//! Reads indexes and durations of ISO base media files (ISO/IEC 14496-12) as they pass.

mod scanner;
mod sidx;

pub(super) use scanner::{Finding, Scanner};
pub(super) use sidx::Sidx;
