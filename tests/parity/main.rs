//! Virtual time and real sockets agree: the same player, profile, seed and ladder in a sweep's engine, and with
//! `vsps play` through the proxy.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod candidates;
mod muxed;
mod pair;
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../process/mod.rs"]
mod process;
mod separate_audio;
mod sockets;
mod virtual_time;
