//! End-to-end tests: the program as a process, with real players in a real browser, ffprobe, and a real
//! Prometheus.
//!
//! Nothing is skipped: a tool that is missing fails its test. `tests/run` installs them all.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

mod bench_browser;
mod browser;
mod clock_steps;
mod cmcd;
mod cmcd_reference;
mod console;
mod events;
mod failover;
mod ffprobe;
mod first_command;
mod forms;
mod http2_origin;
mod machine;
mod nginx;
#[path = "../process/mod.rs"]
mod process;
mod prometheus;
mod reactions;
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../recorder/mod.rs"]
mod recorder;
mod replicas;
mod rig;
mod second_origin;
mod secure_clients;
mod secure_nginx;
mod secure_origin;
mod tool;
mod viewers;
