//! WebM and Matroska (RFC 9559): the index from times to positions in a file.

mod scanner;

pub(super) use scanner::{Finding, Scanner, begins};
