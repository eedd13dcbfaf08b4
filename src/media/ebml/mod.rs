//! WebM and Matroska (RFC 9559), as far as a file says where in it its times lie.

mod scanner;

pub(super) use scanner::{Finding, Scanner, begins};
