//! `vsps tcp` as clients of toxiproxy see it: its API, request by request, and its toxics, on paused time.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod api;
mod connections;
mod live;
mod rig;
mod toxics;
