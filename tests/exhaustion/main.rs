//! The program when resources run out (readers of its output, disk space, file descriptors), and what a request takes.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod descriptors;
mod event_log;
mod memory;
mod program;
mod streams;
mod system_calls;
