//! The program when what it needs runs out: readers of its output, room on a disk, descriptors.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod descriptors;
mod event_log;
mod program;
mod streams;
