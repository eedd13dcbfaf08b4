//! The control plane over real sockets: every route, every error, access control, live changes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod analytics;
mod arming;
mod control;
mod description;
mod doors;
mod errors;
mod har;
mod live;
mod rig;
mod routes;
mod stream;
mod tokens;
