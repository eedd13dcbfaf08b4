//! The little that is read of ISO base media files (ISO/IEC 14496-12) as they pass: indexes and durations.

mod scanner;
mod sidx;

pub(super) use scanner::{Finding, Scanner};
pub(super) use sidx::Sidx;
