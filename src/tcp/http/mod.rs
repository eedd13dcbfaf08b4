//! toxiproxy's HTTP API.

mod connection;
mod metrics;
mod proxies;
mod reply;
mod router;
mod toxics;

pub(super) use connection::connection;
pub(super) use router::router;
